"""The source is read once for all who keep up, and nobody waits for anybody."""

from __future__ import annotations

import hashlib
import io
import threading
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.errors import DistrustError, MediaError
from lockstick.lockbox.consignment import Piece
from lockstick.media.writing.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.disk.tree import Place

CHUNK = 1000
DATA = bytes(range(256)) * 40


class Counting(FolderTree):
    """A folder whose files cannot be sought in, and that counts what is read of them."""

    reads: list[int]

    def open(self, place: Place) -> io.RawIOBase:
        raw = super().open(place)
        reads = self.reads

        class Stream(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
                data = raw.read(min(len(buffer), 700)) or b""  # less than was asked for
                reads.append(len(data))
                buffer[: len(data)] = data
                return len(data)

            def close(self) -> None:
                raw.close()
                super().close()

        return Stream()


@pytest.fixture
def tree(tmp_path: Path) -> Counting:
    (tmp_path / "file").write_bytes(DATA)
    tree = Counting(tmp_path)
    object.__setattr__(tree, "reads", [])
    return tree


@pytest.fixture
def piece() -> Piece:
    return Piece(place=("file",), size=len(DATA), digests={"sha256": hashlib.sha256(DATA).hexdigest()})


def step(one: Iterator[bytes], count: int) -> bytes:
    return b"".join(next(one) for _ in range(count))


def test_those_who_keep_up_cost_nothing(tree: Counting, piece: Piece) -> None:
    supply = Supply(tree, memory=4 * CHUNK, chunk=CHUNK)
    first, second = supply.chunks(piece), supply.chunks(piece)
    got = [b"", b""]
    for _ in range(5):
        got[0] += step(first, 2)
        got[1] += step(second, 2)
    assert got[0] + b"".join(first) == DATA
    assert got[1] + b"".join(second) == DATA
    assert supply.bytes_read == sum(tree.reads) == len(DATA)


def test_one_that_falls_behind_reads_for_itself_and_gets_the_same(tree: Counting, piece: Piece) -> None:
    supply = Supply(tree, memory=2 * CHUNK, chunk=CHUNK)
    slow = supply.chunks(piece)
    begun = step(slow, 1)
    assert b"".join(supply.chunks(piece)) == DATA
    assert begun + b"".join(slow) == DATA
    assert len(DATA) < supply.bytes_read < 2 * len(DATA)


def test_no_more_is_kept_in_memory_than_was_allowed(tree: Counting, piece: Piece) -> None:
    supply = Supply(tree, memory=3 * CHUNK, chunk=CHUNK)
    for _ in supply.chunks(piece):
        assert len(supply._slots) <= 3


def test_many_at_once_get_what_is_there(tree: Counting, piece: Piece) -> None:
    supply = Supply(tree, memory=3 * CHUNK, chunk=CHUNK)
    got: list[bytes] = []
    threads = [threading.Thread(target=lambda: got.append(b"".join(supply.chunks(piece)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [DATA] * 8


def test_what_was_not_signed_stops_everybody(tree: Counting) -> None:
    piece = Piece(place=("file",), size=len(DATA), digests={"sha256": "0" * 64})
    supply = Supply(tree, memory=9 * CHUNK, chunk=CHUNK)
    slow = supply.chunks(piece)
    step(slow, 1)
    got: list[bytes] = []
    with pytest.raises(DistrustError, match="not what was signed"):
        got.extend(supply.chunks(piece))
    assert sum(map(len, got)) < len(DATA), "somebody has the whole of it"
    with pytest.raises(DistrustError):
        list(slow)


def test_a_source_that_became_shorter_is_noticed(tree: Counting, piece: Piece, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA[:-1])
    with pytest.raises(DistrustError, match="a moment ago"):
        list(Supply(tree, chunk=CHUNK).chunks(piece))


def test_a_source_that_cannot_be_read_is_said_to_be(tree: Counting, piece: Piece, tmp_path: Path) -> None:
    (tmp_path / "file").unlink()
    supply = Supply(tree, chunk=CHUNK)
    for _ in range(2):
        with pytest.raises(MediaError, match="file cannot be read"):
            list(supply.chunks(piece))


def test_a_document_is_what_was_judged(tree: Counting) -> None:
    piece = Piece(place=("file",), size=5, data=b"other")
    assert list(Supply(tree).chunks(piece)) == [b"other"]
    assert tree.reads == []
