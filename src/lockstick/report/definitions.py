"""What defining a lockbox would do, or did, and what tells two lockboxes apart: for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.report.plain import printable
from lockstick.report.sizes import day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lockstick.cloud.api import DefinitionPlan, LockboxContent
    from lockstick.cloud.definitions import Assessment, Side

__all__ = ["aging", "assessment_json", "assessment_text", "difference_json", "difference_text", "published_text"]


def aging(lockboxes: int) -> Iterator[str]:
    """Say what publishing anything does to the sticks that are in the field.

    Args:
        lockboxes: How many lockboxes the account has had so far.

    Yields:
        Lines without line ends; none for the first lockbox.
    """
    if lockboxes:
        whose = "its one lockbox" if lockboxes == 1 else f"all {lockboxes} lockboxes"
        yield f"  This ages every stick of the account, of {whose}: they share one signed list. A device that has seen"
        yield "  the new list refuses what was built before. Build again what is still to be handed out."


def assessment_json(
    assessed: Assessment, *, published: LockboxContent | None, build: dict[str, object] | None = None
) -> dict[str, object]:
    """Write what was, or would be, done as ``lockboxes define --json`` has it (docs/cli.md).

    Args:
        assessed: What would be done.
        published: The lockbox as it is now, if it was done.
        build: The document of the build that followed.
    """
    return {
        "lockbox": assessed.name,
        "changes": assessed.changes,
        "published": published is not None,
        "before": _content(assessed.plan.before),
        "after": _content(published),
        "expires": _instant(assessed.definition.expires),
        "packages": _packages(assessed.plan),
        "lockboxes": assessed.lockboxes,
        "obstacles": list(assessed.obstacles),
        "warnings": list(assessed.warnings),
        "build": build,
    }


def assessment_text(assessed: Assessment) -> Iterator[str]:
    """Write what would be done.

    Yields:
        Lines without line ends.
    """
    before = assessed.plan.before
    state = "new" if before is None else f"version {before.version} is there, {_until(before.expires)}"
    yield f"{assessed.name}: {state}"
    yield from _changes(assessed.plan)
    if not assessed.changes:
        yield "  Nothing would change."
    else:
        was = "" if before is None or before.expires is None else f" (before: {day(before.expires)})"
        yield f"  ends    {_end(assessed.definition.expires)}{was}"
    for warning in assessed.warnings:
        yield f"  warning {printable(warning)}"
    if not assessed.changes:
        return
    if before is not None and not assessed.definition.package_ids:
        ends = _until(before.expires)
        yield f"  Sticks that hold it cannot be called back: they are {ends}, for devices that see no newer list."
    yield from aging(assessed.lockboxes)


def published_text(assessed: Assessment, now: LockboxContent) -> Iterator[str]:
    """Write what was done.

    Yields:
        Lines without line ends.
    """
    what = f"{len(now.hashes)} package(s)" if now.hashes else "nothing in it"
    yield f"Published {assessed.name} version {now.version}: {what}, {_until(now.expires)}."


def difference_json(before: Side, after: Side, plan: DefinitionPlan) -> dict[str, object]:
    """Write a difference as ``lockboxes diff --json`` has it (docs/cli.md)."""
    return {
        "before": _side(before),
        "after": _side(after),
        "same": _same(before, after, plan),
        "packages": _packages(plan),
    }


def difference_text(before: Side, after: Side, plan: DefinitionPlan) -> Iterator[str]:
    """Write a difference.

    Yields:
        Lines without line ends.
    """
    for sign, side in (("---", before), ("+++", after)):
        version = "" if side.version is None else f", version {side.version}"
        yield f"{sign} {printable(side.label)}{version}, {_until(side.content.expires)}"
    yield from _changes(plan)
    if _same(before, after, plan):
        yield "  They are the same."


def _same(before: Side, after: Side, plan: DefinitionPlan) -> bool:
    # A span, or no word about the end, fits any end.
    ends = not (before.fixes_end and after.fixes_end) or before.content.expires == after.content.expires
    return ends and not plan.changes_packages


def _changes(plan: DefinitionPlan) -> Iterator[str]:
    for one in plan.added:
        yield f"  +       {printable(one)}"
    for one in plan.removed:
        yield f"  -       {printable(one)}"
    for old, new in plan.replaced:
        yield f"  ->      {printable(old)} -> {printable(new)}"
    for one in plan.changed:
        yield f"  bytes   {printable(one)}: other bytes under the same id"
    for one in plan.restated:
        yield f"  says    {printable(one)}: other metadata, or for other hardware ids"
    if plan.kept:
        yield f"  =       {len(plan.kept)} package(s) as before"


def _packages(plan: DefinitionPlan) -> dict[str, object]:
    return {
        "added": list(plan.added),
        "removed": list(plan.removed),
        "replaced": [{"from": old, "to": new} for old, new in plan.replaced],
        "changed": list(plan.changed),
        "restated": list(plan.restated),
        "kept": list(plan.kept),
    }


def _content(content: LockboxContent | None) -> dict[str, object] | None:
    return None if content is None else {"version": content.version, "expires": _instant(content.expires)}


def _side(side: Side) -> dict[str, object]:
    return {"name": side.label, "version": side.version, "expires": _instant(side.content.expires)}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)


def _end(moment: datetime | None) -> str:
    return "as the service thinks right, in about a year" if moment is None else day(moment)


def _until(moment: datetime | None) -> str:
    return "with no end that was told" if moment is None else f"good until {day(moment)}"
