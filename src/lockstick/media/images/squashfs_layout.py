"""How a squashfs 4.0 image is laid out: superblock, metadata blocks, inodes, folders.

What is needed of the format to read files, and no more: gzip only, as Torizon's kernels read nothing else. Extended
attributes, the export table and user ids are not read. Every number comes from an image that anybody may have made:
each is held against the image's size, or against a cap, before it is used.
"""

from __future__ import annotations

import errno
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind
from lockstick.media.images.names import MOST_NAMES, is_name, text_of
from lockstick.media.images.source import damaged, exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.images.source import Source

__all__ = ["MAGIC", "NO_FRAGMENT", "Inode", "Listed", "Metadata", "Superblock", "inflate", "read_folder", "read_inode"]

MAGIC = b"hsqs"
NO_FRAGMENT = 0xFFFF_FFFF
"""What stands in a file's place of a fragment if it has none."""

_METADATA_SIZE = 8192
_KEPT_BLOCKS = 4096  # 32 MiB: an image may lead from each name to another one

_SUPERBLOCK = struct.Struct("<4I6H8Q")
_GZIP = 1
_VERSION = (4, 0)
_SMALLEST_BLOCK, _LARGEST_BLOCK = 4096, 1 << 20
_MOST_LISTING = 64 << 20
_LONGEST_LINK = 65_535
_NOTHING_LISTED = 3  # a folder's size counts so many bytes more than its listing has
_MOST_PER_HEADER = 256
_LONGEST_NAME = 256

_HEAD = struct.Struct("<4H2I")
_SMALL_FOLDER = struct.Struct("<2I2HI")
_LARGE_FOLDER = struct.Struct("<4I2HI")
_SMALL_FILE = struct.Struct("<4I")
_LARGE_FILE = struct.Struct("<3Q4I")
_LINK = struct.Struct("<2I")
_LIST_HEAD = struct.Struct("<3I")
_LIST_ENTRY = struct.Struct("<HhHH")
_INDEX_ENTRY = struct.Struct("<3I")
_OTHER_INDEX = "the index of a folder in it leads elsewhere than its listing"
_KNOWN_TYPES = range(1, 15)


@dataclass(frozen=True, kw_only=True)
class Superblock:
    """Where the parts of an image lie.

    Attributes:
        block_size: How many bytes of a file make a block.
        fragments: How many fragments there are.
        root: Where the inode of the outermost folder is.
        used: How many bytes of the image count.
        inode_table: Where inodes begin.
        folder_table: Where listings of folders begin.
        fragment_table: Where it says where the table of fragments lies.
    """

    block_size: int
    fragments: int
    root: int
    used: int
    inode_table: int
    folder_table: int
    fragment_table: int

    @classmethod
    def read(cls, source: Source) -> Superblock:
        """Read it.

        Raises:
            OSError: It is none that this reader reads, or contradicts itself.
        """
        raw = exactly(source, 0, len(MAGIC) + _SUPERBLOCK.size)
        _, _, block_size, fragments, compression, block_log, _, _, *rest = _SUPERBLOCK.unpack(raw[len(MAGIC) :])
        major, minor, root, used, _, _, inode_table, folder_table, fragment_table, _ = rest
        if not raw.startswith(MAGIC) or (major, minor) != _VERSION:
            raise OSError(errno.EINVAL, "it is not a squashfs 4.0 image")
        if compression != _GZIP:
            raise OSError(errno.EINVAL, "the image is not compressed by gzip, and devices read nothing else")
        if not _SMALLEST_BLOCK <= block_size <= _LARGEST_BLOCK or block_size != 1 << min(block_log, 32):
            raise damaged("its size of blocks is none")
        if used > source.size:
            raise damaged(f"it should have {used} bytes and has {source.size}")
        if not inode_table < folder_table <= used:
            raise damaged("its tables are not in order")
        return cls(
            block_size=block_size,
            fragments=fragments,
            root=root,
            used=used,
            inode_table=inode_table,
            folder_table=folder_table,
            fragment_table=fragment_table,
        )


