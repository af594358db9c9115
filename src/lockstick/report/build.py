"""What a build did, or would do, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable
from lockstick.report.sizes import day, size
from lockstick.report.verify_json import verify_json
from lockstick.report.verify_text import headline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.lockbox.build import BuildOutcome
    from lockstick.lockbox.plan import Plan
    from lockstick.lockbox.replaced import Replaced

__all__ = ["build_json", "build_text", "plan_json", "plan_text", "source_in_words"]

_SOURCES = {
    "store": "this machine's trust store",
    "first-use": "the roots that the cloud serves (first use)",
}


def source_in_words(source: str) -> str:
    """Say whose roots a lockbox was judged by, where none were given.

    Args:
        source: ``store`` or ``first-use``.

    Returns:
        A noun phrase.
    """
    return _SOURCES.get(source, source)


def build_json(outcome: BuildOutcome) -> dict[str, object]:
    """Write an outcome as ``build --json`` has it (docs/cli.md).

    Args:
        outcome: The outcome.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "output": str(outcome.output),
        "fetched": outcome.fetched,
        "fetch_seconds": round(outcome.fetch_seconds, 3),
        "fetch_rate": _rate(outcome),
        "reused": outcome.reused,
        "stored": outcome.stored,
        "replaced": _replaced_json(outcome.replaced),
        "verify": verify_json(outcome.verified),
    }


def build_text(outcome: BuildOutcome, *, judged_by: str, verbose: bool = False) -> Iterator[str]:
    """Write an outcome for a person.

    Args:
        outcome: The outcome.
        judged_by: Whose roots it was judged by, in words.
        verbose: True to list the packages.

    Yields:
        Lines without line ends.
    """
    box = outcome.verified.lockbox
    named = "" if box is None else f"   lockbox {printable(box.name)}, version {box.version}"
    yield f"{headline(outcome.verified.verdict)}{named}"
    if outcome.verified.weakest is not None:
        yield f"  good until {day(outcome.verified.weakest.expires)}: {outcome.verified.weakest.role} expires first"
    yield f"  judged by {judged_by}"
    rate = _rate(outcome)
    pace = "" if rate is None else f" in {outcome.fetch_seconds:.1f} s ({size(rate)}/s)"
    stored = f"{size(outcome.stored)} from this machine's store, " if outcome.stored else ""
    yield (
        f"  {len(outcome.verified.packages)} package(s): {size(outcome.fetched)} fetched{pace}, {stored}"
        f"{size(outcome.reused)} already there; all in {outcome.verified.seconds:.1f} s"
    )
    if verbose:
        for package in outcome.verified.packages:
            yield f"    {printable(package.target)} · {size(package.length)}"
    if outcome.replaced is not None:
        yield f"  replaced {_named(outcome.replaced)}"
    for finding in outcome.verified.findings:
        yield f"  {finding.severity.value} {finding.rule}: {printable(finding.subject)}: {printable(finding.message)}"
    yield f"  in {outcome.output}"


def plan_json(plan: Plan) -> dict[str, object]:
    """Write a plan as ``build --dry-run --json`` has it (docs/cli.md).

    Args:
        plan: The plan.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "bytes_missing": plan.bytes_missing,
        "bytes_partial": plan.bytes_partial,
        "bytes_present": plan.bytes_present,
        "bytes_stored": plan.bytes_stored,
        "replaces": _replaced_json(plan.replaces),
        "packages": [
            {
                "target": planned.package.target,
                "length": planned.package.length,
                "present": planned.measured is not None,
                "stored": planned.is_stored,
            }
            for planned in plan.packages
        ],
    }


def plan_text(plan: Plan) -> Iterator[str]:
    """Write a plan for a person.

    Args:
        plan: The plan.

    Yields:
        Lines without line ends.
    """
    stored = f"; {size(plan.bytes_stored)} are in this machine's store" if plan.bytes_stored else ""
    yield f"Would fetch {size(plan.bytes_missing)}; {size(plan.bytes_present)} are there already{stored}"
    if plan.bytes_partial:
        yield f"  up to {size(plan.bytes_partial)} of that lie there in part, from an interrupted build"
    if plan.replaces is not None:
        yield f"  replaces {_named(plan.replaces)}"
    for planned in plan.packages:
        state = "present" if planned.measured is not None else "store" if planned.is_stored else "fetch"
        yield f"  {state:8} {printable(planned.package.target)} · {size(planned.package.length)}"


def _rate(outcome: BuildOutcome) -> int | None:
    """Bytes per second of the fetching, flushing included; None if nothing was fetched."""
    if not outcome.fetched or outcome.fetch_seconds <= 0:
        return None
    return round(outcome.fetched / outcome.fetch_seconds)


def _named(replaced: Replaced) -> str:
    return f"lockbox {printable(replaced.name)} (version {replaced.version})"


def _replaced_json(replaced: Replaced | None) -> dict[str, object] | None:
    return None if replaced is None else {"name": replaced.name, "version": replaced.version}
