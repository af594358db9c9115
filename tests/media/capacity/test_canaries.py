"""Wherever a stick really ends, canaries tell; and they accuse no honest one."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from lockstick.media.capacity.canaries import (
    BLOCK,
    CANARY,
    MOST_MARKS,
    Plan,
    canary,
    conclude,
    plan_filled,
    plan_sparse,
)

_MIB = 1 << 20
_GIB = 1 << 30


def _positions(plan: Plan) -> list[int]:
    return [spot.start + at for spot in plan.spots for at in range(0, spot.length, BLOCK)]


def _write_and_read(plan: Plan, before: int, real: int, *, wraps: bool) -> dict[int, int | None]:
    """Play a stick with so many real blocks behind ``before`` used ones: what is read where it is wrong."""
    cells: dict[int, int] = {}
    for position in _positions(plan):
        address = before + position // BLOCK
        if address < real or wraps:
            cells[address % real if wraps else address] = position
    wrong: dict[int, int | None] = {}
    for position in _positions(plan):
        address = before + position // BLOCK
        found = cells.get(address % real if wraps else address)
        if found != position:
            wrong[position] = found
    return wrong


@given(
    room=st.integers(4 * _MIB, 512 * _MIB), before=st.integers(0, 2000), part=st.floats(0.02, 0.95), wraps=st.booleans()
)
def test_canaries_at_intervals_tell_wherever_a_stick_ends(room: int, before: int, part: float, *, wraps: bool) -> None:
    plan = plan_sparse(room)
    interval = plan.spots[0].room
    free = room // BLOCK
    # Less than one interval before the end there may be no canary; and what comes around first falls on what is used.
    latest = free - interval // BLOCK - 16 + (0 if wraps else before)
    real = max(before + 1 + interval // BLOCK, min(before + int(free * part), latest))
    assume(real <= latest)
    found = conclude(_positions(plan), _write_and_read(plan, before, real, wraps=wraps))
    assert found.real is not None
    assert found.comes_around is wraps
    estimate = found.real + (0 if wraps else before * BLOCK)
    assert abs(estimate - real * BLOCK) <= (0 if wraps else interval)


@given(room=st.integers(4 * _MIB, 64 * _GIB))
def test_the_plan_covers_the_room_without_overlap_and_writes_little_of_it(room: int) -> None:
    plan = plan_sparse(room)
    assert plan.covered == room - room % BLOCK
    assert len(plan.spots) <= MOST_MARKS
    ends = [spot.start + spot.room for spot in plan.spots]
    assert [spot.start for spot in plan.spots] == [0, *ends[:-1]]
    assert all(spot.length <= spot.room for spot in plan.spots)
    assert plan.written <= plan.spots[0].room + len(plan.spots) * CANARY


def test_large_sticks_cost_little() -> None:
    sizes = {gib: plan_sparse(gib * _GIB).written / _MIB for gib in (8, 32, 128, 1024)}
    assert {gib: round(written) for gib, written in sizes.items()} == {8: 45, 32: 96, 128: 288, 1024: 2080}


@given(room=st.integers(4 * _MIB, 16 * _GIB), most=st.integers(4 * _MIB, 16 * _GIB))
def test_filling_stays_within_the_budget_and_within_what_fat32_holds_in_a_file(room: int, most: int) -> None:
    plan = plan_filled(room, most)
    assert min(room, most) - BLOCK < plan.written == plan.covered <= min(room, most)
    assert all(spot.length <= _GIB for spot in plan.spots)


@given(lost=st.sets(st.integers(0, 200), max_size=5))
def test_a_few_lost_blocks_are_no_end(lost: set[int]) -> None:
    positions = [one * BLOCK for one in range(300)]
    found = conclude(positions, {one * BLOCK: None for one in lost})
    assert (found.lost, found.real) == (len(lost), None)


def test_canaries_differ_by_place_and_by_run() -> None:
    made = {canary(key, position) for key in (b"a", b"b") for position in range(0, 10 * BLOCK, BLOCK)}
    assert len(made) == 20
    assert {len(one) for one in made} == {BLOCK}
