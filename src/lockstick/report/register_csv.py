"""The register as a table for spreadsheets (RFC 4180)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockstick.media.records.standing import Standing

__all__ = ["COLUMNS", "register_csv"]

COLUMNS = (
    "stick",
    "label",
    "vendor",
    "model",
    "serial",
    "size",
    "uuid",
    "file_system",
    "known_by",
    "lockbox",
    "version",
    "good_until",
    "days_left",
    "written",
    "writes",
    "failures",
    "write_speed",
    "read_speed",
    "remarks",
)
"""The columns, in order. More may be added at the end."""

# What makes spreadsheets compute a cell, in its common and its wide form; after blanks, too.
_FORMULA = tuple("=+-@＝＋－＠|%")  # noqa: RUF001 - the wide forms are meant


def register_csv(standings: Iterable[Standing]) -> str:
    """Write the register as a table.

    Text that a spreadsheet would take for a formula gets an apostrophe in front: labels and models are what a stick
    says of itself. Control characters are written as escapes, so each record is one line.

    Args:
        standings: The sticks, in order.

    Returns:
        The table with its line ends (CRLF).
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for one in standings:
        table.writerow(_row(one))
    return text.getvalue()


def _row(one: Standing) -> list[str | int]:
    stick, lockbox, history = one.stick, one.lockbox, one.history
    texts: list[str | int | None] = [
        one.record.name,
        stick.label,
        stick.vendor,
        stick.model,
        stick.serial,
        stick.size,
        stick.uuid,
        stick.file_system,
        one.record.known_by.value,
        None if lockbox is None else lockbox.name,
        None if lockbox is None else lockbox.version,
        None if lockbox is None else format_instant(lockbox.good_until),
        one.days_left,
        None if one.written is None else format_instant(one.written),
        history.writes,
        history.failures,
        history.write_speed,
        history.read_speed,
        " ".join(remark.check for remark in one.remarks),
    ]
    return [_cell(value) for value in texts]


def _cell(value: str | int | None) -> str | int:
    if not isinstance(value, str):
        return "" if value is None else value
    plain = printable(value)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) else plain
