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

__all__ = ["build_json", "build_text", "plan_json", "plan_text"]


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
        "reused": outcome.reused,
        "verify": verify_json(outcome.verified),
    }


def build_text(outcome: BuildOutcome) -> Iterator[str]:
    """Write an outcome for a person.

    Args:
        outcome: The outcome.

    Yields:
        Lines without line ends.
    """
    box = outcome.verified.lockbox
    named = "" if box is None else f"   lockbox {printable(box.name)}, version {box.version}"
    yield f"{headline(outcome.verified.verdict)}{named}"
    if outcome.verified.weakest is not None:
        yield f"  good until {day(outcome.verified.weakest.expires)}: {outcome.verified.weakest.role} expires first"
    yield (
        f"  {len(outcome.verified.packages)} package(s): {size(outcome.fetched)} fetched, "
        f"{size(outcome.reused)} already there, in {outcome.verified.seconds:.1f} s"
    )
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
        "bytes_present": plan.bytes_present,
        "packages": [
            {
                "target": planned.package.target,
                "length": planned.package.length,
                "present": planned.measured is not None,
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
    yield f"Would fetch {size(plan.bytes_missing)}; {size(plan.bytes_present)} are there already"
    for planned in plan.packages:
        state = "present" if planned.measured is not None else "fetch"
        yield f"  {state:8} {printable(planned.package.target)} · {size(planned.package.length)}"