def inflate(data: bytes, most: int) -> bytes:
    """Unpack one block, never into more bytes than it may have.

    Raises:
        OSError: It is damaged, or has more.
    """
    packed = zlib.decompressobj()
    try:
        plain = packed.decompress(data, most)
        # The end of the stream may still be missing when all bytes are there.
        more = b"" if packed.eof else packed.decompress(packed.unconsumed_tail, 1)
    except zlib.error as error:
        raise damaged(f"a block in it cannot be unpacked ({error})") from None
    if more or not packed.eof:
        raise damaged("a block in it has more bytes than it may have, or is cut off")
    return plain


class Metadata:
    """The metadata blocks of an image; the latest ones are kept unpacked.

    Args:
        source: The image.
        end: Where it ends.
    """

    def __init__(self, source: Source, end: int) -> None:
        self._source = source
        self._end = end
        self._block = lru_cache(maxsize=_KEPT_BLOCKS)(self._unpacked)

    def _unpacked(self, place: int) -> tuple[bytes, int]:
        """One block, and where the next one begins."""
        if place < 0 or place + 2 > self._end:
            raise damaged("it points beyond its end")
        head = int.from_bytes(exactly(self._source, place, 2), "little")
        length = head & 0x7FFF
        if not 0 < length <= _METADATA_SIZE or place + 2 + length > self._end:
            raise damaged("a block of metadata in it has no possible length")
        data = exactly(self._source, place + 2, length)
        plain = data if head & 0x8000 else inflate(data, _METADATA_SIZE)
        if not plain:
            raise damaged("a block of metadata in it is empty")
        return plain, place + 2 + length

    def settled(self, place: int, offset: int) -> tuple[int, int]:
        """The same place, said by the block that has the next byte."""
        plain, after = self._block(place)
        return (after, 0) if offset == len(plain) else (place, offset)

    def read(self, place: int, offset: int, length: int) -> tuple[bytes, int, int]:
        """Read on from a place, over as many blocks as it takes.

        Args:
            place: Where a block begins in the image.
            offset: Where in the unpacked block.
            length: How many bytes; the caller has a cap on it.

        Returns:
            The bytes, and the place and the offset where they end.
        """
        pieces: list[bytes] = []
        while True:
            plain, after = self._block(place)
            if offset > len(plain):
                raise damaged("it points into nothing")
            piece = plain[offset : offset + length]
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
            if not length:
                return b"".join(pieces), place, offset
            place, offset = after, 0


@dataclass(frozen=True, kw_only=True)
class Inode:
    """One thing in an image.

    Attributes:
        kind: What it is.
        mode: Its permissions.
        number: By which number systems know it.
        size: A file's bytes; for a folder, of its listing.
        start: Where a file's blocks begin in the image; where a folder's listing does in the table.
        offset: Where a folder's listing begins in the unpacked block; where a file's end does in its fragment.
        fragment: The fragment with the end of a file, or :data:`NO_FRAGMENT`.
        sizes: Where the list of a file's block sizes is, or a folder's index: place and offset.
        indexed: How many places in a folder's listing its index names.
        target: Where a link leads.
    """

    kind: EntryKind
    mode: int
    number: int
    size: int = 0
    start: int = 0
    offset: int = 0
    fragment: int = NO_FRAGMENT
    sizes: tuple[int, int] = (0, 0)
    indexed: int = 0
    target: bytes = b""


