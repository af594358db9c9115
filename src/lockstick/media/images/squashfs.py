"""A squashfs image as a tree, read without mounting it and without rights."""

from __future__ import annotations

import errno
import os
import sys
from array import array
from contextlib import suppress
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from lockstick.disk.tree import Entry, EntryKind
from lockstick.media.images.names import Allowance
from lockstick.media.images.source import Stretch, damaged, exactly
from lockstick.media.images.squashfs_layout import (
    NO_FRAGMENT,
    Inode,
    Metadata,
    Superblock,
    inflate,
    read_folder,
    read_inode,
)

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from lockstick.disk.tree import Place
    from lockstick.media.images.source import Source

__all__ = ["SquashfsTree"]

_PLAIN = 1 << 24  # set in a block's size if it lies there as it is
_FRAGMENT_SIZE = 16
_KEPT_FRAGMENTS = 8
_KEPT_FOLDERS = 64
_MOST_BLOCKS = 4 << 20  # of one file: half a terabyte with the usual blocks
_DEEPEST = 64
_TOO_DEEP = "folders in it lie deeper than anybody puts them"
_TWO_PLACES = "a folder in it lies in two places"


class SquashfsTree:
    """A squashfs 4.0 image (gzip).

    What other readers might read otherwise is refused: a folder that can be reached in two ways (it could hold
    itself), a name that is listed twice, a block of another length than the file says. So is what Linux would confuse:
    it knows a file by its inode's number and gives the one that it met first to whoever asks for the other one. To
    know that no two share one, all folders are gone through at once.

    Args:
        source: The image.
        shown: What to call it.

    Raises:
        OSError: It is no such image, or damaged.
    """

    def __init__(self, source: Source, shown: str) -> None:
        self._source = source
        self._shown = shown
        self._super = Superblock.read(source)
        self._metadata = Metadata(source, self._super.used)
        self._homes: dict[int, Place] = {}
        self._names = Allowance()
        self._fragment = lru_cache(maxsize=_KEPT_FRAGMENTS)(self._read_fragment)
        self._listing = lru_cache(maxsize=_KEPT_FOLDERS)(self._read_listing)
        root = self._inode(self._super.root)
        if root.kind is not EntryKind.FOLDER:
            raise damaged("it has no outermost folder")
        self._check_numbers(root.number)

    @property
    def shown(self) -> str:
        """What to call it."""
        return self._shown

    def look(self, place: Place) -> Entry | None:
        """Say what has a name; see :class:`~lockstick.disk.tree.Tree`."""
        found = self._find(place)
        return None if found is None else _entry(place[-1] if place else "", found)

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`~lockstick.disk.tree.Tree`."""
        reference = self._reference(place)
        if reference is None:
            raise self._trouble(errno.ENOENT, place)
        if self._inode(reference).kind is not EntryKind.FOLDER:
            raise self._trouble(errno.ENOTDIR, place)
        for name, inside in self._folder(reference, place).items():
            try:
                entry = _entry(name, self._inode(inside))
            except OSError:  # one bad file does not hide the others
                entry = Entry(name=name, kind=EntryKind.OTHER)
            yield entry

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file; see :class:`~lockstick.disk.tree.Tree`."""
        found = self._find(place)
        if found is None:
            raise self._trouble(errno.ENOENT, place)
        if found.kind is not EntryKind.FILE:
            raise OSError(errno.EINVAL, "it is not a regular file", self._path(place))
        return Stretch(found.size, _Blocks(self, found).read_into)

    def link(self, place: Place) -> bytes:
        """Read where a link leads to; see :class:`~lockstick.disk.tree.Tree`."""
        found = self._find(place)
        if found is None or found.kind is not EntryKind.LINK:
            raise self._trouble(errno.EINVAL, place)
        return found.target

    def attribute(self, place: Place, name: str) -> bytes | None:  # noqa: ARG002 - images carry none
        """None: they are not read."""
        return None

    def _path(self, place: Place) -> str:
        return "/".join((self._shown, *place))

    def _trouble(self, code: int, place: Place) -> OSError:
        return OSError(code, os.strerror(code), self._path(place))

    def _inode(self, reference: int) -> Inode:
        return read_inode(self._metadata, self._super.inode_table, reference)

    def _find(self, place: Place) -> Inode | None:
        reference = self._reference(place)
        return None if reference is None else self._inode(reference)

    def _reference(self, place: Place) -> int | None:
        if len(place) > _DEEPEST:
            raise damaged(_TOO_DEEP)
        reference = self._super.root
        for depth, name in enumerate(place):
            if self._inode(reference).kind is not EntryKind.FOLDER:
                return None
            inside = self._folder(reference, place[:depth]).get(name)
            if inside is None:
                return None
            reference = inside
        return reference

    def _folder(self, reference: int, place: Place) -> dict[str, int]:
        # A folder with two places may hold itself, and a few of them make a tree without end.
        if self._homes.setdefault(reference, place) != place:
            raise damaged(_TWO_PLACES)
        return self._listing(reference)

    def _read_listing(self, reference: int) -> dict[str, int]:
        listing: dict[str, int] = {}
        for one in read_folder(self._metadata, self._super.folder_table, self._inode(reference)):
            listing[one.name] = one.reference
        self._names.take(reference, len(listing))
        return listing

    def _check_numbers(self, root: int) -> None:
        known = {root: self._super.root}
        waiting: list[tuple[int, Place]] = [(self._super.root, ())]
        while waiting:
            folder, place = waiting.pop()
            if len(place) > _DEEPEST:
                raise damaged(_TOO_DEEP)
            if self._homes.setdefault(folder, place) != place:
                raise damaged(_TWO_PLACES)
            count = 0
            for one in read_folder(self._metadata, self._super.folder_table, self._inode(folder)):
                count += 1
                inode: Inode | None = None
                with suppress(OSError):  # one bad file does not hide the others
                    inode = self._inode(one.reference)
                is_other = inode is not None and inode.number != one.number
                if is_other or known.setdefault(one.number, one.reference) != one.reference:
                    raise damaged(f"{one.name!r} in it has the number of another file")
                if inode is not None and inode.kind is EntryKind.FOLDER:
                    waiting.append((one.reference, (*place, one.name)))
            self._names.take(folder, count)

    def _read_fragment(self, number: int) -> bytes:
        """The bytes that the ends of several files share."""
        if number >= self._super.fragments:
            raise damaged("the end of a file in it lies nowhere")
        per_block = 8192 // _FRAGMENT_SIZE
        at = self._super.fragment_table + number // per_block * 8
        block = int.from_bytes(exactly(self._source, at, 8), "little")
        raw, _, _ = self._metadata.read(block, number % per_block * _FRAGMENT_SIZE, _FRAGMENT_SIZE)
        start, size = int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:12], "little")
        return self.unpacked(start, size)

    def fragment(self, number: int) -> bytes:
        """The bytes of a fragment."""
        return self._fragment(number)

    def unpacked(self, start: int, size: int) -> bytes:
        """The bytes of a block.

        Args:
            start: Where it lies in the image.
            size: Its size as the image writes it: bytes, and whether they lie there as they are.
        """
        length = size & (_PLAIN - 1)
        if size >= 2 * _PLAIN or length > self.block_size or start + length > self._super.used:
            raise damaged("a block in it is too large, or lies beyond its end")
        data = exactly(self._source, start, length)
        return data if size & _PLAIN else inflate(data, self.block_size)

    @property
    def block_size(self) -> int:
        """How many bytes of a file make a block."""
        return self._super.block_size

    def block_sizes(self, inode: Inode, count: int) -> array[int]:
        """The sizes of a file's blocks, as the image writes them."""
        raw, _, _ = self._metadata.read(*inode.sizes, 4 * count)
        sizes = array("I", raw)
        if sys.byteorder == "big":
            sizes.byteswap()
        return sizes

    def straight(self, start: int, view: memoryview) -> int:
        """Read bytes that lie there as they are."""
        if start + len(view) > self._super.used:
            raise damaged("a block in it lies beyond its end")
        return self._source.read_into(view, start)


