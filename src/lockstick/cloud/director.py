"""The Director's half: one lockbox, the offline-snapshot that lists it, and the root chain.

The order (lockbox-format 7.2 and 7.7; cloud-apis 1.8):

1. ``root.json`` without a version, which makes the service lengthen its life.
2. ``offline-snapshot.json`` and the lockbox, again and again until the one lists the other as it is: every
   change of any lockbox bumps the one shared snapshot.
3. ``root.json`` once more, as the first lockbox of an account makes a new root, and ``1.root.json`` to it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from lockstick.cloud.collection import Collection
from lockstick.cloud.roots import ROOT, fetch_chain, fetch_root
from lockstick.cloud.steering import entries_of, matches_entry, version_of
from lockstick.errors import NotFoundError, TransferError
from lockstick.metadata.malformed import MalformedError
from lockstick.trust.names import check_lockbox_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lockstick.cloud.patience import Rereading
    from lockstick.cloud.session import MetadataReader
    from lockstick.metadata.dialect import Dialect

__all__ = ["fetch_director", "fetch_published"]

_SNAPSHOT = "offline-snapshot.json"


def fetch_director(
    reader: MetadataReader, director_url: str, lockbox: str, rereading: Rereading, dialect: Dialect
) -> Mapping[str, bytes]:
    """Fetch the Director's documents for one lockbox.

    Args:
        reader: Reads them.
        director_url: The Director.
        lockbox: The lockbox's name, checked.
        rereading: How often to read again, and how long to wait in between.
        dialect: The account's dialect.

    Returns:
        File name on the medium to bytes as received.

    Raises:
        NotFoundError: There is no such lockbox.
        MalformedError: A document that says what else to fetch cannot be read.
        TransferError: Lockbox and offline-snapshot do not come to agree, or as in :meth:`Collection.fetch`.
        LockstickError: As in :meth:`Collection.fetch`.
    """
    return _fetch(reader, director_url, lockbox, rereading, dialect, may_be_gone=False)


def fetch_published(
    reader: MetadataReader, director_url: str, lockbox: str, rereading: Rereading, dialect: Dialect
) -> Mapping[str, bytes]:
    """Fetch what the Director says of a lockbox now: as :func:`fetch_director`, but the lockbox may have been deleted.

    That it is not there counts only together with an offline-snapshot that does not list it: whoever answers 404
    proves nothing.
    """
    return _fetch(reader, director_url, lockbox, rereading, dialect, may_be_gone=True)


def _fetch(
    reader: MetadataReader,
    director_url: str,
    lockbox: str,
    rereading: Rereading,
    dialect: Dialect,
    *,
    may_be_gone: bool,
) -> Mapping[str, bytes]:
    collection = Collection(reader, "director", f"{director_url}/api/v1/admin/repo", dialect)
    fetch_root(collection)
    _fetch_pair(collection, lockbox, rereading, may_be_gone=may_be_gone)
    for _ in rereading.tries(collection.subject(ROOT), "it is not the last of the numbered ones"):
        if fetch_chain(collection, fetch_root(collection)):
            break
    return collection.files


def _fetch_pair(collection: Collection, lockbox: str, rereading: Rereading, *, may_be_gone: bool) -> None:
    state = ""
    for _ in rereading.tries(collection.subject(f"{lockbox}.json"), "the offline-snapshot lists another version"):
        snapshot = collection.fetch_if_there(_SNAPSHOT)
        entries = {} if snapshot is None else entries_of(snapshot, collection.subject(_SNAPSHOT), collection.dialect)
        entry = entries.get(f"{lockbox}.json")
        try:
            raw = _fetch_lockbox(collection, lockbox, entries)
        except NotFoundError:
            if not may_be_gone or snapshot is None:
                raise
            if entry is None:
                return
            state = f"the lockbox is not there, but the offline-snapshot lists version {entry.version}"
            continue
        version = version_of(raw, collection.subject(f"{lockbox}.json"), collection.dialect)
        if entry is None:
            state = f"the lockbox has version {version}, but the offline-snapshot does not list it"
        elif version == entry.version and matches_entry(raw, entry, lockbox, collection.dialect):
            return
        else:
            state = f"the lockbox has version {version}, the offline-snapshot lists version {entry.version}"
            if version == entry.version:
                state = f"the offline-snapshot lists version {version} with another content"
    raise TransferError(
        f"the lockbox {lockbox!r} is being changed right now",
        why=f"{state}, after reading both {rereading.attempts} times",
        remedy="Run the same command again when nobody defines lockboxes; if it stays so, the Director is at fault.",
    )


def _fetch_lockbox(collection: Collection, lockbox: str, listed: Iterable[str]) -> bytes:
    try:
        return collection.fetch(f"{lockbox}.json", path=f"offline-updates/{lockbox}.json")
    except NotFoundError as error:
        similar = get_close_matches(lockbox, _names(listed), n=3)
        hint = f"Did you mean {' or '.join(map(repr, similar))}? " if similar else ""
        raise NotFoundError(
            f"there is no lockbox named {lockbox!r} in this repository",
            why=error.why,
            remedy=f"{hint}Names are case-sensitive; the account's web page lists those that there are.",
        ) from None


def _names(listed: Iterable[str]) -> list[str]:
    """The names in an offline-snapshot that a lockbox can have; others are not shown to anybody."""
    names = []
    for file_name in listed:
        name = file_name.removesuffix(".json")
        try:
            check_lockbox_name(name)
        except MalformedError:
            continue
        names.append(name)
    return names
