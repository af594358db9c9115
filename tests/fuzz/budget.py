"""The budget of a run: time and memory."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from families.target import Target

__all__ = ["MOST_MEMORY", "MOST_SECONDS", "BudgetError", "Figures", "guarded"]

MOST_SECONDS = 1.0
"""Processor time of one run."""

MOST_MEMORY = 256 << 20
"""Bytes by which the process may grow in all its runs: many times the caps of all readers together."""


class BudgetError(Exception):
    """A run took too long or too much memory."""


@dataclass
class Figures:
    """What was measured.

    Attributes:
        runs: How many runs there were.
        slowest: The processor time of the longest, in seconds.
        grown: Bytes by which the process has grown since the first.
    """

    runs: int = 0
    slowest: float = 0.0
    grown: int = 0


def guarded(target: Target, figures: Figures | None = None) -> Callable[[bytes], None]:
    """A target's run that also fails when it takes too long or too much memory.

    Args:
        target: The target.
        figures: Kept up to date, if given.

    Returns:
        What to call with an input.
    """
    before = _peak()
    kept = figures if figures is not None else Figures()

    def run(data: bytes) -> None:
        started = time.process_time()
        target.run(data)
        took = time.process_time() - started
        kept.runs += 1
        kept.slowest = max(kept.slowest, took)
        kept.grown = max(kept.grown, _peak() - before)
        if took > MOST_SECONDS:
            raise BudgetError(f"{len(data)} bytes took {took:.1f} s")
        if kept.grown > MOST_MEMORY:
            raise BudgetError(f"{len(data)} bytes made the process larger than {MOST_MEMORY} bytes")

    return run


def _peak() -> int:
    """Bytes of memory that this process held at its highest; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
