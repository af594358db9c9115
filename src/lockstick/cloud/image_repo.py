"""The image repository's half: timestamp, snapshot, everything it lists, and the root chain (lockbox-format 7.7).

The services renew these documents while they are read, so the whole set is read again until it agrees with its
snapshot. A set that does not come to agree is handed out as it is; it is for :mod:`lockstick.trust` to refuse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockstick.cloud.collection import MAX_TARGETS_DOCUMENT, Collection
from lockstick.cloud.roots import ROOT, fetch_chain, fetch_root
from lockstick.cloud.steering import entries_of, matches_entry
from lockstick.errors import DistrustError, NotFoundError
from lockstick.metadata.malformed import MalformedError
from lockstick.trust.image_repo import check_delegation_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.cloud.patience import Rereading
    from lockstick.cloud.session import MetadataReader
    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.roles import MetaEntry

__all__ = ["MAX_DELEGATIONS", "fetch_image_repo"]

MAX_DELEGATIONS = 200
"""Most delegated roles of one snapshot that are fetched; real accounts have about ten."""

_TIMESTAMP = "timestamp.json"
_SNAPSHOT = "snapshot.json"
_TARGETS = "targets.json"
_NUMBERED_ROOT = re.compile(r"[0-9]+\.root\.json", re.IGNORECASE)


def fetch_image_repo(
    reader: MetadataReader, repo_url: str, rereading: Rereading, dialect: Dialect
) -> Mapping[str, bytes]:
    """Fetch the image repository's documents, delegations included.

    Args:
        reader: Reads them.
        repo_url: The image repository.
        rereading: How often to read again, and how long to wait in between.
        dialect: The account's dialect.

    Returns:
        File name on the medium (delegations flat) to bytes as received. The timestamp may be missing.

    Raises:
        MalformedError: A document that says what else to fetch cannot be read.
        DistrustError: The snapshot lists a name that is none, or too many.
        LockstickError: As in :meth:`Collection.fetch`.
    """
    collection = Collection(reader, "image-repo", f"{repo_url}/api/v1/user_repo", dialect)
    for _ in rereading.tries(collection.subject(_SNAPSHOT), "the documents do not agree with the snapshot"):
        for name in collection.files:
            if _NUMBERED_ROOT.fullmatch(name) is None:  # a numbered root never changes
                collection.forget(name)
        if _fetch_set(collection):
            break
    return collection.files


def _fetch_set(collection: Collection) -> bool:
    """Fetch everything once; True if it all belongs together."""
    timestamp = collection.fetch_if_there(_TIMESTAMP)
    snapshot = collection.fetch(_SNAPSHOT)
    agreed = timestamp is None or _is_listed(snapshot, timestamp, collection)
    entries = entries_of(snapshot, collection.subject(_SNAPSHOT), collection.dialect)
    for name, path in _listed_paths(entries).items():
        raw = collection.fetch_if_there(name, path=path, limit=MAX_TARGETS_DOCUMENT)
        agreed &= raw is not None and matches_entry(raw, entries[name], collection.subject(name), collection.dialect)
    return _fetch_roots(collection, entries.get(ROOT)) and agreed


def _is_listed(snapshot: bytes, timestamp: bytes, collection: Collection) -> bool:
    try:
        entry = entries_of(timestamp, collection.subject(_TIMESTAMP), collection.dialect).get(_SNAPSHOT)
    except MalformedError:
        return False  # devices do without it, so it does not stop the fetching
    return entry is not None and matches_entry(snapshot, entry, collection.subject(_SNAPSHOT), collection.dialect)


def _listed_paths(entries: Mapping[str, MetaEntry]) -> Mapping[str, str]:
    """Say which documents a snapshot lists beside the root, and at which paths they are.

    Raises:
        MalformedError: A name is not that of a role.
        DistrustError: There are too many, or one would take the place of a numbered root on the medium.
    """
    paths = {}
    for name in entries:
        if name == ROOT:
            continue
        if name == _TARGETS:
            paths[name] = name
            continue
        role, dot, extension = name.rpartition(".")
        check_delegation_name(role if dot and extension == "json" else name)
        if not dot or extension != "json" or _NUMBERED_ROOT.fullmatch(name):
            raise DistrustError(f"image-repo/{_SNAPSHOT} lists {name[:60]!r}, which is not the file of a role")
        paths[name] = f"delegations/{name}"
    if len(paths) > MAX_DELEGATIONS:
        raise DistrustError(
            f"image-repo/{_SNAPSHOT} lists {len(paths)} documents", why=f"more than {MAX_DELEGATIONS} are not fetched"
        )
    return paths


def _fetch_roots(collection: Collection, entry: MetaEntry | None) -> bool:
    """Fetch the unversioned root and the chain to it, or to the version that the snapshot lists."""
    try:
        newest = fetch_root(collection)
    except NotFoundError:
        if entry is None:
            raise
        newest = entry.version
    agreed = fetch_chain(collection, newest)
    if entry is None or entry.version < newest:
        return agreed  # a snapshot may be older than the root
    last = collection.files.get(f"{newest}.{ROOT}")
    return agreed and last is not None and matches_entry(last, entry, collection.subject(ROOT), collection.dialect)
