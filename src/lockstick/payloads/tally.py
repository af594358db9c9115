"""Counting what is read, while somebody else watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.progress import Observer, Phase

__all__ = ["StoppedError", "Tally"]


class StoppedError(Exception):
    """Nobody wants to know any more."""


class Tally:
    """An observer that counts bytes and passes everything on. For use from one thread.

    Args:
        observer: Who watches.
        stopped: Asked at every step; True ends the work.

    Attributes:
        count: How many bytes were done so far.
    """

    def __init__(self, observer: Observer, stopped: Callable[[], bool]) -> None:
        self.count = 0
        self._observer = observer
        self._stopped = stopped

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        """Pass it on."""
        self._observer.phase(name, total_bytes=total_bytes, files=files)

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """Pass it on."""
        self._observer.file_started(name, length=length, offset=offset)

    def advanced(self, name: str, count: int) -> None:
        """Count, and pass it on.

        Raises:
            StoppedError: The work is to end.
        """
        if self._stopped():
            raise StoppedError
        self.count += count
        self._observer.advanced(name, count)

    def file_finished(self, name: str) -> None:
        """Pass it on."""
        self._observer.file_finished(name)

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        """Pass it on."""
        self._observer.retrying(name, attempt=attempt, delay=delay, reason=reason)

    def message(self, text: str) -> None:
        """Pass it on."""
        self._observer.message(text)
