"""Reading documents just far enough to know what to fetch next, and whether they belong together.

Nothing is verified here: whoever forges a document can steer the fetching, within its limits, and
:mod:`lockstick.trust` then refuses the result.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_meta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.roles import MetaEntry

__all__ = ["entries_of", "is_same", "matches_entry", "version_of"]


def version_of(raw: bytes, name: str, dialect: Dialect) -> int:
    """The version a document claims, or :class:`MalformedError`."""
    return read_document(raw, name, dialect).version


def entries_of(raw: bytes, name: str, dialect: Dialect) -> Mapping[str, MetaEntry]:
    """The entries of a snapshot, offline-snapshot or timestamp, or :class:`MalformedError`."""
    return read_meta(read_document(raw, name, dialect))


def matches_entry(raw: bytes, entry: MetaEntry, name: str, dialect: Dialect) -> bool:
    """Say whether a document is the one that a snapshot lists (lockbox-format 7.4).

    Args:
        raw: The document as received.
        entry: The snapshot's entry for it.
        name: What to call it.
        dialect: The account's dialect.

    Returns:
        True if the hashes agree, and the version too unless the received bytes themselves have the listed
        hash. An unreadable document agrees with nothing.
    """
    # Most servers serve the very form they hash; then a large list of targets need not be parsed here.
    if entry.hashes.get("sha256") == hashlib.sha256(raw).hexdigest():
        return True
    try:
        document = read_document(raw, name, dialect)
        return document.version == entry.version and all(
            document.listed_hash(algorithm) == digest for algorithm, digest in entry.hashes.items()
        )
    except MalformedError:
        return False


def is_same(one: bytes, other: bytes, name: str, dialect: Dialect) -> bool:
    """Say whether two readings of one document have the same content, in whatever order their members are."""
    if hashlib.sha256(one).digest() == hashlib.sha256(other).digest():
        return True
    try:
        return read_document(one, name, dialect).digest == read_document(other, name, dialect).digest
    except MalformedError:
        return False
