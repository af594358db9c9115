"""A limit for the rate of all connections together (``--limit-rate``)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Limiter"]


class Limiter:
    """Says how long to wait so that a rate is kept on average. May be used from several threads.

    Args:
        rate: Bytes a second; None for no limit.
        clock: Seconds from any start, never going backwards.
    """

    def __init__(self, rate: float | None, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._free_at = 0.0
        self._lock = threading.Lock()

    def pause(self, count: int) -> float:
        """Account for bytes that have come; give the seconds to wait before asking for more."""
        if self._rate is None:
            return 0.0
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now) + count / self._rate
            return self._free_at - now
