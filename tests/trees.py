"""Trees of files for tests: one out of a dictionary, as odd as the protocol allows, and one whose medium fails."""

from __future__ import annotations

import errno
import io
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.disk.tree import Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lockstick.disk.tree import Place, Tree

__all__ = ["DictTree", "FailingTree"]


@dataclass
class DictTree:
    """A tree out of a dictionary. Its files cannot seek and give few bytes at a time."""

    found: dict[Place, Entry] = field(default_factory=dict)
    bytes_of: dict[Place, bytes] = field(default_factory=dict)
    attributes: dict[tuple[Place, str], bytes] = field(default_factory=dict)
    shown: str = "a dictionary"

    @classmethod
    def of(cls, folder: Path) -> DictTree:
        """Take in a folder as it lies on the disk."""
        tree = cls()
        for path in folder.rglob("*"):
            place, status = path.relative_to(folder).parts, path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            if path.is_symlink():
                tree.bytes_of[place] = os.fsencode(os.readlink(path))  # noqa: PTH115 - as it is
                tree.found[place] = Entry(name=path.name, kind=EntryKind.LINK, mode=mode)
            elif path.is_dir():
                tree.found[place] = Entry(name=path.name, kind=EntryKind.FOLDER, mode=mode)
            elif path.is_file():
                tree.bytes_of[place] = path.read_bytes()
                tree.found[place] = Entry(name=path.name, kind=EntryKind.FILE, size=status.st_size, mode=mode)
            else:
                tree.found[place] = Entry(name=path.name, kind=EntryKind.OTHER, mode=mode)
        return tree

    def look(self, place: Place) -> Entry | None:
        return self.found.get(place) if place else Entry(name="", kind=EntryKind.FOLDER)

    def entries(self, place: Place) -> Iterator[Entry]:
        for depth in range(1, len(place) + 1):
            found = self.found.get(place[:depth])
            if found is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            if found.kind is not EntryKind.FOLDER:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return (entry for one, entry in reversed(self.found.items()) if one[:-1] == place)

    def open(self, place: Place) -> io.RawIOBase:
        if self.found[place].kind is not EntryKind.FILE:
            raise OSError(errno.EINVAL, "it is not a regular file")
        return _Dripping(self.bytes_of[place])

    def link(self, place: Place) -> bytes:
        return self.bytes_of[place]

    def attribute(self, place: Place, name: str) -> bytes | None:
        return self.attributes.get((place, name))


class _Dripping(io.RawIOBase):
    def __init__(self, data: bytes) -> None:
        self._left = memoryview(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        count = min(len(buffer), len(self._left), 1009)
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


@dataclass
class FailingTree:
    """A tree on a medium that fails in one way, at some of its places.

    Attributes:
        tree: What lies there.
        way: ``look``, ``entries``, ``open`` or ``read``.
        hits: Whether it fails at a place.
    """

    tree: Tree
    way: str
    hits: Callable[[Place], bool] = lambda _: True

    @property
    def shown(self) -> str:
        return self.tree.shown

    def look(self, place: Place) -> Entry | None:
        self._fail("look", place)
        return self.tree.look(place)

    def entries(self, place: Place) -> Iterator[Entry]:
        self._fail("entries", place)
        return self.tree.entries(place)

    def open(self, place: Place) -> io.RawIOBase:
        self._fail("open", place)
        return _Failing() if self.way == "read" and self.hits(place) else self.tree.open(place)

    def link(self, place: Place) -> bytes:
        self._fail("open", place)
        return self.tree.link(place)

    def attribute(self, place: Place, name: str) -> bytes | None:
        return self.tree.attribute(place, name)

    def _fail(self, way: str, place: Place) -> None:
        if way == self.way and self.hits(place):
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class _Failing(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        raise OSError(errno.EIO, os.strerror(errno.EIO))
