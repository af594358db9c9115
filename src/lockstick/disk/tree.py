"""A tree of files to be read: a folder on a disk, a mounted stick read past the cache, or an image in one file.

Whoever proves a lockbox reads it through this seam and through nothing else, so that a proof means the same wherever
the bytes lie. A tree only tells what is there; it follows no links and decides nothing.
"""

from __future__ import annotations

import enum
import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Entry", "EntryKind", "FolderTree", "Place", "Tree", "shown_in"]

Place = tuple[str, ...]
"""The segments of a path below the root of a tree; the empty one is the root itself."""

# What a system takes for the end of a name, or for a drive or a stream.
_NEVER_IN_A_NAME = frozenset("/\\:" if os.name == "nt" else "/")

_DEEPEST = 64
"""As in images: every folder is reached anew, and a chain of thousands of folders would make that endless."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class EntryKind(enum.Enum):
    """What has a name."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"
    """A pipe or a device; or what its folder lists and nobody can look at."""


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

    What fails raises :class:`OSError`, in a tree inside an image too: a damaged image is a medium that fails. A tree is
    finite: no folder lies in itself, whatever an image says.
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

        What is listed and cannot be looked at is of the kind :attr:`EntryKind.OTHER`: one bad file does not hide the
        others, and whoever wants it hears from :meth:`look` what is wrong.

        Raises:
            OSError: At once or while the list is gone through. There is no such folder (:class:`FileNotFoundError`),
                it or something on the way to it is none (:class:`NotADirectoryError`; a link is none), or the medium
                failed.
        """
        ...

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file for reading from its start, unbuffered.

        Look at the place first: in a folder on a disk, a link on the way to it would be followed here. Nothing but
        reading forwards and closing is asked of the file.

        Raises:
            OSError: It is missing, is no regular file, or the medium failed; reading it may raise the same.
        """
        ...

    def link(self, place: Place) -> bytes:
        """Read where a link leads to. Look at the place first, as before :meth:`open`.

        Raises:
            OSError: It is no link, or the medium failed.
        """
        ...

    def attribute(self, place: Place, name: str) -> bytes | None:
        """Read an extended attribute; None where there is none, or the tree knows none."""
        ...


def shown_in(tree: Tree, place: Place) -> str:
    """What to call a place in a tree towards a person.

    Args:
        tree: The tree.
        place: A place in it.

    Returns:
        The tree's own name with the place behind it, as paths are written on this system.
    """
    return os.path.join(tree.shown, *place)  # noqa: PTH118 - it need not be a path


@dataclass(frozen=True)
class FolderTree:
    """A folder on a disk, or on a mounted medium. What lies deeper in it than 64 folders cannot be read.

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
        try:
            status = self._reach(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _entry(place[-1] if place else "", status)

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`Tree`."""
        if _kind(self._reach(place)) is not EntryKind.FOLDER:
            raise _error(errno.ENOTDIR, self._spell(place))
        with os.scandir(self._spell(place)) as listing:
            for one in listing:
                try:
                    yield _entry(one.name, os.lstat(one.path))
                except FileNotFoundError:
                    continue  # it has just gone
                except OSError:
                    yield Entry(name=one.name, kind=EntryKind.OTHER)

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file; see :class:`Tree`."""
        path = self._spell(place)
        file = open(path, "rb", buffering=0, opener=_open)  # noqa: SIM115 - the caller closes it
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        return file

    def link(self, place: Place) -> bytes:
        """Read where a link leads to; see :class:`Tree`."""
        return os.fsencode(os.readlink(self._spell(place)))  # noqa: PTH115 - a Path would tidy up the target

    def attribute(self, place: Place, name: str) -> bytes | None:
        """Read an extended attribute; see :class:`Tree`."""
        read = getattr(os, "getxattr", None)
        if read is None:
            return None
        try:
            found: bytes = read(self._spell(place), name, follow_symlinks=False)
        except OSError:
            return None
        return found

    def _reach(self, place: Place) -> os.stat_result:
        """Go to a place folder by folder, through no link. Texts instead of paths, as this is done for every file."""
        current = os.fspath(self.root)
        if not place:
            return os.stat(current)  # noqa: PTH116
        self._spell(place)
        *way, last = place
        for part in way:
            current = os.path.join(current, part)  # noqa: PTH118
            if _kind(os.lstat(current)) is not EntryKind.FOLDER:
                raise _error(errno.ENOTDIR, current)
        return os.lstat(os.path.join(current, last))  # noqa: PTH118

    def _spell(self, place: Place) -> str:
        """The path of a place, as a text, if its parts can be names here."""
        path = os.path.join(self.root, *place)  # noqa: PTH118
        if len(place) > _DEEPEST:
            raise _error(errno.ENAMETOOLONG, path)
        for part in place:
            if part in ("", ".", "..") or not _NEVER_IN_A_NAME.isdisjoint(part):
                raise _error(errno.ENOENT, path)
        try:
            if b"\0" not in os.fsencode(path):
                return path
        except ValueError:  # a character that this system has no bytes for
            pass
        raise OSError(errno.EINVAL, "no file can have such a name", path)


def _open(path: str, _flags: int) -> int:
    # Not blocking, so that a pipe somebody planted under the name is noticed instead of waited for.
    return os.open(path, _FLAGS)


def _error(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)


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
