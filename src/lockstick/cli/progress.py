"""Observers for a terminal and for front ends."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from lockstick.progress import SILENT, Phase
from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tqdm import tqdm

    from lockstick.cli.console import Console
    from lockstick.progress import Observer

__all__ = ["observer_for"]

_AT_ONCE = 0.05
_LONG = 9.95


@contextmanager
def observer_for(console: Console) -> Iterator[Observer]:
    """Choose the observer that a run wants.

    Args:
        console: How the run talks.

    Yields:
        JSON lines if asked for; bars if standard error is a terminal; otherwise messages only, or nothing.
    """
    if console.progress == "json":
        yield _JsonLines()
    elif console.quiet or console.progress == "none":
        yield SILENT
    elif sys.stderr.isatty():
        bars = _Bars()
        try:
            yield bars
        finally:
            bars.close()
    else:
        yield _Messages()


def _soon(delay: float) -> str:
    """Say when: ``at once``, ``in 0.2 s``, ``in 12 s``."""
    if delay < _AT_ONCE:
        return "at once"
    return f"in {delay:.1f} s" if delay < _LONG else f"in {delay:.0f} s"


class _Messages:
    """No bar: retries and messages only, one line each."""

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        """Nothing to say."""

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """Nothing to say."""

    def advanced(self, name: str, count: int) -> None:
        """Nothing to say."""

    def file_finished(self, name: str) -> None:
        """Nothing to say."""

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        """Say that a file is tried again, and why."""
        sys.stderr.write(printable(f"{name}: try {attempt} {_soon(delay)}: {reason}") + "\n")

    def message(self, text: str) -> None:
        """Say it."""
        sys.stderr.write(printable(text) + "\n")


class _Bars(_Messages):
    """One bar for the whole phase, in bytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bar: tqdm[NoReturn] | None = None

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        """Begin a new bar."""
        from tqdm import tqdm

        with self._lock:
            self._end()
            if total_bytes:
                self._bar = tqdm(total=total_bytes, desc=name, unit="B", unit_scale=True, file=sys.stderr, leave=False)

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """Count what is there already."""
        self.advanced(name, offset)

    def advanced(self, name: str, count: int) -> None:
        """Move the bar."""
        with self._lock:
            if self._bar is not None:
                self._bar.update(count)

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        """Say it above the bar."""
        self._write(f"{name}: try {attempt} {_soon(delay)}: {reason}")

    def message(self, text: str) -> None:
        """Say it above the bar."""
        self._write(text)

    def close(self) -> None:
        """Take the bar away."""
        with self._lock:
            self._end()

    def _write(self, text: str) -> None:
        text = printable(text)
        with self._lock:
            if self._bar is not None:
                self._bar.write(text, file=sys.stderr)
            else:
                sys.stderr.write(text + "\n")

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _JsonLines:
    """One JSON object per line, for front ends (docs/cli.md, "Progress")."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        """A phase begins."""
        self._emit(event="phase", phase=name, total_bytes=total_bytes, files=files)

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """A file begins."""
        self._emit(event="file", file=name, length=length, offset=offset)

    def advanced(self, name: str, count: int) -> None:
        """Bytes are done."""
        self._emit(event="bytes", file=name, count=count)

    def file_finished(self, name: str) -> None:
        """A file is done."""
        self._emit(event="done", file=name)

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        """A file is tried again."""
        self._emit(event="retry", file=name, attempt=attempt, delay=round(delay, 1), reason=reason)

    def message(self, text: str) -> None:
        """A message."""
        self._emit(event="message", text=text)

    def _emit(self, **members: object) -> None:
        line = json.dumps(members) + "\n"
        with self._lock:
            sys.stderr.write(line)
            sys.stderr.flush()
