"""What writing to sticks did, or would do, for a person and as JSON."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lockstick.errors import LockstickError
from lockstick.instant import format_instant
from lockstick.media.remarks import Weight
from lockstick.media.writing.ending import Ending
from lockstick.report.plain import printable
from lockstick.report.preflight import preflight_head, remark_json, remarks_text
from lockstick.report.progress_text import time_left
from lockstick.report.sizes import day, size
from lockstick.report.verify_json import verify_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockstick.lockbox.consignment import Consignment
    from lockstick.media.records.register import Register
    from lockstick.media.remarks import Remark
    from lockstick.media.writing.outcome import StickOutcome, WriteOutcome
    from lockstick.media.writing.planned import PlannedStick

__all__ = ["plan_json", "plan_text", "write_json", "write_text"]


def write_json(outcome: WriteOutcome, endings: Sequence[Ending] = ()) -> dict[str, object]:
    """Write an outcome as ``write --json`` has it (docs/cli.md).

    Args:
        outcome: The outcome.
        endings: What followed, for each stick.

    Returns:
        A value that ``json`` can encode.
    """
    ends = {one.mount: one for one in endings}
    return {
        **_lockbox_json(outcome.consignment),
        "source_read": outcome.source_read,
        "seconds": round(outcome.seconds, 3),
        "sticks": [_stick_json(one) | _ending_json(ends.get(one.mount)) for one in outcome.sticks],
    }


def write_text(outcome: WriteOutcome, endings: Sequence[Ending] = (), *, verbose: bool = False) -> Iterator[str]:
    """Write an outcome for a person.

    Args:
        outcome: The outcome.
        endings: What followed, for each stick.
        verbose: True to list the packages.

    Yields:
        Lines without line ends.
    """
    box = outcome.consignment
    ends = {one.mount: one for one in endings}
    for stick in outcome.sticks:
        ending = ends.get(stick.mount, Ending(mount=stick.mount))
        if stick.error is not None:
            yield from _failure(str(stick.mount), stick.error)
            yield from remarks_text(_worth_saying(ending.remarks, verbose=verbose))
            continue
        yield f"VERIFIED: {stick.mount}   lockbox {printable(box.name)}, version {box.version}"
        yield f"  good until {day(box.good_until)}"
        yield from _work(stick)
        if stick.exclusion_words:
            yield f"  {stick.exclusion_words}"
        if stick.rewritten:
            yield f"  {len(stick.rewritten)} file(s) that lay there were damaged, and were written again"
        if stick.mended:
            yield f"  {stick.mended} byte(s) were wrong and were written once more: take another stick soon"
        if stick.set_aside is not None:
            yield f"  what lay in the old lockbox and belonged to nothing is in {stick.set_aside}"
        yield from _followed(ending)
        yield from remarks_text(_worth_saying(ending.remarks, verbose=verbose))
        if verbose and stick.verified is not None:
            for package in stick.verified.packages:
                yield f"    {printable(package.target)} · {size(package.length)}"
    if len(outcome.sticks) > 1:
        good = sum(one.is_proven for one in outcome.sticks)
        yield f"{good} of {len(outcome.sticks)} sticks are done, in {outcome.seconds:.1f} s"


def plan_json(
    consignment: Consignment, planned: Sequence[PlannedStick], register: Register | None = None
) -> dict[str, object]:
    """Write plans as ``write --dry-run --json`` has them (docs/cli.md).

    Args:
        consignment: What would be written.
        planned: The plans.
        register: Knows how fast the sticks were; None to go without.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        **_lockbox_json(consignment),
        "sticks": [
            {
                "mount": str(one.mount),
                "bytes_to_write": None if one.plan is None else one.plan.bytes_to_write,
                "bytes_kept": None if one.plan is None else one.plan.bytes_kept,
                "bytes_removed": None if one.plan is None else sum(max(old.size, 0) for old in one.plan.obsolete),
                "seconds": _expected(consignment, one, register),
                "old_goes_first": one.hides_first,
                "remarks": [remark_json(remark) for remark in one.remarks],
                "writes": [] if one.plan is None else [writing.piece.shown for writing in one.plan.writes],
                "error": _error_json(one.error),
            }
            for one in planned
        ],
    }


def plan_text(
    consignment: Consignment, planned: Sequence[PlannedStick], register: Register | None = None
) -> Iterator[str]:
    """Write plans for a person.

    Args:
        consignment: What would be written.
        planned: The plans.
        register: Knows how fast the sticks were; None to go without.

    Yields:
        Lines without line ends.
    """
    yield f"lockbox {printable(consignment.name)}, version {consignment.version}, {size(consignment.size)}"
    for one in planned:
        if one.facts is None:
            if one.error is not None:
                yield from _failure(str(one.mount), one.error)
            else:
                yield f"{printable(str(one.mount))}:"
        else:
            yield from preflight_head(one.facts, one.remarks, may_write=one.error is None)
        if one.error is None:
            yield from _intended(consignment, one, register)
        elif one.facts is not None and not any(remark.weight is Weight.ERROR for remark in one.remarks):
            yield f"  {printable(str(one.error))}"
            yield f"  to do:   {printable(one.error.remedy)}"
        yield from remarks_text(one.remarks)


