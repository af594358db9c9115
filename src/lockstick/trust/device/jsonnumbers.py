"""Numbers as the device client reads them."""

from __future__ import annotations

import math

__all__ = ["fraction", "integer"]

_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
_MAX_DIGITS = 20


def integer(digits: str) -> int | float:
    """Read a whole number; one that does not fit into 64 bits becomes a fraction.

    Args:
        digits: Digits, perhaps behind a minus.

    Returns:
        The number.
    """
    if len(digits) > _MAX_DIGITS:
        return float(digits)
    number = int(digits)
    return number if _LOWEST <= number <= _HIGHEST else float(number)


def fraction(lexeme: str) -> float:
    """Read a number with a point or an exponent.

    Args:
        lexeme: The number as written.

    Returns:
        The number.

    Raises:
        ValueError: If it is no number, or too large for one.
    """
    number = float(lexeme)
    if math.isinf(number):
        raise ValueError
    return number
