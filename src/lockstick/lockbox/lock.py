"""A lock that the operating system lets go of when its holder dies."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockstick.errors import UsageError
from lockstick.transfer.disk import media_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["take_lock"]

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def take_lock(path: Path, *, busy: str) -> Iterator[None]:
    """Hold a lock file.

    Args:
        path: The file; it is made if need be and left behind.
        busy: What to say if somebody else holds it.

    Yields:
        Nothing, while the lock is held.

    Raises:
        UsageError: If somebody else holds it.
        MediaError: If the file cannot be made.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise media_error(error, path, "made") from error
    try:
        try:
            _lock(fd)
        except OSError:
            raise UsageError(busy, remedy="Wait until it has ended, or choose another output folder.") from None
        yield
    finally:
        os.close(fd)
