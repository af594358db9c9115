"""The engine's bookkeeping on its own: stretches of bytes, budgets of connections, and the limit of the rate."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lockstick.transfer import Policy
from lockstick.transfer.budget import Budget
from lockstick.transfer.limiter import Limiter
from lockstick.transfer.spans import Spans

stretches = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


@given(stretches, st.integers(0, 70), st.integers(0, 70))
def test_stretches_are_the_set_of_their_positions(added: list[tuple[int, int]], position: int, length: int) -> None:
    spans = Spans(added)
    positions = {one for first, end in added for one in range(first, end)}
    found = list(spans)
    assert {one for first, end in found for one in range(first, end)} == positions
    assert spans.size == len(positions)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(found))
    end = spans.end_from(position)
    assert all(one in positions for one in range(position, end))
    assert end not in positions
    assert spans.touches(position, length) == any(one in positions for one in range(position, length))
    gaps = {one for first, end in spans.gaps(length) for one in range(first, end)}
    assert gaps == set(range(length)) - positions


def grow(budget: Budget, rates: list[float], start: float = 0.0) -> list[int]:
    seen = []
    for number, rate in enumerate(rates):
        budget.active = budget.allowed
        budget.observe(start + number, rate)
        seen.append(budget.allowed)
    return seen


def test_a_budget_grows_while_that_brings_more_and_goes_back_when_it_does_not() -> None:
    assert grow(Budget(4, 32), [100, 150, 220, 221, 222]) == [8, 16, 32, 32, 32]
    assert grow(Budget(4, 64), [100, 150, 220, 221, 222]) == [8, 16, 32, 32, 16]


def test_a_budget_has_a_ceiling() -> None:
    assert grow(Budget(4, 6), [100, 200, 400, 800]) == [6, 6, 6, 6]
    assert Budget(6, 4).allowed == 4


def test_a_budget_that_is_not_used_up_does_not_grow() -> None:
    budget = Budget(4, 16)
    budget.active = 3
    budget.observe(1.0, 1000.0)
    assert budget.allowed == 4


def test_a_budget_tries_again_after_a_while() -> None:
    budget = Budget(4, 16)
    assert grow(budget, [100, 101, 102])[-1] == 4
    assert grow(budget, [100], start=5.0) == [4]
    assert grow(budget, [100], start=40.0) == [5]


def test_every_word_of_too_many_requests_halves_a_budget_down_to_one() -> None:
    budget = Budget(8, 16)
    budget.active = 8
    seen = []
    for moment in range(4):
        budget.crowded(float(moment))
        seen.append(budget.allowed)
    assert seen == [4, 2, 1, 1]


def test_after_too_many_requests_a_budget_waits_and_then_grows_by_one() -> None:
    budget = Budget(8, 16)
    budget.active = 8
    budget.crowded(100.0)
    assert grow(budget, [500, 500], start=105.0) == [4, 4]
    assert grow(budget, [500, 900], start=111.0) == [5, 6]


def test_failures_at_the_same_moment_take_one_connection_away() -> None:
    budget = Budget(8, 16)
    for _ in range(5):
        budget.trouble(50.0)
    assert budget.allowed == 7
    budget.trouble(52.0)
    assert budget.allowed == 6
    for moment in range(60, 90, 2):
        budget.trouble(float(moment))
    assert budget.allowed == 1


def test_a_limit_is_kept_on_average_however_many_ask() -> None:
    now = 0.0
    limiter = Limiter(100.0, lambda: now)
    assert [limiter.pause(50) for _ in range(3)] == [0.5, 1.0, 1.5]
    now = 10.0
    assert limiter.pause(100) == 1.0
    assert Limiter(None, lambda: now).pause(1 << 40) == 0


def test_who_names_a_number_of_connections_gets_it_from_the_start() -> None:
    assert (Policy.of(12).start_connections, Policy.of(12).connections) == (12, 12)
    assert Policy.of(None, attempts=3) == Policy(attempts=3)
