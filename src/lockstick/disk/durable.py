"""Making bytes durable: written, flushed, and published under their final names."""

from __future__ import annotations

import errno
import os
import sys
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from lockstick.disk.trouble import media_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

if sys.platform == "darwin":
    import fcntl

__all__ = [
    "Seeking",
    "flush",
    "flush_all",
    "flush_data",
    "flush_file_system",
    "flush_folders",
    "prepare_folder",
    "publish",
    "read_at",
    "reserve",
    "start_flushing",
    "write_at",
    "write_new",
]

_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE of Linux
_START_WRITING = 2  # SYNC_FILE_RANGE_WRITE of Linux
_WORTH_A_SYSTEM_FLUSH = 4


def prepare_folder(folder: Path) -> None:
    """Make sure that a folder exists.

    Raises:
        MediaError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise media_error(error, folder, "made") from error


def flush(fd: int) -> None:
    """Hand a file's bytes to the medium itself and wait until it has them.

    Raises:
        OSError: The medium did not take them; what it holds is then unknown.
    """
    if sys.platform == "darwin":
        # There, fsync stops at the drive's own cache.
        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
            return
    os.fsync(fd)


def flush_data(fd: int) -> None:
    """Hand a file's bytes to the medium, with as much about the file as is needed to find them again.

    Raises:
        OSError: The medium did not take them.
    """
    if sys.platform == "linux":
        os.fdatasync(fd)
    else:
        flush(fd)


def start_flushing(fd: int, offset: int, length: int) -> None:
    """Have the system begin to write a part of a file to the medium, without waiting; a hint where it is one.

    Args:
        fd: The file.
        offset: Where the part begins.
        length: How many bytes it has.
    """
    if sys.platform != "linux":
        return
    function = _libc_function("sync_file_range")
    if function is None:
        return
    import ctypes  # noqa: PLC0415 - not every run needs it

    function.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    function(fd, offset, length, _START_WRITING)


def flush_all(fds: Sequence[int]) -> None:
    """Hand the bytes of several files to the medium, and wait until it has them.

    Where the system can flush a whole file system in one call (Linux), many small files cost one call instead of
    one each.

    Raises:
        OSError: The medium did not take them.
    """
    left = list(fds)
    if sys.platform == "linux" and len(left) >= _WORTH_A_SYSTEM_FLUSH:
        one_of_each = {os.fstat(fd).st_dev: fd for fd in left}
        if all(flush_file_system(fd) for fd in one_of_each.values()):
            return
    for fd in left:
        flush(fd)


def flush_file_system(fd: int) -> bool:
    """Flush everything on the file system of an open file; False where that cannot be done.

    Raises:
        OSError: The medium did not take it.
    """
    function = _libc_function("syncfs")
    if function is None:
        return False
    _check_call(function(fd))
    return True


def reserve(fd: int, length: int) -> None:
    """Set the room for a file aside without changing its size, where the file system can; elsewhere do nothing.

    Args:
        fd: The file, open for writing.
        length: How many bytes it will have.

    Raises:
        OSError: There is not so much room.
    """
    if sys.platform != "linux":
        return
    function = _libc_function("fallocate64") or _libc_function("fallocate")
    if function is None:
        return
    import ctypes  # noqa: PLC0415 - not every run needs it

    function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    try:
        _check_call(function(fd, _KEEP_SIZE, 0, length))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise


@cache
def _libc_function(name: str) -> Any:  # noqa: ANN401 - a function of the C library has no type
    import ctypes  # noqa: PLC0415 - not every run needs it

    try:
        return getattr(ctypes.CDLL(None, use_errno=True), name, None)
    except OSError:
        return None


def _check_call(result: int) -> None:
    import ctypes  # noqa: PLC0415 - not every run needs it

    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class Seeking:
    """Reading and writing at an offset, for systems that have no call for it (Windows): one at a time.

    A file has one position for all threads. Whoever moves it must be done before the next one does, readers and
    writers alike: else bytes are written over others that were hashed before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def write_at(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        """Write bytes at an offset and say how many were taken."""
        with self._lock:
            os.lseek(fd, offset, os.SEEK_SET)
            return os.write(fd, data)

    def read_at(self, fd: int, view: memoryview, offset: int) -> int:
        """Read bytes at an offset into a buffer and say how many there were; 0 at the end of the file."""
        with self._lock:
            os.lseek(fd, offset, os.SEEK_SET)
            data = os.read(fd, len(view))
        view[: len(data)] = data
        return len(data)


if sys.platform == "win32":
    _SEEKING = Seeking()
    write_at = _SEEKING.write_at
    """Write bytes at an offset and say how many were taken."""
    read_at = _SEEKING.read_at
    """Read bytes at an offset into a buffer and say how many there were; 0 at the end of the file."""

else:
    write_at = os.pwrite
    """Write bytes at an offset and say how many were taken."""

    def read_at(fd: int, view: memoryview, offset: int) -> int:
        """Read bytes at an offset into a buffer and say how many there were; 0 at the end of the file."""
        return os.preadv(fd, [view], offset)


def write_new(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file that was not there before, durably; whatever had its name is removed first, not written to.

    A link that somebody planted under the name is thus never followed.

    Args:
        path: The file.
        data: All its bytes.
        mode: Its permissions from its first byte on, where there are modes; the user's mask takes away from them.

    Raises:
        OSError: The disk refused, or something appeared under the name meanwhile.
    """
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        flush(file.fileno())


def publish(source: Path, destination: Path) -> None:
    """Give a finished, flushed file its final name in one step, replacing what had it.

    Raises:
        MediaError: The file system refused.
    """
    try:
        source.replace(destination)
    except OSError as error:
        raise media_error(error, destination, "published") from error


def flush_folders(folders: Iterable[Path]) -> None:
    """Make the names in some folders durable, where the system can; elsewhere do nothing.

    A failure is left alone: the bytes are safe already, and a name that is lost is fetched again.
    """
    if os.name == "nt":
        return
    for folder in set(folders):
        with suppress(OSError):
            fd = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
