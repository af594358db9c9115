"""Points in time have one shape (lockbox-format 2.8)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.instant import format_instant, parse_instant


def test_a_time_is_read_in_utc() -> None:
    found = parse_instant("2026-02-28T23:59:58Z")
    assert found == datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-28T23:59:58",
        "2026-02-28T23:59:58z",
        "2026-02-28t23:59:58Z",
        "2026-02-28T23:59:58ZZ",
        " 2026-02-28T23:59:58Z",
        "2026-02-28T23:59:58Z\n",
        "2026-02-28T23:59:58.5Z",
        "2026-02-28T23:59Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:01Z",
        "2026-01-01T00:00:60Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-02-28T23:59:58Z",
    ],
)
def test_another_shape_or_no_real_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"form|range|must|valid"):
        parse_instant(text)


def test_the_error_shows_the_shape() -> None:
    with pytest.raises(ValueError, match=r"^not of the form YYYY-MM-DDTHH:MM:SSZ$"):
        parse_instant("tomorrow")


def test_a_time_is_written_in_utc_without_fractions() -> None:
    east = timezone(timedelta(hours=2))
    assert format_instant(datetime(2026, 1, 1, 1, 0, 0, 999_999, tzinfo=east)) == "2025-12-31T23:00:00Z"


def test_the_time_zone_of_the_machine_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "EAST-9")
        time.tzset()
        written = format_instant(datetime(2026, 1, 1, tzinfo=UTC))
    time.tzset()
    assert written == "2026-01-01T00:00:00Z"


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants it bare
def test_what_is_written_is_read_as_the_same_second(moment: datetime) -> None:
    assert parse_instant(format_instant(moment)) == moment.replace(microsecond=0)
