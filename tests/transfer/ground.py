"""What the tests of the engine share: a world whose waiting takes no time, and observers that remember."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lockstick.transfer import DocumentReader, Download, Surroundings

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from lockstick.progress import Phase
    from lockstick.transfer import Authority

__all__ = ["Notes", "Token", "Want", "World", "fetch_document", "noise"]

Want = Callable[..., Download]


class World:
    """Surroundings in which pauses are noted and jumped over, and chance is always one half."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.skipped = 0.0
        self.free: Callable[[Path], int] = lambda _: 1 << 50

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        if seconds > 0:
            self.pauses.append(seconds)
            self.skipped += seconds
        return event.is_set()

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(
            clock=lambda: time.monotonic() + self.skipped,
            now=lambda: datetime(2025, 3, 1, 12, 0, tzinfo=UTC),
            chance=lambda: 0.5,
            wait=self._wait,
            free_bytes=self.free,
        )


class Notes:
    """An observer that remembers, and can call something on every piece of a file."""

    def __init__(self, on_advance: Callable[[str, int], None] = lambda _name, _count: None) -> None:
        self.done: dict[str, int] = {}
        self.retries: list[str] = []
        self.messages: list[str] = []
        self.finished: list[str] = []
        self.started: list[str] = []
        self.phases: list[tuple[str, int | None, int | None]] = []
        self._on_advance = on_advance

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        self.phases.append((name, total_bytes, files))

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        self.started.append(name)
        self.done[name] = offset

    def advanced(self, name: str, count: int) -> None:
        self.done[name] += count
        self._on_advance(name, count)

    def file_finished(self, name: str) -> None:
        self.finished.append(name)

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        self.retries.append(reason)

    def message(self, text: str) -> None:
        self.messages.append(text)


class Token:
    """An authority for one origin, whose token changes with every renewal."""

    def __init__(self, prefix: str, *, renewals: int = 1) -> None:
        self.prefix = prefix
        self.renewals = renewals
        self.serial = 0
        self.refusals: list[str] = []

    @property
    def value(self) -> str:
        return f"Bearer canary-{self.serial}"

    def headers(self, url: str) -> Mapping[str, str]:
        return {"Authorization": self.value} if url.startswith(self.prefix) else {}

    def refused(self, url: str) -> bool:
        self.refusals.append(url)
        if not url.startswith(self.prefix) or self.serial >= self.renewals:
            return False
        self.serial += 1
        return True


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that do not repeat, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def fetch_document(
    url: str, *, limit: int, authority: Authority | None = None, name: str | None = None, **settings: Any
) -> bytes:
    """Fetch one document with a :class:`DocumentReader` of its own; the settings are the reader's."""
    with DocumentReader(**settings) as reader:
        return reader.fetch(url, limit=limit, authority=authority, name=name)
