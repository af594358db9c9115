"""What a store keeps, and what was done about it, for a person and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.report.plain import printable
from lockstick.report.sizes import day, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lockstick.transfer.store.checking import Checked
    from lockstick.transfer.store.listing import Kept
    from lockstick.transfer.store.pruning import Pruned

__all__ = ["check_json", "check_text", "list_json", "list_text", "prune_json", "prune_text"]

_SHOWN_DIGITS = 16


def list_json(folder: Path, kept: Sequence[Kept]) -> dict[str, object]:
    """Write a list as ``store list --json`` has it (docs/cli.md).

    Args:
        folder: The store.
        kept: What it keeps.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "store": str(folder),
        "bytes": sum(one.length for one in kept),
        "entries": [_entry(one) for one in kept],
    }


def list_text(folder: Path, kept: Sequence[Kept]) -> Iterator[str]:
    """Write a list for a person.

    Args:
        folder: The store.
        kept: What it keeps.

    Yields:
        Lines without line ends.
    """
    for one in kept:
        yield _line(one)
    yield f"{len(kept)} file(s), {size(sum(one.length for one in kept))}, in {folder}"


def check_json(folder: Path, checked: Checked) -> dict[str, object]:
    """Write a check as ``store verify --json`` has it (docs/cli.md).

    Args:
        folder: The store.
        checked: What was found.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "store": str(folder),
        "sound": len(checked.sound),
        "damaged": [_entry(one) for one in checked.damaged],
        "bytes_hashed": sum(one.length for one in (*checked.sound, *checked.damaged)),
    }


def check_text(folder: Path, checked: Checked) -> Iterator[str]:
    """Write a check for a person.

    Args:
        folder: The store.
        checked: What was found.

    Yields:
        Lines without line ends.
    """
    for one in checked.damaged:
        yield f"damaged, removed: {_line(one)}"
    yield f"{len(checked.sound)} entries are sound, {len(checked.damaged)} were damaged, in {folder}"
    if checked.damaged:
        yield "The next build fetches again what it needs. Check the disk."


def prune_json(folder: Path, pruned: Pruned, *, dry_run: bool) -> dict[str, object]:
    """Write a pruning as ``store prune --json`` has it (docs/cli.md).

    Args:
        folder: The store.
        pruned: What was done.
        dry_run: True if nothing was.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "store": str(folder),
        "dry_run": dry_run,
        "removed": [_entry(one) for one in pruned.removed],
        "bytes_removed": pruned.bytes_removed,
        "bytes_kept": pruned.bytes_kept,
        "bytes_in_use": pruned.in_use,
    }


def prune_text(folder: Path, pruned: Pruned, *, dry_run: bool) -> Iterator[str]:
    """Write a pruning for a person.

    Args:
        folder: The store.
        pruned: What was done.
        dry_run: True if nothing was.

    Yields:
        Lines without line ends.
    """
    verb = "would remove" if dry_run else "removed"
    for one in pruned.removed:
        yield f"{verb}: {_line(one)}"
    yield f"{verb} {size(pruned.bytes_removed)}; {size(pruned.bytes_kept)} stay in {folder}"
    if pruned.in_use:
        yield f"  {size(pruned.in_use)} of that are in use by a running build"


def _entry(one: Kept) -> dict[str, object]:
    return {
        "digest": one.digest,
        "length": one.length,
        "used": format_instant(_instant(one.used)),
        "names": list(one.names),
        "complete": one.is_complete,
    }


def _line(one: Kept) -> str:
    names = printable(", ".join(one.names)) or "(no name)"
    state = "" if one.is_complete else " · unfinished"
    return f"{one.digest[:_SHOWN_DIGITS]} · {size(one.length)} · used {day(_instant(one.used))} · {names}{state}"


def _instant(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
