"""From what a user names to the lockbox in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Tree

__all__ = ["lockbox_in"]


def lockbox_in(place: Path) -> Tree:
    """Find the lockbox in what a user named. Every command that only reads a lockbox gets it here.

    Args:
        place: A folder that is a lockbox, or a mounted stick.

    Returns:
        The lockbox, to be read.

    Raises:
        UsageError: If there are two.
        NotFoundError: If there is none.
    """
    from lockstick.lockbox.layout import find_lockbox

    return find_lockbox(place).tree
