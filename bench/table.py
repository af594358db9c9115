"""The results as one table for people, or as one document for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from comparisons import Comparison, Goal
    from measuring import Result, Sample

__all__ = ["as_document", "as_table"]

_MB = 1_000_000
_WIDTHS = (48, 10, 10, 10, 12, 12)


def as_table(comparisons: Sequence[Comparison], *, about: Sequence[str], floor: int) -> str:
    """Write the table.

    Args:
        comparisons: The groups of rows.
        about: Lines about the machine and the run.
        floor: Bytes of memory below which nothing can be told apart.
    """
    lines = list(about)
    for comparison in comparisons:
        lines += ["", *_group(comparison, floor)]
    return "\n".join(lines)


def as_document(comparisons: Sequence[Comparison], *, about: dict[str, Any]) -> dict[str, Any]:
    """Give everything, every single run included."""
    return {
        **about,
        "comparisons": [
            {
                "title": comparison.title,
                "results": [asdict(result) for result in comparison.results],
                "goals": [{**asdict(goal), "reached": goal.is_reached} for goal in comparison.goals],
                "left_out": list(comparison.left_out),
                "notes": list(comparison.notes),
            }
            for comparison in comparisons
        ],
    }


def _group(comparison: Comparison, floor: int) -> Iterator[str]:
    ratio_titles = ("wall ratio", "cpu ratio") if comparison.are_rivals else ("", "")
    yield _row(comparison.title, "wall", "cpu", "peak", *ratio_titles)
    yield "-" * sum(_WIDTHS)
    for result in comparison.results:
        ours = comparison.results[0]
        ratios = ["", ""]
        if result is not ours and comparison.are_rivals:
            ratios = [f"{ours.ratio(result, of):.2f}" for of in (_wall, _cpu)]
        yield _row(f"  {result.name}", _seconds(result, _wall), _seconds(result, _cpu), _memory(result, floor), *ratios)
    for who in comparison.left_out:
        yield f"  left out: {who}"
    for note in comparison.notes:
        yield f"  note: {note}"
    for goal in comparison.goals:
        yield f"  goal: {_goal(goal)}"


def _row(first: str, *others: str) -> str:
    cells = [first.ljust(_WIDTHS[0])]
    cells += [text.rjust(width) for text, width in zip(others, _WIDTHS[1:], strict=True)]
    return "".join(cells).rstrip()


def _goal(goal: Goal) -> str:
    digits = 0 if goal.unit else 2
    reached = "yes" if goal.is_reached else "no"
    most = "at least" if goal.at_least else "at most"
    return f"{goal.what} {most} {goal.limit:g}{goal.unit}: {reached} ({goal.measured:.{digits}f}{goal.unit})"


def _seconds(result: Result, of: Callable[[Sample], float]) -> str:
    value = result.median(of)
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def _memory(result: Result, floor: int) -> str:
    return f"< {floor / _MB:.0f} MB" if result.peak <= floor else f"{result.peak / _MB:.0f} MB"


def _wall(sample: Sample) -> float:
    return sample.wall


def _cpu(sample: Sample) -> float:
    return sample.cpu
