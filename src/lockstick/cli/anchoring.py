"""From the trust options of a command to what is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cli.options import settings
from lockstick.lockbox.anchors import read_folder
from lockstick.lockbox.truststore import TrustStore
from lockstick.lockbox.verify import AnchorChoice

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["anchor_choice"]


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
