"""The image repository's documents, in the client's order (lockbox-format 3.6).

1. Roots.
2. The snapshot: one that is newer than the stored one is checked and stored; otherwise the stored one is checked and
   used. Its expiry is not judged here, but before anything is fetched.
3. The targets likewise: hashes, signatures and version against the snapshot, then their expiry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.trust.device.documents import (
    Root,
    Snapshot,
    Targets,
    check_hashes,
    read_snapshot,
    read_targets,
    untrusted_version,
)
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.rootwalk import walk_roots

if TYPE_CHECKING:
    from lockstick.trust.device.limits import Client
    from lockstick.trust.device.memory import RepositoryMemory
    from lockstick.trust.device.situation import Situation

__all__ = ["Images", "update_images"]

_STORED_CODES = frozenset({"snapshot-hash", "snapshot-version"})


@dataclass(frozen=True)
class Images:
    """The image repository as the client sees it now."""

    snapshot: Snapshot
    targets: Targets


def update_images(memory: RepositoryMemory, situation: Situation) -> Images:
    """Take over the image repository's documents from a medium.

    Args:
        memory: What the ECU has stored of the image repository; it changes, also on failure.
        situation: The iteration.

    Returns:
        Snapshot and targets in force.

    Raises:
        RefusedError: If the device would refuse.
    """
    client = situation.client
    root = walk_roots(memory, "image-repo", situation)
    raw, old_snapshot = _newer(memory, situation, "snapshot", client.snapshot)
    snapshot = read_snapshot(raw, client, "snapshot", root.ring)
    memory.documents["snapshot"] = raw
    raw, old_targets = _newer(memory, situation, "targets", client.targets)
    try:
        targets = _targets(raw, snapshot, root, client)
    except RefusedError as error:
        if (old_snapshot or old_targets) and error.code in _STORED_CODES:
            raise RefusedError("image-superseded", "targets and snapshot do not belong together") from error
        raise
    memory.documents["targets"] = raw
    if targets.header.expired(situation.now):
        raise RefusedError("expired", "image-repo targets")
    return Images(snapshot, targets)


def _targets(raw: bytes, snapshot: Snapshot, root: Root, client: Client) -> Targets:
    if not check_hashes(raw, client, snapshot.hashes.get("targets", ())):
        raise RefusedError("snapshot-hash", "targets")
    targets = read_targets(raw, client, "targets", root.ring)
    if targets.header.version != snapshot.version("targets"):
        raise RefusedError("snapshot-version", "targets")
    return targets


def _newer(memory: RepositoryMemory, situation: Situation, role: str, limit: int) -> tuple[bytes, bool]:
    """The medium's document if it is newer than the stored one, else the stored one, and which it is."""
    client = situation.client
    fetched = situation.media.read("image-repo", f"{role}.json", limit)
    if fetched is None:
        raise RefusedError("fetch", f"image-repo/{role}.json: missing, or larger than {limit} bytes")
    stored = memory.documents.get(role)
    if untrusted_version(fetched, client) > (-1 if stored is None else untrusted_version(stored, client)):
        return fetched, False
    # With nothing stored the client goes on with an empty text, and fails at that.
    return stored or b"", stored is not None
