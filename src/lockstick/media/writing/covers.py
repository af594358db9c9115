"""Other file systems that are mounted inside a stick's own folders, and hide what really lies there.

What is written or proven below such a mount is on another medium, or elsewhere on this one. Without the mount the
lockbox is not there; and what is removed below it belongs to somebody else.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lockstick.media.mounttable import MOUNTINFO, parse_mountinfo, read_mountinfo

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["cover_in"]


def cover_in(folders: Iterable[Path], mounts: Path = MOUNTINFO) -> Path | None:
    """Find something that is mounted on one of some folders, or anywhere below.

    Args:
        folders: The folders; they need not exist.
        mounts: The kernel's table of mounts.

    Returns:
        Where it is mounted; None if nothing is, or where there is no such table (other systems than Linux).
    """
    wanted = [PurePosixPath(folder.parent.resolve() / folder.name) for folder in folders]
    for one in parse_mountinfo(read_mountinfo(mounts)):
        if any(one.point.is_relative_to(folder) for folder in wanted):
            return Path(one.point)
    return None
