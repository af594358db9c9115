"""How much of a file lies in the system's cache: asked of the system, without touching the file."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
from typing import Any

__all__ = ["resident"]

_CACHESTAT = 451  # the same number on every architecture; Linux 6.5
_WINDOW = 1 << 30  # what is mapped at a time


class _Range(ctypes.Structure):
    _fields_ = (("offset", ctypes.c_uint64), ("length", ctypes.c_uint64))


class _Answer(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("cache", "dirty", "writeback", "evicted", "recently_evicted"))


def resident(fd: int, offset: int = 0, length: int = 0, *, size: int = 0) -> int | None:
    """Count pages of a file, or of a block device, that lie in the cache.

    Args:
        fd: The file, open for reading.
        offset: Where to begin.
        length: How many bytes to look at; 0 for all from there on.
        size: The file's size, for systems where its pages are looked at one by one.

    Returns:
        How many; None if the system does not tell this user. (To those who may not write to a file Linux calls all of
        it resident, or nothing at all: by neither can a file be wrongly taken for one that is not.)
    """
    count = _cachestat(fd, offset, length)
    if count is None:
        count = _mincore(fd, offset, length or max(size - offset, 0))
    return count


def _cachestat(fd: int, offset: int, length: int) -> int | None:
    library = _library()
    if library is None or not hasattr(library, "syscall") or os.uname().sysname != "Linux":
        return None
    answer = _Answer()
    asked = _Range(offset, length)
    if library.syscall(_CACHESTAT, fd, ctypes.byref(asked), ctypes.byref(answer), 0):
        return None
    return int(answer.cache)


def _mincore(fd: int, offset: int, length: int) -> int | None:
    library = _library()
    if library is None:
        return None
    count = 0
    start = offset - offset % mmap.PAGESIZE
    end = offset + length
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_int64]
    library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    while start < end:
        part = min(_WINDOW, end - start)
        address = library.mmap(None, part, mmap.PROT_READ, mmap.MAP_SHARED, fd, start)
        if address in (None, ctypes.c_void_p(-1).value):
            return None
        pages = (ctypes.c_ubyte * -(-part // mmap.PAGESIZE))()
        failed = library.mincore(address, part, ctypes.addressof(pages))
        library.munmap(address, part)
        if failed:
            return None
        count += sum(one & 1 for one in pages)
        start += part
    return count


@functools.cache
def _library() -> Any:  # noqa: ANN401 - the C library has no type
    try:
        return ctypes.CDLL(None, use_errno=True)
    except (OSError, TypeError):
        return None
