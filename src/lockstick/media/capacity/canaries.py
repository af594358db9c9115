"""Where canaries are put, what they are made of, and what is concluded from what became of them: no I/O.

The free space is thought of as one stretch of addresses, in the order in which it is given out.

Sparse, where the file system sets room aside without writing to it: the first part is filled completely, and from there
on a small canary stands at every distance of that part's length. Whatever the real size R is, one of the canaries lies
between R and R plus that length: if what is beyond the end is lost, that canary is lost; if it comes around to the
beginning, it falls onto the filled part (or, if less is beyond the end than was used before, onto files: that is not
noticed). So with a filled part of sqrt(free x canary) bytes, twice that much written
catches every R.

Filled, elsewhere: everything is written up to a budget. What lies beyond the budget is not looked at.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

__all__ = ["BLOCK", "CANARY", "MOST_MARKS", "Plan", "Spot", "canary", "conclude", "plan_filled", "plan_sparse"]

BLOCK = 4096
CANARY = 16 * BLOCK
MOST_MARKS = 512
"""The most files: each is open while the check runs, as some file systems take set-aside room back on closing."""

_LEAST_FILLED = 1 << 20
_LARGEST_FILE = 1 << 30  # FAT32 holds no more than four of these in one file


@dataclass(frozen=True)
class Spot:
    """One file of canaries.

    Attributes:
        start: Where it begins in the free space, in bytes.
        room: How much of the free space it takes.
        length: How much of that is written, from its beginning.
    """

    start: int
    room: int
    length: int


@dataclass(frozen=True)
class Plan:
    """Where canaries go.

    Attributes:
        spots: The files, in the order in which they are made.
        is_sparse: True if the room between canaries is only set aside.
    """

    spots: tuple[Spot, ...]
    is_sparse: bool

    @property
    def written(self) -> int:
        """How many bytes are written, and read back."""
        return sum(one.length for one in self.spots)

    @property
    def covered(self) -> int:
        """How much of the free space is judged."""
        return self.spots[-1].start + self.spots[-1].room if self.spots else 0


def plan_sparse(room: int) -> Plan:
    """Lay canaries over the whole of some free space."""
    filled = max(math.isqrt(room * CANARY), -(-room // MOST_MARKS), _LEAST_FILLED)
    filled += -filled % BLOCK
    spots = []
    for start in range(0, room - room % BLOCK, filled):
        here = min(filled, room - room % BLOCK - start)
        spots.append(Spot(start, here, here if start == 0 else min(CANARY, here)))
    return Plan(tuple(spots), is_sparse=True)


def plan_filled(room: int, most: int) -> Plan:
    """Fill the beginning of some free space, up to a budget."""
    whole = min(room, most)
    whole -= whole % BLOCK
    spots = [Spot(at, min(_LARGEST_FILE, whole - at), min(_LARGEST_FILE, whole - at)) for at in _steps(whole)]
    return Plan(tuple(spots), is_sparse=False)


def _steps(whole: int) -> range:
    return range(0, whole, _LARGEST_FILE)


def canary(key: bytes, position: int) -> bytes:
    """The content of one block: unguessable, and another one at each position and in each run."""
    return hashlib.shake_128(key + position.to_bytes(8, "big")).digest(BLOCK)


@dataclass(frozen=True)
class Conclusion:
    """What became of the canaries.

    Attributes:
        lost: How many blocks are not what was written.
        real: Where the medium seems to end, counted from the beginning of the free space; None if it does not.
        comes_around: True if what is beyond the end overwrites something else.
    """

    lost: int
    real: int | None
    comes_around: bool


def conclude(positions: list[int], wrong: dict[int, int | None]) -> Conclusion:
    """Say what is behind canaries that are not what they were.

    Args:
        positions: Of all blocks that were written, ascending.
        wrong: Of those that are wrong: the position whose canary lies there instead, if it is one.

    Returns:
        The end, if there seems to be one: one canary in another's place gives the distance; or all from some place on
        are lost, and more than a fluke would lose.
    """
    distances = [abs(other - position) for position, other in wrong.items() if other is not None]
    if distances:
        return Conclusion(len(wrong), min(distances), comes_around=True)
    end = len(positions)
    while end and positions[end - 1] in wrong:
        end -= 1
    tail = positions[end:]
    if tail and len(tail) * BLOCK >= CANARY and len(tail) * 2 > len(wrong):
        return Conclusion(len(wrong), tail[0], comes_around=False)
    return Conclusion(len(wrong), None, comes_around=False)
