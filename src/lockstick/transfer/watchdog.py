"""A watchdog for lines: a thread of its own that ends what waits too long."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from lockstick.transfer.line import Line
    from lockstick.transfer.policy import Policy

__all__ = ["Watchdog"]


class Watchdog:
    """Watches lines from a thread of its own and cuts those that wait too long.

    Args:
        policy: Its stall timeout is used.
    """

    def __init__(self, policy: Policy) -> None:
        self._tick = min(1.0, policy.stall_timeout / 4)
        self._lines: list[Line] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lockstick-watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def watch(self, line: Line) -> None:
        """Take a line under watch until the end. From any thread."""
        self._lines.append(line)

    def _watch(self) -> None:
        while not self._done.wait(self._tick):
            for line in tuple(self._lines):
                line.cut_if_stalled()
