"""What a receipt says survives writing and reading; what a stick may hold in its place does not get in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.errors import DistrustError
from lockstick.media.records.reading import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_TEXT
from lockstick.media.records.receipt import from_json, to_json
from media.records.ground import failed, lockbox, receipt, stick


def document(**changes: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(to_json(receipt()))
    return loaded | changes


def read(value: object) -> None:
    from_json(json.dumps(value).encode())


def test_what_is_written_is_read_again() -> None:
    for one in (receipt(), failed(), receipt(lockbox=None, checking=None, operator="Ü", signed_by="a" * 64)):
        assert from_json(to_json(one)) == one


@given(st.text(max_size=MAX_TEXT), st.integers(0, 2**53 - 1))
def test_whatever_a_stick_says_of_itself_is_read_again(text: str, number: int) -> None:
    one = receipt(stick=stick(label=text, serial=text[::-1], size=number))
    assert from_json(to_json(one)) == one


def test_members_that_are_not_known_are_kept_at_every_depth() -> None:
    value = document(later={"a": [1, {"b": None}]})
    for name in ("lockbox", "roots", "stick", "checking", "speeds"):
        value[name]["later"] = [name]
    written = json.loads(to_json(from_json(json.dumps(value).encode())))
    assert written == value


def test_it_names_no_machine_and_no_user() -> None:
    names = {"id", "tool", "outcome", "why", "began", "ended", "operator", "signed_by", "format", "version"}
    assert set(document()) == names | {"lockbox", "roots", "stick", "checking", "speeds"}
    assert document()["operator"] == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "other"},
        {"id": "A" * 32},
        {"id": "a" * 31},
        {"id": 5},
        {"outcome": "perhaps"},
        {"began": "2026-11-21"},
        {"began": "2026-02-30T00:00:00Z"},
        {"ended": "2026-11-21T12:00:00+01:00"},
        {"lockbox": []},
        {"lockbox": "line-a"},
        {"roots": None},
        {"stick": {}},
        {"checking": 0},
        {"speeds": {"bytes_written": True, "bytes_kept": 0, "write": None, "read_back": None}},
        {"speeds": {"bytes_written": -1, "bytes_kept": 0, "write": None, "read_back": None}},
        {"speeds": {"bytes_written": 1.5, "bytes_kept": 0, "write": None, "read_back": None}},
        {"speeds": {"bytes_written": 2**53, "bytes_kept": 0, "write": None, "read_back": None}},
        {"signed_by": ""},
        {"signed_by": "g" * 64},
        {"operator": None},
        {"operator": "x" * (MAX_TEXT + 1)},
    ],
    ids=str,
)
def test_anything_else_in_the_place_of_a_member_is_refused(changed: dict[str, Any]) -> None:
    read(document())
    with pytest.raises(DistrustError):
        read(document(**changed))


@pytest.mark.parametrize("missing", [name for name in document() if name != "later"])
def test_a_missing_member_is_refused(missing: str) -> None:
    value = document()
    del value[missing]
    with pytest.raises(DistrustError):
        read(value)


def test_a_newer_format_asks_for_a_newer_program() -> None:
    with pytest.raises(DistrustError) as refused:
        read(document(version=2))
    assert "newer Lockstick" in refused.value.remedy


def test_a_member_that_is_named_twice_is_refused() -> None:
    text = to_json(receipt()).decode().replace('"outcome"', '"outcome": "failed",\n "outcome"')
    with pytest.raises(DistrustError, match="twice"):
        from_json(text.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xef\xbb\xbf{}",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": 1e5}',
        b'{"a": "\\ud800"}',
        b"{}{}",
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b"1" * 60_000,
        b"\x00" * 1000,
    ],
    ids=lambda data: ascii(data[:12]),
)
def test_what_is_no_plain_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(DistrustError):
        from_json(data)


@pytest.mark.parametrize(
    "odd", ["1.0", "1e2", "NaN", "-Infinity", "9007199254740992", "1" * 5000, '"\\ud800"', '{"a": 1, "a": 1}']
)
def test_what_could_be_read_in_two_ways_is_refused_in_members_that_are_not_known_too(odd: str) -> None:
    sound = to_json(receipt()).decode()
    from_json(sound.replace("{", '{"later": 1,', 1).encode())
    with pytest.raises(DistrustError):
        from_json(sound.replace("{", f'{{"later": {odd},', 1).encode())


def test_a_receipt_may_be_so_large_and_no_larger() -> None:
    value = document(later=["x" * 900] * 60)
    room = MAX_BYTES - len(json.dumps(value).encode())
    value["filler"] = "x" * (room - len(', "filler": ""'))
    exact = json.dumps(value).encode()
    assert len(exact) == MAX_BYTES
    from_json(exact)
    with pytest.raises(DistrustError, match=str(MAX_BYTES)):
        from_json(exact + b" ")


def test_nesting_may_be_so_deep_and_no_deeper() -> None:
    def nested(levels: int) -> Any:
        value: Any = 0
        for _ in range(levels):
            value = [value]
        return value

    read(document(later=nested(MAX_DEPTH - 1)))
    with pytest.raises(DistrustError, match="deeper"):
        read(document(later=nested(MAX_DEPTH)))


def test_lists_may_be_so_long_and_no_longer() -> None:
    value = document()
    value["checking"]["findings"] = ["a"] * MAX_ITEMS
    value["checking"]["files"] = {f"w{index}": 1 for index in range(MAX_ITEMS)}
    read(value)
    value["checking"]["findings"].append("a")
    with pytest.raises(DistrustError, match="findings"):
        read(value)
    value["checking"]["findings"] = ["x" * (MAX_TEXT + 1)]
    with pytest.raises(DistrustError, match="findings"):
        read(value)
    value["checking"]["findings"] = []
    value["checking"]["files"]["more"] = 1
    with pytest.raises(DistrustError, match="files"):
        read(value)


def test_years_before_a_thousand_are_written_in_four_digits() -> None:
    early = receipt(lockbox=lockbox(good_until=receipt().ended.replace(year=7)))
    assert re.search(rb'"good_until": "0007-', to_json(early))
    assert from_json(to_json(early)) == early


def test_fractions_of_a_second_are_dropped() -> None:
    one = receipt()
    assert from_json(to_json(replace(one, began=one.began.replace(microsecond=999_999)))) == one
