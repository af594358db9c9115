"""What is known of a run: nothing is counted twice, nothing is over before it is over."""

from __future__ import annotations

import threading
import timeit
from typing import TYPE_CHECKING

import pytest

from lockstick.report.tracker import Tracker, share

if TYPE_CHECKING:
    from lockstick.report.tracker import Snapshot


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracker(clock: Clock) -> Tracker:
    tracker = Tracker(clock)
    tracker.phase("fetching", total_bytes=1000, files=2)
    return tracker


def look(tracker: Tracker) -> Snapshot:
    snapshot = tracker.snapshot()
    assert snapshot is not None
    return snapshot


def test_before_the_first_phase_there_is_nothing_to_say(clock: Clock) -> None:
    assert Tracker(clock).snapshot() is None


def test_what_lay_there_counts_as_done_once_and_not_as_speed(tracker: Tracker, clock: Clock) -> None:
    tracker.file_started("a", length=600, offset=500)
    tracker.file_started("a", length=600, offset=500)
    clock.now += 1
    assert (look(tracker).done, look(tracker).rate) == (500, None)
    tracker.advanced("a", 10)
    clock.now += 1
    assert look(tracker).done == 510
    assert look(tracker).rate == pytest.approx(10)


def test_what_is_taken_back_is_no_longer_done(tracker: Tracker, clock: Clock) -> None:
    tracker.file_started("a", length=600, offset=100)
    tracker.advanced("a", 200)
    clock.now += 1
    speed = look(tracker).rate
    tracker.advanced("a", -300)
    clock.now += 0.1
    (flight,) = look(tracker).flights
    assert (look(tracker).done, flight.done) == (0, 0)
    assert speed is not None
    assert (look(tracker).rate or 0) > 0


def test_a_file_that_gives_way_and_comes_back_counts_once(tracker: Tracker) -> None:
    tracker.file_started("a", length=600)
    tracker.advanced("a", 200)
    tracker.advanced("a", -200)
    tracker.file_started("a", length=600, offset=200)
    assert look(tracker).done == 200


def test_a_finished_file_that_is_begun_again_counts_once(tracker: Tracker) -> None:
    tracker.file_started("a", length=600)
    tracker.advanced("a", 600)
    tracker.file_finished("a")
    assert (look(tracker).done, look(tracker).finished) == (600, 1)
    tracker.file_started("a", length=600)
    assert (look(tracker).done, look(tracker).finished) == (0, 0)


def test_never_more_than_everything_and_never_all_of_it(tracker: Tracker) -> None:
    tracker.file_started("a", length=600)
    tracker.advanced("a", 5000)
    seen = look(tracker)
    assert (seen.done, seen.percent, seen.flights[0].done) == (1000, 99, 600)
    tracker.advanced("a", -9000)
    assert (look(tracker).done, look(tracker).percent) == (0, 0)


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [(0, None, None), (0, 0, None), (0, 10, 0), (999, 1000, 99), (1000, 1000, 99), (-5, 10, 0), (9_999, 1_000_000, 0)],
)
def test_the_share_is_rounded_down(done: int, total: int | None, shown: int | None) -> None:
    assert share(done, total) == shown


def test_when_all_bytes_are_there_the_rest_is_flushing(tracker: Tracker) -> None:
    tracker.file_started("a", length=1000)
    tracker.advanced("a", 999)
    assert look(tracker).doing == "fetching"
    tracker.advanced("a", 1)
    assert (look(tracker).doing, look(tracker).phase) == ("flushing", "fetching")
    tracker.phase("hashing", total_bytes=10, files=1)
    tracker.advanced("a", 10)
    assert look(tracker).doing == "hashing"


def test_a_stall_is_said_unless_everything_is_there(tracker: Tracker, clock: Clock) -> None:
    tracker.file_started("a", length=1000)
    tracker.advanced("a", 999)
    look(tracker)
    clock.now += 6
    look(tracker)
    clock.now += 6
    assert look(tracker).stalled == pytest.approx(6)
    tracker.advanced("a", 1)
    clock.now += 0.1
    look(tracker)
    clock.now += 20
    assert look(tracker).stalled == 0


def test_a_new_phase_begins_with_nothing(tracker: Tracker, clock: Clock) -> None:
    tracker.file_started("a", length=600)
    tracker.advanced("a", 300)
    clock.now += 2
    tracker.phase("hashing", total_bytes=50, files=1)
    seen = look(tracker)
    assert (seen.phase, seen.total, seen.done, seen.files, seen.finished) == ("hashing", 50, 0, 1, 0)
    assert (seen.elapsed, seen.rate, seen.flights) == (0, None, ())


def test_the_largest_file_is_first_and_the_order_does_not_change(tracker: Tracker) -> None:
    for name, length in (("small", 1), ("first", 300), ("second", 300), ("large", 900)):
        tracker.file_started(name, length=length)
    expected = ["large", "first", "second", "small"]
    assert [flight.name for flight in look(tracker).flights] == expected
    tracker.advanced("second", 200)
    tracker.file_started("first", length=300, offset=10)
    assert [flight.name for flight in look(tracker).flights] == expected


def test_a_file_that_waits_says_so_until_bytes_come(tracker: Tracker, clock: Clock) -> None:
    tracker.file_started("a", length=600)
    tracker.retrying("a", attempt=3, delay=2.0, reason="because")
    clock.now += 0.5
    (flight,) = look(tracker).flights
    assert (flight.attempt, flight.resumes_in) == (3, 1.5)
    tracker.advanced("a", 1)
    assert look(tracker).flights[0].attempt == 0
    tracker.retrying("a", attempt=4, delay=2.0, reason="because")
    clock.now += 3
    assert look(tracker).flights[0].attempt == 0


def test_names_that_were_never_announced_count_for_the_total(tracker: Tracker) -> None:
    tracker.advanced("nobody", 10)
    tracker.retrying("nobody", attempt=2, delay=1.0, reason="because")
    tracker.file_finished("nobody")
    assert (look(tracker).done, look(tracker).flights) == (10, ())


def test_bytes_of_several_threads_are_all_counted(clock: Clock) -> None:
    tracker = Tracker(clock)
    tracker.phase("fetching", total_bytes=10**9, files=4)
    names = ["a", "b", "c", "a"]

    def work(name: str) -> None:
        for _ in range(20_000):
            tracker.advanced(name, 3)

    for name in sorted(set(names)):
        tracker.file_started(name, length=10**8)
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert look(tracker).done == 4 * 20_000 * 3
    assert [flight.done for flight in look(tracker).flights] == [120_000, 60_000, 60_000]


def test_a_block_costs_next_to_nothing(tracker: Tracker) -> None:
    """It takes well under a microsecond; the bound leaves room for a slow and busy machine."""
    tracker.file_started("a", length=10**12)
    best = min(timeit.repeat(lambda: tracker.advanced("a", 65536), number=2000, repeat=20)) / 2000
    assert best < 5e-6