class _Blocks:
    """The bytes of one file. One thread reads it at a time."""

    def __init__(self, image: SquashfsTree, inode: Inode) -> None:
        size, block = inode.size, image.block_size
        count = size // block if inode.fragment != NO_FRAGMENT else -(-size // block)
        if count > _MOST_BLOCKS:
            raise damaged("a file in it is larger than any image can hold")
        self._image = image
        self._inode = inode
        self._sizes = image.block_sizes(inode, count) if count else array("I")
        self._starts = array("Q", accumulate((one & (_PLAIN - 1) for one in self._sizes), initial=inode.start))
        self._latest: tuple[int, bytes] = (-1, b"")

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read within one block; see :class:`~lockstick.media.images.source.Stretch`."""
        number, skipped = divmod(offset, self._image.block_size)
        length = min(self._image.block_size, self._inode.size - number * self._image.block_size)
        count = min(len(view), length - skipped)
        if number < len(self._sizes):
            size = self._sizes[number]
            if size == length | _PLAIN:  # it needs no unpacking, so it needs no copy either
                return self._image.straight(self._starts[number] + skipped, view[:count])
        if self._latest[0] != number:
            self._latest = (number, self._block(number, length))
        view[:count] = self._latest[1][skipped : skipped + count]
        return count

    def _block(self, number: int, length: int) -> bytes:
        if number >= len(self._sizes):
            start = self._inode.offset
            data = self._image.fragment(self._inode.fragment)[start : start + length]
        elif not self._sizes[number]:
            data = bytes(length)
        else:
            data = self._image.unpacked(self._starts[number], self._sizes[number])
        if len(data) != length:
            raise damaged("a block in it has another length than its file says")
        return data


def _entry(name: str, inode: Inode) -> Entry:
    size = inode.size if inode.kind is EntryKind.FILE else 0
    return Entry(name=name, kind=inode.kind, size=size, mode=inode.mode & 0o7777)
