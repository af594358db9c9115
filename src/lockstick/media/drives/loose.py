"""Values out of documents whose writers nobody controls: the labels of sticks are chosen by strangers.

Whatever is there, a value of the wanted kind comes out; nothing raises.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["flag", "items", "members", "number", "read_json", "text"]

_LONGEST = 256
_DIGITS = 19
_MOST_ITEMS = 4096


def read_json(data: str) -> Any:  # noqa: ANN401 - anything may be there
    """Read JSON; None for what is none."""
    try:
        return json.loads(data, strict=False)
    except (ValueError, RecursionError):
        return None


def members(value: object) -> dict[str, Any]:
    """The members of an object; none for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """The items of a list; a single value counts as a list of one, and nothing as none. There is a cap."""
    if value is None:
        return []
    return value[:_MOST_ITEMS] if isinstance(value, list) else [value]


def text(value: object, longest: int = _LONGEST) -> str:
    """A text without blanks around it, cut short where nobody needs more; empty for anything else."""
    if isinstance(value, str):
        return value.replace("\0", "").strip()[:longest]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_DIGITS else ""


def number(value: object) -> int | None:
    """A number of bytes, written as a number or as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**_DIGITS:
        return value
    return None


def flag(value: object) -> bool:
    """A yes: ``true``, ``1``, ``"1"`` and their like."""
    if isinstance(value, str):
        return value.strip().lower() in {"1", "true", "yes"}
    return value is True or (isinstance(value, int) and value == 1)
