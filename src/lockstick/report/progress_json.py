"""A snapshot as the members of a ``progress`` event (docs/cli.md, "Progress")."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.report.tracker import Snapshot

__all__ = ["MOST_FILES", "progress_json"]

MOST_FILES = 8
"""Files in flight that an event lists, so that a line stays short."""


def progress_json(snapshot: Snapshot, *, is_over: bool = False) -> dict[str, object]:
    """Write a snapshot.

    Args:
        snapshot: What is known.
        is_over: True for the last word about a phase.

    Returns:
        A value that ``json`` can encode.
    """
    shown = snapshot.flights[:MOST_FILES]
    return {
        "event": "progress",
        "phase": snapshot.phase if is_over else snapshot.doing,
        "done": snapshot.done,
        "total": snapshot.total,
        "rate": _whole(snapshot.rate),
        "eta": _whole(snapshot.eta),
        "stalled": int(snapshot.stalled),
        "finished": snapshot.finished,
        "files": snapshot.files,
        "in_flight": [
            {"file": flight.name, "done": flight.done, "length": flight.length, "rate": _whole(flight.rate)}
            for flight in shown
        ],
        "more": len(snapshot.flights) - len(shown),
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
