"""How fast bytes come, and how long the rest will take: an average that settles.

The rules:

1. Only bytes that came count; what an earlier run left, and what is taken back, does not change the speed.
2. The clock starts when the first bytes come, so the time that a connection needs is not taken for slowness.
3. Every moment weighs less the longer ago it is (by e in :data:`MEMORY` seconds), and the first seconds are
   weighed as what they are: a short time, not a slow one.
4. Nothing is estimated before :data:`SETTLING` seconds, nor while nothing came for :data:`DOUBT` seconds.
5. When nothing came for :data:`STALL` seconds, there is no speed to speak of. What was known is forgotten, and
   the measuring starts over with the next byte, so that a pause does not look like a slow line afterwards.
"""

from __future__ import annotations

import math

__all__ = ["DOUBT", "MEMORY", "SETTLING", "STALL", "Pace"]

MEMORY = 8.0
"""Seconds after which a moment weighs 1/e of what it did."""

SETTLING = 3.0
"""Seconds of measuring before anything is said about the future."""

DOUBT = 2.0
"""Seconds without a byte after which no end is promised any more."""

STALL = 5.0
"""Seconds without a byte after which that is said."""


class Pace:
    """The speed of one stream of bytes. Driven by its caller's clock; not for several threads.

    Args:
        now: Seconds on a monotonic clock.
        moved: How many bytes came before.
    """

    def __init__(self, now: float, moved: int = 0) -> None:
        self._sampled_at = now
        self._moved = moved
        self._moved_at = now
        self._is_running = False
        self._bytes = 0.0
        self._seconds = 0.0
        self._measured = 0.0

    def sample(self, now: float, moved: int) -> None:
        """Look at the counter; as often as it is convenient, about ten times a second is best.

        Args:
            now: Seconds on the same clock.
            moved: How many bytes came since the beginning; it never falls.
        """
        passed, came = now - self._sampled_at, moved - self._moved
        if passed <= 0:
            return
        self._sampled_at, self._moved = now, moved
        if came:
            self._moved_at = now
            self._is_running = True
        elif now - self._moved_at > STALL:
            self._is_running = False
            self._bytes = self._seconds = self._measured = 0.0
        if self._is_running:
            fading = math.exp(-passed / MEMORY)
            # Both sums fade alike, so their quotient is the weighted average from the first sample on.
            weight = MEMORY * (1 - fading)
            self._bytes = self._bytes * fading + came / passed * weight
            self._seconds = self._seconds * fading + weight
            self._measured += passed

    @property
    def rate(self) -> float | None:
        """Bytes per second, or None as long as there is nothing to go by."""
        return self._bytes / self._seconds if self._is_running and self._seconds else None

    @property
    def stalled(self) -> float:
        """For how many seconds nothing came, if that is worth saying; else 0."""
        return self._silent if self._silent > STALL else 0.0

    def eta(self, left: int) -> float | None:
        """How many seconds the rest will take.

        Args:
            left: How many bytes are still to come.

        Returns:
            Seconds, or None if it is too early to say, or nothing comes.
        """
        rate = self.rate
        if not rate or self._measured < SETTLING or self._silent > DOUBT:
            return None
        return left / rate

    @property
    def _silent(self) -> float:
        return self._sampled_at - self._moved_at
