"""Observers for a terminal and for front ends. What draws is imported where something is drawn (docs/adr/0003)."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockstick.progress import SILENT, Phase
from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.cli.console import Console
    from lockstick.cli.screen import Screen
    from lockstick.progress import Observer
    from lockstick.report.tracker import Tracker

__all__ = ["REDRAWN_EVERY", "observer_for"]

REDRAWN_EVERY = 0.1
"""Seconds between two frames."""


@contextmanager
def observer_for(console: Console) -> Iterator[Observer]:
    """Choose the observer that a run wants.

    Args:
        console: How the run talks.

    Yields:
        JSON lines if asked for; a few lines that are drawn again and again if standard error is a terminal;
        otherwise messages only, or nothing.
    """
    if console.progress == "json":
        with _json_lines() as lines:
            yield lines
    elif console.quiet or console.progress == "none":
        yield SILENT
    elif sys.stderr.isatty():
        with _live(console) as live:
            yield live
    else:
        yield _Messages(tells_retries=console.verbose)


@contextmanager
def _json_lines() -> Iterator[Observer]:
    from lockstick.cli.jsonlines import BYTES_EVERY, JsonLines
    from lockstick.cli.ticker import Ticker

    lines = JsonLines(sys.stderr, time.monotonic)
    try:
        with Ticker(BYTES_EVERY, lines.tick):
            yield lines
    finally:
        lines.close()


@contextmanager
def _live(console: Console) -> Iterator[Observer]:
    from lockstick.cli.screen import Screen, abilities
    from lockstick.cli.ticker import Ticker
    from lockstick.report.tracker import Tracker

    can = abilities(os.environ, encoding=sys.stderr.encoding, color=console.color)
    live = _Live(Tracker(time.monotonic), Screen(sys.stderr, can))
    try:
        with Ticker(REDRAWN_EVERY, live.tick):
            yield live
    finally:
        live.close()


class _Messages:
    """Nothing moves: messages only, one line each, and retries if they are wanted.

    Args:
        tells_retries: True to tell them.
    """

    def __init__(self, *, tells_retries: bool) -> None:
        self._tells_retries = tells_retries

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
        if self._tells_retries:
            self.message(_retry(name, attempt, delay, reason))

    def message(self, text: str) -> None:
        """Say it."""
        sys.stderr.write(printable(text) + "\n")


class _Live:
    """A picture of what the tracker knows, drawn again at every tick.

    Args:
        tracker: Counts.
        screen: Where to draw.
    """

    def __init__(self, tracker: Tracker, screen: Screen) -> None:
        self._tracker = tracker
        self._screen = screen
        self._drawing = threading.Lock()
        self.phase = tracker.phase
        self.file_started = tracker.file_started
        self.advanced = tracker.advanced
        self.file_finished = tracker.file_finished

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        """Say it above the picture, and note it in the picture."""
        self._tracker.retrying(name, attempt=attempt, delay=delay, reason=reason)
        self.message(_retry(name, attempt, delay, reason))

    def message(self, text: str) -> None:
        """Say it above the picture."""
        with self._drawing:
            self._screen.say(printable(text))

    def tick(self) -> None:
        """Draw what is known now."""
        from lockstick.report.progress_text import progress_lines

        with self._drawing:
            snapshot = self._tracker.snapshot()
            if snapshot is not None:
                self._screen.draw(progress_lines(snapshot, self._screen.room))

    def close(self) -> None:
        """Take the picture away."""
        with self._drawing:
            self._screen.clear()


def _retry(name: str, attempt: int, delay: float, reason: str) -> str:
    from lockstick.report.progress_text import soon

    return f"{name}: try {attempt} {soon(delay)}: {reason}"
