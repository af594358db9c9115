"""One file: only what differs is written, and it counts when the medium has it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.media.writing.filling import Pace, StoppedError, Terms, fill, read_ahead
from lockstick.media.writing.medium import Medium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = os.urandom(10_000)


def put(
    folder: Path, there: bytes | None, *, terms: Terms | None = None, chunk: int = 1000
) -> tuple[int, list[int], bytes]:
    """Fill a file; what was written, what was told, what is in it."""
    path = folder / "file"
    if there is not None:
        path.write_bytes(there)
    told: list[int] = []
    chunks = [DATA[start : start + chunk] for start in range(0, len(DATA), chunk)]
    with Medium(folder) as medium:
        written = fill(
            medium,
            path,
            chunks,
            size=len(DATA),
            terms=terms or Terms(clock=lambda: 0.0, stopped=lambda: False),
            advanced=told.append,
        )
    return written, told, path.read_bytes()


@pytest.mark.parametrize(
    ("there", "written"),
    [
        (None, 10_000),
        (b"", 10_000),
        (DATA[:4321], 5679),
        (DATA, 0),
        (DATA + b"more", 0),
        (DATA[:4321] + bytes(100), 5679),
        (DATA[:2500] + bytes([DATA[2500] ^ 1]) + DATA[2501:], 500),
        (bytes([DATA[0] ^ 1]) + DATA[1:], 1000),
    ],
    ids=["nothing", "empty", "begun", "all", "too long", "a tail of zeros", "one bit", "the first bit"],
)
def test_only_what_differs_is_written(tmp_path: Path, there: bytes | None, written: int) -> None:
    count, told, found = put(tmp_path, there)
    assert found == DATA
    assert count == written
    assert sum(told) == len(DATA)


def test_bytes_count_only_once_they_were_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr("lockstick.media.writing.filling.flush_data", lambda fd: flushed.append(os.fstat(fd).st_size))
    pace = Pace(window=3000)
    _, told, _ = put(tmp_path, None, terms=Terms(clock=lambda: 0.0, stopped=lambda: False, pace=pace))
    assert flushed[0] == 3000
    assert told[0] == 3000
    assert len(told) == len(flushed) + 1, "the rest is told after the last flush"


def test_the_window_follows_the_stick() -> None:
    pace = Pace(window=4 << 20)
    pace.took(0.1)
    assert pace.window == 8 << 20
    for _ in range(9):
        pace.took(0.1)
    assert pace.window == 32 << 20
    pace.took(0.5)
    assert pace.window == 32 << 20
    for _ in range(9):
        pace.took(3)
    assert pace.window == 1 << 20


def test_work_that_is_stopped_leaves_what_it_has_written(tmp_path: Path) -> None:
    answers = iter([False, False, True])
    with pytest.raises(StoppedError):
        put(tmp_path, None, terms=Terms(clock=lambda: 0.0, stopped=lambda: next(answers)))
    assert (tmp_path / "file").read_bytes() == DATA[:2000]


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "file").symlink_to(precious)
    with pytest.raises(MediaError):
        put(tmp_path, None)
    assert precious.read_bytes() == b"precious"


def test_what_the_source_says_comes_through_the_thread_that_reads_ahead() -> None:
    def failing() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("the source")

    ahead = read_ahead(failing())
    assert next(ahead) == b"one"
    with pytest.raises(ValueError, match="the source"):
        next(ahead)


def test_whoever_gives_up_early_leaves_no_thread_behind() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x"

    ahead = read_ahead(endless())
    next(ahead)
    ahead.close()  # waits for the thread
