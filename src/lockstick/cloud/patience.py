"""Reading again what a server is just changing: how often, and how long to wait in between."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.progress import SILENT, Observer
from lockstick.transfer import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Rereading"]


@dataclass(frozen=True, kw_only=True)
class Rereading:
    """How patient to be with documents that do not agree with each other.

    Attributes:
        attempts: How often to read, in all.
        first_pause: Seconds before the second reading; doubles with every one.
        surroundings: Waits.
        observer: Told of every reading but the first.
    """

    attempts: int = 4
    first_pause: float = 0.25
    surroundings: Surroundings = field(default_factory=Surroundings)
    observer: Observer = SILENT

    def tries(self, subject: str, reason: str) -> Iterator[int]:
        """Count attempts from 1, with pauses between them; the caller leaves when it is satisfied.

        Args:
            subject: What is read, for the observer.
            reason: Why it is read again.
        """
        for attempt in range(1, self.attempts + 1):
            if attempt > 1:
                delay = self.first_pause * 2.0 ** (attempt - 2)
                self.observer.retrying(subject, attempt=attempt, delay=delay, reason=reason)
                self.surroundings.wait(threading.Event(), delay)
            yield attempt
