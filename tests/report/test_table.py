"""Tables stay tables, whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockstick.report.cells import width
from lockstick.report.table import table


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    lines = list(table(("id", "name"), [("a", "long name"), ("longer", "日本"), ("e\u0301", "")]))
    assert lines == ["id      name", "a       long name", "longer  日本", "e\u0301"]


def test_no_rows_are_no_table() -> None:
    assert list(table(("id",), [])) == []


@given(st.lists(st.text(), min_size=1))
def test_whatever_is_in_a_cell_the_next_column_stands_where_it_should(cells: list[str]) -> None:
    lines = list(table(("a", "|"), [(cell, "|") for cell in cells]))
    assert len(lines) == len(cells) + 1
    assert all(line.isprintable() and line.endswith("|") for line in lines)
    assert len({width(line) for line in lines}) == 1
