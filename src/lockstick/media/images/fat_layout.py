"""How a FAT file system is laid out: partition, boot sector, table, folders (FAT12, FAT16, FAT32).

After Microsoft's "FAT32 File System Specification" 1.03, and Linux where that leaves something open. Every number comes
from an image that anybody may have made, and is held against the image's size before it is used.
"""

from __future__ import annotations

import errno
import struct
import sys
from array import array
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lockstick.media.images.names import NEVER_ON_FAT, is_name
from lockstick.media.images.source import damaged, exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.images.source import Source

__all__ = ["BOOT_MARK", "Item", "Table", "Volume", "has_partitions", "is_boot_sector", "partition_start", "read_items"]

BOOT_MARK = b"\x55\xaa"
"""The last two bytes of a first sector."""

_SECTOR = 512
_FAT_TYPES = frozenset({0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E})
_BOOT = struct.Struct("<11xHBHBHHxH8xII")  # from offset 0; ends after the size of a FAT32's table
_FAT16_FROM, _FAT16_TO = 4085, 65_524
_PAGE = 1 << 16
_KEPT_PAGES = 32
_STRIDE = 2048
_ENTRY = 32
_MOST_IN_FOLDER = 65_536
_DELETED, _END = 0xE5, 0x00
_LONG_NAME, _LABEL, _IS_FOLDER = 0x0F, 0x08, 0x10
_ATTRIBUTES = 0x3F
_FIRST_PART, _MOST_PARTS, _LETTERS = 0x40, 20, 13
_ODD_LONG_NAME = "a long name in it is one that systems would read in different ways"
# 1.03, "Short Directory Entries"; small letters are told by two bits elsewhere.
_NEVER_IN_SHORT = frozenset(b'"*+,./:;<=>?[\\]|\x7f' + bytes(range(0x20)) + bytes(range(0x61, 0x7B)))


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Where the parts of a file system lie, in bytes from the image's start.

    Attributes:
        bits: 12, 16 or 32.
        table: Where its table of clusters begins.
        table_size: How many bytes that has.
        tables: How many copies of it there are, one behind the other.
        root: Where the outermost folder of a FAT12 or FAT16 begins.
        root_size: How many bytes that has; 0 for FAT32.
        root_cluster: The first cluster of a FAT32's outermost folder.
        data: Where cluster 2 begins.
        cluster: How many bytes a cluster has.
        clusters: How many clusters there are.
    """

    bits: int
    table: int
    table_size: int
    tables: int
    root: int
    root_size: int
    root_cluster: int
    data: int
    cluster: int
    clusters: int

    @classmethod
    def read(cls, source: Source, start: int) -> Volume:
        """Read the boot sector.

        Args:
            source: The image.
            start: Where the file system begins.

        Raises:
            OSError: It is none, or contradicts itself.
        """
        raw = exactly(source, start, _SECTOR)
        if not is_boot_sector(raw):
            raise OSError(errno.EINVAL, "there is no FAT file system in the image")
        sector, per_cluster, reserved, tables, root_entries, few, table16, many, table32 = _BOOT.unpack_from(raw)
        total, table_sectors = few or many, table16 or table32
        root_size = -(-root_entries * _ENTRY // sector) * sector
        table_size = table_sectors * sector
        root = start + reserved * sector + tables * table_size
        data = root + root_size
        clusters = (start + total * sector - data) // (per_cluster * sector)
        # Linux tells a FAT32 by the field, others by the number of clusters; the writers here satisfy both.
        bits = 32 if not table16 else 16 if clusters >= _FAT16_FROM else 12
        known = min(clusters, table_size * 8 // bits - 2)
        if start + total * sector > source.size or known <= 0:
            raise damaged("its file system is larger than the image, or has no room")
        # A flag may say that another copy of the table counts, which not everybody heeds.
        is_odd = struct.unpack_from("<HH", raw, 40) if bits == 32 else clusters > _FAT16_TO  # noqa: PLR2004 - the kind
        if (bits == 32) == bool(root_size) or is_odd not in (False, (0, 0)):  # noqa: PLR2004 - the kind
            raise damaged("its file system is of no known kind")
        return cls(
            bits=bits,
            table=start + reserved * sector,
            table_size=table_size,
            tables=tables,
            root=root,
            root_size=root_size,
            root_cluster=struct.unpack_from("<I", raw, 44)[0] if bits == 32 else 0,  # noqa: PLR2004 - the kind
            data=data,
            cluster=per_cluster * sector,
            clusters=known,
        )


def is_boot_sector(raw: bytes) -> bool:
    """Say whether a sector can be the first one of a FAT file system."""
    if len(raw) < _SECTOR or raw[510:512] != BOOT_MARK or raw[0] not in (0xEB, 0xE9) or raw[3:8] == b"EXFAT":
        return False
    sector, per_cluster, reserved, tables, *_ = _BOOT.unpack_from(raw)
    return (
        sector in (512, 1024, 2048, 4096)
        and per_cluster in (1, 2, 4, 8, 16, 32, 64, 128)
        and reserved > 0
        and tables in (1, 2)
    )


def partition_start(source: Source) -> int:
    """Where the file system of an image begins: at its start, or in its one partition.

    Raises:
        OSError: There is no FAT file system; or something else beside it, which a device might take instead.
    """
    raw = exactly(source, 0, _SECTOR)
    if is_boot_sector(raw):
        if has_partitions(raw):
            raise OSError(errno.EINVAL, "the image is a FAT file system and a table of partitions at once")
        return 0
    found = [part for part in _partitions(raw) if part[4]]
    if len(found) != 1 or found[0][4] not in _FAT_TYPES:
        why = "more partitions than one" if len(found) > 1 else "no FAT partition"
        raise OSError(errno.EINVAL, f"there is {why} in the image; mount it and name the folder instead")
    return int.from_bytes(found[0][8:12], "little") * _SECTOR


def has_partitions(raw: bytes) -> bool:
    """Say whether Linux takes a first sector for a table of partitions, whatever else it is.

    It does if their first bytes are as they should be (block/partitions/msdos.c). One partition that begins with the
    sector itself is none: mkfs.fat writes such a table so that nobody takes the sector for an empty one.
    """
    parts = _partitions(raw)
    is_table = raw.endswith(BOOT_MARK) and len(raw) == _SECTOR and all(part[0] in (0, 0x80) for part in parts)
    return is_table and any(part[4] and any(part[8:12]) and any(part[12:16]) for part in parts)


def _partitions(raw: bytes) -> list[bytes]:
    return [raw[at : at + 16] for at in range(446, 510, 16)]


class Table:
    """The table that says which cluster follows which.

    Args:
        source: The image.
        volume: The file system.
    """

    def __init__(self, source: Source, volume: Volume) -> None:
        self._source = source
        self._volume = volume
        self._page = lru_cache(maxsize=_KEPT_PAGES)(self._read_page)

    def _read_page(self, number: int) -> array[int]:
        start = number * _PAGE
        raw = self._raw(start, min(_PAGE, self._volume.table_size - start))
        width = self._volume.bits // 8
        page = array("I" if width == 4 else "H", raw[: len(raw) // width * width])  # noqa: PLR2004 - FAT32
        if sys.byteorder == "big":
            page.byteswap()
        return page

    def _raw(self, start: int, length: int) -> bytes:
        """A part of the table, of which all copies are the same: a repair may take any of them."""
        first, *others = (
            exactly(self._source, self._volume.table + copy * self._volume.table_size + start, length)
            for copy in range(self._volume.tables)
        )
        # The first two numbers are no clusters: some systems note there that they were not unmounted.
        skipped = max(0, 2 * self._volume.bits // 8 - start)
        if any(other[skipped:] != first[skipped:] for other in others):
            raise damaged("the copies of its table differ")
        return first

    def _next(self, cluster: int) -> int:
        bits = self._volume.bits
        if bits == 12:  # noqa: PLR2004 - the kind
            pair = int.from_bytes(self._raw(cluster * 3 // 2, 2), "little")
            return pair >> 4 if cluster & 1 else pair & 0xFFF
        page, index = divmod(cluster, _PAGE * 8 // bits)
        return self._page(page)[index] & (0x0FFF_FFFF if bits == 32 else 0xFFFF)  # noqa: PLR2004 - the kind

    def runs(self, first: int, most: int, *, exact: bool) -> Iterator[tuple[int, int]]:
        """Follow a chain of clusters.

        Args:
            first: Its first cluster.
            most: How many clusters it may have.
            exact: True if it must have exactly as many.

        Yields:
            Runs of clusters that lie one behind the other: the first, and how many.

        Raises:
            OSError: It leads nowhere, is longer than it may be (a loop), or shorter.
        """
        if exact and most > self._volume.clusters:
            raise damaged("a file in it is larger than its file system")
        last = (1 << min(self._volume.bits, 28)) - 8
        start, count, current, total = first, 0, first, 0
        while True:
            if not 2 <= current < self._volume.clusters + 2:  # noqa: PLR2004 - clusters are counted from 2
                raise damaged("a file in it lies nowhere")
            many = self._straight(current, most - total - 1)
            count += many + 1
            total += many + 1
            following = self._next(current + many)
            if following >= last:
                yield start, count
                break
            if total >= most:
                raise damaged("a file in it goes on after its end, or round in a circle")
            if following != current + many + 1:
                yield start, count
                start, count = following, 0
            current = following
        if exact and total != most:
            raise damaged("a file in it is shorter than it says")

    def _straight(self, cluster: int, most: int) -> int:
        """How many steps lead straight on from a cluster, found in strides that grow."""
        bits = self._volume.bits
        if bits == 12:  # noqa: PLR2004 - the kind
            return 0
        per_page, steps, stride = _PAGE * 8 // bits, 0, 1
        most = min(most, self._volume.clusters + 1 - cluster)
        while steps < most:
            number, index = divmod(cluster + steps, per_page)
            page = self._page(number)
            wide = min(stride, most - steps, len(page) - index)
            after = cluster + steps + 1
            if page[index : index + wide] == array(page.typecode, range(after, after + wide)):
                steps += wide
                stride = min(2 * stride, _STRIDE)
            elif wide == 1:
                break
            else:
                stride = 1
        return steps


@dataclass(frozen=True, kw_only=True)
class Item:
    """One name in a folder.

    Attributes:
        name: The name.
        alias: The short name, by which every system finds it as well; the name itself if there is no longer one.
        is_folder: True for a folder.
        cluster: Its first cluster; 0 if it has none.
        size: A file's length.
    """

    name: str
    alias: str
    is_folder: bool
    cluster: int
    size: int


def read_items(raw: bytes) -> Iterator[Item]:
    """Read the entries of a folder.

    Args:
        raw: Its bytes, up to its end or beyond.

    Yields:
        Each file and folder; neither ``.`` and ``..`` nor a label.

    Raises:
        OSError: A name in it is none, or systems would read it in different ways.
    """
    parts: list[bytes] = []
    for at in range(0, min(len(raw), _MOST_IN_FOLDER * _ENTRY), _ENTRY):
        entry = raw[at : at + _ENTRY]
        attributes, is_free = entry[11], entry[0] in (_DELETED, _END)
        if not is_free and attributes & _ATTRIBUTES == _LONG_NAME:
            parts.append(entry)
            continue
        if is_free or attributes & _LABEL or entry[:11] in (b".          ", b"..         "):
            if parts:
                raise damaged(_ODD_LONG_NAME)
            if entry[0] == _END:
                # Linux reads on, others do not.
                if any(one not in (_DELETED, _END) for one in raw[at::_ENTRY]):
                    raise damaged("a folder in it goes on behind its end")
                return
            continue
        alias = _short_name(entry)
        name = _long_name(parts, entry[:11]) if parts else alias
        parts = []
        if not is_name(name) or not NEVER_ON_FAT.isdisjoint(name) or name[-1] in " .":
            raise damaged("a folder in it lists what cannot be a name")
        high, low, size = struct.unpack_from("<H4xHI", entry, 20)
        is_folder = bool(attributes & _IS_FOLDER)
        yield Item(name=name, alias=alias, is_folder=is_folder, cluster=high << 16 | low, size=size)
    if parts:
        raise damaged(_ODD_LONG_NAME)


def _long_name(parts: list[bytes], short: bytes) -> str:
    """The long name that stands before an entry. Systems differ in what they make of one that is not quite right."""
    total = 0
    for byte in short:
        total = ((total >> 1 | total << 7) + byte) & 0xFF
    letters = b""
    for left, part in zip(range(len(parts), 0, -1), parts, strict=True):
        mark = left | (_FIRST_PART if left == len(parts) else 0)
        if (part[0], part[11], part[12], part[13]) != (mark, _LONG_NAME, 0, total) or left > _MOST_PARTS:
            raise damaged(_ODD_LONG_NAME)
        letters = part[1:11] + part[14:26] + part[28:32] + letters
    try:
        name, end, filling = letters.decode("utf-16-le").partition("\x00")
    except UnicodeDecodeError:  # half a character, which some leave out
        raise damaged(_ODD_LONG_NAME) from None
    if filling.strip("\uffff") or (end and len(name) <= _LETTERS * (len(parts) - 1)):
        raise damaged(_ODD_LONG_NAME)
    return name


def _short_name(entry: bytes) -> str:
    raw = (b"\xe5" if entry[0] == 0x05 else entry[:1]) + entry[1:11]  # noqa: PLR2004 - what stands for 0xE5
    if raw[:1] == b" " or not _NEVER_IN_SHORT.isdisjoint(raw):
        raise damaged("a folder in it lists what cannot be a name")
    base, extension = (raw[:8].rstrip(b" ").decode("cp437"), raw[8:].rstrip(b" ").decode("cp437"))
    base = base.lower() if entry[12] & 0x08 else base
    extension = extension.lower() if entry[12] & 0x10 else extension
    return f"{base}.{extension}" if extension else base
