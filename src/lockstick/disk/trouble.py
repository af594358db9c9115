"""Trouble with a disk, in words: what an error of the system means, and what to do about it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from lockstick.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["media_error"]

_KNOWN_TROUBLE = {
    errno.ENOSPC: ("the disk is full", "Make room on it, then run the same command again: what was fetched is kept."),
    errno.EROFS: ("the file system is read-only", "Mount it writable or choose another folder."),
    errno.EACCES: ("this user may not do that there", "Correct the folder's permissions or choose another folder."),
    errno.EPERM: ("this user may not do that there", "Correct the folder's permissions or choose another folder."),
    errno.EFBIG: (
        "the file system cannot hold a file of this size",
        "Use a file system without that limit (exFAT or ext4 instead of FAT32).",
    ),
    errno.ENAMETOOLONG: ("the file system does not take so long a name", "Choose a folder with a shorter path."),
    errno.EXDEV: ("it would have to move to another file system", "Keep both folders on one file system."),
    errno.EIO: ("the disk reports an input/output error", "Replace the disk or the medium; it is failing."),
    errno.ENODEV: ("the medium is gone", "Insert it again, then run the same command again."),
    errno.ENXIO: ("the medium is gone", "Insert it again, then run the same command again."),
}
if hasattr(errno, "EDQUOT"):
    _KNOWN_TROUBLE[errno.EDQUOT] = (
        "this user's share of the disk is used up",
        "Make room, then run the same command again: what was fetched is kept.",
    )


def media_error(error: OSError, path: Path | str, doing: str) -> MediaError:
    """Turn an operating system error about a file into the project's own.

    Args:
        error: What the system said.
        path: The file or folder it is about.
        doing: What was attempted, as in "cannot be ...": ``read``, ``written``, ``published``.

    Returns:
        The error to raise; it says why and what to do next.
    """
    why, remedy = _KNOWN_TROUBLE.get(error.errno or 0, (error.strerror or type(error).__name__, ""))
    return MediaError(f"{path} cannot be {doing}", why=why, remedy=remedy)
