"""The other ECUs: they read the medium again, with a memory and roots of their own (lockbox-format 1.6, 3.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.trust.device.director import update_director
from lockstick.trust.device.images import update_images
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.rootwalk import latest_root, store_root

if TYPE_CHECKING:
    from lockstick.trust.device.memory import EcuMemory, RepositoryMemory
    from lockstick.trust.device.situation import Situation

__all__ = ["send_metadata"]


def send_metadata(primary: EcuMemory, secondary: EcuMemory, situation: Situation) -> None:
    """Bring an ECU's metadata up to date.

    The primary pushes the roots between the ECU's and its own newest, exclusive: from its store, or else from the
    medium. The newest the ECU must read from the medium itself.

    Args:
        primary: The primary's memory.
        secondary: The ECU's memory; it changes, also on failure.
        situation: The iteration.

    Raises:
        RefusedError: If the ECU refuses.
    """
    _push_roots(primary.director, secondary.director, "director", situation)
    _push_roots(primary.image_repo, secondary.image_repo, "image-repo", situation)
    try:
        update_director(secondary.director, situation)
        update_images(secondary.image_repo, situation)
    except RefusedError as error:
        if error.code == "no-root":
            raise RefusedError("secondary-root", f"{error.detail} root is at version 1") from error
        raise RefusedError("secondary-metadata", error.text) from error


def _push_roots(primary: RepositoryMemory, secondary: RepositoryMemory, repository: str, situation: Situation) -> None:
    client = situation.client
    newest = max(primary.roots)
    root = latest_root(secondary, client)
    for version in range((root.header.version if root else 0) + 1, newest):
        raw = primary.roots.get(version)
        if raw is None:
            raw = situation.media.read(repository, f"{version}.root.json", client.root)
        if raw is None:
            raise RefusedError("secondary-root", f"{repository} root {version} is neither stored nor on the medium")
        try:
            root = store_root(secondary, raw, root, client)
        except RefusedError as error:
            if version == 1:
                # The client takes this for an ECU that knows no rotation, and goes on.
                return
            raise RefusedError("secondary-metadata", error.text) from error
