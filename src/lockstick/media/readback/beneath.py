"""What lies beneath a mount on Linux: which file system, on which device, and whether a program serves it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lockstick.media.mounttable import MOUNTINFO, by_point, covering, parse_mountinfo, read_mountinfo
from lockstick.media.readback.exclusion import How
from lockstick.media.readback.residency import resident

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Beneath", "drop_device", "look_beneath"]

_TRIES = 5
_MEMORY = ("tmpfs", "ramfs")


@dataclass(frozen=True, kw_only=True)
class Beneath:
    """What a mount stands on.

    Attributes:
        file_system: As the system calls it: ``ext4``, ``fuseblk``, ``nfs4``; empty if it is not known.
        device: The block device; None if there is none, or it is not known.
    """

    file_system: str = ""
    device: Path | None = None

    @property
    def is_program(self) -> bool:
        """True if a program serves the file system (FUSE)."""
        return self.file_system == "fuse" or self.file_system.startswith(("fuse.", "fuseblk"))

    @property
    def is_memory(self) -> bool:
        """True if there is no medium at all."""
        return self.file_system in _MEMORY


def look_beneath(root: Path, mounts: Path = MOUNTINFO) -> Beneath:
    """Find out what a folder's file system stands on.

    Args:
        root: A folder on it.
        mounts: The kernel's list of mounts, see proc_pid_mountinfo(5).
    """
    table = by_point(parse_mountinfo(read_mountinfo(mounts)))
    mount = covering(PurePosixPath(root.resolve()), table)
    if mount is None:
        return Beneath()
    return Beneath(file_system=mount.driver, device=_device(mount.source))


def drop_device(device: Path, count: Callable[[int], int | None] = resident) -> How:
    """Let the cache of a block device go: what a program reads of it next comes from the drive.

    Returns:
        CHECKED if it was found empty, DROPPED if that cannot be told or something came back at once, NONE if this user
        may not open the device.

    Raises:
        OSError: The device failed to take what was still to be written to it.
    """
    try:
        fd = os.open(device, os.O_RDONLY)
    except OSError:
        return How.NONE
    try:
        for _ in range(_TRIES):
            os.fsync(fd)  # what is still to be written cannot be dropped
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            if count(fd) == 0:
                return How.CHECKED
    finally:
        os.close(fd)
    return How.DROPPED


def _device(source: str) -> Path | None:
    path = Path(source)
    try:
        return path if path.is_absolute() and stat.S_ISBLK(path.stat().st_mode) else None
    except OSError:
        return None
