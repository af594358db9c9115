"""The client reads JSON leniently, and what it writes decides about signatures and hashes."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.trust.device.jsonreader import MAX_STEPS
from lockstick.trust.device.lenientjson import parse
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.writing import written

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
)


def value(raw: bytes) -> object:
    return parse(raw, 1000).value


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'/* c */ {"a":1}', {"a": 1}),
        (b'{"a":1, // c\n"b":2}', {"a": 1, "b": 2}),
        (b'{"a":[1,2,],}', {"a": [1, 2]}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":1} trailing', {"a": 1}),
        (b'{"a":1}\0junk', {"a": 1}),
        (b'{"a":{"b":1}', {"a": {"b": 1}}),
        (b'{"a":1', {"a": 1}),
        (b'{"a":01}', {"a": 1}),
        (b"01", 1),
        (b'{"a":"line\nbreak"}', {"a": "line\nbreak"}),
        (b'{"a":"\\u0041\\/"}', {"a": "A/"}),
        (b'{"a":1,"b":nonsense,"c":3}', {"a": 1, "b": None}),
        (b'{"a" /* c */ :1}', {}),
        (b'{"a":[1,2 3]}', {"a": [1, 2]}),
        (b'{"a":NaN}', {"a": None}),
        (b'{"a":"\\ud83d\\ude00"', {"a": "\U0001f600"}),
        ('{"a":1}'.encode("utf-16"), None),
        (b"", None),
        (b"{", {}),
        (b'{"a":1e999,"b":2}', {"a": None}),
        (b'{"a":[1.,-2.5e3,]}', {"a": [1.0, -2500.0]}),
    ],
)
def test_what_was_understood_before_the_first_fault_counts(raw: bytes, meant: object) -> None:
    assert value(raw) == meant


def test_numbers_beyond_64_bits_become_fractions() -> None:
    assert value(b'{"a":18446744073709551615,"b":18446744073709551616}') == {"a": 2**64 - 1, "b": float(2**64)}


@pytest.mark.parametrize(
    ("raw", "commented", "signed_commented"),
    [
        (b'{"signed":{"a":1},"signatures":[]}', False, False),
        (b'/* c */\n{"signed":{"a":1}}', True, False),
        (b'{"signed":{"a":1}} // c', True, False),
        (b'{"signed":{"a":/* c */1}}', True, True),
        (b'{"signed":{"a":1 /* c */}}', True, True),
        (b'{"signed":/* c */{"a":1}}', True, True),
        (b'{"signed":{"a":1}, // same line\n"x":1}', True, True),
        (b'{"signed":{"a":1},\n// next line\n"x":1}', True, False),
        (b'{"x":{"signed":/* c */1}}', True, False),
    ],
)
def test_a_comment_hangs_on_a_value_and_would_be_written_with_it(
    raw: bytes, *, commented: bool, signed_commented: bool
) -> None:
    parsed = parse(raw, 1000)
    assert (parsed.commented, parsed.signed_commented) == (commented, signed_commented)


def test_too_deep_a_document_is_refused() -> None:
    assert value(b"[" * 100 + b"]" * 100) is not None
    with pytest.raises(RefusedError):
        parse(b"[" * 1100 + b"]" * 1100, 1000)
    with pytest.raises(RefusedError):
        parse(b"[" * 100_000, 1000)


LARGEST = 8_388_608
"""Bytes of the largest document that the client reads."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw",
    [
        b"[1" + b"//\n" * (LARGEST // 3),
        b"[1" + b"/**/" * (LARGEST // 4),
        b"[" + b"1,/**/" * (LARGEST // 6),
        b"[" + b"1," * (LARGEST // 2) + b"x",
        b"[" + b"[]," * (LARGEST // 3) + b"x",
        b"{" + b'"":0,' * (LARGEST // 5) + b"x",
        b'["' + b"\\n" * (LARGEST // 2) + b'" x',
        b'["' + b"\\ud800" * (LARGEST // 6) + b'" x',
        b"[" + b" " * LARGEST + b"x",
        b"[" + b"1" * LARGEST + b",x",
        b"[" * LARGEST,
    ],
    ids=lambda raw: repr(raw[1:9]),
)
def test_the_largest_documents_are_read_in_a_moment_however_they_depart_from_json(raw: bytes) -> None:
    before = time.process_time()
    with suppress(RefusedError):
        value(raw)
    assert time.process_time() - before < 10  # a tenth of that here; what grows with the square takes minutes


def test_a_large_document_that_was_cut_off_is_understood_in_a_moment() -> None:
    targets = {f"target-{number}": {"length": number, "hashes": {"sha256": "0" * 64}} for number in range(70_000)}
    raw = json.dumps({"signed": {"targets": targets}}).encode()
    assert len(raw) > 7_000_000
    before = time.process_time()
    assert value(raw[:-2]) == {"signed": {"targets": targets}}
    assert time.process_time() - before < 10


def test_what_departs_from_json_is_read_up_to_a_number_of_parts() -> None:
    def listed(count: int) -> bytes:
        return b"[" + b"1," * count + b"]"

    # The list itself is one of them.
    assert value(listed(MAX_STEPS - 1)) == [1] * (MAX_STEPS - 1)
    with pytest.raises(RefusedError, match="json"):
        value(listed(MAX_STEPS))


@pytest.mark.parametrize("end", [b"]", b",]"])
def test_any_two_halves_of_characters_are_joined(end: bytes) -> None:
    assert value(b'["\\ud83d\\ude00\\ud800\\u0041"' + end) == ["\U0001f600\U00010041"]


@given(VALUES)
def test_documents_without_peculiarities_are_read_as_everybody_reads_them(one: object) -> None:
    assert value(json.dumps(one).encode()) == one
    assert value(json.dumps(one, indent=2, ensure_ascii=False).encode("utf-8")) == one


@given(VALUES)
def test_the_lenient_reader_agrees_with_the_quick_one(one: object) -> None:
    # A trailing comma sends the document the long way.
    assert value(b"[" + json.dumps(one).encode() + b",]") == [one]


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    value(raw)


@pytest.mark.parametrize(
    ("one", "text"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ("é\U0001f600", b'"\\u00e9\\ud83d\\ude00"'),
        ("\x7f \\u007f", b'"\x7f \\\\u007f"'),
        ("\n\x01/", b'"\\n\\u0001/"'),
        (1.0, b"1.0"),
        (1.5, b"1.5"),
        (1e30, b"1e+30"),
        (0.1, b"0.10000000000000001"),
        ({"a": [1.0, {"b": "\x7f"}]}, b'{"a":[1.0,{"b":"\x7f"}]}'),
    ],
)
def test_the_canonical_form_is_the_clients(one: object, text: bytes) -> None:
    assert written(one) == text  # type: ignore[arg-type]  # any JSON value
