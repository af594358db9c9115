"""How many connections one origin gets: more while that brings more, fewer when it is too much for the server.

The rules:

1. A run starts with the policy's number, which nobody minds.
2. While all of them are at work and a further step brought at least a tenth more, there is a further step.
3. An answer that says "too many" halves the number, and an error of the line takes one away; both are remembered for a
   while, and then the number grows by one at a time.
4. While many small files keep a processor busy on our side, two connections do: more threads would only wait for
   each other.
"""

from __future__ import annotations

__all__ = ["Budget"]

_WORTH_IT = 1.1
_CAREFUL_FOR = 10.0
_PROBE_AGAIN = 15.0
_PLATEAU = 2
_ENOUGH_WHEN_BUSY = 2


class Budget:
    """The connections of one origin. Not for several threads: its keeper has a lock.

    Args:
        start: How many at first.
        most: How many at most.

    Attributes:
        allowed: How many there may be now.
        active: How many there are; kept by whoever hands them out.
        came: How many bytes came over them since somebody last looked; kept by whoever counts them.
    """

    def __init__(self, start: int, most: int) -> None:
        self.allowed = min(start, most)
        self.active = 0
        self.came = 0
        self._most = most
        self._best = 0.0
        self._before_step = self.allowed
        self._in_vain = 0
        self._careful_until = 0.0
        self._probe_at = 0.0

    def observe(self, now: float, rate: float) -> None:
        """Learn how fast the last moment was, and step up if that promises more.

        Args:
            now: Seconds from any start.
            rate: Bytes a second, over all of the origin's connections.
        """
        if self.active < self.allowed or self.allowed >= self._most:
            return
        if now < self._careful_until:
            return
        if rate > self._best * _WORTH_IT:
            self._best = rate
            self._before_step = self.allowed
            self._in_vain = 0
            self._step()
            return
        self._in_vain += 1
        if self._in_vain == _PLATEAU:
            self.allowed = self._before_step
            self._probe_at = now + _PROBE_AGAIN
        elif self._in_vain > _PLATEAU and now >= self._probe_at:
            self._best = rate
            self._in_vain = 0
            self.allowed += 1

    def busy(self, now: float) -> None:
        """Learn that our own side cannot keep up with many small files."""
        self.allowed = max(min(self.allowed, _ENOUGH_WHEN_BUSY), self.allowed // 2)
        self._be_careful(now)

    def crowded(self, now: float) -> None:
        """Learn that the server has too many requests to answer."""
        self.allowed = max(1, min(self.allowed, self.active) // 2)
        self._be_careful(now)

    def trouble(self, now: float) -> None:
        """Learn that a connection failed."""
        if now >= self._careful_until - _CAREFUL_FOR + 1.0:
            self.allowed = max(1, self.allowed - 1)
        self._be_careful(now)

    def _be_careful(self, now: float) -> None:
        self._careful_until = now + _CAREFUL_FOR
        self._best = 0.0
        self._in_vain = 0

    def _step(self) -> None:
        further = 1 if self._careful_until else self.allowed
        self.allowed = min(self._most, self.allowed + further)
