"""From the trust options of a command to what is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cli.options import settings
from lockstick.lockbox.anchors import read_folder
from lockstick.lockbox.seen import SeenFiles
from lockstick.lockbox.truststore import TrustStore
from lockstick.lockbox.verify import AnchorChoice

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.cli.console import Console

__all__ = ["anchor_choice", "memory_of"]


def anchor_choice(trust_folder: Path | None, *, tofu: bool) -> AnchorChoice:
    """What to believe: the folder the user named, else this machine's store, else (if asked) first use.

    Args:
        trust_folder: ``--trust``.
        tofu: ``--tofu``.

    Returns:
        The choice.

    Raises:
        LockstickError: If the folder holds no roots, or the store cannot be read.
    """
    if trust_folder is not None:
        return AnchorChoice(given=read_folder(trust_folder))
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
