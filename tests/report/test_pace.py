"""Speed and the rest of the time, by a clock that the test moves."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from lockstick.report.pace import DOUBT, SETTLING, STALL, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TICK = 0.1
TOTAL = 100_000_000


class Line:
    """A line of bytes, looked at ten times a second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.moved = 0
        self.pace = Pace(0.0)

    def run(self, seconds: float, rate: Callable[[float], float]) -> Iterator[float | None]:
        """Let bytes come, and give the estimate at every tick."""
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.moved += round(rate(self.now) * TICK)
            self.pace.sample(self.now, self.moved)
            yield self.pace.eta(TOTAL - self.moved)


@pytest.fixture
def line() -> Line:
    return Line()


def truth(line: Line, rate: float) -> float:
    return (TOTAL - line.moved) / rate


def test_nothing_is_said_of_the_future_in_the_first_seconds(line: Line) -> None:
    said = list(line.run(SETTLING - TICK, lambda _: 1_000_000))
    assert said == [None] * len(said)
    assert None not in list(line.run(1 + TICK, lambda _: 1_000_000))[2:]


def test_at_a_constant_rate_the_estimate_falls_and_is_right(line: Line) -> None:
    last = float("inf")
    for eta in line.run(90, lambda _: 1_000_000):
        if eta is not None:
            assert eta < last
            assert eta == pytest.approx(truth(line, 1_000_000), rel=0.01)
            last = eta
    assert last < 11


def test_blocks_and_jitter_do_not_make_it_jump(line: Line) -> None:
    """Bytes come in lumps of half a second: none, then much."""
    said = [eta for eta in line.run(90, lambda now: 5_000_000 if round(now * 10) % 5 == 0 else 0) if eta is not None]
    assert len(said) > 800
    assert all(later < earlier * 1.1 for earlier, later in pairwise(said))
    assert said[0] == pytest.approx(97, rel=0.1)


def test_a_connection_that_takes_its_time_is_not_taken_for_a_slow_one(line: Line) -> None:
    list(line.run(4, lambda _: 0))
    assert line.pace.rate is None
    said = [eta for eta in line.run(4, lambda _: 1_000_000) if eta is not None]
    assert said[0] == pytest.approx(truth(line, 1_000_000), rel=0.05)


def test_gaps_between_small_files_do_not_matter(line: Line) -> None:
    said = [eta for eta in line.run(60, lambda now: 0 if round(now * 10) % 10 == 0 else 1_000_000) if eta is not None]
    assert all(later < earlier * 1.05 for earlier, later in pairwise(said))


def test_a_new_speed_is_believed_after_a_while_and_not_at_once(line: Line) -> None:
    list(line.run(20, lambda _: 1_000_000))
    (first, *_, last) = list(line.run(30, lambda _: 2_000_000))
    assert first is not None
    assert first == pytest.approx(80, rel=0.1)
    assert last is not None
    assert last == pytest.approx(truth(line, 2_000_000), rel=0.05)


def test_when_nothing_comes_that_is_said_and_no_end_is_promised(line: Line) -> None:
    list(line.run(10, lambda _: 1_000_000))
    list(line.run(DOUBT - TICK, lambda _: 0))
    assert line.pace.eta(1) is not None
    list(line.run(STALL - DOUBT, lambda _: 0))
    assert line.pace.stalled == 0
    assert line.pace.rate is not None
    assert line.pace.eta(1) is None
    list(line.run(3, lambda _: 0))
    assert line.pace.stalled == pytest.approx(STALL + 3 - TICK)
    assert line.pace.eta(1) is None
    assert line.pace.rate is None


def test_after_a_pause_the_line_is_as_fast_as_before(line: Line) -> None:
    list(line.run(20, lambda _: 1_000_000))
    list(line.run(60, lambda _: 0))
    said = list(line.run(10, lambda _: 1_000_000))
    assert line.pace.stalled == 0
    assert said[: int(SETTLING / TICK) - 1] == [None] * (int(SETTLING / TICK) - 1)
    assert said[-1] == pytest.approx(truth(line, 1_000_000), rel=0.02)


def test_what_came_before_is_no_speed() -> None:
    pace = Pace(0.0, 50_000_000)
    pace.sample(1.0, 51_000_000)
    assert pace.rate == pytest.approx(1_000_000)


def test_two_looks_at_one_moment_do_no_harm() -> None:
    pace = Pace(0.0)
    pace.sample(1.0, 1000)
    pace.sample(1.0, 2000)
    pace.sample(2.0, 2000)
    assert pace.rate == pytest.approx(1000, rel=0.01)
