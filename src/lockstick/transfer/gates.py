"""One gate per origin: when a server asks to wait, every connection to it waits, not only the one that heard."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.transfer.origins import Origin

__all__ = ["Gates"]


class Gates:
    """Remembers until when each origin asked to be left alone. May be used from several threads.

    Args:
        clock: Seconds from any start, never going backwards.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._closed_until: dict[Origin, float] = {}
        self._lock = threading.Lock()

    def close(self, origin: Origin, seconds: float) -> None:
        """Close an origin's gate for at least so many seconds from now."""
        with self._lock:
            until = self._clock() + seconds
            self._closed_until[origin] = max(until, self._closed_until.get(origin, until))

    def delay(self, origin: Origin) -> float:
        """Say how many seconds the gate stays closed; 0 when it is open."""
        with self._lock:
            return max(0.0, self._closed_until.get(origin, 0.0) - self._clock())
