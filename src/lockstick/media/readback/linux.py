"""Past the cache on Linux: O_DIRECT, and where a file system refuses that, a cache that is dropped and looked into.

1. What is still in memory is flushed, once for the mount, before the first file.
2. A file is opened with O_DIRECT. A file system may take that and read through the cache all the same (compressed
   files, files inside their inode, some modes), so a part of each file is dropped from the cache beforehand, if any of
   it is there, and must not be there after it was read.
3. Where opening or reading so is refused (EINVAL), the file is flushed and dropped from the cache as a whole, the cache
   is asked whether anything of it is left, and it is read as usual.
4. Where a program serves the file system (FUSE), the cache of the device that it reads is dropped and looked into as
   well. What a program has in its own memory nobody can tell.
5. Where the device is itself a file of this computer (loop), the cache of that file is dropped and looked into, unless
   the kernel reads that file past its cache. Where it is memory, nothing was kept out of anything.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush, flush_file_system
from lockstick.media.readback.beneath import Beneath, drop_device, look_beneath
from lockstick.media.readback.exclusion import How, worst
from lockstick.media.readback.residency import resident
from lockstick.media.readback.source import ALIGNMENT
from lockstick.media.readback.under import grounds_of

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.readback.under import Ground

__all__ = ["LinuxReader"]

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_DIRECT = getattr(os, "O_DIRECT", 0)
_SAMPLE = 256 << 10
_TO_DROP = (_SAMPLE, 2 << 20)
_DEEPEST = 4  # a file on a device that is a file, and on
_REFUSALS = (errno.EINVAL, errno.EOPNOTSUPP)


class LinuxReader:
    """The files of one mount, read past the cache.

    Args:
        root: A folder on the mount.
        beneath: What it stands on; looked up by default.
        direct: False for the way that needs no O_DIRECT.
    """

    def __init__(self, root: Path, *, beneath: Beneath | None = None, direct: bool = True) -> None:
        self._root = root
        self._beneath = beneath
        self._direct = direct
        self._best = How.NONE
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why the cache cannot be kept out completely."""
        return self._reason

    @property
    def best(self) -> How:
        """What can be reached at best; known after :meth:`refresh`."""
        return self._best

    def refresh(self) -> None:
        """Flush the file system, and drop what lies beneath it."""
        fd = os.open(self._root, os.O_RDONLY)
        try:
            if not flush_file_system(fd):
                flush(fd)
        finally:
            os.close(fd)
        if self._beneath is None:
            self._beneath = look_beneath(self._root)
        self._best, self._reason = _best(self._beneath)

    def open(self, path: Path) -> _LinuxSource:
        """Open a file; see :class:`lockstick.media.readback.source.Reader`."""
        if self._direct:
            try:
                return _LinuxSource(path, os.open(path, _FLAGS | _DIRECT), best=self._best, direct=True)
            except OSError as error:
                if error.errno not in _REFUSALS:
                    raise
        return _LinuxSource(path, os.open(path, _FLAGS), best=self._best, direct=False)


