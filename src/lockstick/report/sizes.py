"""Sizes and times for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.sizes import size

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["day", "size"]


def day(instant: datetime) -> str:
    """A time to the minute: ``2027-03-01 00:00 UTC``."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
