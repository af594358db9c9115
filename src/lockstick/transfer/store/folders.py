"""The folders of a store: made for this user alone, and never reached through a link inside it."""

from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING

from lockstick.disk.durable import publish, write_new
from lockstick.disk.plainfile import read_plain
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.transfer.store.places import Places

__all__ = ["clear", "own_folder", "prepare_root", "write_marker"]

_FORMAT = 1
_PRIVATE = 0o700
_CAP = 4096


def prepare_root(places: Places) -> None:
    """Make the store's folder, or make sure that the one that is there may be used.

    Args:
        places: The store's places.

    Raises:
        UsageError: It is a file, or a folder with other things in it.
        MediaError: It belongs to somebody else, or cannot be made or read.
    """
    folder = places.folder
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        names = {entry.name for entry in folder.iterdir()}
        status = folder.stat()
        if os.name == "posix" and status.st_uid != os.geteuid():
            raise MediaError(
                f"the store {folder} belongs to another user",
                why="what others can change is not kept",
                remedy="Name another folder with --store DIR, or do without: --store none.",
            )
        if names - {places.lock.name, _aside(places).name} and places.marker.name not in names:
            raise UsageError(
                f"{folder} is not empty and is no store",
                why="the store would mix its files with what is there",
                remedy="Name a new or empty folder.",
            )
        if os.name == "posix" and stat.S_IMODE(status.st_mode) != _PRIVATE:
            _make_private(folder, status)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{folder} is a file", remedy="Name a folder for the store.") from None
    except OSError as error:
        raise media_error(error, folder, "used as a store") from error


def _make_private(folder: Path, status: os.stat_result) -> None:
    try:
        folder.chmod(_PRIVATE)
    except OSError:
        # Some file systems of sticks know no modes of single files; the mount decides who may write.
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise


def write_marker(places: Places) -> None:
    """Mark the folder as a store, and refuse one of a format that this version does not know.

    Args:
        places: The store's places; the caller holds its lock.

    Raises:
        MediaError: The format is unknown, or the disk refused.
    """
    try:
        if not places.marker.exists():
            write_new(_aside(places), json.dumps({"format": _FORMAT}).encode("ascii"))
            publish(_aside(places), places.marker)
        document = json.loads(read_plain(places.marker, _CAP))
        known = isinstance(document, dict) and document.get("format") == _FORMAT
    except OSError as error:
        raise media_error(error, places.marker, "used") from error
    except (ValueError, RecursionError):
        known = False
    if not known:
        raise MediaError(
            f"the store {places.folder} is of a format that this version does not know",
            remedy="Use the version of Lockstick that made it, or name another folder with --store DIR.",
        )
    for folder in (places.entries, places.partials, places.sessions):
        own_folder(folder)


def own_folder(folder: Path) -> None:
    """Make a folder inside the store; whatever else has its name, a link above all, gives way.

    Raises:
        MediaError: The disk refused.
    """
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            folder.unlink()
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
    except OSError as error:
        raise media_error(error, folder, "made") from error


def clear(path: Path) -> None:
    """Remove whatever has a name inside the store; a link is removed, never followed.

    Raises:
        MediaError: The disk refused.
    """
    try:
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise media_error(error, path, "removed") from error


def _aside(places: Places) -> Path:
    return places.marker.with_suffix(".new")