class _LinuxSource:
    def __init__(self, path: Path, fd: int, *, best: How, direct: bool) -> None:
        self._path, self._fd, self._best = path, fd, best
        self._dropped: How = How.NONE
        self._is_direct = direct
        self._seems_direct = direct
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        self._size = status.st_size
        self._identity = (status.st_dev, status.st_ino)
        try:
            if direct:
                self._seems_direct = _without_sample(fd, self._size)
            else:
                self._drop()
        except BaseException:
            os.close(fd)
            raise

    @property
    def size(self) -> int:
        return self._size

    @property
    def how(self) -> How:
        if not self._is_direct:
            return worst((self._best, self._dropped))
        if self._seems_direct and not resident(self._fd, 0, min(_SAMPLE, self._size), size=self._size):
            return self._best
        # It went through the cache after all, or that cannot be told apart.
        return worst((self._best, How.CHECKED if self._seems_direct else How.DROPPED))

    def read(self, offset: int, view: memoryview) -> int:
        done = 0
        while done < len(view):
            try:
                count = os.preadv(self._fd, [view[done:]], offset + done)
            except OSError as error:
                if not self._is_direct or error.errno not in _REFUSALS:
                    raise
                self._do_without_direct()
                continue
            done += count
            # A short read that does not end at a sector is the end of the file.
            if not count or offset + done >= self._size or (self._is_direct and done % ALIGNMENT):
                break
        return done

    def close(self) -> None:
        with suppress(OSError):  # the bytes were given already; a program that serves a file system may complain now
            os.close(self._fd)

    def _do_without_direct(self) -> None:
        fd = os.open(self._path, _FLAGS)
        status = os.fstat(fd)
        if (status.st_dev, status.st_ino) != self._identity:
            os.close(fd)
            raise OSError(errno.ESTALE, "it was replaced while it was read", str(self._path))
        os.close(self._fd)
        self._fd, self._is_direct = fd, False
        self._drop()

    def _drop(self) -> None:
        """Let the cache forget the file, and look whether it did."""
        with suppress(OSError):  # a file system that is read-only by nature knows no flushing; if it fails, pages stay
            os.fsync(self._fd)
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
        self._dropped = How.DROPPED if resident(self._fd, size=self._size) != 0 else How.CHECKED
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)


def _without_sample(fd: int, size: int) -> bool:
    """See to it that the beginning of a file is not in the cache, so that its coming there would be noticed.

    The rest may stay: what the cache holds tells a damaged medium from a damaged memory later on.

    Returns:
        False if it stays in the cache; someone may have it mapped.
    """
    for length in (*_TO_DROP, 0):  # what lies in the cache in one large block goes only as a whole
        if not resident(fd, 0, min(_SAMPLE, size), size=size):
            return True  # not there; or this user is not told, and the file system's word must do
        os.posix_fadvise(fd, 0, length, os.POSIX_FADV_DONTNEED)
    return not resident(fd, 0, min(_SAMPLE, size), size=size)


def _best(beneath: Beneath, depth: int = _DEEPEST) -> tuple[How, str]:
    """What can be reached at best on such a mount, and why no more. The caches below it are dropped on the way."""
    if beneath.is_memory:
        return How.NONE, f"{beneath.file_system} is this computer's memory; there is no medium"
    if beneath.device is not None:
        how, reason = How.DIRECT, ""
        if beneath.is_program:
            how = drop_device(beneath.device)
            reason = f"a program serves the file system from {beneath.device}"
            if how is How.NONE:
                reason = f"a program serves the file system, and this user may not empty the cache of {beneath.device}"
        ways = [(how, reason), *(_way_to(ground, depth) for ground in grounds_of(beneath.device))]
        least = worst(one for one, _ in ways)
        return next(one for one in ways if one[0] is least)
    if beneath.is_program:
        return How.DROPPED, "a program serves the file system; what it keeps in its own memory cannot be seen"
    shown = beneath.file_system or "the file system"
    return How.DROPPED, f"{shown} does not lie on a drive of this computer"


def _way_to(ground: Ground, depth: int) -> tuple[How, str]:
    """The same for what a device stands on, if that is no drive."""
    if ground.file is None:
        return How.NONE, f"{ground.device} is this computer's memory; there is no medium"
    shown = f"{ground.device} is the file {ground.file}"
    if depth == 0:
        return How.NONE, f"{shown}, which lies on too many others"
    how = How.DIRECT if ground.is_direct else drop_device(ground.file)
    if how is How.NONE:
        return how, f"{shown}, and this user may not empty the cache of that"
    below, reason = _best(look_beneath(ground.file.parent), depth - 1)
    if worst((how, below)) is below and below is not how:
        return below, f"{shown}; {reason}"
    return how, shown
