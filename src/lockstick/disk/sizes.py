"""Numbers of bytes for people."""

from __future__ import annotations

__all__ = ["size"]

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
