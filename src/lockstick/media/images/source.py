"""Bytes at an offset: the one way in which readers of images read, from a file or from what is unpacked of one."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import TYPE_CHECKING, Protocol

from lockstick.disk.durable import read_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ImageFile", "Source", "Stretch", "damaged", "exactly"]

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def damaged(what: str) -> OSError:
    """The error for an image that contradicts itself: to whoever reads, a medium that fails.

    Its number is the one by which Linux reports file systems with wrong sums; EIO would blame the disk.
    """
    return OSError(errno.EBADMSG, f"the image is damaged: {what}")


class Source(Protocol):
    """Bytes that may be read at any offset, from any thread."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read into a buffer and say how many bytes there were; fewer than it holds at the end, or now and then.

        Raises:
            OSError: The medium failed.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def exactly(source: Source, offset: int, length: int) -> bytes:
    """Read a number of bytes that must be there.

    Args:
        source: Where.
        offset: From where on.
        length: How many; the caller has a cap on it.

    Raises:
        OSError: They are not there, or the medium failed.
    """
    if offset < 0 or offset + length > source.size:
        raise damaged("it points beyond its end")
    data = bytearray(length)
    view = memoryview(data)
    done = 0
    while done < length:
        count = source.read_into(view[done:], offset + done)
        if not count:
            raise damaged("it ends too early")
        done += count
    return bytes(data)


class ImageFile:
    """The bytes of a file on the disk.

    Args:
        path: A regular file; a link that leads to one is the user's own affair.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        # Not blocking, so that a pipe is noticed instead of waited for.
        self._fd = os.open(path, _FLAGS)
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        self._size = status.st_size

    @property
    def size(self) -> int:
        """How many bytes the file had when it was opened."""
        return self._size

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read at an offset; see :class:`Source`."""
        return read_at(self._fd, view, offset)

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Stretch(io.RawIOBase):
    """A file inside an image, opened for reading.

    Args:
        size: How many bytes it has.
        read: Reads into a buffer at an offset and says how many bytes there were. It is asked for what lies within
            the size only, and gives at least one byte.
    """

    def __init__(self, size: int, read: Callable[[memoryview, int], int]) -> None:
        super().__init__()
        self._size = size
        self._read = read
        self._position = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go somewhere else in it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, "there is nothing before the start of a file")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: object) -> int:
        """Fill a buffer as far as there are bytes, so that few calls suffice."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        wanted = min(len(view), max(0, self._size - self._position))
        done = 0
        while done < wanted:
            count = self._read(view[done:wanted], self._position)
            if count <= 0:
                raise damaged("a file in it ends too early")
            done += count
            self._position += count
        return done
