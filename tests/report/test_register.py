"""The register's exports, read by libraries that others wrote."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from lockstick.media.records.identity import KnownBy
from lockstick.media.records.standing import StickRecord, standings
from lockstick.report.plain import printable
from lockstick.report.receipts import receipt_text
from lockstick.report.register import list_text, show_text
from lockstick.report.register_csv import COLUMNS, register_csv
from lockstick.report.register_ics import register_ics
from media.records.ground import GOOD_UNTIL, NOW, failed, lockbox, receipt, stick

if TYPE_CHECKING:
    from typing import Any

    from lockstick.media.records.receipt import Receipt
    from lockstick.media.records.standing import Standing


def standing(*receipts: Receipt, name: str = "a1b2c3d4e5f6") -> Standing:
    (found,) = standings([StickRecord(name=name, known_by=KnownBy.SERIAL, receipts=receipts)], NOW)
    return found


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def events(text: str) -> list[Any]:
    return list(Calendar.from_ical(text).walk("VEVENT"))


texts = st.text(max_size=60)


# --- CSV ---------------------------------------------------------------------------------------


def test_a_table_has_one_row_for_each_stick_and_ends_lines_as_the_standard_says() -> None:
    text = register_csv([standing(receipt()), standing(failed(lockbox=None), name="b" * 12)])
    assert text.count("\r\n") == 3
    assert text.replace("\r\n", "").count("\n") == text.replace("\r\n", "").count("\r") == 0
    first, second = table(text)
    assert tuple(first) == COLUMNS
    assert (first["stick"], first["label"], first["lockbox"], first["version"]) == (
        "a1b2c3d4e5f6",
        "PLANT",
        "line-a",
        "3",
    )
    assert (first["good_until"], first["days_left"], first["written"]) == (
        "2026-12-21T15:00:00Z",
        "30",
        "2026-11-21T12:00:00Z",
    )
    assert (second["lockbox"], second["good_until"], second["days_left"]) == ("", "", "")
    assert second["remarks"] == "stick-failed-last"


@pytest.mark.parametrize(
    "label",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", '=HYPERLINK("x")', "\uff1d1", "|calc", "\u00a0=1", "%0"],
)
def test_no_text_of_a_stick_is_a_formula(label: str) -> None:
    (row,) = table(register_csv([standing(receipt(stick=stick(label=label)))]))
    assert row["label"] in (f"'{printable(label)}", printable(label))
    assert not row["label"].lstrip().startswith(tuple("=+-@\t\r\uff1d|%"))


@given(texts, texts)
def test_any_text_stays_in_its_cell(label: str, name: str) -> None:
    one = receipt(stick=stick(label=label), lockbox=lockbox(name=name))
    text = register_csv([standing(one)])
    (row,) = table(text)
    assert row["label"].removeprefix("'") == printable(label).removeprefix("'")
    assert row["lockbox"].removeprefix("'") == printable(name).removeprefix("'")
    assert row["serial"] == stick().serial
    assert len(text.splitlines()) == 2


# --- ICS ---------------------------------------------------------------------------------------


def test_a_calendar_has_the_last_safe_moment_with_a_reminder_before_it() -> None:
    text = register_ics([standing(receipt()), standing(failed(lockbox=None))], stamp=NOW, remind=9)
    (event,) = events(text)
    assert event["DTSTART"].dt == GOOD_UNTIL
    assert event["DTSTART"].dt.tzinfo in (UTC, event["DTSTAMP"].dt.tzinfo)
    assert event["DTSTAMP"].dt == NOW
    assert "line-a version 3" in event["SUMMARY"]
    (alarm,) = event.walk("VALARM")
    assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(days=-9))
    assert alarm["DESCRIPTION"]
    assert Calendar.from_ical(text)["VERSION"] == "2.0"


def test_an_event_keeps_its_uid_and_counts_up_when_the_stick_is_written_again() -> None:
    def event(*receipts: Receipt) -> Any:
        (found,) = events(register_ics([standing(*receipts)], stamp=NOW, remind=7))
        return found

    before, after = event(receipt()), event(receipt(), receipt(lockbox=lockbox(name="line-b")))
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]


@given(texts, texts)
def test_any_text_comes_out_of_a_calendar_as_it_was_and_no_line_is_too_long(label: str, name: str) -> None:
    one = receipt(stick=stick(label=label, vendor="", model="", serial="", size=0), lockbox=lockbox(name=name))
    text = register_ics([standing(one)], stamp=NOW, remind=7)
    lines = text.encode().split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    (event,) = events(text)
    shown = printable(label) or "a stick that said nothing of itself"
    assert str(event["SUMMARY"]) == f"{printable(name)} version 3 on {shown} expires"
    assert str(event["DESCRIPTION"]).splitlines()[0] == f"Stick: {shown}".rstrip("\n")


def test_a_calendar_of_nothing_is_a_calendar() -> None:
    assert events(register_ics([], stamp=NOW, remind=7)) == []


# --- for a person ------------------------------------------------------------------------------


def test_nothing_a_stick_says_of_itself_reaches_the_terminal_raw() -> None:
    evil = "\x1b[2J\u202e\r\n"
    odd = stick(vendor=evil, model=evil, serial=evil, label=evil, uuid=evil, file_system=evil)
    checking = receipt().checking
    assert checking is not None
    one = failed(
        evil,
        stick=odd,
        lockbox=lockbox(name=evil, weakest=evil),
        operator=evil,
        tool=evil,
        roots=replace(receipt().roots, source=evil),
    )
    two = replace(one, checking=replace(checking, verdict=evil, cache=evil, files={evil: 1}))
    lines = [
        *receipt_text(one),
        *receipt_text(two),
        *show_text(standing(one, two)),
        *show_text(standing(two, receipt())),
    ]
    lines += list_text(__import__("pathlib").Path("register.db"), [standing(receipt(), one)])
    assert all(line.isprintable() for line in lines)
