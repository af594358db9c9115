"""Where a folder lies among the mounts of Linux, and what is mounted below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.media.mounttable import by_point, covering

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from lockstick.media.mounttable import Mount

__all__ = ["Place", "place_of"]

_AUTOMOUNTER = "autofs"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a folder lies among the mounts.

    Attributes:
        mount: The file system that it is in.
        inside: What is mounted below the folder.
        outer: The mount that the mount point itself lies in; None at the top.
        hidden: How many file systems this one hides, as it is mounted over them.
    """

    mount: Mount
    inside: tuple[Mount, ...]
    outer: Mount | None
    hidden: int


def place_of(folder: PurePosixPath, mounts: tuple[Mount, ...]) -> Place | None:
    """Find the file system that a folder is in.

    Args:
        folder: An absolute path without links.
        mounts: The table, in its order: what was mounted later is on top.

    Returns:
        Where it is; None if the table does not say.
    """
    points = by_point(mounts)
    own = covering(folder, points)
    if own is None:
        return None
    outer = None if own.point == own.point.parent else covering(own.point.parent, points)
    same = [mount for mount in mounts if mount.point == own.point and mount.driver != _AUTOMOUNTER]
    inside = tuple(
        mount
        for mount in mounts
        if mount.driver != _AUTOMOUNTER and mount.point != folder and mount.point.is_relative_to(folder)
    )
    return Place(mount=own, inside=inside, outer=outer, hidden=max(0, len(same) - 1))
