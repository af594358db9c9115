"""What a check of a stick's capacity has shown, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable
from lockstick.report.sizes import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.capacity import CapacityOutcome

__all__ = ["capacity_json", "capacity_text"]


def capacity_json(outcome: CapacityOutcome) -> dict[str, object]:
    """Write the outcome as a value that ``json`` can encode (docs/cli.md).

    Args:
        outcome: What was found.
    """
    return {
        "mount": str(outcome.mount),
        "verdict": outcome.verdict.value,
        "message": outcome.words,
        "remedy": outcome.remedy,
        "size": outcome.size,
        "free": outcome.free,
        "covered": outcome.covered,
        "sparse": outcome.is_sparse,
        "bytes_written": outcome.written,
        "bytes_lost": outcome.lost,
        "real_size": outcome.real,
        "comes_around": outcome.comes_around,
        "cache": outcome.exclusion.to_json(),
        "write_rate": outcome.write_rate,
        "read_rate": outcome.read_rate,
    }


def capacity_text(outcome: CapacityOutcome) -> Iterator[str]:
    """Write the outcome for a person.

    Args:
        outcome: What was found.

    Yields:
        Lines without line ends.
    """
    yield printable(f"{outcome.verdict.value.upper()}: {outcome.mount}: {outcome.words}")
    if outcome.read_rate:
        how = "canaries over" if outcome.is_sparse else "canaries fill"
        yield f"  {how} {size(outcome.covered)} of {size(outcome.free)} free: {size(outcome.written)} written and read"
        yield f"  written at {size(round(outcome.write_rate))}/s, read at {size(round(outcome.read_rate))}/s"
        yield printable(f"  {outcome.exclusion.words}")
    if outcome.remedy:
        yield f"  {outcome.remedy}"
