"""What targets documents and lockboxes say: entries and delegations, as typed values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.metadata.bins import Bins, read_bins
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_keys, read_role
from lockstick.metadata.shape import as_count, as_hashes, as_list, as_object, as_string, as_strings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.document import Document
    from lockstick.metadata.keys import PublicKey
    from lockstick.metadata.roles import RoleKeys
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["BinDelegation", "Delegation", "Target", "Targets", "read_target", "read_targets"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One entry of a targets document or a lockbox.

    Attributes:
        name: The target's name, untrusted as a path.
        length: The length of its bytes; 0 for an operating-system commit.
        hashes: Algorithm to hex digest.
        hardware_ids: For which hardware ids it is.
        target_format: ``OSTREE`` or ``BINARY`` where given, else empty.
        package: The package's name where given, else empty.
        version: The package's version where given, else empty.
        custom: The whole ``custom`` member.
    """

    name: str
    length: int
    hashes: Mapping[str, str]
    hardware_ids: tuple[str, ...]
    target_format: str
    package: str
    version: str
    custom: JsonObject = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """One delegated role, as its delegator lists it.

    Attributes:
        name: The role's name.
        signers: Who may sign for it, by the delegator's word.
        paths: Patterns of the target names it may speak of.
        hash_prefixes: Beginnings of the SHA-256, in hex, of the target names it may speak of, where the dialect
            has them (TUF 1.0, 4.5); empty where it speaks by paths.
        terminating: True if the search ends here when the role has no such target.
    """

    name: str
    signers: RoleKeys
    paths: tuple[str, ...]
    hash_prefixes: tuple[str, ...]
    terminating: bool


@dataclass(frozen=True, kw_only=True)
class BinDelegation:
    """A delegation to bins, as its delegator writes it.

    Attributes:
        signers: Who may sign for each of the roles, by the delegator's word.
        bins: Which role a target falls to.
    """

    signers: RoleKeys
    bins: Bins

    def delegation_for(self, name: str) -> Delegation:
        """The delegation to the one role that may speak of a target; the search ends there.

        Args:
            name: The target's name.
        """
        return Delegation(
            name=self.bins.role_for(name), signers=self.signers, paths=(), hash_prefixes=(), terminating=True
        )


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The body of a targets document, a delegated one included, or of a lockbox.

    Attributes:
        document: The document itself.
        entries: Target name to its still unread entry: a repository lists thousands, and a lockbox needs few.
        delegations: The delegated roles, in the order of the document.
        bins: The delegation to many roles at once, where the dialect has it and the document writes it; there are
            no :attr:`delegations` beside it.
        has_delegations: True if the document has the member at all, even an empty one.
    """

    document: Document
    entries: Mapping[str, JsonValue] = field(repr=False)
    delegations: tuple[Delegation, ...]
    has_delegations: bool
    bins: BinDelegation | None = None

    def find(self, name: str) -> Target | None:
        """The entry of that name, or None.

        Args:
            name: A target name.

        Returns:
            The entry.

        Raises:
            MalformedError: If the entry is there but cannot be read.
        """
        if name not in self.entries:
            return None
        return read_target(name, self.entries[name], self.document.name)


def read_targets(document: Document) -> Targets:
    """Read the body of a targets document or of a lockbox; single entries are read when asked for.

    Args:
        document: A document of the role targets or offline-updates.

    Returns:
        Its entries and delegations.

    Raises:
        MalformedError: If the lists themselves or a delegation cannot be read.
    """
    where = document.name
    member = document.signed.get("delegations")
    delegations: tuple[Delegation, ...] = ()
    bins: BinDelegation | None = None
    if member is not None:
        section = as_object(member, f"delegations of {where}")
        keys = read_keys(section.get("keys", {}), f"delegations of {where}", document)
        delegations = tuple(
            _read_delegation(value, keys, f"delegation {index} of {where}", document.dialect)
            for index, value in enumerate(as_list(section.get("roles", []), f"delegations of {where}"), start=1)
        )
        if document.dialect.delegates_by_hash and "succinct_roles" in section:
            if "roles" in section:
                raise MalformedError("shape", f"the delegations of {where} name roles both one by one and as bins")
            bins = _read_bin_delegation(section["succinct_roles"], keys, f"bins of {where}", document.dialect)
    entries = as_object(document.signed.get("targets"), f"targets of {where}")
    for name, entry in entries.items():
        # A device parses the list as a whole; whoever needs an entry reads it in full.
        if not (isinstance(entry, dict) and isinstance(entry.get("hashes"), dict) and type(entry.get("length")) is int):
            raise MalformedError("shape", f"target {name[:80]!r} of {where} is no object with length and hashes")
    return Targets(
        document=document,
        entries=entries,
        delegations=delegations,
        has_delegations=member is not None,
        bins=bins,
    )


def read_target(name: str, value: JsonValue, document_name: str) -> Target:
    """Read one target entry.

    Args:
        name: Its name.
        value: The entry.
        document_name: The document it stands in, for messages.

    Returns:
        The entry, typed.

    Raises:
        MalformedError: If it cannot be read.
    """
    where = f"target {name!r} of {document_name}"
    members = as_object(value, where)
    custom_value = members.get("custom")
    custom = {} if custom_value is None else as_object(custom_value, f"custom of {where}")
    hardware_ids = custom.get("hardwareIds")
    return Target(
        name=name,
        length=as_count(members.get("length"), f"length of {where}"),
        hashes=as_hashes(members.get("hashes"), f"hashes of {where}"),
        hardware_ids=() if hardware_ids is None else as_strings(hardware_ids, f"hardwareIds of {where}"),
        target_format=_optional_string(custom, "targetFormat", where).upper(),
        package=_optional_string(custom, "name", where),
        version=_optional_string(custom, "version", where),
        custom=custom,
    )


def _optional_string(members: JsonObject, name: str, where: str) -> str:
    value = members.get(name)
    return "" if value is None else as_string(value, f"{name} of {where}")


def _read_bin_delegation(
    value: JsonValue, keys: Mapping[str, PublicKey], where: str, dialect: Dialect
) -> BinDelegation:
    bins = read_bins(value, where)
    return BinDelegation(signers=read_role(f"{bins.prefix}-*", value, keys, where, dialect), bins=bins)


def _read_delegation(value: JsonValue, keys: Mapping[str, PublicKey], where: str, dialect: Dialect) -> Delegation:
    members = as_object(value, where)
    name = as_string(members.get("name"), f"name of {where}")
    terminating = members.get("terminating", dialect.default_terminating)
    if not isinstance(terminating, bool):
        raise MalformedError("shape", f"terminating of {where} is neither true nor false")
    prefixes = (
        as_strings(members.get("path_hash_prefixes", []), f"prefixes of {where}") if dialect.delegates_by_hash else ()
    )
    if prefixes and "paths" in members:
        raise MalformedError("shape", f"{where} speaks both by paths and by the hashes of paths")
    with_threshold = members if "threshold" in members else {**members, "threshold": 1}
    return Delegation(
        name=name,
        signers=read_role(name, with_threshold, keys, f"delegation {name!r}", dialect),
        paths=as_strings(members.get("paths", []), f"paths of {where}"),
        hash_prefixes=prefixes,
        terminating=terminating,
    )
