"""Who may sign for which role, and what roots and snapshots say, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.shape import (
    as_count,
    as_hashes,
    as_object,
    as_strings,
    as_version,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.document import Document
    from lockstick.metadata.keys import PublicKey
    from lockstick.metadata.types import JsonValue

__all__ = ["MetaEntry", "RoleKeys", "Root", "read_keys", "read_meta", "read_role", "read_root"]

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
    keys = read_keys(document.signed.get("keys"), where, document)
    roles = {
        name: read_role(name, value, keys, f"role {name} of {where}", document.dialect)
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


def _read_hashes(value: JsonValue, where: str, document: Document) -> Mapping[str, str]:
    return as_hashes(value, where, keep_odd=document.dialect.passes_over_odd_digests)


def read_keys(value: JsonValue, where: str, document: Document) -> Mapping[str, PublicKey]:
    """Read the member ``keys`` of a root or of a list of delegations.

    Args:
        value: The member.
        where: What to call its place in messages.
        document: The document that it stands in.

    Returns:
        The usable keys by key id.

    Raises:
        MalformedError: If a key cannot be used and the dialect does not pass over such keys.
    """
    keys: dict[str, PublicKey] = {}
    for keyid, key in as_object(value, f"keys of {where}").items():
        try:
            keys[keyid] = document.dialect.parse_key(keyid, key, f"key {keyid[:16]} of {where}")
        except MalformedError:
            if not document.dialect.passes_over_unusable_keys:
                raise
    return keys


def read_role(name: str, value: JsonValue, keys: Mapping[str, PublicKey], where: str, dialect: Dialect) -> RoleKeys:
    """Read who may sign for a role, by the word of a root or of a delegator.

    Args:
        name: The role.
        value: Its key ids and threshold.
        keys: The keys of the document, by key id.
        where: What to call its place in messages.
        dialect: The dialect of the document.

    Returns:
        Who may sign.

    Raises:
        MalformedError: If it cannot be read, or its threshold is not a number from 1 to 1000.
    """
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
