"""A tree of files to be read: a folder on a disk, a mounted stick read past the cache, or an image in one file.

Whoever proves a lockbox reads it through this seam and through nothing else, so that a proof means the same wherever
the bytes lie. A tree only tells what is there; it follows no links and decides nothing.
"""

from __future__ import annotations

import enum
import errno
import io
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Entry", "EntryKind", "FolderTree", "Place", "Tree"]

Place = tuple[str, ...]
"""The segments of a path below the root of a tree; the empty one is the root itself."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class EntryKind(enum.Enum):
    """What has a name."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One name in a tree.

    Attributes:
        name: The last segment of its place.
        kind: What has the name; a link is a link, whatever it leads to.
        size: Its length in bytes, for a file; otherwise 0.
        mode: Its permissions, where the tree knows any; otherwise 0.
    """

    name: str
    kind: EntryKind
    size: int = 0
    mode: int = 0


class Tree(Protocol):
    """A tree of files. Every method may be called from any thread.

    What fails raises :class:`OSError`, in a tree inside an image too: a damaged image is a medium that fails.
    """

    @property
    def shown(self) -> str:
        """What to call the tree towards a person: the path that the user named."""
        ...

    def look(self, place: Place) -> Entry | None:
        """Say what has a name, without following it if it is a link.

        Returns:
            The entry; None if there is none, or if something on the way to it is no folder (a link is none).

        Raises:
            OSError: The medium failed, or does not know such names.
        """
        ...

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder, in no particular order.

        Raises:
            OSError: There is no such folder (:class:`FileNotFoundError`, :class:`NotADirectoryError`), or the medium
                failed.
        """
        ...

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file for reading from its start, unbuffered.

        Raises:
            OSError: It is missing, is no regular file, or the medium failed.
        """
        ...

    def link(self, place: Place) -> bytes:
        """Read where a link leads to.

        Raises:
            OSError: It is no link, or the medium failed.
        """
        ...

    def attribute(self, place: Place, name: str) -> bytes | None:
        """Read an extended attribute; None where there is none, or the tree knows none."""
        ...


@dataclass(frozen=True)
class FolderTree:
    """A folder on a disk, or on a mounted medium.

    Attributes:
        root: The folder; links that lead to it are the user's own affair.
    """

    root: Path

    @property
    def shown(self) -> str:
        """The folder's path."""
        return str(self.root)

    def path(self, place: Place) -> Path:
        """Where a place lies on the disk."""
        return self.root.joinpath(*place)

    def look(self, place: Place) -> Entry | None:
        """Say what has a name; see :class:`Tree`."""
        current = self.root
        for part in place[:-1]:
            current = current / part
            if _kind_at(current) is not EntryKind.FOLDER:
                return None
        status = _status(self.path(place))
        return None if status is None else _entry(place[-1] if place else "", status)

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`Tree`."""
        if place and ((found := self.look(place)) is None or found.kind is not EntryKind.FOLDER):
            code = errno.ENOENT if found is None else errno.ENOTDIR
            raise OSError(code, os.strerror(code), str(self.path(place)))
        with os.scandir(self.path(place)) as listing:
            for one in listing:
                yield _entry(one.name, os.lstat(one.path))

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file; see :class:`Tree`."""
        # Not blocking, so that a pipe somebody planted under the name is noticed instead of waited for.
        fd = os.open(self.path(place), _FLAGS)
        file = io.FileIO(fd, "r")
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            file.close()
            raise OSError(errno.EINVAL, "it is not a regular file", str(self.path(place)))
        return file

    def link(self, place: Place) -> bytes:
        """Read where a link leads to; see :class:`Tree`."""
        return os.fsencode(os.readlink(self.path(place)))  # noqa: PTH115 - a Path would tidy up the target

    def attribute(self, place: Place, name: str) -> bytes | None:
        """Read an extended attribute; see :class:`Tree`."""
        read = getattr(os, "getxattr", None)
        if read is None:
            return None
        try:
            found: bytes = read(self.path(place), name, follow_symlinks=False)
        except OSError:
            return None
        return found


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:  # a name that no file system knows
        raise OSError(errno.EINVAL, str(error), str(path)) from None


def _kind_at(path: Path) -> EntryKind | None:
    status = _status(path)
    return None if status is None else _kind(status)


def _entry(name: str, status: os.stat_result) -> Entry:
    kind = _kind(status)
    size = status.st_size if kind is EntryKind.FILE else 0
    return Entry(name=name, kind=kind, size=size, mode=stat.S_IMODE(status.st_mode))


def _kind(status: os.stat_result) -> EntryKind:
    # Windows has more than one kind of name that leads elsewhere.
    if stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_reparse_tag", None)):
        return EntryKind.LINK
    if stat.S_ISDIR(status.st_mode):
        return EntryKind.FOLDER
    return EntryKind.FILE if stat.S_ISREG(status.st_mode) else EntryKind.OTHER
