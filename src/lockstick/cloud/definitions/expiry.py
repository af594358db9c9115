"""When a lockbox is to end: at a date, or so long after it is published."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

__all__ = ["Date", "Expiry", "Span", "read_expiry"]

Unit = Literal["hours", "days", "months"]

_SPAN = re.compile(r"([0-9]{1,5}) ?([A-Za-z]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNITS: dict[str, tuple[Unit, int]] = {
    "h": ("hours", 1),
    "d": ("days", 1),
    "w": ("days", 7),
    "y": ("months", 12),
    "hour": ("hours", 1),
    "day": ("days", 1),
    "week": ("days", 7),
    "month": ("months", 1),
    "year": ("months", 12),
}
_MOST_YEARS = 100
_MOST: dict[Unit, int] = {"hours": _MOST_YEARS * 366 * 24, "days": _MOST_YEARS * 366, "months": _MOST_YEARS * 12}
_MONTHS = 12
_SHAPES = "Write a date (2027-03-01), a time (2027-03-01T12:00:00Z), or a span (36h, 90d, 12w, 6 months, 1 year)."


@dataclass(frozen=True)
class Date:
    """A point in time.

    Attributes:
        moment: The point, in whole seconds and UTC.
    """

    moment: datetime

    def after(self, now: datetime) -> datetime:
        """Give the point; ``now`` does not matter."""
        del now
        return self.moment


@dataclass(frozen=True)
class Span:
    """A time after publishing.

    Attributes:
        count: How many.
        unit: Of what.
    """

    count: int
    unit: Unit

    def after(self, now: datetime) -> datetime:
        """Give the point that is so long after ``now``, in whole seconds and UTC.

        Months are those of the calendar: one month after the last of January is the last of February.

        Raises:
            ValueError: It is after the end of the calendar.
        """
        now = now.astimezone(UTC).replace(microsecond=0)
        try:
            if self.unit != "months":
                return now + timedelta(**{self.unit: self.count})
            years, month = divmod(now.month - 1 + self.count, _MONTHS)
            year, month = now.year + years, month + 1
            return now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))
        except OverflowError as error:
            raise ValueError("after the end of the calendar") from error


Expiry = Date | Span
"""When a lockbox is to end."""


def read_expiry(text: str) -> Expiry:
    """Read a date or a span.

    Args:
        text: ``2027-03-01`` (its first moment, UTC), a time as of RFC 3339 with its zone, or a span as ``90d``.

    Raises:
        ValueError: It is neither. The text says what would do.
    """
    if _DATE.fullmatch(text):
        text += "T00:00:00Z"
    if (found := _SPAN.fullmatch(text)) is not None:
        return _span(int(found[1]), found[2])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_SHAPES) from None
    if moment.tzinfo is None:
        raise ValueError("Say in which time zone, as in 2027-03-01T12:00:00Z.")
    try:
        return Date(moment.astimezone(UTC).replace(microsecond=0))
    except OverflowError:
        raise ValueError(_SHAPES) from None


def _span(count: int, word: str) -> Span:
    if word in {"m", "M"}:
        raise ValueError("'m' may be minutes or months; write '6 months'.")
    known = _UNITS.get(word) or _UNITS.get(word.removesuffix("s") if len(word) > 1 else word)
    if known is None or not count:
        raise ValueError(_SHAPES)
    unit, factor = known
    if count * factor > _MOST[unit]:
        raise ValueError(f"A span of more than {_MOST_YEARS} years is not taken.")
    return Span(count * factor, unit)
