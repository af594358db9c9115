"""Past the cache on Windows: files opened with FILE_FLAG_NO_BUFFERING.

Offsets, lengths and addresses must then be multiples of the drive's sectors, which the pieces are ("File Buffering" in
the Windows documentation). A second handle with the right to write flushes what is still in memory, where there is one.
"""

from __future__ import annotations

import ctypes
import errno
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from lockstick.media.readback.exclusion import How
from lockstick.media.readback.plain import PlainReader, read_whole, size_of

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.readback.source import Source

__all__ = ["WindowsCalls", "WindowsReader"]

_GENERIC_READ = 0x80000000
_SHARE_ALL = 0x7
_OPEN_EXISTING = 3
_NO_BUFFERING = 0x20000000
_SEQUENTIAL = 0x08000000
_OPEN_REPARSE_POINT = 0x00200000  # what leads elsewhere is opened itself, and is then no regular file
_INVALID_PARAMETER = 87


class Calls(Protocol):
    """What is asked of the system; a fake of it is in the tests."""

    def open(self, path: str, flags: int) -> int:
        """Open a file for reading, shared with everybody, with these flags and attributes of CreateFileW.

        Returns:
            A file descriptor.

        Raises:
            OSError: The system refused; ``winerror`` says why.
        """
        ...

    def flush(self, path: str) -> None:
        """Have everything of the file written to the medium, where this user may."""
        ...


class WindowsCalls:
    """The system itself."""

    def open(self, path: str, flags: int) -> int:
        """See :class:`Calls`."""
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only Windows has it

            kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel.CreateFileW.restype = ctypes.c_void_p
            kernel.CreateFileW.argtypes = [ctypes.c_wchar_p, *[ctypes.c_uint32] * 2, ctypes.c_void_p]
            kernel.CreateFileW.argtypes += [ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p]
            handle = kernel.CreateFileW(path, _GENERIC_READ, _SHARE_ALL, None, _OPEN_EXISTING, flags, None)
            if handle in (None, ctypes.c_void_p(-1).value):
                raise ctypes.WinError(ctypes.get_last_error())
            return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)
        raise OSError(errno.ENOSYS, "this is not Windows")

    def flush(self, path: str) -> None:
        """See :class:`Calls`."""
        with suppress(OSError):
            fd = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


class WindowsReader:
    """The files of one mount, read past the cache.

    Args:
        root: A folder on the mount.
        calls: The system.
    """

    def __init__(self, root: Path, *, calls: Calls | None = None) -> None:
        self._root = root
        self._calls = calls if calls is not None else WindowsCalls()
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why the cache was not kept out of all files."""
        return self._reason

    def refresh(self) -> None:
        """Each file is flushed when it is opened; there is no more to do."""

    def open(self, path: Path) -> Source:
        """Open a file; see :class:`lockstick.media.readback.source.Reader`."""
        self._calls.flush(str(path))
        try:
            fd = self._calls.open(str(path), _NO_BUFFERING | _SEQUENTIAL | _OPEN_REPARSE_POINT)
        except OSError as error:
            if getattr(error, "winerror", None) != _INVALID_PARAMETER:
                raise
            self._reason = "the file system does not let files be read past the memory of Windows"
            return PlainReader().open(path)
        return _WindowsSource(path, fd)


class _WindowsSource:
    how = How.DIRECT

    def __init__(self, path: Path, fd: int) -> None:
        self._file = io.FileIO(fd, "r")
        self.size = size_of(self._file, path)

    def read(self, offset: int, view: memoryview) -> int:
        return read_whole(self._file, offset, view)

    def close(self) -> None:
        self._file.close()
