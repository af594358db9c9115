"""The register of sticks, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.media.records.identity import KnownBy
from lockstick.report.plain import printable
from lockstick.report.receipts import receipt_json, receipt_text
from lockstick.report.sizes import day, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from lockstick.media.records.standing import Standing
    from lockstick.media.remarks import Remark

__all__ = ["forget_json", "forget_text", "list_json", "list_text", "show_json", "show_text", "stick_text"]

_KNOWN_BY = {
    KnownBy.SERIAL: "known by its serial number",
    KnownBy.VOLUME: "known by its volume's id; formatting makes it another one",
    KnownBy.LOOKS: "known by its looks alone; others may look the same",
}
_SHOWN_RECEIPTS = 20


def list_json(path: Path, at: datetime, standings: Sequence[Standing]) -> dict[str, object]:
    """Write the register as ``register list --json`` has it (docs/cli.md).

    Args:
        path: Its file.
        at: The time that days are counted from.
        standings: The sticks, in order.

    Returns:
        A value that ``json`` can encode.
    """
    return {"register": str(path), "at": format_instant(at), "sticks": [_standing_json(one) for one in standings]}


def list_text(path: Path, standings: Sequence[Standing]) -> Iterator[str]:
    """Write the register for a person.

    Args:
        path: Its file.
        standings: The sticks, in order.

    Yields:
        Lines without line ends.
    """
    for one in standings:
        yield f"{_left(one)}  {_content(one)} · {stick_text(one)} [{one.record.name}]"
        yield from _remarks(one.remarks)
    yield f"{len(standings)} stick(s), in {path}"


def show_json(standing: Standing) -> dict[str, object]:
    """Write one stick as ``register show --json`` has it (docs/cli.md).

    Args:
        standing: The stick.

    Returns:
        A value that ``json`` can encode.
    """
    return _standing_json(standing) | {"receipts": [receipt_json(one) for one in standing.record.receipts]}


def show_text(standing: Standing) -> Iterator[str]:
    """Write one stick for a person, its last receipts first.

    Args:
        standing: The stick.

    Yields:
        Lines without line ends.
    """
    record, history = standing.record, standing.history
    yield f"{stick_text(standing)} [{record.name}]"
    yield f"  {_KNOWN_BY[record.known_by]}"
    yield f"  carries {_content(standing)}; {_left(standing).strip()}"
    speeds = ((history.write_speed, "writes"), (history.read_speed, "reads"))
    told = "".join(f", {verb} at {size(speed)}/s" for speed, verb in speeds if speed is not None)
    yield f"  {history.writes} write(s), {history.failures} failure(s){told}"
    yield from _remarks(standing.remarks)
    for receipt in record.receipts[: -_SHOWN_RECEIPTS - 1 : -1]:
        yield ""
        yield from receipt_text(receipt)
    if len(record.receipts) > _SHOWN_RECEIPTS:
        yield f"and {len(record.receipts) - _SHOWN_RECEIPTS} earlier receipt(s); --json has them all"


def forget_json(standing: Standing, *, dry_run: bool) -> dict[str, object]:
    """Write a forgetting as ``register forget --json`` has it (docs/cli.md).

    Args:
        standing: The stick.
        dry_run: True if nothing was forgotten.

    Returns:
        A value that ``json`` can encode.
    """
    count = len(standing.record.receipts) + standing.record.unreadable
    return {"stick": standing.record.name, "receipts": count, "dry_run": dry_run}


def forget_text(standing: Standing, *, dry_run: bool) -> Iterator[str]:
    """Write a forgetting for a person.

    Args:
        standing: The stick.
        dry_run: True if nothing was forgotten.

    Yields:
        Lines without line ends.
    """
    count = len(standing.record.receipts) + standing.record.unreadable
    verb = "would forget" if dry_run else "forgot"
    yield f"{verb} {stick_text(standing)} [{standing.record.name}] and its {count} receipt(s)"
    if dry_run:
        yield "Nothing was forgotten. To do it, add --yes. What is on the stick stays as it is."


def stick_text(standing: Standing) -> str:
    """What a person recognises a stick by.

    Args:
        standing: The stick.

    Returns:
        Label, vendor and model, serial number and size, as far as they are known.
    """
    stick = standing.stick
    parts = (
        stick.label,
        f"{stick.vendor} {stick.model}".strip(),
        stick.serial,
        size(stick.size) if stick.size else "",
    )
    return printable(" · ".join(part for part in parts if part)) or "a stick that said nothing of itself"


def _left(standing: Standing) -> str:
    days = standing.days_left
    if days is None or standing.lockbox is None:
        return "  nothing"
    return "  expired" if days < 0 else f"{days:4} days"


def _content(standing: Standing) -> str:
    lockbox = standing.lockbox
    if lockbox is None:
        return "no lockbox"
    return f"{printable(lockbox.name)}, version {lockbox.version}, until {day(lockbox.good_until)}"


def _remarks(remarks: Sequence[Remark]) -> Iterator[str]:
    for one in remarks:
        yield f"    {one.weight.value}: {printable(one.message)}"
        yield f"      to do: {printable(one.remedy)}"


def _standing_json(one: Standing) -> dict[str, object]:
    stick, lockbox, history = one.stick, one.lockbox, one.history
    return {
        "stick": one.record.name,
        "known_by": one.record.known_by.value,
        "vendor": stick.vendor,
        "model": stick.model,
        "serial": stick.serial,
        "size": stick.size,
        "label": stick.label,
        "uuid": stick.uuid,
        "file_system": stick.file_system,
        "lockbox": None
        if lockbox is None
        else {"name": lockbox.name, "version": lockbox.version, "good_until": format_instant(lockbox.good_until)},
        "days_left": one.days_left,
        "written": None if one.written is None else format_instant(one.written),
        "writes": history.writes,
        "failures": history.failures,
        "write_speed": history.write_speed,
        "read_speed": history.read_speed,
        "remarks": [
            {
                "check": remark.check,
                "weight": remark.weight.value,
                "subject": remark.subject,
                "message": remark.message,
                "remedy": remark.remedy,
            }
            for remark in one.remarks
        ],
    }
