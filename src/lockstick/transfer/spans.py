"""Spans: which bytes of a file are there, as a few disjoint stretches."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Spans"]


class Spans:
    """A set of byte positions, kept as stretches from a first index up to but not including a last one.

    Args:
        stretches: What is in it at the start; they may overlap.

    Attributes:
        size: How many positions there are.
    """

    def __init__(self, stretches: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.size = 0
        for first, end in stretches:
            self.add(first, end)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    def add(self, first: int, end: int) -> None:
        """Take a stretch in; what it touches becomes one with it."""
        if end <= first:
            return
        low = bisect_left(self._ends, first)
        high = bisect_right(self._starts, end)
        if low < high:
            first = min(first, self._starts[low])
            end = max(end, self._ends[high - 1])
            self.size -= sum(self._ends[index] - self._starts[index] for index in range(low, high))
        self._starts[low:high] = [first]
        self._ends[low:high] = [end]
        self.size += end - first

    def end_from(self, position: int) -> int:
        """Say up to where every byte from a position on is there; the position itself if it is not."""
        index = bisect_right(self._starts, position) - 1
        return max(position, self._ends[index]) if index >= 0 else position

    def touches(self, first: int, end: int) -> bool:
        """Say whether any position of a stretch is there."""
        index = bisect_right(self._ends, first)
        return first < end and index < len(self._starts) and self._starts[index] < end

    def gaps(self, length: int) -> list[tuple[int, int]]:
        """Give the stretches below a length that are not there, in order."""
        found = []
        position = 0
        for first, end in self:
            if first > position:
                found.append((position, min(first, length)))
            position = max(position, end)
        if position < length:
            found.append((position, length))
        return found
