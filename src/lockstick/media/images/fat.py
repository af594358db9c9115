"""A FAT disk image as a tree, read without mounting it and without rights."""

from __future__ import annotations

import errno
import os
from array import array
from bisect import bisect_right
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING
from unicodedata import normalize

from lockstick.disk.tree import Entry, EntryKind
from lockstick.media.images.fat_layout import Item, Table, Volume, partition_start, read_items
from lockstick.media.images.names import Allowance
from lockstick.media.images.source import Stretch, damaged, exactly

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from lockstick.disk.tree import Place
    from lockstick.media.images.source import Source

__all__ = ["FatTree"]

_LARGEST_FOLDER = 2 << 20  # 65,536 entries
_KEPT_FOLDERS = 64
_DEEPEST = 64
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_OUTERMOST = Item(name="", alias="", is_folder=True, cluster=0, size=0)


class FatTree:
    """A FAT12, FAT16 or FAT32 image, with or without a partition table.

    Names are found whatever the case of their plain letters, and by their short forms, as wherever such an image is
    mounted. What makes the image ambiguous is refused: a name twice in one folder, also as another file's short form, a
    folder in two places, a chain of clusters that ends too early or not at all.

    Args:
        source: The image.
        shown: What to call it.

    Raises:
        OSError: It is no such image, or damaged.
    """

    def __init__(self, source: Source, shown: str) -> None:
        self._source = source
        self._shown = shown
        self._volume = Volume.read(source, partition_start(source))
        self._table = Table(source, self._volume)
        self._homes: dict[int, Place] = {}
        self._names = Allowance()
        self._listing = lru_cache(maxsize=_KEPT_FOLDERS)(self._read_listing)

    @property
    def shown(self) -> str:
        """What to call it."""
        return self._shown

    def look(self, place: Place) -> Entry | None:
        """Say what has a name; see :class:`~lockstick.disk.tree.Tree`."""
        item, _ = self._find(place)
        return None if item is None else _entry(place[-1] if place else "", item)

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`~lockstick.disk.tree.Tree`."""
        item, home = self._find(place)
        if item is None:
            raise self._trouble(errno.ENOENT, place)
        if not item.is_folder:
            raise self._trouble(errno.ENOTDIR, place)
        for one in dict.fromkeys(self._folder(item, home).values()):
            yield _entry(one.name, one)

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file; see :class:`~lockstick.disk.tree.Tree`."""
        item, _ = self._find(place)
        if item is None:
            raise self._trouble(errno.ENOENT, place)
        if item.is_folder:
            raise OSError(errno.EINVAL, "it is not a regular file", "/".join((self._shown, *place)))
        return Stretch(item.size, _Chain(self._source, self._volume, self._table, item).read_into)

    def link(self, place: Place) -> bytes:
        """Raise: the file system knows no links."""
        raise self._trouble(errno.EINVAL, place)

    def attribute(self, place: Place, name: str) -> bytes | None:  # noqa: ARG002 - the file system knows none
        """None: the file system knows none."""
        return None

    def _trouble(self, code: int, place: Place) -> OSError:
        return OSError(code, os.strerror(code), "/".join((self._shown, *place)))

    def _find(self, place: Place) -> tuple[Item | None, Place]:
        """What lies in a place, and the place in the image's own words."""
        if len(place) > _DEEPEST:
            raise damaged("folders in it lie deeper than anybody puts them")
        item = _OUTERMOST
        home: Place = ()
        for name in place:
            found = self._folder(item, home).get(_plainly(name)) if item.is_folder else None
            if found is None:
                return None, ()
            item, home = found, (*home, found.name)
        return item, home

    def _folder(self, item: Item, home: Place) -> dict[str, Item]:
        # A folder with two places may hold itself, and a few of them make a tree without end.
        cluster = item.cluster if item is not _OUTERMOST else self._volume.root_cluster
        if self._homes.setdefault(cluster, home) != home:
            raise damaged("a folder in it lies in two places")
        return self._listing(cluster)

    def _read_listing(self, cluster: int) -> dict[str, Item]:
        if not cluster:
            raw = exactly(self._source, self._volume.root, min(self._volume.root_size, _LARGEST_FOLDER))
        else:
            most = max(1, _LARGEST_FOLDER // self._volume.cluster)
            raw = b"".join(
                exactly(self._source, *_run(self._volume, *run)) for run in self._table.runs(cluster, most, exact=False)
            )
        listing: dict[str, Item] = {}
        owners: dict[str, Item] = {}
        count = 0
        for item in read_items(raw):
            count += 1
            for name in (item.name, item.alias):
                # Systems differ in which letters they take for the same; whoever asks for one is given no other.
                if owners.setdefault(normalize("NFC", name.casefold()), item) is not item:
                    raise damaged(f"a folder in it lists {name!r} twice")
                listing[_plainly(name)] = item
        self._names.take(cluster, count)
        return listing


class _Chain:
    """The bytes of one file."""

    def __init__(self, source: Source, volume: Volume, table: Table, item: Item) -> None:
        self._source = source
        self._size = item.size
        self._starts = array("Q")  # of each run, in the image
        self._places = array("Q", [0])  # of each run, in the file
        count = -(-item.size // volume.cluster)
        for run in table.runs(item.cluster, count, exact=True) if count else ():
            start, length = _run(volume, *run)
            self._starts.append(start)
            self._places.append(self._places[-1] + length)

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read within one run; see :class:`~lockstick.media.images.source.Stretch`."""
        number = bisect_right(self._places, offset) - 1
        count = min(len(view), self._places[number + 1] - offset)
        return self._source.read_into(view[:count], self._starts[number] + offset - self._places[number])


def _run(volume: Volume, cluster: int, count: int) -> tuple[int, int]:
    """Where a run of clusters begins in the image, and how many bytes it has."""
    return volume.data + (cluster - 2) * volume.cluster, count * volume.cluster


def _plainly(name: str) -> str:
    """A name with small letters, as far as all systems agree on them."""
    return name.translate(_SMALL)


def _entry(name: str, item: Item) -> Entry:
    kind = EntryKind.FOLDER if item.is_folder else EntryKind.FILE
    return Entry(name=name, kind=kind, size=0 if item.is_folder else item.size)
