"""From what a user names to the lockbox in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Tree

__all__ = ["lockbox_in"]


def lockbox_in(place: Path) -> Tree:
    """Find the lockbox in what a user named. Every command that only reads a lockbox gets it here.

    Args:
        place: A folder that is a lockbox, a mounted stick, or an image.

    Returns:
        The lockbox, to be read; an image is closed when the command ends.

    Raises:
        UsageError: If there are two, or the file is no image.
        NotFoundError: If there is none.
        MediaError: If it cannot be read.
    """
    if place.is_dir():
        from lockstick.lockbox.layout import find_lockbox

        return find_lockbox(place).tree
    from lockstick.media.images.opening import open_lockbox

    return click.get_current_context().with_resource(open_lockbox(place))
