"""Progress for front ends: few lines, and nothing missing from their sums."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.cli.jsonlines import BYTES_EVERY, JsonLines
from lockstick.sandbox import Fault, Sandbox, Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Runner


class Front:
    """A front end, and the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stream = io.StringIO()
        self.lines = JsonLines(self.stream, lambda: self.now)

    def run(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        """Let time pass, with a tick as often as there should be one."""
        for _ in range(round(seconds / BYTES_EVERY)):
            self.now += BYTES_EVERY
            each()
            self.lines.tick()

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What was written, of one kind or all."""
        written: list[dict[str, Any]] = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [event for event in written if kind in {"", event["event"]}]


@pytest.fixture
def front() -> Front:
    return Front()


def test_blocks_are_added_up_to_ten_lines_a_second(front: Front) -> None:
    front.lines.phase("fetching", total_bytes=10_000_000, files=2)

    def blocks() -> None:
        for _ in range(500):
            front.lines.advanced("a", 100)
            front.lines.advanced("b", 1)

    front.run(3, blocks)
    for name, each in (("a", 100), ("b", 1)):
        counts = [event["count"] for event in front.events("bytes") if event["file"] == name]
        assert sum(counts) == 30 * 500 * each
        assert len(counts) <= 30


def test_bytes_are_told_before_their_file_is_done_or_starts_over(front: Front) -> None:
    front.lines.phase("fetching", total_bytes=10, files=1)
    front.lines.file_started("a", length=10)
    front.lines.advanced("a", 4)
    front.lines.advanced("a", -4)
    front.lines.retrying("a", attempt=2, delay=0.0, reason="because")
    front.lines.advanced("a", 10)
    front.lines.file_finished("a")
    front.lines.advanced("a", -10)
    front.lines.phase("publishing")
    assert [(event["event"], event.get("count")) for event in front.events()] == [
        ("phase", None),
        ("file", None),
        ("retry", None),
        ("bytes", 10),
        ("done", None),
        ("bytes", -10),
        ("progress", None),
        ("phase", None),
    ]


def test_progress_is_told_four_times_a_second_at_most(front: Front) -> None:
    front.lines.phase("fetching", total_bytes=1_000_000, files=1)
    front.lines.file_started("a", length=1_000_000, offset=200_000)
    front.run(6, lambda: front.lines.advanced("a", 10_000))
    told = front.events("progress")
    assert 6 * 3 <= len(told) <= 6 * 4
    assert told[0]["eta"] is None
    last = told[-1]
    assert (last["phase"], last["total"], last["done"]) == ("fetching", 1_000_000, 800_000)
    assert (last["rate"], last["eta"], last["stalled"]) == (100_000, 2, 0)
    assert (last["files"], last["finished"], last["more"]) == (1, 0, 0)
    assert last["in_flight"] == [{"file": "a", "done": 800_000, "length": 1_000_000, "rate": 100_000}]


def test_a_line_stays_short_whatever_is_in_flight(front: Front) -> None:
    front.lines.phase("hashing", total_bytes=1000, files=64)
    for number in range(64):
        front.lines.file_started(str(number), length=number)
    front.run(1)
    last = front.events("progress")[-1]
    assert [flight["file"] for flight in last["in_flight"]] == [str(number) for number in range(63, 55, -1)]
    assert last["more"] == 56


def test_the_last_word_about_a_phase_is_what_was_done(front: Front) -> None:
    front.lines.phase("fetching", total_bytes=10, files=1)
    front.lines.file_started("a", length=10)
    front.lines.advanced("a", 10)
    front.run(1)
    assert {event["phase"] for event in front.events("progress")} == {"flushing"}
    front.lines.file_finished("a")
    front.lines.close()
    last = front.events()[-1]
    assert (last["event"], last["phase"], last["done"], last["total"]) == ("progress", "fetching", 10, 10)
    assert (last["finished"], last["in_flight"]) == (1, [])


def test_a_phase_without_a_total_has_no_progress(front: Front) -> None:
    front.run(1)
    front.lines.phase("metadata")
    front.run(1)
    front.lines.phase("hashing", total_bytes=0, files=3)
    front.run(1)
    front.lines.close()
    assert [event["event"] for event in front.events()] == ["phase", "phase"]


def test_a_stall_is_told(front: Front) -> None:
    front.lines.phase("fetching", total_bytes=100, files=1)
    front.lines.advanced("a", 10)
    front.run(8)
    last = front.events("progress")[-1]
    assert (last["rate"], last["eta"]) == (None, None)
    assert last["stalled"] in {7, 8}


def test_a_front_end_that_went_away_does_not_end_the_work(front: Front) -> None:
    front.stream.close()
    front.lines.phase("fetching", total_bytes=10, files=1)
    front.lines.advanced("a", 10)
    front.lines.tick()
    front.lines.close()


def test_a_build_tells_every_byte(build: Runner) -> None:
    result = build("--progress", "json", "--json")
    assert result.code == 0
    events = [json.loads(line) for line in result.err.splitlines()]
    fetched = result.json()["fetched"]
    assert sum(event["count"] for event in events if event["event"] == "bytes") == fetched
    ended = [event for event in events if event["event"] == "progress" and event["phase"] == "fetching"][-1]
    assert (ended["done"], ended["total"], ended["finished"]) == (fetched, fetched, ended["files"])
    phases = [event["phase"] for event in events if event["event"] == "phase"]
    assert phases == ["metadata", "planning", "hashing", "fetching", "publishing"]


def hashed(err: str) -> list[tuple[int, int]]:
    """The total that each phase of hashing announced, and the bytes that it told."""
    found: list[tuple[int, int]] = []
    is_hashing = False
    for event in map(json.loads, err.splitlines()):
        if event["event"] == "phase":
            is_hashing = event["phase"] == "hashing"
            if is_hashing:
                found.append((event["total_bytes"], 0))
        elif event["event"] == "bytes" and is_hashing:
            found[-1] = (found[-1][0], found[-1][1] + event["count"])
    return found


def test_a_front_end_gets_its_lines_where_people_are_told_nothing(build: Runner) -> None:
    told = [json.loads(line) for line in build("--progress", "json", "--quiet").err.splitlines()]
    assert told[-1] == {"event": "phase", "phase": "publishing", "total_bytes": None, "files": None}


def test_hashing_has_a_total_of_its_own_and_reaches_it(build: Runner, lockstick: Runner, tmp_path: Path) -> None:
    fetched = build("--json").json()["fetched"]
    verify = ("verify", tmp_path / "out", "--tofu", "--progress", "json")
    assert hashed(lockstick(*verify).err) == [(fetched, fetched)]
    longer = tmp_path / "out" / "images" / "maps-2026.09.bin"
    kept = longer.stat().st_size
    with longer.open("ab") as file:
        file.write(bytes(1000))
    assert hashed(lockstick(*verify).err) == [(fetched - kept, fetched - kept)]


def test_what_waits_from_an_interrupted_build_is_hashed_with_a_total_of_its_own(build: Runner, cloud: Sandbox) -> None:
    cloud.define_lockbox("small", ["firmware-1.0.bin"])
    assert build(lockbox="small").code == 0
    cloud.faults.add(Fault(kind=Status(status=500), origin="store", match="*maps*", times=None))
    assert build("--connections", "1").code == 5
    cloud.faults.clear()
    result = build("--progress", "json", "--json")
    (first, second) = hashed(result.err)
    assert first[0] == first[1] == 1_048_576
    assert second[0] == second[1] > 500_000
