"""A file read in pieces is the file, however it is read."""

from __future__ import annotations

import io
import random
import threading
from ctypes import addressof, c_char

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.media.readback.exclusion import Exclusion, How, worst
from lockstick.media.readback.file import Buffers, PastCacheFile
from lockstick.media.readback.source import ALIGNMENT

_KIB = 1 << 10
_CONTENT = random.Random(5).randbytes(5 * 1024 * _KIB + 777)


class _Source:
    """Bytes as a source, strict about what reads past the cache must be."""

    how = How.DIRECT

    def __init__(self, content: bytes, *, ends_at: int | None = None) -> None:
        self.content = content if ends_at is None else content[:ends_at]
        self.size = len(content)
        self.reads: list[tuple[int, int]] = []
        self.is_closed = False
        self.busy = threading.Lock()

    def read(self, offset: int, view: memoryview) -> int:
        assert self.busy.acquire(blocking=False), "two threads use one source"
        try:
            assert not self.is_closed
            assert offset % ALIGNMENT == 0
            assert len(view) % ALIGNMENT == 0
            assert addressof(c_char.from_buffer(view)) % ALIGNMENT == 0
            self.reads.append((offset, len(view)))
            part = self.content[offset : offset + len(view)]
            view[: len(part)] = part
            return len(part)
        finally:
            self.busy.release()

    def close(self) -> None:
        self.is_closed = True


def _open(source: _Source, done: list[How] | None = None) -> PastCacheFile:
    return PastCacheFile(source, Buffers(), lambda one: None if done is None else done.append(one.how))


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(0, 3 * 1024 * _KIB)),
        st.tuples(st.just("seek"), st.integers(0, len(_CONTENT) + 10)),
        st.tuples(st.just("back"), st.integers(0, 100 * _KIB)),
    ),
    max_size=12,
)


@given(steps=_STEPS, size=st.sampled_from([0, 1, 4095, 4096, 4097, 256 * _KIB, 1500 * _KIB, len(_CONTENT)]))
def test_a_file_gives_the_same_as_one_in_memory_wherever_and_however_much_is_read(
    steps: list[tuple[str, int]], size: int
) -> None:
    content = _CONTENT[:size]
    model = io.BytesIO(content)
    with _open(_Source(content)) as file:
        for what, count in steps:
            if what == "seek":
                assert file.seek(count) == model.seek(count)
            elif what == "back" and model.tell() >= count:
                assert file.seek(-count, io.SEEK_CUR) == model.seek(-count, io.SEEK_CUR)
            elif what == "read":
                buffer = bytearray(count)
                got = file.readinto(buffer)
                assert buffer[:got] == model.read(got)
                assert got or not count or model.read(1) == b""
            assert file.tell() == model.tell()
        model.seek(0)
        file.seek(0)
        assert file.readall() == model.read()


def test_the_whole_file_is_read_once_in_growing_pieces() -> None:
    source = _Source(_CONTENT)
    done: list[How] = []
    with _open(source, done) as file:
        assert file.readall() == _CONTENT
    assert [length for _, length in source.reads][:3] == [256 * _KIB, 1024 * _KIB, 2048 * _KIB]
    ends = [offset + length for offset, length in source.reads]
    assert [offset for offset, _ in source.reads] == [0, *ends[:-1]]
    assert source.is_closed
    assert done == [How.DIRECT]


def test_whoever_looks_at_the_beginning_only_reads_no_more_than_a_piece() -> None:
    source = _Source(_CONTENT)
    with _open(source) as file:
        file.read(100)
    assert source.reads == [(0, 256 * _KIB)]


def test_a_file_that_became_shorter_ends_where_it_ends() -> None:
    with _open(_Source(_CONTENT, ends_at=300 * _KIB + 5)) as file:
        assert file.readall() == _CONTENT[: 300 * _KIB + 5]


def test_a_closed_file_is_closed() -> None:
    file = _open(_Source(b"here"))
    file.close()
    file.close()
    for call in (file.tell, file.read, lambda: file.seek(0)):
        with pytest.raises(ValueError, match="closed"):
            call()
    with _open(_Source(b"here")) as other, pytest.raises(ValueError, match="before the beginning"):
        other.seek(-1)


def test_the_weakest_way_is_what_can_be_said_of_all() -> None:
    assert worst([How.DIRECT, How.CHECKED]) is How.CHECKED
    assert worst([How.DROPPED, How.NONE, How.DIRECT]) is How.NONE
    assert worst([]) is How.NONE
    mixed = Exclusion(files={How.DIRECT: 3, How.CHECKED: 1}, reason="because")
    assert mixed.how is How.CHECKED
    assert mixed.words.endswith("found empty (because)")
    assert mixed.to_json() == {
        "how": "dropped-and-checked",
        "files": {"direct": 3, "dropped-and-checked": 1},
        "reason": "because",
    }
    assert (
        Exclusion(files={How.DIRECT: 1}, reason="x").words == "read from the drive itself, past this computer's memory"
    )
