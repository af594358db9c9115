"""An observer that ends the work: what reads and hashes for long tells it of every piece, and is stopped there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.media.writing.filling import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.progress import Observer

__all__ = ["Watching"]


class Watching:
    """Passes everything on, and raises :class:`StoppedError` at the next piece when the work is to end.

    Args:
        observer: Who is told.
        stopped: Asked at every piece.
    """

    def __init__(self, observer: Observer, stopped: Callable[[], bool]) -> None:
        self._observer = observer
        self._stopped = stopped
        self.phase = observer.phase
        self.file_finished = observer.file_finished
        self.retrying = observer.retrying
        self.message = observer.message

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """A file begins, unless the work is to end."""
        if self._stopped():
            raise StoppedError
        self._observer.file_started(name, length=length, offset=offset)

    def advanced(self, name: str, count: int) -> None:
        """More of a file is done; no more of it is, if the work is to end."""
        if self._stopped():
            raise StoppedError
        self._observer.advanced(name, count)
