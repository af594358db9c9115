"""No way past the cache: for systems that are not known to have one. It says so."""

from __future__ import annotations

import io
import os
import stat
from errno import EINVAL
from typing import TYPE_CHECKING

from lockstick.media.readback.exclusion import How

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PlainReader", "read_whole", "size_of"]

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class PlainReader:
    """Files, read as usual."""

    reason = "no way past the cache of this system is known"

    def refresh(self) -> None:
        """There is nothing to do."""

    def open(self, path: Path) -> _PlainSource:
        """Open a file; see :class:`lockstick.media.readback.source.Reader`."""
        return _PlainSource(path)


class _PlainSource:
    how = How.NONE

    def __init__(self, path: Path) -> None:
        self._file = io.FileIO(os.open(path, _FLAGS), "r")
        self.size = size_of(self._file, path)

    def read(self, offset: int, view: memoryview) -> int:
        return read_whole(self._file, offset, view)

    def close(self) -> None:
        self._file.close()


def size_of(file: io.FileIO, path: Path) -> int:
    """The length of a regular file; anything else is closed.

    Raises:
        OSError: It is something else.
    """
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or bool(getattr(status, "st_reparse_tag", None)):
        file.close()
        raise OSError(EINVAL, "it is not a regular file", str(path))
    return status.st_size


def read_whole(file: io.FileIO, offset: int, view: memoryview) -> int:
    """Read at an offset until a buffer is full or the file ends."""
    file.seek(offset)
    done = 0
    while done < len(view) and (count := file.readinto(view[done:])):
        done += count
    return done
