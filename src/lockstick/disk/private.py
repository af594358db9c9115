"""Files that only their user may read: written so from their first byte on, and refused where others could read them.

Where there are no modes (Windows), a file inherits who may read it from its folder; below the user's own folder those
are the user, the administrators and the system. Nothing is looked at there.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush, flush_folders, publish
from lockstick.disk.trouble import media_error
from lockstick.errors import NotAllowedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["prepare_private_folder", "read_private", "write_private"]

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_HAS_MODES = os.name == "posix"


def prepare_private_folder(folder: Path) -> None:
    """Make a folder that nobody else may enter, or see that nobody else may write to the one that is there.

    Args:
        folder: The folder. The ones above it are made as usual, and may be links: they are the user's to arrange.

    Raises:
        NotAllowedError: It is a link, belongs to somebody else, or others may write to it.
        MediaError: It cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            status = folder.lstat()
        else:
            return
    except OSError as error:
        raise media_error(error, folder, "made") from error
    if not stat.S_ISDIR(status.st_mode) or bool(getattr(status, "st_reparse_tag", None)):
        raise NotAllowedError(
            f"{folder} is not a folder of its own",
            why="a link or something else lies in its place, and might lead to where others can read",
            remedy=f"Remove {folder}, and run the same command again.",
        )
    _require_own(folder, status)
    if _HAS_MODES and status.st_mode & _OTHERS_WRITE:
        raise NotAllowedError(
            f"others may write to {folder}",
            why="they could put their credentials in the place of yours",
            remedy=f"Run: chmod 700 '{folder}'. Then log in again, unless you know what lies there.",
        )


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only this user may read, durably and in one step; what had its name is replaced.

    No link is followed: one that lies under the name is replaced as well. Callers exclude each other.

    Args:
        path: The file.
        data: All its bytes.

    Raises:
        NotAllowedError: The file system cannot keep it from others. Nothing was written.
        MediaError: The disk refused.
    """
    aside = path.with_name(f"{path.name}.new")
    try:
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, _WRITE, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # Some file systems know no modes and show everything to everybody; asked before the first byte.
            if _HAS_MODES and os.fstat(descriptor).st_mode & _OTHERS:
                aside.unlink()
                raise NotAllowedError(
                    f"{path} cannot be kept from others",
                    why="the file system there does not keep who may read a file",
                    remedy="Choose a folder on another file system, or use the system's keyring.",
                )
            file.write(data)
            file.flush()
            flush(descriptor)
    except OSError as error:
        raise media_error(error, path, "written") from error
    publish(aside, path)
    flush_folders([path.parent])


def read_private(path: Path, cap: int) -> bytes:
    """Read a file that only this user may read.

    Args:
        path: The file.
        cap: The most bytes that it may have.

    Returns:
        All its bytes.

    Raises:
        FileNotFoundError: There is none.
        NotAllowedError: Others may read it, it belongs to somebody else, or it is no plain file or too large.
        MediaError: The disk refused.
    """
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):  # what O_NOFOLLOW says of a link, on Linux and on BSD
            raise _no_plain_file(path) from error
        raise media_error(error, path, "read") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _no_plain_file(path)
        _require_own(path, status)
        if _HAS_MODES and status.st_mode & _OTHERS:
            raise NotAllowedError(
                f"others may read {path}",
                why="there is a secret in it",
                remedy=(
                    f"Run: chmod 600 '{path}'. If others use this machine, the secret is known to them: "
                    "make new credentials."
                ),
            )
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(cap + 1)
    except OSError as error:
        raise media_error(error, path, "read") from error
    finally:
        os.close(descriptor)
    if len(data) > cap:
        raise NotAllowedError(f"{path} cannot be used", why=f"it is larger than {cap} bytes", remedy=_REMOVE)
    return data


_REMOVE = "Remove it, and make it anew."


def _no_plain_file(path: Path) -> NotAllowedError:
    return NotAllowedError(
        f"{path} is not a plain file", why="a link or something else lies in its place", remedy=_REMOVE
    )


def _require_own(path: Path, status: os.stat_result) -> None:
    if _HAS_MODES and status.st_uid != os.geteuid():
        raise NotAllowedError(
            f"{path} belongs to somebody else",
            why="whoever it belongs to decides what is in it",
            remedy="Run this as the user it belongs to, or remove it and log in again.",
        )
