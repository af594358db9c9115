"""Listings that come in parts: part after part, until nothing is left (cloud-apis 1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from lockstick.errors import TransferError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lockstick.cloud.api.model import Page

__all__ = ["PAGE_SIZE", "all_of"]

_Value = TypeVar("_Value")

PAGE_SIZE = 50
"""How many are asked for at once: what the service itself takes where nobody asks."""

_MOST = 1_000_000
_MOST_PARTS = _MOST // PAGE_SIZE
_MOST_STALE = 3


def all_of(fetch: Callable[[int, int], Page[_Value]], key: Callable[[_Value], str]) -> Iterator[_Value]:
    """Give all values of a listing, each once.

    What the listing gains or loses meanwhile shifts the parts: a value that comes again is left out, one that slips by
    is not seen.

    Args:
        fetch: Gives the part from an offset on, with a limit.
        key: Tells values apart.

    Raises:
        TransferError: There is no end to it.
        LockstickError: Whatever ``fetch`` raises.
    """
    seen: set[str] = set()
    offset = stale = parts = 0
    while True:
        page = fetch(offset, PAGE_SIZE)
        parts, known = parts + 1, len(seen)
        for value in page.values:
            if key(value) not in seen:
                seen.add(key(value))
                yield value
        # Not by the limit: a server that gives fewer than were asked for must not make us skip any.
        offset += len(page.values)
        if not page.values or offset >= page.total:
            return
        # A part may have slipped as a whole; one after another has not.
        stale = 0 if len(seen) > known else stale + 1
        if stale >= _MOST_STALE:
            raise TransferError(
                "the listing has no end",
                why=f"the service gives the same {len(seen)} entries again and again, and promises more",
                remedy="Try again later; if that does not help, look for a proxy on the way that keeps old answers.",
            )
        if offset >= _MOST or parts >= _MOST_PARTS:
            raise TransferError(
                "the listing has no end",
                why=f"the service has given {offset} entries and promises more",
                remedy="Narrow it down by a filter.",
            )
