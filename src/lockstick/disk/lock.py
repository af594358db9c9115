"""A file lock that the operating system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lockstick.disk.trouble import media_error
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["take_lock", "try_lock"]

_TRIES = 10
_REMEDY = "Wait until it has ended, or choose another output folder."
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(path: Path) -> int | None:
    """Take a lock file, or say at once that somebody else has it.

    Two callers in one process exclude each other as two processes do.

    Args:
        path: The file; it is made if need be, never through a link. Whoever holds the lock may remove it.

    Returns:
        An open file; closing it lets go of the lock. None if somebody else holds it.

    Raises:
        MediaError: If the file cannot be made, or the file system knows no locks.
    """
    for _ in range(_TRIES):
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise media_error(error, path, "made") from error
        try:
            if _is_ours(fd, path):
                return fd
        except OSError as error:
            os.close(fd)
            if error.errno in _TAKEN:
                return None
            raise media_error(error, path, "locked") from error
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
    return None


@contextmanager
def take_lock(path: Path, *, busy: str, remedy: str = _REMEDY) -> Iterator[None]:
    """Hold a lock file.

    Args:
        path: The file; it is made if need be. Whoever holds the lock may remove it.
        busy: What to say if somebody else holds it.
        remedy: What to do then.

    Yields:
        Nothing, while the lock is held.

    Raises:
        UsageError: If somebody else holds it.
        MediaError: If the file cannot be made.
    """
    fd = try_lock(path)
    if fd is None:
        raise UsageError(busy, remedy=remedy)
    try:
        yield
    finally:
        with suppress(OSError):  # on a medium that was taken out; the lock is gone in any case
            os.close(fd)


def _is_ours(fd: int, path: Path) -> bool:
    """Lock an open file; False if it has lost its name, because its holder removed it as it left."""
    _lock(fd)
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
