"""The strict reader takes what server and device read alike, and names the rule for everything else."""

from __future__ import annotations

import json
import time

import pytest

from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.strictjson import MAX_DEPTH, parse_object

LARGEST = 2**53 - 1


def refused(data: bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        parse_object(data, "a.json")
    assert "a.json" in caught.value.what
    assert "None" not in caught.value.what
    return caught.value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{ "b" : 1 , "a" : [ true , false , null ] }\n', {"b": 1, "a": [True, False, None]}),
        (b'{"n":[0,-1,%d,-%d]}' % (LARGEST, LARGEST), {"n": [0, -1, LARGEST, -LARGEST]}),
        (rb'{"s":"\"\\\b\f\n\r\t\u0000\u001f /"}', {"s": '"\\\b\f\n\r\t\x00\x1f /'}),
        (rb'{"s":"\\u0041\\/"}', {"s": "\\u0041\\/"}),
        (rb'{"s":"\\\\u00e9"}', {"s": "\\\\u00e9"}),
        (rb'{"s":"\\"}', {"s": "\\"}),
        (b'{"s":"~ "}', {"s": "~ "}),
        (b'{"s":"[[[[{{{{"}', {"s": "[[[[{{{{"}),
        (b'{"":{"":""}}', {"": {"": ""}}),
    ],
)
def test_the_common_subset_is_read(data: bytes, value: object) -> None:
    assert parse_object(data, "a.json") == value


def test_members_keep_the_order_of_the_document() -> None:
    assert list(parse_object(b'{"b":1,"a":2,"c":3}', "a.json")) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "json-syntax"),
        (b"[]", "json-syntax"),
        (b'"a"', "json-syntax"),
        (b"null", "json-syntax"),
        (b'{"a":1,}', "json-syntax"),
        (b'{"a":[1,]}', "json-syntax"),
        (b"{'a':1}", "json-syntax"),
        (b'{"a":01}', "json-syntax"),
        (b'{"a":+1}', "json-syntax"),
        (b'{"a":0x1}', "json-syntax"),
        (b'{"a":1 // one\n}', "json-syntax"),
        (b'{"a":1', "json-syntax"),
        (b'{"a":"\n"}', "json-syntax"),
        (b'{"a":"\x00"}', "json-syntax"),
        (rb'{"a":"\x41"}', "json-syntax"),
        (b"}{", "json-syntax"),
        (b"{}{}", "json-trailing-data"),
        (b"{}\x00", "json-trailing-data"),
        (b"{} x", "json-trailing-data"),
        (b'{"a":1,"a":1}', "json-duplicate-member"),
        (b'{"x":{"a":1,"b":2,"a":3}}', "json-duplicate-member"),
        (b"\xef\xbb\xbf{}", "json-byte-order-mark"),
        (b"\xff\xfe{\x00}\x00", "json-byte-order-mark"),
        (b"\xfe\xff\x00{\x00}", "json-byte-order-mark"),
        (b'{"a":1.0}', "json-number"),
        (b'{"a":1e3}', "json-number"),
        (b'{"a":-0}', "json-number"),
        (b'{"a":-0.0}', "json-number"),
        (b'{"a":NaN}', "json-number"),
        (b'{"a":Infinity}', "json-number"),
        (b'{"a":-Infinity}', "json-number"),
        (b'{"a":%d}' % (LARGEST + 1), "json-number"),
        (b'{"a":-%d}' % (LARGEST + 1), "json-number"),
        (b'{"a":%d}' % 10**16, "json-number"),
        (b'{"a":-%d}' % 10**17, "json-number"),
        (b'{"a":' + b"9" * 5000 + b"}", "json-number"),
        ('{"a":"é"}'.encode(), "non-ascii"),
        (b'{"a":"\x7f"}', "non-ascii"),
        (b"\x7f", "non-ascii"),
        (b'{"a":"\x80"}', "non-ascii"),
        (rb'{"a":"\u00e9"}', "non-ascii"),
        (rb'{"a":"\u007f"}', "non-ascii"),
        (rb'{"a":"\u0100"}', "non-ascii"),
        (rb'{"a":"\uD83D\uDE00"}', "non-ascii"),
        (rb'{"a":"\u1001"}', "non-ascii"),
        (rb'{"a":"\\\u00e9"}', "non-ascii"),
        (rb'{"a":"\u0041"}', "json-escape"),
        (rb'{"a":"\u0020"}', "json-escape"),
        (rb'{"a":"\u007E"}', "json-escape"),
        (rb'{"a":"\u007a"}', "json-escape"),
        (rb'{"a":"\/"}', "json-escape"),
        (rb'{"a":"\\\/"}', "json-escape"),
    ],
)
def test_everything_else_is_refused_by_its_rule(data: bytes, rule: str) -> None:
    assert refused(data).rule == rule


