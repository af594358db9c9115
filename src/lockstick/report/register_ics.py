"""The last safe days of all sticks as a calendar (RFC 5545), with a reminder some days before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable
from lockstick.report.register import stick_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from lockstick.media.records.standing import Standing

__all__ = ["register_ics"]

_OCTETS = 75  # RFC 5545, 3.1: without the line end
_ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}  # RFC 5545, 3.3.11


def register_ics(standings: Iterable[Standing], *, stamp: datetime, remind: int) -> str:
    """Write a calendar.

    A stick's event has the same UID whenever it is exported, and its sequence number grows with each write; so what
    is imported again moves the event, and does not add one.

    Args:
        standings: The sticks, in order; those that carry nothing have no event.
        stamp: When it is written.
        remind: How many days before the end to remind.

    Returns:
        The calendar with its line ends (CRLF).
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Lockstick//Register of sticks//EN", "CALSCALE:GREGORIAN"]
    for one in standings:
        lines.extend(_event(one, stamp, remind))
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(one: Standing, stamp: datetime, remind: int) -> Iterator[str]:
    if one.lockbox is None:
        return
    what = f"{printable(one.lockbox.name)} version {one.lockbox.version}"
    stick = stick_text(one)
    notes = [f"Stick: {stick}", f"Name in the register: {one.record.name}"]
    notes.extend(f"{remark.weight.value}: {printable(remark.message)}" for remark in one.remarks)
    yield "BEGIN:VEVENT"
    yield f"UID:{one.record.name}@register.lockstick.invalid"
    yield f"DTSTAMP:{_instant(stamp)}"
    yield f"SEQUENCE:{one.history.writes}"
    yield f"DTSTART:{_instant(one.lockbox.good_until)}"
    yield f"SUMMARY:{_escaped(f'{what} on {stick} expires')}"
    yield f"DESCRIPTION:{_escaped(chr(10).join(notes))}"
    yield "TRANSP:TRANSPARENT"
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"DESCRIPTION:{_escaped(f'{what} on {stick} expires in {remind} day(s)')}"
    yield f"TRIGGER:-P{remind}D"
    yield "END:VALARM"
    yield "END:VEVENT"


def _instant(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _folded(line: str) -> Iterator[str]:
    """Fold a line so that none has more than 75 octets; a character is never cut."""
    room, piece = _OCTETS, ""
    for character in line:
        width = len(character.encode("utf-8"))
        if width > room:
            yield piece
            room, piece = _OCTETS - 1, " "
        piece += character
        room -= width
    yield piece
