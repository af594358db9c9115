"""Progress as one JSON object per line, for front ends (docs/cli.md, "Progress")."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, TextIO

from lockstick.report.progress_json import progress_json
from lockstick.report.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.progress import Phase

__all__ = ["BYTES_EVERY", "PROGRESS_EVERY", "JsonLines"]

BYTES_EVERY = 0.1
"""Seconds between two ``bytes`` events of one file."""

PROGRESS_EVERY = 0.25
"""Seconds between two ``progress`` events of one phase."""


class JsonLines:
    """An observer that writes events. Blocks are added up; :meth:`tick` writes the sums.

    Args:
        stream: Where lines go.
        clock: Seconds on a monotonic clock.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._tracker = Tracker(clock)
        self._counting = threading.Lock()
        self._writing = threading.Lock()  # taken first where both are needed
        self._counted: dict[str, int] = {}
        self._told_at: float | None = None

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        """A phase begins."""
        with self._writing:
            self._conclude()
            self._tracker.phase(name, total_bytes=total_bytes, files=files)
            self._told_at = self._clock()
            self._emit(event="phase", phase=name, total_bytes=total_bytes, files=files)

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """A file begins."""
        self._tracker.file_started(name, length=length, offset=offset)
        self._tell(name, event="file", file=name, length=length, offset=offset)

    def advanced(self, name: str, count: int) -> None:
        """Bytes are done."""
        self._tracker.advanced(name, count)
        with self._counting:
            self._counted[name] = self._counted.get(name, 0) + count

    def file_finished(self, name: str) -> None:
        """A file is done."""
        self._tracker.file_finished(name)
        self._tell(name, event="done", file=name)

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        """A file is tried again."""
        self._tracker.retrying(name, attempt=attempt, delay=delay, reason=reason)
        self._tell(name, event="retry", file=name, attempt=attempt, delay=round(delay, 1), reason=reason)

    def message(self, text: str) -> None:
        """A message."""
        with self._writing:
            self._emit(event="message", text=text)

    def tick(self) -> None:
        """Write what came since the last time. To be called every :data:`BYTES_EVERY` seconds."""
        with self._writing:
            self._sums()
            snapshot = self._tracker.snapshot()
            now = self._clock()
            if snapshot is None or not snapshot.total or self._told_at is None:
                return
            if now - self._told_at >= PROGRESS_EVERY:
                self._told_at = now
                self._emit(**progress_json(snapshot))

    def close(self) -> None:
        """Write the last word."""
        with self._writing:
            self._conclude()

    def _conclude(self) -> None:
        self._sums()
        snapshot = self._tracker.snapshot()
        if snapshot is not None and snapshot.total:
            self._emit(**progress_json(snapshot, is_over=True))

    def _sums(self) -> None:
        with self._counting:
            counted, self._counted = self._counted, {}
        for name, count in counted.items():
            self._bytes(name, count)

    def _tell(self, name: str, **members: object) -> None:
        """Write an event of a file, after what came of the file before."""
        with self._writing:
            with self._counting:
                count = self._counted.pop(name, 0)
            self._bytes(name, count)
            self._emit(**members)

    def _bytes(self, name: str, count: int) -> None:
        if count:
            self._emit(event="bytes", file=name, count=count)

    def _emit(self, **members: object) -> None:
        try:
            self._stream.write(json.dumps(members) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # nobody reads any more; that is no reason to stop the work
