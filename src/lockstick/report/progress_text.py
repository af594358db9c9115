"""A snapshot as the few lines that a person watches.

What is most important stays when there is little room: the phase, the share, the rest of the time. Files get a line
when they have been in flight for a while; a thousand small ones would only flicker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.report.cells import clip, cut, pad, width
from lockstick.report.sizes import size
from lockstick.report.tracker import share

if TYPE_CHECKING:
    from lockstick.report.tracker import Flight, Snapshot

__all__ = ["MOST_FILES", "SEASONED", "Room", "progress_lines", "soon", "time_left"]

MOST_FILES = 8
"""Files that get a line of their own."""

SEASONED = 1.0
"""Seconds in flight after which a file gets one."""

_BAR = 30
_BAR_STEP = 10
_NAME = 40
_LEAST_NAME = 12
_ROWS_KEPT = 2
_QUIET_SECONDS = 2
_AT_ONCE = 0.05
_LONG = 9.95
_MINUTE = 60
_HOUR = 3600
_GAP = "  "


@dataclass(frozen=True, kw_only=True)
class Room:
    """What there is to write on.

    Attributes:
        columns: Cells in a line.
        rows: Lines.
        is_unicode: True if the terminal knows more than ASCII.
    """

    columns: int
    rows: int
    is_unicode: bool = True


def progress_lines(snapshot: Snapshot, room: Room) -> list[str]:
    """Write a snapshot.

    Args:
        snapshot: What is known.
        room: What there is to write on; the last column stays free, so that no terminal breaks a line.

    Returns:
        The line of the phase, then the files in flight, each fit for a terminal and no wider than the room.
    """
    columns = max(room.columns - 1, 1)
    seasoned = [flight for flight in snapshot.flights if flight.age >= SEASONED]
    space = max(min(MOST_FILES, room.rows - _ROWS_KEPT), 0)
    shown = seasoned if len(seasoned) <= space else seasoned[: max(space - 1, 0)]
    hidden = len(seasoned) - len(shown)
    mark = "…" if room.is_unicode else "..."
    lines = [_phase_line(snapshot, columns, is_unicode=room.is_unicode)]
    names = min(max((width(cut(flight.name, _NAME, mark=mark)) for flight in shown), default=0), columns // 2)
    lines += [_flight_line(flight, snapshot, columns, max(names, _LEAST_NAME), mark) for flight in shown]
    if hidden and space:
        lines.append(clip(f"{_GAP}and {hidden} more", columns))
    return lines


def time_left(seconds: float) -> str:
    """A rest of time as people say it, in steps that grow with it: ``40 s``, ``3 min 20 s``, ``1 h 25 min``.

    Args:
        seconds: The rest.

    Returns:
        The text.
    """
    steps = ((10, 1), (_MINUTE, 5), (5 * _MINUTE, 10), (_HOUR, _MINUTE))
    step = next((step for limit, step in steps if seconds < limit), 5 * _MINUTE)
    return _span(max(math.ceil(seconds / step) * step, 1))


def soon(delay: float) -> str:
    """Say when: ``at once``, ``in 0.2 s``, ``in 12 s``."""
    if delay < _AT_ONCE:
        return "at once"
    return f"in {delay:.1f} s" if delay < _LONG else f"in {delay:.0f} s"


def _span(seconds: int) -> str:
    hours, rest = divmod(seconds, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else left, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _phase_line(snapshot: Snapshot, columns: int, *, is_unicode: bool) -> str:
    """The phase and, as far as there is room: share, rest of time, sizes, speed, files, and a bar."""
    word = snapshot.doing.capitalize()
    percent = snapshot.percent
    if percent is None or snapshot.doing != snapshot.phase:
        waited = f"{_GAP}{_span(int(snapshot.elapsed))}" if snapshot.elapsed >= _QUIET_SECONDS else ""
        amount = f"{_GAP}{size(snapshot.done)}" if snapshot.done else ""
        return clip(f"{word}{amount}{waited if percent is None else ''}", columns)
    # In the order in which they are read; the number says what goes last when there is little room.
    parts = [
        (1, f"{percent:2} %"),
        (3, f"{size(snapshot.done)} of {size(snapshot.total or 0)}"),
        (4, f"{size(int(snapshot.rate))}/s" if snapshot.rate is not None else ""),
        (2, _outlook(snapshot)),
        (5, f"{snapshot.finished}/{snapshot.files} files" if snapshot.files is not None and snapshot.files > 1 else ""),
    ]
    parts = [(rank, text) for rank, text in parts if text]
    while parts and width(_GAP.join([word, *(text for _, text in parts)])) > columns:
        parts.remove(max(parts))
    told = [text for _, text in parts]
    left = columns - width(_GAP.join([word, *told])) - len(_GAP)
    # In steps, so that it does not breathe with every digit beside it.
    cells = max(min(left, _BAR), 0) // _BAR_STEP * _BAR_STEP
    bar = [_bar(percent, cells, is_unicode=is_unicode)] if cells else []
    return clip(_GAP.join([word, *bar, *told]), columns)


def _outlook(snapshot: Snapshot) -> str:
    if snapshot.stalled:
        return f"stalled for {_span(int(snapshot.stalled))}"
    return "" if snapshot.eta is None else f"{time_left(snapshot.eta)} left"


def _bar(percent: int, cells: int, *, is_unicode: bool) -> str:
    full, empty = ("━", "─") if is_unicode else ("#", ".")
    count = percent * cells // 100
    return full * count + empty * (cells - count)


def _flight_line(flight: Flight, snapshot: Snapshot, columns: int, names: int, mark: str) -> str:
    percent = share(flight.done, flight.length)
    parts = ["" if percent is None else f"{percent:2} %"]
    if flight.attempt:
        parts.append(f"try {flight.attempt} {soon(flight.resumes_in)}")
    elif flight.length and flight.done >= flight.length:
        parts = ["flushing" if snapshot.phase == "fetching" else "finishing"]
    else:
        parts.append(f"{size(flight.done)} of {size(flight.length)}" if flight.length else size(flight.done))
        parts.append("" if flight.rate is None else f"{size(int(flight.rate))}/s")
    parts = [part for part in parts if part]
    room = columns - len(_GAP)
    while parts and _LEAST_NAME + len(_GAP) + width(_GAP.join(parts)) > room:
        parts.pop()
    told = _GAP.join(parts)
    names = max(min(names, room - len(_GAP) - width(told)), 0)
    return clip(f"{_GAP}{pad(cut(flight.name, names, mark=mark), names)}{_GAP}{told}".rstrip(), columns)
