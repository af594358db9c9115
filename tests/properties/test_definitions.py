"""Properties of lockbox definitions: what they say is what every reader of YAML, and of JSON, would say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from lockstick.cloud.definitions import Date, Span, read_definition, read_expiry
from lockstick.errors import UsageError

NOW = datetime(2027, 3, 1, tzinfo=UTC)

visible = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xD7FF, exclude_categories=["C", "Z"]), min_size=1, max_size=20
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | visible,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(visible, inner, max_size=4),
    max_leaves=20,
)
tricky = st.text("0123456789.:-+_eExXonyYNtruefalsOTRUEFn~=<' #,", max_size=8)


def metadata_of(text: str) -> Any:
    return read_definition(f"packages:\n- id: a\n  metadata: {text}\n".encode(), origin="x").packages[0].metadata


@given(anything)
def test_json_is_read_as_json(value: Any) -> None:
    assert metadata_of(json.dumps(value, ensure_ascii=False)) == value


@given(visible)
def test_a_quoted_text_is_that_text(text: str) -> None:
    quoted = text.replace("'", "''")
    assert read_definition(f"packages: ['{quoted}']".encode(), origin="x").packages[0].package_id == text


@given(tricky)
@example("1_000")
@example("1:30")
@example("-0")
@example("on")
def test_what_is_taken_without_quotes_means_the_same_to_another_reader(text: str) -> None:
    try:
        ours = metadata_of(text)
    except UsageError:
        return
    theirs = yaml.safe_load(f"packages:\n- id: a\n  metadata: {text}\n")["packages"][0]["metadata"]
    assert (ours, type(ours)) == (theirs, type(theirs))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_no_definition_is_a_usage_error(data: bytes) -> None:
    try:
        assert read_definition(data, origin="x").packages
    except UsageError as error:
        assert error.remedy  # noqa: PT017 - either way is fine


@given(st.integers(1, 1200), st.datetimes(datetime(1990, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is the other argument
def test_months_later_is_that_month_and_no_later_day(months: int, now: datetime) -> None:
    then = Span(months, "months").after(now)
    assert (then.year - now.year) * 12 + then.month - now.month == months
    assert then.day <= now.day
    assert then.day == now.day or (then + timedelta(days=1)).month != then.month


@given(st.integers(1, 36_600))
def test_a_span_is_read_as_it_is_written(days: int) -> None:
    assert read_expiry(f"{days}d") == read_expiry(f"{days} days") == Span(days, "days")


@given(st.dates())
def test_a_date_is_its_first_moment(day: Any) -> None:
    found = read_expiry(day.isoformat())
    assert isinstance(found, Date)
    assert found.moment == datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert found.after(NOW) == found.moment
