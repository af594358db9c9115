"""A tar archive as a tree: its headers are read once, its files where they lie.

Two readers of one archive must see the same files. So whatever they might see differently is refused: a name twice, a
name that leads out, a link's name with something below it, bytes after the end, headers of unusual dialects.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.disk.tree import Entry, EntryKind
from lockstick.media.images.names import MOST_NAMES, is_name
from lockstick.media.images.source import Stretch, damaged
from lockstick.payloads.tar_reader import TarError, TarKind, TarMember, TarReader

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from lockstick.disk.tree import Place
    from lockstick.media.images.source import Source

__all__ = ["MAGIC", "MAGIC_AT", "TarTree"]

MAGIC, MAGIC_AT = b"ustar", 257

_DEEPEST = 64
_MOST_AFTER_END = 1 << 20  # archives are filled up to a multiple of some kilobytes
_AHEAD = 1 << 15
_NOTHING = bytes(1 << 20)
_KINDS = {TarKind.FILE: EntryKind.FILE, TarKind.FOLDER: EntryKind.FOLDER, TarKind.SYMLINK: EntryKind.LINK}


@dataclass(slots=True)
class _Node:
    """One thing in an archive."""

    kind: EntryKind
    start: int = 0
    size: int = 0
    target: str = ""
    inside: dict[str, _Node] = field(default_factory=dict)


class _Skimming:
    """An archive as its reader wants it: one byte after the other, except that the bytes of files are passed over.

    Args:
        source: The archive.

    Attributes:
        position: Where the next byte comes from.
        passed: How many of the next bytes nobody wants to see.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._ahead = bytearray(_AHEAD)
        self._ahead_at = 0
        self._ahead_size = 0
        self.position = 0
        self.passed = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes; what is passed over reads as zeros."""
        if self.passed:
            count = min(size, self.passed, len(_NOTHING))
            self.passed -= count
            self.position += count
            return _NOTHING if count == len(_NOTHING) else _NOTHING[:count]
        pieces: list[bytes] = []
        while size > 0 and (piece := self._next(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _next(self, size: int) -> bytes:
        at = self.position - self._ahead_at
        if not 0 <= at < self._ahead_size:
            self._ahead_at, at = self.position, 0
            self._ahead_size = self._source.read_into(memoryview(self._ahead), self.position)
        piece = bytes(self._ahead[at : min(at + size, self._ahead_size)])
        self.position += len(piece)
        return piece


class TarTree:
    """A tar archive: USTAR, GNU or PAX, as far as they say names and sizes.

    Args:
        source: The archive, unpacked.
        shown: What to call it.

    Raises:
        OSError: It is damaged, or one that readers could read in different ways.
    """

    def __init__(self, source: Source, shown: str) -> None:
        self._source = source
        self._shown = shown
        self._root = _Node(EntryKind.FOLDER)
        self._count = 0
        try:
            self._index()
        except TarError as error:
            raise damaged(str(error)) from None

    @property
    def shown(self) -> str:
        """What to call it."""
        return self._shown

    def _index(self) -> None:
        stream = _Skimming(self._source)
        reader = TarReader(stream)
        for count, member in enumerate(reader.members()):
            # Folders may be named again and again, so counting what there is would not do.
            if count >= MOST_NAMES:
                raise _too_many()
            if member.size > self._source.size - stream.position:
                raise damaged("it ends in the middle of a file")
            self._add(member, stream.position)
            stream.passed = member.size
        if not reader.ended:
            raise damaged("it ends without the mark of its end")
        if reader.unclear:
            raise damaged(f"{reader.unclear}; programs would read it in different ways")
        if self._source.size - stream.position > _MOST_AFTER_END or any(stream.read(_MOST_AFTER_END)):
            raise damaged("something follows its end")

    def _add(self, member: TarMember, start: int) -> None:
        place = _place_of(member.name, is_folder=member.kind is TarKind.FOLDER)
        if not place:
            return
        folder = self._root
        for name in place[:-1]:
            if name not in folder.inside:
                folder.inside[name] = self._node(EntryKind.FOLDER)
            folder = folder.inside[name]
            if folder.kind is not EntryKind.FOLDER:
                raise damaged(f"{member.name!r} lies below something that is no folder")
        known = folder.inside.get(place[-1])
        if known is None:
            folder.inside[place[-1]] = self._made_of(member, start)
        # Programs write a folder's entry after what lies in it, too.
        elif known.kind is not EntryKind.FOLDER or member.kind is not TarKind.FOLDER:
            raise damaged(f"{member.name!r} is in it twice")

    def _made_of(self, member: TarMember, start: int) -> _Node:
        if member.kind is TarKind.HARDLINK:
            first = self._find(_place_of(member.link, is_folder=False))
            if first is None or first.kind is not EntryKind.FILE:
                raise damaged(f"{member.name!r} is a second name of nothing")
            return first
        node = self._node(_KINDS.get(member.kind, EntryKind.OTHER))
        if node.kind is EntryKind.FILE:
            node.start, node.size = start, member.size
        elif node.kind is EntryKind.LINK:
            node.target = member.link
        return node

    def _node(self, kind: EntryKind) -> _Node:
        self._count += 1
        if self._count > MOST_NAMES:
            raise _too_many()
        return _Node(kind)

    def _find(self, place: Place) -> _Node | None:
        node: _Node | None = self._root
        for name in place:
            if node is None or node.kind is not EntryKind.FOLDER:
                return None
            node = node.inside.get(name)
        return node

    def look(self, place: Place) -> Entry | None:
        """Say what has a name; see :class:`~lockstick.disk.tree.Tree`."""
        node = self._find(place)
        return None if node is None else Entry(name=place[-1] if place else "", kind=node.kind, size=node.size)

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`~lockstick.disk.tree.Tree`."""
        node = self._find(place)
        if node is None:
            raise self._trouble(errno.ENOENT, place)
        if node.kind is not EntryKind.FOLDER:
            raise self._trouble(errno.ENOTDIR, place)
        for name, inside in node.inside.items():
            yield Entry(name=name, kind=inside.kind, size=inside.size)

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file; see :class:`~lockstick.disk.tree.Tree`."""
        node = self._find(place)
        if node is None:
            raise self._trouble(errno.ENOENT, place)
        if node.kind is not EntryKind.FILE:
            raise OSError(errno.EINVAL, "it is not a regular file", self._path(place))
        start = node.start
        return Stretch(node.size, lambda view, offset: self._source.read_into(view, start + offset))

    def link(self, place: Place) -> bytes:
        """Read where a link leads to; see :class:`~lockstick.disk.tree.Tree`."""
        node = self._find(place)
        if node is None or node.kind is not EntryKind.LINK:
            raise self._trouble(errno.EINVAL, place)
        return node.target.encode("utf-8", "surrogateescape")

    def attribute(self, place: Place, name: str) -> bytes | None:  # noqa: ARG002 - archives carry none
        """None: they are not read."""
        return None

    def _path(self, place: Place) -> str:
        return "/".join((self._shown, *place))

    def _trouble(self, code: int, place: Place) -> OSError:
        return OSError(code, os.strerror(code), self._path(place))


def _too_many() -> OSError:
    return damaged(f"it holds more than {MOST_NAMES} names")


def _place_of(written: str, *, is_folder: bool) -> Place:
    """The segments of a name in an archive; none for the outermost folder."""
    name = written.removesuffix("/") if is_folder else written
    while name.startswith("./"):
        name = name[2:]
    if is_folder and name in ("", "."):
        return ()
    place = tuple(name.split("/"))
    if len(place) > _DEEPEST or not all(is_name(part) for part in place):
        raise damaged(f"{written[:200]!r} is not the name of a file below the archive's own folder")
    return place
