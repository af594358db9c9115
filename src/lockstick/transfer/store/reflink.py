"""Copies that share their bytes until one of them is written to: Btrfs, XFS, APFS and others."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["clone"]

_FICLONE = 0x40049409
_NO_FOLLOW = 1


def clone(source: Path, target: Path) -> None:
    """Make a copy-on-write copy of a file.

    Args:
        source: The file; not reached through a link.
        target: A name that is free.

    Raises:
        OSError: The file system or the system cannot do that; nothing has the target's name then.
    """
    if sys.platform == "linux":
        _clone_on_linux(source, target)
    elif sys.platform == "darwin":
        _clone_on_macos(source, target)
    else:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), str(target))


def _clone_on_linux(source: Path, target: Path) -> None:
    import fcntl  # noqa: PLC0415 - not everywhere

    origin = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            fcntl.ioctl(fd, _FICLONE, origin)
        except BaseException:
            target.unlink()
            raise
        finally:
            os.close(fd)
    finally:
        os.close(origin)


def _clone_on_macos(source: Path, target: Path) -> None:
    import ctypes  # noqa: PLC0415 - only needed there

    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "clonefile"):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), str(target))
    if library.clonefile(os.fsencode(source), os.fsencode(target), ctypes.c_uint32(_NO_FOLLOW)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(target))
    target.chmod(0o644)
