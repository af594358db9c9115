"""From the trust options of a command to what is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cli.options import settings
from lockstick.errors import NotFoundError
from lockstick.lockbox.anchors import AnchorChoice, read_folder
from lockstick.lockbox.seen import SeenFiles
from lockstick.lockbox.truststore import TrustStore

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.cli.console import Console
    from lockstick.trust.evidence import Anchors

__all__ = ["anchor_choice", "memory_of", "read_roots"]


def read_roots(place: Path) -> Anchors:
    """Read a pair of roots from a folder or from a ``credentials.zip``.

    Args:
        place: The folder or the zip file.

    Returns:
        The roots; not both are missing.

    Raises:
        LockstickError: If there are no roots in it, or it cannot be read.
    """
    if place.is_dir():
        return read_folder(place)
    from lockstick.cloud.credentials import read_initial_roots

    anchors = read_initial_roots(place)
    if anchors.director is None and anchors.image_repo is None:
        raise NotFoundError(
            f"there are no roots in {place}",
            why="it holds neither director.root.json nor root.json",
            remedy="Take the roots from the device's image (/var/sota/import) or from the account's credentials.zip.",
        )
    return anchors


def anchor_choice(trust_folder: Path | None, *, tofu: bool) -> AnchorChoice:
    """What to believe: the roots the user named, else this machine's store, else (if asked) first use.

    Args:
        trust_folder: ``--trust``: a folder or a ``credentials.zip``.
        tofu: ``--tofu``.

    Returns:
        The choice.

    Raises:
        LockstickError: If there are no roots in what was named, or the store cannot be read.
    """
    if trust_folder is not None:
        return AnchorChoice(given=read_roots(trust_folder))
    stored = TrustStore(settings().trust_folder).entries()
    return AnchorChoice(stored=tuple(entry.anchors for entry in stored), on_first_use=tofu)


def memory_of(trust_folder: Path | None, console: Console, *, is_kept: bool) -> SeenFiles | None:
    """What this machine has verified before, where it believes its own store.

    Args:
        trust_folder: ``--trust``; with it, nothing is recalled or remembered.
        console: Told in words if the memory cannot be used.
        is_kept: False to write nothing.

    Returns:
        The memory, or None.
    """
    if trust_folder is not None:
        return None
    folder = settings().trust_folder
    return SeenFiles(folder, TrustStore(folder).entries(), say=console.say, is_kept=is_kept)
