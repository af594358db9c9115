"""The hidden folder that canaries live in, which is always gone in the end."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush_folders
from lockstick.disk.lock import take_lock
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["FOLDER", "PROBE", "canary_folder", "remove_leftovers"]

FOLDER = ".lockstick-capacity"
"""The folder's name, at the top of the stick."""

PROBE = "probe"
"""A file in it that is no canary; canaries have numbers."""

_LOCK = "lock"


def remove_leftovers(mount: Path) -> bool:
    """Take away the canaries of a check that was killed.

    Args:
        mount: Where the stick is mounted.

    Returns:
        True if there were any.

    Raises:
        UsageError: A check is at work there.
        MediaError: They cannot be removed.
    """
    folder = mount / FOLDER
    if not _is_folder(folder):
        return False
    with _locked(folder, mount):
        _remove(folder, mount)
    _remove_rest(folder)
    return True


@contextmanager
def canary_folder(mount: Path) -> Iterator[Path]:
    """A hidden folder that is gone afterwards, with all that is in it."""
    folder = mount / FOLDER
    try:
        folder.mkdir()
    except OSError as error:
        raise media_error(error, folder, "made") from error
    try:
        with _locked(folder, mount):
            try:
                yield folder
            except BaseException:
                # What went wrong is to be told, not that the medium is gone and nothing can be removed from it.
                with suppress(MediaError):
                    _remove(folder, mount)
                raise
            _remove(folder, mount)
    finally:
        _remove_rest(folder)


def _locked(folder: Path, mount: Path) -> AbstractContextManager[None]:
    return take_lock(folder / _LOCK, busy=f"another check of {mount} is at work", remedy="Wait until it has ended.")


def _remove(folder: Path, mount: Path) -> None:
    """Remove the folder and the plain files in it; what else somebody put there stays."""
    try:
        for path in list(folder.iterdir()):
            if stat.S_ISREG(path.lstat().st_mode) and (path.name == PROBE or path.name.isdecimal()):
                path.unlink()
    except OSError as error:
        raise media_error(error, folder, "removed") from error
    if os.name != "nt":
        _remove_rest(folder)
    flush_folders([mount])


def _remove_rest(folder: Path) -> None:
    """Remove what is left: under the lock, or after it where a file that is open cannot be removed (Windows)."""
    with suppress(OSError):
        (folder / _LOCK).unlink()
    with suppress(OSError):
        folder.rmdir()


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
