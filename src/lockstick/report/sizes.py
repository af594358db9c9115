"""Sizes and times for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["day", "size"]

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


def size(count: int) -> str:
    """A number of bytes in decimal units, as shops and drives count: ``1.2 GB``.

    Args:
        count: Bytes.

    Returns:
        The text.
    """
    value = float(count)
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= _STEP
    raise AssertionError(count)


def day(instant: datetime) -> str:
    """A time to the minute: ``2027-03-01 00:00 UTC``."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
