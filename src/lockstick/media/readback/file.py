"""A file for those who read as usual, above one that is read in large aligned pieces, the next while one is used."""

from __future__ import annotations

import io
import mmap
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from lockstick.media.readback.source import ALIGNMENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from lockstick.media.readback.source import Source

__all__ = ["Buffers", "PastCacheFile"]

_LARGEST = 2 << 20
_FIRST = 256 << 10  # whoever only looks at a header does not wait for megabytes
_GROWTH = 4


class Buffers:
    """Buffers that begin at a page, handed on from file to file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spare: list[mmap.mmap] = []

    def take(self) -> memoryview:
        """Take one of the largest piece's size."""
        with self._lock:
            if self._spare:
                return memoryview(self._spare.pop())
        return memoryview(mmap.mmap(-1, _LARGEST))

    def give_back(self, view: memoryview) -> None:
        """Give one back that nobody uses any more."""
        owner = view.obj
        view.release()
        if isinstance(owner, mmap.mmap):
            with self._lock:
                self._spare.append(owner)


class _Piece:
    """A part of the file, in a buffer."""

    def __init__(self, start: int, view: memoryview, count: int) -> None:
        self.start, self.view, self.count = start, view, count

    def holds(self, position: int) -> bool:
        return self.start <= position < self.start + self.count


class PastCacheFile(io.RawIOBase):
    """A file that is read past the cache, in pieces of any size, at any place.

    Reads that follow each other are served from pieces of up to two mebibytes, and the next piece is read while one is
    used: reads past the cache are not read ahead by the system.

    Args:
        source: The file.
        buffers: Where buffers come from.
        done: Told when the file is closed, before its source is.
    """

    def __init__(self, source: Source, buffers: Buffers, done: Callable[[Source], None]) -> None:
        super().__init__()
        self._source, self._buffers, self._done = source, buffers, done
        self._position = 0
        self._piece: _Piece | None = None
        self._first = self._length = _FIRST
        self._helper: ThreadPoolExecutor | None = None
        self._ahead: tuple[int, Future[_Piece]] | None = None

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def seekable(self) -> bool:
        """It can be read anywhere."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere."""
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if base + offset < 0:
            raise ValueError("there is nothing before the beginning of a file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any buffer; the type has no name before Python 3.12
        """Read the next bytes; 0 at the end."""
        self._check_open()
        target = memoryview(buffer).cast("B")
        if not target or self._position >= self._source.size:
            return 0
        piece = self._piece
        if piece is None or not piece.holds(self._position):
            piece = self._turn_to(self._position)
        begin = self._position - piece.start
        count = min(piece.count - begin, len(target))
        if count <= 0:
            return 0
        target[:count] = piece.view[begin : begin + count]
        self._position += count
        return count

    def close(self) -> None:
        """Close it, once the piece that is being read has come."""
        if self.closed:
            return
        try:
            self._drop_ahead()
            if self._helper is not None:
                self._helper.shutdown()
            if self._piece is not None:
                self._buffers.give_back(self._piece.view)
                self._piece = None
            self._done(self._source)
        finally:
            self._source.close()
            super().close()

    def _turn_to(self, position: int) -> _Piece:
        """Get the piece that holds a position."""
        old, self._piece = self._piece, None
        follows = old is not None and position == old.start + old.count
        if old is not None:
            self._buffers.give_back(old.view)
        start = position - position % ALIGNMENT
        try:
            if self._ahead is not None and self._ahead[0] == start:
                ahead, self._ahead = self._ahead[1], None
                self._piece = ahead.result()
            else:
                self._drop_ahead()
                self._length = min(self._length * _GROWTH, _LARGEST) if follows else self._first
                self._piece = self._read(start, self._length)
        except OSError:
            # Somewhere in the piece is an error. Whoever reads is to have all that comes before it.
            self._first = self._length = ALIGNMENT
            self._piece = self._read(start, ALIGNMENT)
        if follows:
            self._read_ahead(self._piece.start + self._piece.count)
        return self._piece

    def _read_ahead(self, start: int) -> None:
        if start >= self._source.size or start % ALIGNMENT:
            return
        if self._helper is None:
            self._helper = ThreadPoolExecutor(1, "read-ahead")
        self._length = min(self._length * _GROWTH, _LARGEST)
        self._ahead = (start, self._helper.submit(self._read, start, self._length))

    def _read(self, start: int, length: int) -> _Piece:
        view = self._buffers.take()
        left = self._source.size - start
        wanted = min(length, left + -left % ALIGNMENT)
        try:
            count = self._source.read(start, view[:wanted])
        except BaseException:
            self._buffers.give_back(view)
            raise
        return _Piece(start, view, min(count, left))

    def _drop_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[1].exception() is None:
            self._buffers.give_back(ahead[1].result().view)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("the file is closed")