def read_inode(metadata: Metadata, table: int, reference: int) -> Inode:
    """Read an inode.

    Args:
        metadata: The image's metadata.
        table: Where inodes begin.
        reference: Where it is: the block in the table, and in the last 16 bits the offset in it.

    Raises:
        OSError: There is none, or it contradicts itself.
    """
    raw, place, offset = metadata.read(table + (reference >> 16), reference & 0xFFFF, _HEAD.size)
    form_number, mode, _, _, _, number = _HEAD.unpack(raw)
    if form_number not in _KNOWN_TYPES:
        raise damaged("something in it is of no known kind")
    form = {1: _SMALL_FOLDER, 2: _SMALL_FILE, 3: _LINK, 8: _LARGE_FOLDER, 9: _LARGE_FILE, 10: _LINK}.get(form_number)
    if form is None:
        return Inode(kind=EntryKind.OTHER, mode=mode, number=number)
    raw, place, offset = metadata.read(place, offset, form.size)
    values = form.unpack(raw)
    if form is _LINK:
        length = values[1]
        if length > _LONGEST_LINK:
            raise damaged("a link in it is longer than links can be")
        target = metadata.read(place, offset, length)[0]
        return Inode(kind=EntryKind.LINK, mode=mode, number=number, target=target)
    if form is _SMALL_FILE:
        start, fragment, at, size = values
    elif form is _LARGE_FILE:
        start, size, _, _, fragment, at, _ = values
    else:
        if form is _SMALL_FOLDER:
            start, _, size, at, _ = values
            indexed = 0
        else:
            _, size, start, _, indexed, at, _ = values
        return Inode(
            kind=EntryKind.FOLDER,
            mode=mode,
            number=number,
            size=size,
            start=start,
            offset=at,
            sizes=(place, offset),
            indexed=indexed,
        )
    return Inode(
        kind=EntryKind.FILE,
        mode=mode,
        number=number,
        size=size,
        start=start,
        offset=at,
        fragment=fragment,
        sizes=(place, offset),
    )


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One name in a folder.

    Attributes:
        name: The name.
        reference: Where its inode is.
        number: The inode's number, as the folder has it.
    """

    name: str
    reference: int
    number: int


def read_folder(metadata: Metadata, table: int, folder: Inode) -> Iterator[Listed]:
    """List a folder.

    Args:
        metadata: The image's metadata.
        table: Where listings begin.
        folder: The folder.

    Yields:
        Each name, and where its inode is.

    Raises:
        OSError: The listing is damaged, or longer than the caps; or Linux would find something else by name than what
            is listed. It looks no further than to a name that sorts behind, and may begin where the index says.
    """
    left = folder.size - _NOTHING_LISTED
    if left > _MOST_LISTING:
        raise damaged("a folder in it lists more than folders can hold")
    index = _read_index(metadata, folder)
    place, offset, count, latest = table + folder.start, folder.offset, 0, b""
    while left > 0:
        at, start = folder.size - _NOTHING_LISTED - left, metadata.settled(place, offset)
        raw, place, offset = metadata.read(place, offset, _LIST_HEAD.size)
        more, block, base = _LIST_HEAD.unpack(raw)
        left -= _LIST_HEAD.size
        if more >= _MOST_PER_HEADER:
            raise damaged("a folder in it counts more names than it may")
        for nth in range(more + 1):
            raw, place, offset = metadata.read(place, offset, _LIST_ENTRY.size)
            inode_at, number, _, length = _LIST_ENTRY.unpack(raw)
            raw, place, offset = metadata.read(place, offset, length % _LONGEST_NAME + 1)
            left -= _LIST_ENTRY.size + len(raw)
            count += 1
            name = text_of(raw)
            if length >= _LONGEST_NAME or left < 0 or count > MOST_NAMES or not is_name(name):
                raise damaged("a folder in it lists what cannot be a name, or too many")
            if raw <= latest:
                raise damaged(
                    f"a folder in it lists {name!r} twice" if raw == latest else "a folder in it lists out of order"
                )
            latest = raw
            if not nth and (said := index.pop(at, None)) is not None:
                leads_to = table + said[0], (folder.offset + at) % _METADATA_SIZE
                if (*leads_to, said[1]) != (*start, raw):
                    raise damaged(_OTHER_INDEX)
            yield Listed(name=name, reference=block << 16 | inode_at, number=base + number & 0xFFFF_FFFF)
    if index:
        raise damaged(_OTHER_INDEX)


def _read_index(metadata: Metadata, folder: Inode) -> dict[int, tuple[int, bytes]]:
    """What a folder's index says: at which byte of the listing which block begins to count, and with which name."""
    found: dict[int, tuple[int, bytes]] = {}
    place, offset = folder.sizes
    for _ in range(folder.indexed):
        raw, place, offset = metadata.read(place, offset, _INDEX_ENTRY.size)
        at, block, length = _INDEX_ENTRY.unpack(raw)
        if length >= _LONGEST_NAME or at <= max(found, default=-1):
            raise damaged(_OTHER_INDEX)
        name, place, offset = metadata.read(place, offset, length + 1)
        found[at] = (block, name)
    return found
