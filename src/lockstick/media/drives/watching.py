"""Sticks that come and go.

A stick that is put in appears bit by bit: first the drive, then its partitions, then where they are mounted. So
nothing is said before the pulse has been steady for a moment, or it has been restless for too long.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lockstick.media.drives.finder import DriveFinder
    from lockstick.media.model import Drive

__all__ = ["POLL_SECONDS", "Change", "Event", "watch"]

POLL_SECONDS = 1.0
"""Seconds between two looks."""

_STEADY_SECONDS = 0.5
_MOST_RESTLESS = 6
_Key = tuple[str, str, str, str]


class Event(enum.Enum):
    """What happened to a drive."""

    THERE = "there"
    CAME = "came"
    WENT = "went"
    CHANGED = "changed"


@dataclass(frozen=True)
class Change:
    """Something that happened.

    Attributes:
        event: ``there`` for what is there at the beginning; ``changed`` for a card, a mount, a label.
        drive: The drive as it is now; as it was, if it went.
    """

    event: Event
    drive: Drive


def watch(
    finder: DriveFinder, *, wait: Callable[[float], None], is_wanted: Callable[[Drive], bool] = lambda _: True
) -> Iterator[Change]:
    """Tell what comes and goes, for ever.

    Args:
        finder: The seam to the drives.
        wait: Lets so many seconds pass.
        is_wanted: Which drives count. One that begins to count comes, one that ceases to count goes.

    Yields:
        Changes, those that are there at the beginning first.

    Raises:
        MediaError: The system cannot be asked any more.
    """
    pulse = finder.pulse()
    known = _by_key(finder, is_wanted)
    yield from (Change(Event.THERE, drive) for drive in known.values())
    while True:
        wait(POLL_SECONDS)
        now = finder.pulse()
        if now == pulse:
            continue
        for _ in range(_MOST_RESTLESS):
            wait(_STEADY_SECONDS)
            before, now = now, finder.pulse()
            if now == before:
                break
        # Taken before the look, so that what changes meanwhile is seen at the next one.
        pulse = now
        found = _by_key(finder, is_wanted)
        yield from _changes(known, found)
        known = found


def _changes(known: dict[_Key, Drive], found: dict[_Key, Drive]) -> Iterator[Change]:
    for key, drive in known.items():
        if key not in found:
            yield Change(Event.WENT, drive)
    for key, drive in found.items():
        if key not in known:
            yield Change(Event.CAME, drive)
        elif _told(drive) != _told(known[key]):
            yield Change(Event.CHANGED, drive)


def _by_key(finder: DriveFinder, is_wanted: Callable[[Drive], bool]) -> dict[_Key, Drive]:
    found = (drive for drive in finder.find() if is_wanted(drive))
    return {(drive.device, drive.serial, drive.port, drive.model): drive for drive in found}


def _told(drive: Drive) -> object:
    """What of a drive is worth a word when it changes; free space is not."""
    volumes = [(one.device, one.mounted_at, one.label, one.file_system, one.is_read_only) for one in drive.volumes]
    return drive.size, drive.has_medium, drive.is_read_only, volumes
