"""The bytes behind zstd: a file of many small frames is read from anywhere, any other one is unpacked once.

Where frames begin and end is found by walking the file itself, block header by block header (RFC 8878, 3.1.1), not by
an index in the file: an index could lead elsewhere than where ``tar --zstd -x`` reads.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from array import array
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lockstick.disk.durable import read_at
from lockstick.errors import MediaError
from lockstick.media.images.source import damaged, exactly

if TYPE_CHECKING:
    from lockstick.media.images.source import Source

__all__ = ["FRAME_MAGIC", "SKIPPED_MAGICS", "open_zstd", "zstandard"]

FRAME_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPED_MAGICS = tuple(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))

# Packed or unpacked. Lockstick's own have 1 MiB: larger ones cost more, by the way systems hand out memory.
_LARGEST_FRAME = 16 << 20
# Frames and blocks are looked at one by one: so many, and one more for each so many bytes of the file. Real blocks
# unpack into 128 KiB; a file of smaller ones is sooner unpacked as a whole.
_MOST_BLOCKS, _PER_BLOCK = 200_000, 4096
_KEPT_FRAMES = 16
_LARGEST_WINDOW = 1 << 27  # what tar --zstd reads without being told more
_SHORTEST_HEADER, _LONGEST_HEADER = 6, 18
_ADDED = {2: 256}  # to a length of two bytes (RFC 8878, 3.1.1.1.4)
_REPEATED, _RESERVED = 1, 3  # kinds of blocks: one byte that stands for many, and none
_LARGEST_BLOCK = 1 << 17
_PIECE = 1 << 20
_ROOM_TAKEN = 2  # an archive is unpacked into at most the half of the room that is free
_MOST_UNPACKED = 1000  # times as many bytes as the file has: real files do not come near
_ALWAYS_UNPACKED = 64 << 20


def zstandard() -> Any:  # noqa: ANN401 - a module
    """The library, which is an extra (docs/adr/0030).

    Raises:
        MediaError: It is not installed.
    """
    try:
        import zstandard as library  # noqa: PLC0415 - an extra
    except ImportError:
        raise MediaError(
            "archives with zstd can be neither read nor written by this installation",
            why="the library zstandard is missing",
            remedy="In a clone of Lockstick: pip install '.[images]'. An archive can also be unpacked first: "
            "tar --zstd -x -f FILE.",
        ) from None
    return library


class _Frames:
    """Unpacked bytes of a file that consists of small frames.

    Args:
        source: The file.
        starts: Where each frame begins in the file.
        lengths: How long it is there.
        places: Where its bytes begin in the whole; one more number says where the whole ends.
    """

    def __init__(self, source: Source, starts: array[int], lengths: array[int], places: array[int]) -> None:
        self._source = source
        self._starts = starts
        self._lengths = lengths
        self._places = places
        self._library = zstandard()
        self._frame = lru_cache(maxsize=_KEPT_FRAMES)(self._unpacked)

    @property
    def size(self) -> int:
        """How many bytes there are behind the frames."""
        return self._places[-1]

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read within one frame; see :class:`~lockstick.media.images.source.Source`."""
        if offset >= self.size:
            return 0
        number = bisect_right(self._places, offset) - 1
        data = memoryview(self._frame(number))[offset - self._places[number] :][: len(view)]
        view[: len(data)] = data
        return len(data)

    def _unpacked(self, number: int) -> bytes:
        length = self._places[number + 1] - self._places[number]
        packed = exactly(self._source, self._starts[number], self._lengths[number])
        try:
            plain: bytes = self._library.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompress(
                packed, max_output_size=length, allow_extra_data=False
            )
        except self._library.ZstdError as error:
            raise damaged(f"a frame in it cannot be unpacked ({error})") from None
        if len(plain) != length:
            raise damaged("a frame in it has another length than it says")
        return plain

    def close(self) -> None:
        """Let go of the file."""
        self._frame.cache_clear()
        self._source.close()


