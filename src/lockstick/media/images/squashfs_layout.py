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

__all__ = ["MAGIC", "NO_FRAGMENT", "Inode", "Metadata", "Superblock", "inflate", "read_folder", "read_inode"]

MAGIC = b"hsqs"
NO_FRAGMENT = 0xFFFF_FFFF
"""What stands in a file's place of a fragment if it has none."""

_METADATA_SIZE = 8192
_KEPT_BLOCKS = 256

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
        size: A file's bytes; for a folder, of its listing.
        start: Where a file's blocks begin in the image; where a folder's listing does in the table.
        offset: Where a folder's listing begins in the unpacked block; where a file's end does in its fragment.
        fragment: The fragment with the end of a file, or :data:`NO_FRAGMENT`.
        sizes: Where the list of a file's block sizes is: place and offset.
        target: Where a link leads.
    """

    kind: EntryKind
    mode: int
    size: int = 0
    start: int = 0
    offset: int = 0
    fragment: int = NO_FRAGMENT
    sizes: tuple[int, int] = (0, 0)
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
    number, mode, *_ = _HEAD.unpack(raw)
    if number not in _KNOWN_TYPES:
        raise damaged("something in it is of no known kind")
    form = {1: _SMALL_FOLDER, 2: _SMALL_FILE, 3: _LINK, 8: _LARGE_FOLDER, 9: _LARGE_FILE, 10: _LINK}.get(number)
    if form is None:
        return Inode(kind=EntryKind.OTHER, mode=mode)
    raw, place, offset = metadata.read(place, offset, form.size)
    values = form.unpack(raw)
    if form is _LINK:
        length = values[1]
        if length > _LONGEST_LINK:
            raise damaged("a link in it is longer than links can be")
        return Inode(kind=EntryKind.LINK, mode=mode, target=metadata.read(place, offset, length)[0])
    if form is _SMALL_FILE:
        start, fragment, at, size = values
    elif form is _LARGE_FILE:
        start, size, _, _, fragment, at, _ = values
    else:
        if form is _SMALL_FOLDER:
            start, _, size, at, _ = values
        else:
            _, size, start, _, _, at, _ = values
        return Inode(kind=EntryKind.FOLDER, mode=mode, size=size, start=start, offset=at)
    return Inode(
        kind=EntryKind.FILE, mode=mode, size=size, start=start, offset=at, fragment=fragment, sizes=(place, offset)
    )


def read_folder(metadata: Metadata, table: int, folder: Inode) -> Iterator[tuple[str, int]]:
    """List a folder.

    Args:
        metadata: The image's metadata.
        table: Where listings begin.
        folder: The folder.

    Yields:
        Each name, and where its inode is.

    Raises:
        OSError: The listing is damaged, or longer than the caps.
    """
    left = folder.size - _NOTHING_LISTED
    if left > _MOST_LISTING:
        raise damaged("a folder in it lists more than folders can hold")
    place, offset, count = table + folder.start, folder.offset, 0
    while left > 0:
        raw, place, offset = metadata.read(place, offset, _LIST_HEAD.size)
        more, block, _ = _LIST_HEAD.unpack(raw)
        left -= _LIST_HEAD.size
        if more >= _MOST_PER_HEADER:
            raise damaged("a folder in it counts more names than it may")
        for _ in range(more + 1):
            raw, place, offset = metadata.read(place, offset, _LIST_ENTRY.size)
            at, _, _, length = _LIST_ENTRY.unpack(raw)
            raw, place, offset = metadata.read(place, offset, length % _LONGEST_NAME + 1)
            left -= _LIST_ENTRY.size + len(raw)
            count += 1
            name = text_of(raw)
            if length >= _LONGEST_NAME or left < 0 or count > MOST_NAMES or not is_name(name):
                raise damaged("a folder in it lists what cannot be a name, or too many")
            yield name, block << 16 | at
