"""Roots: importing the first, and walking to the newest on the medium (lockbox-format 1.6, 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.trust.device.documents import Root, read_root
from lockstick.trust.device.refusal import RefusedError

if TYPE_CHECKING:
    from lockstick.trust.device.limits import Client
    from lockstick.trust.device.memory import RepositoryMemory
    from lockstick.trust.device.situation import Situation

__all__ = ["import_root", "latest_root", "store_root", "walk_roots"]


def import_root(memory: RepositoryMemory, raw: bytes | None, client: Client) -> None:
    """Import the root that the device was made with, unless it holds one already.

    Args:
        memory: Where it goes.
        raw: The root, or None if the device was made without.
        client: The revision of the client.

    Raises:
        RefusedError: If it is not signed by its own keys. Its expiry is not judged.
    """
    if memory.roots or raw is None:
        return
    try:
        memory.roots[read_root(raw, client).header.version] = raw
    except RefusedError as error:
        raise RefusedError("root-import", error.text) from error


def latest_root(memory: RepositoryMemory, client: Client) -> Root | None:
    """The newest stored root, checked against its own keys; None if there is none.

    Raises:
        RefusedError: If what is stored is refused.
    """
    return read_root(memory.roots[max(memory.roots)], client) if memory.roots else None


def store_root(memory: RepositoryMemory, raw: bytes, before: Root | None, client: Client) -> Root:
    """Check the successor of a root and store it; all other documents of the repository are forgotten.

    Args:
        memory: Where it goes.
        raw: The new root.
        before: The root before it; None where there is none yet: then only the new one's own keys count.
        client: The revision of the client.

    Returns:
        The new root.

    Raises:
        RefusedError: If either threshold is not met, or the version is not the next.
    """
    root = read_root(raw, client, before.ring if before else None)
    if root.header.version != (before.header.version if before else 0) + 1:
        raise RefusedError("root-version")
    memory.roots[root.header.version] = raw
    memory.documents.clear()
    return root


def walk_roots(memory: RepositoryMemory, repository: str, situation: Situation) -> Root:
    """Walk from the stored root to the newest on the medium, stopping in silence at the first that cannot be read.

    Args:
        memory: The repository's memory; every new root goes in.
        repository: ``director`` or ``image-repo``.
        situation: The iteration.

    Returns:
        The root in force.

    Raises:
        RefusedError: If there is none to start from, one is refused, or the last has expired.
    """
    client = situation.client
    root = latest_root(memory, client)
    if root is None:
        raise RefusedError("no-root", repository)
    while client.last_root is None or root.header.version < client.last_root:
        raw = situation.media.read(repository, f"{root.header.version + 1}.root.json", client.root)
        if raw is None:
            break
        root = store_root(memory, raw, root, client)
    if root.header.expired(situation.now):
        raise RefusedError("expired", f"{repository} root")
    return root
