"""Points in time as the repositories write them (lockbox-format 2.8), and receipts and the register too."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["format_instant", "parse_instant"]

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def parse_instant(text: str) -> datetime:
    """Read ``YYYY-MM-DDTHH:MM:SSZ``: whole seconds, UTC, a real calendar date.

    The device compares these as text and would take any twenty characters that end in ``Z``; fractions and
    offsets it refuses.

    Args:
        text: The text of an ``expires`` member.

    Returns:
        The aware time in UTC.

    Raises:
        ValueError: If the text has another shape or names no real date.
    """
    if _SHAPE.fullmatch(text) is None:
        raise ValueError("not of the form YYYY-MM-DDTHH:MM:SSZ")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


def format_instant(instant: datetime) -> str:
    """Write a time in the same form, dropping fractions of a second; such texts sort as the times do.

    Args:
        instant: An aware time.

    Returns:
        The text, in UTC.
    """
    return instant.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"