class _Unpacked:
    """A file that was unpacked into a temporary one, which has no name and goes with the program."""

    def __init__(self, source: Source) -> None:
        self._file = tempfile.TemporaryFile(prefix="lockstick-")  # noqa: SIM115 - closed by close()
        try:
            self._size = self._unpack(source)
        except BaseException:
            self._file.close()
            raise
        finally:
            source.close()

    def _unpack(self, source: Source) -> int:
        library = zstandard()
        room = shutil.disk_usage(tempfile.gettempdir()).free // _ROOM_TAKEN
        most = min(room, max(_ALWAYS_UNPACKED, source.size * _MOST_UNPACKED))
        done = 0
        try:
            with library.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(
                _Sequence(source), read_across_frames=True
            ) as plain:
                while piece := plain.read(_PIECE):
                    done += len(piece)
                    if done > most:
                        raise OSError(
                            errno.ENOSPC, "the archive unpacks into more than there is room for; unpack it with tar"
                        )
                    self._file.write(piece)
        except library.ZstdError as error:
            raise damaged(f"it cannot be unpacked ({error})") from None
        self._file.flush()
        return done

    @property
    def size(self) -> int:
        """How many bytes there are behind the frames."""
        return self._size

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read at an offset; see :class:`~lockstick.media.images.source.Source`."""
        return read_at(self._file.fileno(), view, offset)

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()


class _Sequence:
    """A source, read from its start to its end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._position = 0

    def read(self, size: int = _PIECE) -> bytes:
        """The next bytes."""
        data = bytearray(min(size, _PIECE) if size >= 0 else _PIECE)
        count = self._source.read_into(memoryview(data), self._position)
        self._position += count
        return bytes(data[:count])


def open_zstd(source: Source) -> Source:
    """Give access to the bytes behind zstd.

    Args:
        source: The file; it is closed with what is returned, or here.

    Returns:
        The unpacked bytes. They are read from the file itself if it consists of frames of at most 16 MiB that say
        their length, as Lockstick writes them; otherwise the whole is unpacked into a temporary file.

    Raises:
        OSError: It is damaged, or unpacks into more than there is room for.
        MediaError: The library is missing.
    """
    zstandard()
    starts, lengths, places = array("Q"), array("Q"), array("Q", [0])
    position, blocks_left = 0, _MOST_BLOCKS + source.size // _PER_BLOCK
    while position < source.size:
        length, content, blocks = _measure(source, position, blocks_left)
        blocks_left -= blocks
        if content is None or max(length, content) > _LARGEST_FRAME or blocks_left <= 0:
            return _Unpacked(source)
        if content:
            starts.append(position)
            lengths.append(length)
            places.append(places[-1] + content)
        position += length
    return _Frames(source, starts, lengths, places)


def _measure(source: Source, position: int, most: int) -> tuple[int, int | None, int]:
    """How long a frame is in the file, and unpacked (None if it does not say so), and of how many blocks."""
    head = exactly(source, position, min(_LONGEST_HEADER, source.size - position))
    if head[:4] in SKIPPED_MAGICS:
        return 8 + int.from_bytes(head[4:8], "little"), 0, 1
    if head[:4] != FRAME_MAGIC or len(head) < _SHORTEST_HEADER:
        raise damaged("something else follows its frames")
    mark = head[4]
    is_single = bool(mark & 0x20)
    dictionary = (0, 1, 2, 4)[mark & 3]
    # RFC 8878, 3.1.1.1.1.1: without a segment of its own, the smallest field is none at all.
    field = (1 if is_single else 0, 2, 4, 8)[mark >> 6]
    at = 5 + (0 if is_single else 1) + dictionary
    content = int.from_bytes(head[at : at + field], "little") + _ADDED.get(field, 0) if field else None
    if content is not None and content > _LARGEST_FRAME:
        return 0, content, 0
    length, blocks = _blocks(source, position + at + field, most)
    return at + field + length + (4 if mark & 4 else 0), content, blocks


def _blocks(source: Source, start: int, most: int) -> tuple[int, int]:
    """How long the blocks of a frame are together, and how many; no more are counted than may be."""
    position, count, is_last = start, 0, False
    while not is_last and count < most and position - start <= _LARGEST_FRAME:
        head = int.from_bytes(exactly(source, position, 3), "little")
        is_last, kind, length = bool(head & 1), head >> 1 & 3, head >> 3
        if kind == _RESERVED or length > _LARGEST_BLOCK:
            raise damaged("a block in it is of no known kind, or too large")
        position += 3 + (1 if kind == _REPEATED else length)
        count += 1
    return position - start, count
