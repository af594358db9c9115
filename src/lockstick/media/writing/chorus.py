"""One observer for several sticks: each goes through its phases at its own time, so all of them are one phase.

For one stick nothing is changed. For several, the phase is "writing" from the first byte that is written to the last
one that is read back; its total grows with what each stick has to do, and files are named after their stick.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.progress import Observer, Phase

__all__ = ["Chorus"]

_DONE = "what is done already"


class Chorus:
    """Brings the words of several runs together.

    Args:
        observer: Who is told.
        voices: How many runs there are.
    """

    def __init__(self, observer: Observer, voices: int) -> None:
        self._observer = observer
        self._voices = voices
        self._guard = threading.Lock()
        self._total = self._files = 0
        self._flying: dict[str, tuple[int, int]] = {}
        self._settled = 0
        self._settled_files = 0

    def voice(self, mount: Path) -> Observer:
        """The observer for one stick."""
        return self._observer if self._voices == 1 else _Voice(self, mount.name or str(mount))

    def grow(self, total: int, files: int) -> None:
        """More work is known."""
        with self._guard:
            self._total += total
            self._files += files
            self._observer.phase("writing", total_bytes=self._total, files=self._files)
            # A phase that begins counts from nothing: what is done already is told again, in one piece.
            if self._settled_files:
                self._observer.file_started(_DONE, length=self._settled, offset=self._settled)
                self._observer.file_finished(_DONE)
            for name, (length, done) in self._flying.items():
                self._observer.file_started(name, length=length, offset=done)

    def started(self, name: str, length: int, offset: int) -> None:
        """A file is begun."""
        with self._guard:
            self._flying[name] = (length, offset)
            self._observer.file_started(name, length=length, offset=offset)

    def advanced(self, name: str, count: int) -> None:
        """More of a file is done."""
        with self._guard:
            length, done = self._flying.get(name, (0, 0))
            self._flying[name] = (length, done + count)
            self._observer.advanced(name, count)

    def finished(self, name: str) -> None:
        """A file is done."""
        with self._guard:
            self._settled += self._flying.pop(name, (0, 0))[1]
            self._settled_files += 1
            self._observer.file_finished(name)

    def retrying(self, name: str, attempt: int, delay: float, reason: str) -> None:
        """A file is tried again."""
        self._observer.retrying(name, attempt=attempt, delay=delay, reason=reason)

    def message(self, text: str) -> None:
        """Say it."""
        self._observer.message(text)


class _Voice:
    """What one stick's run tells."""

    def __init__(self, chorus: Chorus, name: str) -> None:
        self._chorus = chorus
        self._name = name
        self._round = ""

    def _call(self, name: str) -> str:
        return f"{self._name}: {self._round}{name}"

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        self._round = "reading back " if name == "hashing" else ""
        if name in ("writing", "hashing"):
            self._chorus.grow(total_bytes or 0, files or 0)

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        self._chorus.started(self._call(name), length, offset)

    def advanced(self, name: str, count: int) -> None:
        self._chorus.advanced(self._call(name), count)

    def file_finished(self, name: str) -> None:
        self._chorus.finished(self._call(name))

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        self._chorus.retrying(self._call(name), attempt, delay, reason)

    def message(self, text: str) -> None:
        self._chorus.message(text)
