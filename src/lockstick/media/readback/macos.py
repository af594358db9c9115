"""Past the cache on macOS: F_NOCACHE, after what the cache has of the file is invalidated and looked for.

F_NOCACHE keeps what is read from being kept, but gives what is there already (fcntl(2)). msync with MS_INVALIDATE lets
go of that; mincore tells whether it did. F_FULLFSYNC comes before: what is not written yet cannot be let go.
"""

from __future__ import annotations

import ctypes
import io
import mmap
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from lockstick.media.readback.exclusion import How
from lockstick.media.readback.plain import read_whole, size_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MacCalls", "MacReader"]

_F_NOCACHE = 48  # sys/fcntl.h
_F_FULLFSYNC = 51
_MS_INVALIDATE = 2  # sys/mman.h
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Calls(Protocol):
    """What is asked of the system; a fake of it is in the tests."""

    def flush(self, fd: int) -> None:
        """Have everything of the file written to the medium."""
        ...

    def no_cache(self, fd: int) -> None:
        """Let what is read from now on not be kept.

        Raises:
            OSError: The file system does not know that.
        """
        ...

    def forget(self, fd: int, size: int) -> int | None:
        """Let the cache of the file go; give how many of its pages are there all the same, None if not known."""
        ...


class MacCalls:
    """The system itself."""

    def flush(self, fd: int) -> None:
        """See :class:`Calls`."""
        import fcntl  # noqa: PLC0415 - there is none on Windows

        with suppress(OSError):
            fcntl.fcntl(fd, _F_FULLFSYNC)
            return
        os.fsync(fd)

    def no_cache(self, fd: int) -> None:
        """See :class:`Calls`."""
        import fcntl  # noqa: PLC0415 - there is none on Windows

        fcntl.fcntl(fd, _F_NOCACHE, 1)

    def forget(self, fd: int, size: int) -> int | None:
        """See :class:`Calls`."""
        if not size:
            return 0
        library: Any = ctypes.CDLL(None, use_errno=True)
        library.mmap.restype = ctypes.c_void_p
        library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_int64]
        library.msync.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        library.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
        library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        address = library.mmap(None, size, 1, 1, fd, 0)  # PROT_READ, MAP_SHARED
        if address in (None, ctypes.c_void_p(-1).value):
            return None
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        try:
            if library.msync(address, size, _MS_INVALIDATE):
                return None
            if library.mincore(address, size, ctypes.addressof(pages)):
                return None
        finally:
            library.munmap(address, size)
        return sum(one & 1 for one in pages)


class MacReader:
    """The files of one mount, read past the cache.

    Args:
        root: A folder on the mount.
        calls: The system.
    """

    def __init__(self, root: Path, *, calls: Calls | None = None) -> None:
        self._root = root
        self._calls = calls if calls is not None else MacCalls()

    reason = "macOS knows no reading that is sure to pass by its memory"

    def refresh(self) -> None:
        """Each file is flushed when it is opened; there is no more to do."""

    def open(self, path: Path) -> _MacSource:
        """Open a file; see :class:`lockstick.media.readback.source.Reader`."""
        return _MacSource(path, self._calls)


class _MacSource:
    def __init__(self, path: Path, calls: Calls) -> None:
        self._file = io.FileIO(os.open(path, _FLAGS), "r")
        self.size = size_of(self._file, path)
        fd = self._file.fileno()
        try:
            calls.flush(fd)
            left = calls.forget(fd, self.size)
        except BaseException:
            self._file.close()
            raise
        # Where it was found empty, all that comes into it later comes from the medium.
        self.how = How.CHECKED if left == 0 else How.DROPPED
        try:
            calls.no_cache(fd)
        except OSError:
            self.how = self.how if left == 0 else How.NONE

    def read(self, offset: int, view: memoryview) -> int:
        return read_whole(self._file, offset, view)

    def close(self) -> None:
        self._file.close()
