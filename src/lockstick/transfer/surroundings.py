"""Where the engine's time, chance, patience and knowledge of free space come from."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from random import SystemRandom
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Surroundings"]


def _now() -> datetime:
    return datetime.now(UTC)


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The world as the engine sees it; a test passes another one.

    Attributes:
        clock: Seconds from any start, never going backwards.
        now: The time of day, with a zone; only used to read a Retry-After that is a date.
        chance: A number from 0 up to but not including 1.
        wait: Waits so many seconds or until the event is set, and says whether it was set.
        free_bytes: How many bytes can still be written below an existing folder.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    chance: Callable[[], float] = SystemRandom().random
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait
    free_bytes: Callable[[Path], int] = _free_bytes
