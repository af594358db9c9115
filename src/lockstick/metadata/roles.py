"""What the documents of each role say, as typed values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.shape import (
    as_count,
    as_hashes,
    as_list,
    as_object,
    as_string,
    as_strings,
    as_version,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.document import Document
    from lockstick.metadata.keys import PublicKey
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = [
    "Delegation",
    "MetaEntry",
    "RoleKeys",
    "Root",
    "Target",
    "Targets",
    "read_meta",
    "read_root",
    "read_target",
    "read_targets",
]

_MAX_THRESHOLD = 1000


@dataclass(frozen=True, kw_only=True)
class RoleKeys:
    """Who may sign for a role.

    Attributes:
        role: The role's name.
        keys: The usable keys by key id. A listed key id without a key in the document is left out: it can
            sign nothing.
        listed: All listed key ids.
        threshold: How many distinct keys must have signed, from 1.
    """

    role: str
    keys: Mapping[str, PublicKey]
    listed: tuple[str, ...]
    threshold: int


@dataclass(frozen=True, kw_only=True)
class Root:
    """The body of a root document.

    Attributes:
        document: The document itself.
        keys: All its keys by key id.
        roles: Its roles by name; roles that are not known here are kept.
    """

    document: Document
    keys: Mapping[str, PublicKey]
    roles: Mapping[str, RoleKeys]


@dataclass(frozen=True, kw_only=True)
class MetaEntry:
    """One line of a snapshot, offline-snapshot or timestamp.

    Attributes:
        name: The file name it speaks of.
        version: The version that file must have.
        length: The listed length in bytes, or None where it is not listed.
        hashes: Algorithm to hex digest; empty where none is listed.
    """

    name: str
    version: int
    length: int | None
    hashes: Mapping[str, str]


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
class Targets:
    """The body of a targets document, a delegated one included, or of a lockbox.

    Attributes:
        document: The document itself.
        entries: Target name to its still unread entry: a repository lists thousands, and a lockbox needs few.
        delegations: The delegated roles, in the order of the document.
        has_delegations: True if the document has the member at all, even an empty one.
    """

    document: Document
    entries: Mapping[str, JsonValue] = field(repr=False)
    delegations: tuple[Delegation, ...]
    has_delegations: bool

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


def read_root(document: Document) -> Root:
    """Read the body of a root document.

    Args:
        document: A document of the role root.

    Returns:
        Its keys and roles.

    Raises:
        MalformedError: If a key or role cannot be read; devices refuse such a file as a whole.
    """
    where = document.name
    keys = _read_keys(document.signed.get("keys"), where, document)
    roles = {
        name: _read_role(name, value, keys, f"role {name} of {where}", document.dialect)
        for name, value in as_object(document.signed.get("roles"), f"roles of {where}").items()
    }
    return Root(document=document, keys=keys, roles=roles)


def read_meta(document: Document) -> Mapping[str, MetaEntry]:
    """Read the ``meta`` member of a snapshot, offline-snapshot or timestamp.

    Args:
        document: A document of one of these roles.

    Returns:
        File name to entry, in the order of the document.

    Raises:
        MalformedError: If an entry cannot be read.
    """
    entries: dict[str, MetaEntry] = {}
    for name, value in as_object(document.signed.get("meta"), f"meta of {document.name}").items():
        where = f"entry {name!r} of {document.name}"
        members = as_object(value, where)
        entries[name] = MetaEntry(
            name=name,
            version=as_version(members.get("version"), f"version in {where}"),
            length=as_count(members["length"], f"length in {where}") if "length" in members else None,
            hashes=_read_hashes(members["hashes"], f"hashes in {where}", document) if "hashes" in members else {},
        )
    return entries


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
    if member is not None:
        section = as_object(member, f"delegations of {where}")
        keys = _read_keys(section.get("keys", {}), f"delegations of {where}", document)
        delegations = tuple(
            _read_delegation(value, keys, f"delegation {index} of {where}", document.dialect)
            for index, value in enumerate(as_list(section.get("roles", []), f"delegations of {where}"), start=1)
        )
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


def _read_hashes(value: JsonValue, where: str, document: Document) -> Mapping[str, str]:
    return as_hashes(value, where, keep_odd=document.dialect.passes_over_odd_digests)


def _read_keys(value: JsonValue, where: str, document: Document) -> Mapping[str, PublicKey]:
    keys: dict[str, PublicKey] = {}
    for keyid, key in as_object(value, f"keys of {where}").items():
        try:
            keys[keyid] = document.dialect.parse_key(keyid, key, f"key {keyid[:16]} of {where}")
        except MalformedError:
            if not document.dialect.passes_over_unusable_keys:
                raise
    return keys


def _read_role(name: str, value: JsonValue, keys: Mapping[str, PublicKey], where: str, dialect: Dialect) -> RoleKeys:
    members = as_object(value, where)
    listed = as_strings(members.get("keyids"), f"keyids of {where}")
    if dialect.refuses_repeated_keyids and len(set(listed)) < len(listed):
        raise MalformedError("key-duplicate", f"{where} lists a key id twice")
    threshold = members.get("threshold")
    if not isinstance(threshold, int) or isinstance(threshold, bool) or not 1 <= threshold <= _MAX_THRESHOLD:
        raise MalformedError(
            "threshold-invalid", f"the threshold of {where} is not a number from 1 to {_MAX_THRESHOLD}"
        )
    return RoleKeys(
        role=name,
        keys={keyid: keys[keyid] for keyid in listed if keyid in keys},
        listed=listed,
        threshold=threshold,
    )


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
        signers=_read_role(name, with_threshold, keys, f"delegation {name!r}", dialect),
        paths=as_strings(members.get("paths", []), f"paths of {where}"),
        hash_prefixes=prefixes,
        terminating=terminating,
    )
