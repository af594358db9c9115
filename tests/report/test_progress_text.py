"""The lines that a person watches."""

from __future__ import annotations

from typing import Any

import pytest

from lockstick.report.cells import clip, cut, pad, width
from lockstick.report.progress_text import MOST_FILES, Room, progress_lines, time_left
from lockstick.report.tracker import Flight, Snapshot


def snapshot(**changed: Any) -> Snapshot:
    known: dict[str, Any] = {
        "phase": "fetching",
        "elapsed": 10.0,
        "total": 2_900_000_000,
        "done": 1_218_000_000,
        "files": 8,
        "finished": 3,
        "rate": 11_300_000.0,
        "eta": 148.8,
        "stalled": 0.0,
        "flights": (),
    }
    return Snapshot(**(known | changed))


def flight(name: str = "firmware.bin", **changed: Any) -> Flight:
    known: dict[str, Any] = {"length": 1000, "done": 250, "rate": 50.0, "age": 2.0, "attempt": 0, "resumes_in": 0.0}
    return Flight(name=name, **(known | changed))


def room(columns: int = 100, rows: int = 24, *, is_unicode: bool = False) -> Room:
    return Room(columns=columns, rows=rows, is_unicode=is_unicode)


def test_the_line_of_a_phase_says_everything_where_there_is_room() -> None:
    (line,) = progress_lines(snapshot(), room(120))
    assert line == (
        "Fetching  ############..................  42 %  1.2 GB of 2.9 GB  11.3 MB/s  2 min 30 s left  3/8 files"
    )


def test_what_matters_most_stays_where_there_is_little_room() -> None:
    shown = {columns: progress_lines(snapshot(), room(columns))[0] for columns in range(1, 121)}
    assert all(width(line) < max(columns, 2) for columns, line in shown.items())
    assert shown[80] == "Fetching  42 %  1.2 GB of 2.9 GB  11.3 MB/s  2 min 30 s left  3/8 files"
    assert shown[100] == "Fetching  ########............" + shown[80].removeprefix("Fetching")
    assert shown[60] == "Fetching  42 %  1.2 GB of 2.9 GB  2 min 30 s left"
    assert shown[40] == "Fetching  42 %  2 min 30 s left"
    assert shown[20] == "Fetching  42 %"
    assert shown[5] == "Fetc"


@pytest.mark.parametrize("phase", ["metadata", "planning", "fetching", "hashing", "flushing", "publishing"])
def test_every_phase_has_its_word(phase: str) -> None:
    seen = snapshot(phase=phase, total=None, done=0, eta=None, rate=None, elapsed=1.0)
    assert progress_lines(seen, room()) == [phase.capitalize()]


def test_a_phase_without_a_total_says_how_long_it_has_been_going_on() -> None:
    seen = snapshot(phase="metadata", total=None, done=0, eta=None, rate=None, elapsed=72.5)
    assert progress_lines(seen, room()) == ["Metadata  1 min 12 s"]


def test_a_stall_stands_where_the_estimate_stood() -> None:
    (line,) = progress_lines(snapshot(eta=None, rate=None, stalled=7.4), room())
    assert "stalled for 7 s" in line
    assert "left" not in line


def test_flushing_is_not_a_hundred_per_cent() -> None:
    lines = progress_lines(snapshot(done=2_900_000_000, flights=(flight(done=1000),)), room())
    assert lines == ["Flushing  2.9 GB", "  firmware.bin  flushing"]


def test_a_file_says_how_far_it_is_or_why_it_waits() -> None:
    flights = (flight(), flight("maps.bin", attempt=3, resumes_in=2.0), flight("commit", length=0, done=7, rate=None))
    assert progress_lines(snapshot(flights=flights), room())[1:] == [
        "  firmware.bin  25 %  250 B of 1.0 kB  50 B/s",
        "  maps.bin      25 %  try 3 in 2.0 s",
        "  commit        7 B",
    ]
    (_, line) = progress_lines(snapshot(phase="hashing", flights=(flight(done=1000),)), room())
    assert line == "  firmware.bin  finishing"


def test_files_that_come_and_go_get_no_line() -> None:
    flights = tuple(flight(f"{index}.bin", age=0.3) for index in range(50))
    assert len(progress_lines(snapshot(flights=flights), room())) == 1


@pytest.mark.parametrize(("rows", "shown", "rest"), [(24, 7, 43), (10, 7, 43), (6, 3, 47), (3, 0, 50), (2, 0, 0)])
def test_files_beyond_the_room_are_counted(rows: int, shown: int, rest: int) -> None:
    flights = tuple(flight(f"{index}.bin") for index in range(50))
    lines = progress_lines(snapshot(flights=flights), room(rows=rows))
    assert len(lines) == 1 + shown + (rest > 0)
    assert len(lines) <= min(MOST_FILES + 1, max(rows - 1, 1))
    if rest:
        assert lines[-1] == f"  and {rest} more"


def test_as_many_files_as_there_is_room_for_are_all_shown() -> None:
    flights = tuple(flight(f"{index}.bin") for index in range(MOST_FILES))
    assert "more" not in progress_lines(snapshot(flights=flights), room())[-1]


def test_names_are_harmless_and_cut() -> None:
    flights = (flight("fw\x1b]0;owned\x07" + "x" * 100 + "-2.0.bin"), flight("地図" * 40), flight("a\nb"))
    lines: list[str] = []
    for columns in range(1, 120):
        lines = progress_lines(snapshot(flights=flights), room(columns, is_unicode=True))
        assert len(lines) == 4
        assert all(width(line) <= max(columns - 1, 1) for line in lines)
        assert all(line.isprintable() for line in lines)
    assert "…" in lines[1]
    assert lines[1].split("  ")[1].endswith("-2.0.bin")


def test_nothing_but_ascii_where_that_is_all_there_is() -> None:
    lines = progress_lines(snapshot(flights=(flight("x" * 100),)), room())
    assert all(line.isascii() for line in lines)
    assert "..." in lines[1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "1 s"),
        (7.2, "8 s"),
        (41, "45 s"),
        (59, "1 min"),
        (61, "1 min 10 s"),
        (299, "5 min"),
        (301, "6 min"),
        (3599, "1 h"),
        (3600, "1 h"),
        (3601, "1 h 5 min"),
        (90000, "25 h"),
    ],
)
def test_a_rest_of_time_is_said_in_steps_that_grow_with_it(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


def test_cells_are_counted_as_terminals_count_them() -> None:
    assert [width(text) for text in ("abc", "地図", "e\u0301", "")] == [3, 4, 1, 0]
    assert clip("地図x", 3) == "地"
    assert cut("abcdefgh", 5) == "ab…gh"
    assert cut("abcdefgh", 8) == "abcdefgh"
    assert [cut("abcdefgh", left, mark="...") for left in (0, 2, 3, 4)] == ["", "", "...", "a..."]
    assert pad("地", 4) == "地  "
