"""Something done now and then while the real work goes on elsewhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Ticker"]


class Ticker:
    """Calls a function every so often, in a thread of its own, as long as the context lasts.

    Args:
        interval: Seconds between two calls.
        tick: What to call; it must not raise.
    """

    def __init__(self, interval: float, tick: Callable[[], None]) -> None:
        self._interval = interval
        self._tick = tick
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lockstick-progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            self._tick()
