"""How wide text is on a terminal, and how to make it narrower."""

from __future__ import annotations

from unicodedata import category, east_asian_width

from lockstick.report.plain import printable

__all__ = ["clip", "cut", "pad", "width"]


def width(text: str) -> int:
    """How many cells a text takes.

    Args:
        text: Printable text.

    Returns:
        2 for each wide character, 0 for each that combines with the one before, 1 for each other.
    """
    return sum(_cells(character) for character in text)


def cut(text: str, room: int, *, mark: str = "…") -> str:
    """Make any text printable and no wider than there is room; its end tells more than its middle.

    Args:
        text: Any text.
        room: Cells; at least 0.
        mark: What stands for what was left out.

    Returns:
        The text, or its beginning and its end with the mark between them.
    """
    text = printable(text)
    if width(text) <= room:
        return text
    if room <= width(mark):
        return mark if room == width(mark) else ""
    left = room - width(mark)
    tail = clip(text[::-1], left // 2)[::-1]
    return clip(text, left - width(tail)) + mark + tail


def clip(text: str, room: int) -> str:
    """Give as much of the beginning of a printable text as there is room for.

    Args:
        text: Printable text.
        room: Cells.

    Returns:
        The beginning.
    """
    used = 0
    for index, character in enumerate(text):
        used += _cells(character)
        if used > room:
            return text[:index]
    return text


def pad(text: str, room: int) -> str:
    """Add blanks up to so many cells."""
    return text + " " * max(room - width(text), 0)


def _cells(character: str) -> int:
    if category(character) in {"Mn", "Me"}:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
