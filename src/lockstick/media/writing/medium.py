"""A mounted medium that is held: every step first makes sure that it is still there.

When a stick is pulled, its mount point often lives on as an empty folder of the system's own disk. Whoever goes on
writing fills that instead. So the medium is known by the identity of its root folder, which is asked for again before
and after every step, and folders are made one at a time, never together with those above them: below a mount point
that is empty, there is then nothing that a file could be made in.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from lockstick.disk.durable import flush_file_system, flush_folders
from lockstick.disk.trouble import media_error
from lockstick.errors import LockstickError, MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType

__all__ = ["Medium", "RemovedError"]

_GONE = {errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN, errno.ENOTCONN, errno.ECONNABORTED}
_GONE |= {code for name in ("ESTALE", "ENOMEDIUM") if (code := getattr(errno, name, None)) is not None}
_CREATE = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_LOOKS, _PAUSE = 10, 0.1
_ABSENT = "Put the stick in and mount it; 'lockstick drives' says where sticks are."
_AGAIN = "Put it in again and run the same command: it goes on where it was. Nothing half-written is visible."


class RemovedError(MediaError):
    """The medium is no longer there."""

    default_remedy = _AGAIN


class Medium:
    """One mounted medium. Use as a context.

    Args:
        mount: Where it is mounted.
        wait: Waits so many seconds.

    Raises:
        UsageError: It is no folder.
        MediaError: It cannot be looked at.
    """

    def __init__(self, mount: Path, *, wait: Callable[[float], None] = time.sleep) -> None:
        self.mount = mount
        self._wait = wait
        self._fd: int | None = None
        self._status: os.stat_result | None = None
        try:
            status = mount.stat()
            if not stat.S_ISDIR(status.st_mode):
                raise UsageError(f"{mount} is not a folder", remedy="Name the folder where the stick is mounted.")
            if os.name != "nt":
                # While it is open, no other file system gets the same number.
                self._fd = os.open(mount, os.O_RDONLY)
            self._status = status
        except FileNotFoundError:
            raise UsageError(f"there is no folder {mount}", remedy=_ABSENT) from None
        except OSError as error:
            raise self.trouble(error, mount, "read") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
            self._fd = None

    @property
    def is_here(self) -> bool:
        """True if the folder is still the medium that it was in the beginning."""
        try:
            return self._status is not None and os.path.samestat(self.mount.stat(), self._status)
        except OSError:
            return False

    def require(self) -> None:
        """Make sure that it is still there.

        Raises:
            RemovedError: It is not.
        """
        if not self.is_here:
            raise RemovedError(f"{self.mount} was removed")

    def require_after_trouble(self) -> None:
        """Make sure that it is still there, after something on it could not be read as it should.

        Raises:
            RemovedError: It is not.
        """
        self._linger()
        self.require()
        try:
            # Asks the medium itself, where looking at its folder may be answered from memory.
            shutil.disk_usage(self.mount)
        except OSError as error:
            raise self.trouble(error, self.mount, "read") from error

    def _linger(self) -> None:
        """Errors of reading are the first that is heard of a stick that was pulled; its mount goes a moment later."""
        for _ in range(_LOOKS):
            if self._is_gone:
                return
            self._wait(_PAUSE)

    def trouble(self, error: OSError, path: Path, doing: str) -> LockstickError:
        """Say in words what an error of the system means here.

        Args:
            error: What the system said.
            path: What it is about.
            doing: What was attempted, as in "cannot be ...".

        Returns:
            The error to raise: that it was removed, if that is the reason.
        """
        if error.errno == errno.EIO:
            self._linger()
        if error.errno in _GONE or self._is_gone:
            return RemovedError(f"{self.mount} was removed", why=error.strerror or "")
        if error.errno == errno.EIO:
            return MediaError(
                f"{path} cannot be {doing}",
                why="the medium reports an input/output error",
                remedy="If it was pulled, or sits loose, put it in again and run the same command: it goes on where it "
                "was. If not, it is failing: take another one.",
            )
        return media_error(error, path, doing)

    @property
    def _is_gone(self) -> bool:
        return self._status is not None and not self.is_here

    def free(self) -> int:
        """How many bytes can still be written; no end of them where the file system does not know its own size.

        Raises:
            LockstickError: It cannot be asked.
        """
        self.require()
        try:
            usage = shutil.disk_usage(self.mount)
        except OSError as error:
            raise self.trouble(error, self.mount, "read") from error
        return usage.free if usage.total else sys.maxsize

    def block(self) -> int:
        """How many bytes a file takes at least: the size of its blocks, or a guess."""
        if sys.platform != "win32":
            with suppress(OSError):
                return max(os.statvfs(self.mount).f_frsize, 512)
        return 32 * 1024

    def make_folder(self, folder: Path) -> None:
        """Make a folder, and those between it and the medium, one by one.

        Raises:
            LockstickError: It cannot be made, or something else has its name.
        """
        current = self.mount
        for part in folder.relative_to(self.mount).parts:
            current /= part
            try:
                if not stat.S_ISDIR(current.lstat().st_mode):
                    raise MediaError(
                        f"{current} is not a folder",
                        why="a file or a link lies in its place",
                        remedy="Remove it, then run the same command again.",
                    )
            except FileNotFoundError:
                self.require()
                try:
                    current.mkdir()
                except OSError as error:
                    raise self.trouble(error, current, "made") from error
            except OSError as error:
                raise self.trouble(error, current, "read") from error

    def rename(self, source: Path, destination: Path) -> None:
        """Give something another name in one step; nothing may have that name.

        Raises:
            LockstickError: The file system refused.
        """
        self.require()
        try:
            if os.path.lexists(destination) and not destination.is_dir():
                raise MediaError(f"{destination} is in the way", remedy="Remove it, then run the same command again.")
            source.rename(destination)
        except OSError as error:
            raise self.trouble(error, source, "renamed") from error

    def remove(self, path: Path) -> None:
        """Remove a file or a link; one that is not there is as good as removed.

        Raises:
            LockstickError: The file system refused.
        """
        self.require()
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise self.trouble(error, path, "removed") from error

    def open(self, path: Path) -> int:
        """Open a file for reading and writing; it is made if need be, its folder is not.

        Raises:
            LockstickError: It cannot be opened, or is no plain file of this name alone.
        """
        self.require()
        try:
            fd = os.open(path, _CREATE, 0o666)
            status = os.fstat(fd)
        except OSError as error:
            raise self.trouble(error, path, "written") from error
        if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
            return fd
        os.close(fd)
        raise MediaError(
            f"{path} is not written to",
            why="it is no plain file, or another file's second name",
            remedy="Is somebody else writing to the stick? Remove it, then run the same command again.",
        )

    def flush(self, folders: Iterable[Path]) -> None:
        """Wait until everything that was done is on the medium.

        Args:
            folders: Where names have changed, for systems that cannot flush a whole file system.

        Raises:
            LockstickError: The medium did not take it.
        """
        self.require()
        try:
            if self._fd is None or not flush_file_system(self._fd):
                flush_folders(folders)
        except OSError as error:
            # Some file systems in user space know no flushing of a folder; the files were flushed by themselves.
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
                raise self.trouble(error, self.mount, "flushed") from error
        self.require()
