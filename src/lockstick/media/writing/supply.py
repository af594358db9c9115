"""The source, read once for any number of sticks.

Whoever is first at a piece of a file reads it; those who come soon after get it from memory. What is kept in memory has
a limit. A stick that falls behind further than that reads for itself: it costs the source a second reading, but no
stick ever waits for another one.

Each file is hashed once, by whoever is ahead, so a source that is not what was signed is noticed before any stick has
the whole of the file. What the sticks hold in the end is proven by reading them back.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import closing
from typing import TYPE_CHECKING

from lockstick.disk.hashing import Digester, known_digests
from lockstick.disk.trouble import media_error
from lockstick.errors import DistrustError, LockstickError

if TYPE_CHECKING:
    import io
    from collections.abc import Generator

    from lockstick.disk.tree import Place, Tree
    from lockstick.lockbox.consignment import Piece

__all__ = ["CHUNK", "MEMORY", "Supply"]

CHUNK = 1 << 20
"""Bytes that are read at once."""

MEMORY = 64 << 20
"""Bytes of the source that are kept for sticks that come after."""


class Supply:
    """The bytes of a source. Every method may be called from any thread.

    Args:
        tree: The source.
        memory: How many bytes are kept for those who come after; 0 for a single stick.
        chunk: How many bytes are read at once.

    Attributes:
        bytes_read: How many bytes were read from the source.
    """

    def __init__(self, tree: Tree, *, memory: int = MEMORY, chunk: int = CHUNK) -> None:
        self._tree = tree
        self._room = max(memory // chunk, 1)
        self._chunk = chunk
        self._guard = threading.Lock()
        self._slots: OrderedDict[tuple[Place, int], _Slot] = OrderedDict()
        self._proofs: dict[Place, _Proof] = {}
        self._failure: LockstickError | None = None
        self.bytes_read = 0

    def chunks(self, piece: Piece) -> Generator[bytes]:
        """The bytes of a file, from its start to its end.

        Args:
            piece: The file.

        Yields:
            Pieces of the size that was set, the last one smaller.

        Raises:
            DistrustError: The source is not what was signed; then nobody gets anything any more.
            MediaError: The source cannot be read.
        """
        if piece.data is not None:
            yield piece.data
            return
        proof = self._proof(piece)
        with closing(_Cursor(self._tree, piece.place)) as cursor:
            for index, offset in enumerate(range(0, piece.size, self._chunk)):
                data = self._get(piece, index, min(self._chunk, piece.size - offset), cursor)
                try:
                    proof.pass_by(index, data)
                except DistrustError as error:
                    self._fail(error)
                    raise
                yield data

    def prove(self, piece: Piece) -> None:
        """Read a file of the source once more, and hold it against what was signed.

        Args:
            piece: The file; a part or a document has no digest of its own here, and is passed over.

        Raises:
            DistrustError: The source is not what was signed, or no longer.
            MediaError: The source cannot be read.
        """
        if not piece.digests or piece.data is not None:
            return
        proof = _Proof(piece, self._tree.shown)
        try:
            with closing(_Cursor(self._tree, piece.place)) as cursor:
                for index, offset in enumerate(range(0, piece.size, self._chunk)):
                    proof.pass_by(index, cursor.read(offset, min(self._chunk, piece.size - offset)))
        except OSError as error:
            raise media_error(error, f"{self._tree.shown}: {piece.shown}", "read") from error
        proof.require_whole()

    def _get(self, piece: Piece, index: int, length: int, cursor: _Cursor) -> bytes:
        key = (piece.place, index)
        with self._guard:
            if self._failure is not None:
                raise self._failure
            slot = self._slots.get(key)
            is_mine = slot is None
            if slot is None:
                slot = self._slots[key] = _Slot()
                while len(self._slots) > self._room:
                    self._slots.popitem(last=False)
            else:
                self._slots.move_to_end(key)
        if not is_mine:
            slot.ready.wait()
            if slot.data is not None:
                return slot.data
            raise self._why(key)
        try:
            slot.data = cursor.read(index * self._chunk, length)
        except OSError as error:
            failure = media_error(error, f"{self._tree.shown}: {piece.shown}", "read")
            self._fail(failure)
            raise failure from error
        finally:
            slot.ready.set()
        if len(slot.data) != length:
            short = DistrustError(
                f"{piece.shown} in {self._tree.shown} is not what it was a moment ago",
                why=f"it ended before its byte {piece.size}",
                remedy="Is somebody else writing there? Verify it, then run the same command again.",
            )
            self._fail(short)
            raise short
        with self._guard:
            self.bytes_read += length
        return slot.data

    def _proof(self, piece: Piece) -> _Proof:
        with self._guard:
            return self._proofs.setdefault(piece.place, _Proof(piece, self._tree.shown))

    def _why(self, key: tuple[Place, int]) -> BaseException:
        with self._guard:
            return self._failure or AssertionError(key)

    def _fail(self, error: LockstickError) -> None:
        with self._guard:
            self._failure = self._failure or error


class _Slot:
    """A piece that somebody reads, or has read."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.data: bytes | None = None


class _Proof:
    """The hashing of one file, done by whoever is ahead."""

    def __init__(self, piece: Piece, shown: str) -> None:
        self._piece = piece
        self._shown = shown
        self._expected = known_digests(piece.digests) if piece.digests else {}
        self._digester = Digester(self._expected) if self._expected else None
        self._next = 0
        self._count = 0
        self._guard = threading.Lock()

    def pass_by(self, index: int, data: bytes) -> None:
        """Take in a piece, unless somebody ahead has done it.

        Raises:
            DistrustError: It was the last one, and the whole is not what was signed.
        """
        if self._digester is None or index < self._next:
            return
        with self._guard:
            if index != self._next:
                return
            self._digester.update(data)
            self._next += 1
            self._count += len(data)
            if self._count < self._piece.size:
                return
            found = self._digester.digests()
        for name, digest in self._expected.items():
            if found[name] != digest:
                raise DistrustError(
                    f"{self._piece.shown} in {self._shown} is not what was signed; nothing is written",
                    why=f"{name} {digest[:16]}… was signed, {found[name][:16]}… is there",
                )

    def require_whole(self) -> None:
        """Make sure that all of it came by.

        Raises:
            DistrustError: It ended early.
        """
        if self._digester is not None and self._count < self._piece.size:
            raise DistrustError(
                f"{self._piece.shown} in {self._shown} is not what was signed; nothing is written",
                why=f"{self._piece.size} bytes were signed, {self._count} are there",
            )


class _Cursor:
    """One reader's place in a file of the source; the file is opened when it is needed."""

    def __init__(self, tree: Tree, place: Place) -> None:
        self._tree = tree
        self._place = place
        self._stream: io.RawIOBase | None = None
        self._at = 0

    def read(self, offset: int, length: int) -> bytes:
        """Read so many bytes at an offset that is never lower than before; fewer at the end of the file."""
        if self._stream is None:
            self._stream = self._tree.open(self._place)
        if offset != self._at:
            if self._stream.seekable():
                self._stream.seek(offset)
            else:
                self._skip(offset - self._at)
            self._at = offset
        data = self._stream.read(length) or b""
        if len(data) != length:
            parts = [data]
            left = length - len(data)
            while left and (more := self._stream.read(left)):
                parts.append(more)
                left -= len(more)
            data = b"".join(parts)
        self._at += len(data)
        return data

    def _skip(self, count: int) -> None:
        while count > 0 and self._stream is not None and (data := self._stream.read(min(count, CHUNK))):
            count -= len(data)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
