"""Words that several checks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockstick.disk.tree import Place

__all__ = ["MOST_NAMED", "first_few", "listed", "path"]

MOST_NAMED = 10
"""How many files a check names one by one."""


def path(place: Place) -> str:
    """A place as people write it."""
    return "/".join(place) or "."


def listed(names: Iterable[str], most: int = 3) -> str:
    """A few names in a row: ``a, b, c and 4 more``."""
    names = list(names)
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def first_few(found: Sequence[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Give the first findings of one kind; the last of them says how many are left.

    Args:
        found: Subjects and messages.

    Yields:
        Subjects and messages.
    """
    yield from found[: MOST_NAMED - 1]
    for subject, message in found[MOST_NAMED - 1 : MOST_NAMED]:
        left = len(found) - MOST_NAMED
        yield subject, f"{message}; and {left} more like it" if left else message