def _intended(consignment: Consignment, one: PlannedStick, register: Register | None) -> Iterator[str]:
    if one.plan is not None:
        removed = sum(max(old.size, 0) for old in one.plan.obsolete)
        yield (
            f"  would write {size(one.plan.bytes_to_write)} in {len(one.plan.writes)} file(s), "
            f"keep {size(one.plan.bytes_kept)}, remove {size(removed)}"
        )
    if one.hides_first:
        yield "  there is no room for the old lockbox and the new one: the old one would be hidden first"
    seconds = _expected(consignment, one, register)
    if seconds is not None:
        yield f"  that would take about {time_left(seconds)}, by how fast this stick was before"


def _lockbox_json(consignment: Consignment) -> dict[str, object]:
    return {
        "lockbox": {"name": consignment.name, "version": consignment.version},
        "good_until": format_instant(consignment.good_until),
        "bytes": consignment.size,
    }


def _stick_json(stick: StickOutcome) -> dict[str, object]:
    return {
        "mount": str(stick.mount),
        "outcome": "verified" if stick.is_proven else "failed",
        "written": stick.written,
        "kept": stick.kept,
        "write_seconds": round(stick.write_seconds, 3),
        "write_rate": _rate(stick.written, stick.write_seconds),
        "read_seconds": round(stick.read_seconds, 3),
        "read_rate": _rate(0 if stick.verified is None else stick.verified.bytes_hashed, stick.read_seconds),
        "cache": {"how": stick.exclusion, "files": dict(stick.exclusion_files)} if stick.exclusion else None,
        "rewritten": list(stick.rewritten),
        "damage": [one.to_json() for one in stick.damage],
        "mended": stick.mended,
        "set_aside": None if stick.set_aside is None else str(stick.set_aside),
        "error": _error_json(stick.error),
        "verify": None if stick.verified is None else verify_json(stick.verified),
    }


def _ending_json(ending: Ending | None) -> dict[str, object]:
    if ending is None:
        return {"receipt": None, "name": None, "ejected": False, "not_ejected": None, "remarks": []}
    return {
        "receipt": None if ending.receipt is None else str(ending.receipt),
        "name": ending.name,
        "ejected": ending.is_ejected,
        "not_ejected": _error_json(ending.trouble),
        "remarks": [remark_json(remark) for remark in ending.remarks],
    }


def _followed(ending: Ending) -> Iterator[str]:
    if ending.receipt is not None:
        yield f"  receipt {ending.receipt}" + (f", recorded as {printable(ending.name)}" if ending.name else "")
    elif ending.name:
        yield f"  recorded as {printable(ending.name)}"
    if ending.is_ejected:
        yield "  ejected: it may be pulled"
    if ending.trouble is not None:
        yield f"  not ejected: {printable(str(ending.trouble))}"
        yield f"  to do:   {printable(ending.trouble.remedy)}"


def _worth_saying(remarks: Sequence[Remark], *, verbose: bool) -> list[Remark]:
    """Errors are told as the reason of a failure already; notes are for those who ask."""
    weights = (Weight.WARNING, Weight.NOTE) if verbose else (Weight.WARNING,)
    return [one for one in remarks if one.weight in weights]


def _expected(consignment: Consignment, one: PlannedStick, register: Register | None) -> float | None:
    if one.plan is None or one.facts is None or register is None:
        return None
    with suppress(LockstickError):
        history = register.history(one.facts.drive, one.facts.volume)
        return history.seconds(one.plan.bytes_to_write, consignment.size)
    return None


def _error_json(error: LockstickError | None) -> dict[str, object] | None:
    if error is None:
        return None
    return {"what": error.what, "why": error.why, "remedy": error.remedy, "exit_code": error.exit_code}


def _work(stick: StickOutcome) -> Iterator[str]:
    written = _rate(stick.written, stick.write_seconds)
    pace = "" if written is None else f" ({size(written)}/s)"
    yield f"  {size(stick.written)} written{pace}, {size(stick.kept)} kept"
    count = 0 if stick.verified is None else stick.verified.bytes_hashed
    read = _rate(count, stick.read_seconds)
    yield f"  {size(count)} read back in {stick.read_seconds:.1f} s" + ("" if read is None else f" ({size(read)}/s)")


def _failure(mount: str, error: LockstickError) -> Iterator[str]:
    yield f"FAILED: {mount}   {printable(error.what)}"
    if error.why:
        yield f"  because: {printable(error.why)}"
    yield f"  to do:   {printable(error.remedy)}"


def _rate(count: int, seconds: float) -> int | None:
    """Bytes a second; None where there is nothing to go by."""
    return round(count / seconds) if count and seconds > 0 else None
