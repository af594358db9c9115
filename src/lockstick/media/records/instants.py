"""Times in receipts and in the register: whole seconds in UTC, as ``2027-03-01T00:00:00Z``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["format_time", "parse_time"]

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def parse_time(text: str) -> datetime:
    """Read a time.

    Args:
        text: A time in the one form.

    Returns:
        The aware time in UTC.

    Raises:
        ValueError: If the text has another form or names no real time.
    """
    if _SHAPE.fullmatch(text) is None:
        raise ValueError("not of the form YYYY-MM-DDTHH:MM:SSZ")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


def format_time(instant: datetime) -> str:
    """Write a time, dropping fractions of a second; texts of this form sort as the times do.

    Args:
        instant: An aware time.

    Returns:
        The text, in UTC.
    """
    return instant.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"
