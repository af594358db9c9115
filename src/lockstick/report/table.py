"""A table for a person: columns as wide as what is in them, whatever the texts hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.cells import pad, width
from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["table"]

_GAP = "  "


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table.

    Args:
        heads: What stands above the columns.
        rows: The cells; any text, as it came from a server.

    Yields:
        Lines without line ends; none for no rows.
    """
    if not rows:
        return
    cells = [list(heads), *([printable(cell) for cell in row] for row in rows)]
    room = [max(width(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        yield _GAP.join(pad(cell, wide) for cell, wide in zip(row, room, strict=True)).rstrip()
