"""What a shared store says it has, and what was found by reading it, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.report.sizes import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockstick.transfer.shared import Listing, SharedEntry

__all__ = ["check_json", "check_text", "list_json", "list_text"]


def list_json(name: str, listing: Listing) -> dict[str, object]:
    """Write a listing as ``store list --json`` has it (docs/cli.md).

    Args:
        name: The store.
        listing: What it says.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "store": name,
        "bytes": sum(one.length for one in listing.entries),
        "complete": listing.is_complete,
        "foreign": listing.foreign,
        "entries": [_entry(one) for one in listing.entries],
    }


def list_text(name: str, listing: Listing) -> Iterator[str]:
    """Write a listing for a person.

    Args:
        name: The store.
        listing: What it says.

    Yields:
        Lines without line ends.
    """
    for one in listing.entries:
        yield _line(one)
    total = size(sum(one.length for one in listing.entries))
    yield f"{len(listing.entries)} entries, {total}, in {name}"
    if listing.foreign:
        yield f"  {listing.foreign} other thing(s) lie among them"
    if not listing.is_complete:
        yield "  and more; the listing was cut off"


def check_json(name: str, entries: Sequence[SharedEntry], damaged: Sequence[SharedEntry]) -> dict[str, object]:
    """Write a check as ``store verify --json`` has it (docs/cli.md).

    Args:
        name: The store.
        entries: What was read.
        damaged: What of it was damaged, and was removed.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "store": name,
        "sound": len(entries) - len(damaged),
        "damaged": [_entry(one) for one in damaged],
        "bytes_hashed": sum(one.length for one in entries),
    }


def check_text(name: str, entries: Sequence[SharedEntry], damaged: Sequence[SharedEntry]) -> Iterator[str]:
    """Write a check for a person.

    Args:
        name: The store.
        entries: What was read.
        damaged: What of it was damaged, and was removed.

    Yields:
        Lines without line ends.
    """
    for one in damaged:
        yield f"damaged, removed: {_line(one)}"
    yield f"{len(entries) - len(damaged)} entries are sound, {len(damaged)} were damaged, in {name}"
    if damaged:
        yield "Builds fetch them from their origin, and put them there again. Find out who may write to the bucket."


def _line(one: SharedEntry) -> str:
    return f"{one.digest}  {size(one.length)}  put there {format_instant(one.changed)}"


def _entry(one: SharedEntry) -> dict[str, object]:
    return {"digest": one.digest, "length": one.length, "changed": format_instant(one.changed)}
