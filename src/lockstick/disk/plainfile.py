"""Plain files on a medium: reached without a link, read no further than a cap.

What lies on a medium was put there by anybody. Every room that reads one goes through here.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MISSING", "obstacle", "read_capped", "read_plain"]

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

MISSING = "missing"
"""What :func:`obstacle` says of a file that is not there."""


def obstacle(root: Path, path: Path) -> str:
    """Say what keeps a file from being read as a plain file below a folder.

    Args:
        root: The folder that nothing may lead out of.
        path: A path below it.

    Returns:
        :data:`MISSING`, another reason in words, or an empty text if it is a regular file reached without links.
    """
    current = root
    parts = path.relative_to(root).parts
    for index, part in enumerate(parts, start=1):
        current = current / part
        try:
            status = current.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return MISSING
        except (OSError, ValueError) as error:  # ValueError: a name that no file system knows
            return f"it cannot be read: {getattr(error, 'strerror', None) or error}"
        if stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_reparse_tag", None)):
            return "a link lies in its place or on the way to it"
        if index < len(parts) and not stat.S_ISDIR(status.st_mode):
            return MISSING
        if index == len(parts) and not stat.S_ISREG(status.st_mode):
            return "something else than a file lies in its place"
    return ""


def read_capped(root: Path, path: Path, cap: int) -> tuple[bytes, str]:
    """Read a small file from a medium.

    Args:
        root: As in :func:`obstacle`.
        path: As in :func:`obstacle`.
        cap: The most bytes that it may have.

    Returns:
        Its bytes and an empty text, or no bytes and what kept it from being read: as :func:`obstacle` says, or
        that it is too large, or that the medium failed.
    """
    problem = obstacle(root, path)
    if problem:
        return b"", problem
    try:
        with path.open("rb") as file:
            # One byte more than allowed tells a file that fits from one that does not. The buffer is as large as
            # what is asked for, so no more is asked for than there is.
            data = file.read(min(cap, os.fstat(file.fileno()).st_size) + 1)
    except OSError as error:
        return b"", f"it cannot be read: {error.strerror or error}"
    if len(data) > cap:
        return b"", f"it is larger than {cap} bytes"
    return data, ""


def read_plain(path: Path, cap: int) -> bytes:
    """Read a small file that this program keeps for itself, where others may have put something else in its place.

    Nobody waits for a pipe, and no link is followed.

    Args:
        path: The file.
        cap: The most bytes that it may have.

    Returns:
        All its bytes.

    Raises:
        OSError: It cannot be read, is no plain file, or is too large.
    """
    fd = os.open(path, _FLAGS)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        with open(fd, "rb", closefd=False) as file:
            data = file.read(min(cap, status.st_size) + 1)
    finally:
        os.close(fd)
    if len(data) > cap:
        raise OSError(errno.EFBIG, f"it is larger than {cap} bytes", str(path))
    return data