def nested(levels: int, inner: bytes = b"") -> bytes:
    return b'{"a":' * (levels - 1) + b"{" + inner + b"}" * levels


@pytest.mark.parametrize("inner", [b"", b'"s":"[]{}[["', b'"s":"\\"[[[["'])
def test_the_deepest_allowed_nesting_is_read_and_one_more_is_not(inner: bytes) -> None:
    assert parse_object(nested(MAX_DEPTH, inner), "a.json")
    assert refused(nested(MAX_DEPTH + 1, inner)).rule == "json-depth"


def test_arrays_count_as_levels_like_objects() -> None:
    lists = MAX_DEPTH - 1
    assert parse_object(b'{"a":' + b"[" * lists + b"]" * lists + b"}", "a.json")
    lists += 1
    assert refused(b'{"a":' + b"[" * lists + b"]" * lists + b"}").rule == "json-depth"


def test_brackets_inside_strings_are_no_levels() -> None:
    text = "[" * 40 + "]" * 40 + '\\"' + "{" * 40 + "}" * 40
    assert parse_object(json.dumps({"a": text}).encode(), "a.json") == {"a": text}


def test_deep_nesting_that_never_closes_is_refused_without_an_overflow() -> None:
    assert refused(b'{"a":' * 200_000).rule in ("json-depth", "json-syntax")
    assert refused(b"[" * 200_000).rule in ("json-depth", "json-syntax")


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":"' + b"\\\\" * 500_000 + b'"}',
        b'{"a":"' + b"\\" * 1_000_001,
        b'"' * 1_000_000,
        b"{}" * 500_000,
        b'{"a":' + b"1" * 1_000_000 + b"}",
    ],
    ids=["backslashes", "open backslashes", "quotes", "pairs", "digits"],
)
def test_hostile_text_takes_less_than_a_second(data: bytes) -> None:
    started = time.process_time()
    try:
        parse_object(data, "a.json")
    except MalformedError as error:
        assert len(error.what) < 200  # noqa: PT017 - one of them is sound
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xef\xbb\xbf{}", "a.json starts with a byte order mark"),
        (b'{"a":"\xc3\xa9"}', "a.json holds text outside ASCII at byte 6, which devices cannot verify"),
        (b'{"a":"\x7f\x7f"}', "a.json holds text outside ASCII at byte 6, which devices cannot verify"),
        (rb'{"a":"\u00e9"}', "a.json holds text outside ASCII at byte 6, which devices cannot verify"),
        (rb'{"a":"\u0041"}', r"a.json escapes a plain character (\u0041) at byte 6"),
        (b"[]", "a.json is not a JSON object"),
        (b"{} x", "a.json is not one JSON document: Extra data at line 1, column 4"),
        (b'{"b":0,"a":1,"a":1}', "a.json names the member 'a' twice"),
        (b'{"a":-0}', "a.json holds the number -0"),
        (b'{"a":9007199254740992}', "a.json holds a number of 2**53 or more (9007199254740992)"),
        (
            b'{"a":1234567890123456789012345}',
            "a.json holds a number of 2**53 or more (12345678901234567890)",
        ),
        (b'{"a":1.5}', "a.json holds a number with a fraction or an exponent (1.5)"),
        (
            b'{"a":1.23456789012345678901234}',
            "a.json holds a number with a fraction or an exponent (1.234567890123456789)",
        ),
        (b'{"a":NaN}', "a.json holds a number that JSON does not know (NaN)"),
        (nested(MAX_DEPTH + 1), "a.json is nested deeper than 32 levels"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "a.json is nested deeper than 32 levels"),
    ],
)
def test_the_error_says_what_and_where(data: bytes, words: str) -> None:
    assert refused(data).what == words
