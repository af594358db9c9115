"""The reader of TUF 1.0: any text, but still nothing that could be read in two ways."""

from __future__ import annotations

import pytest

from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.strictjson import MAX_DEPTH, parse_object, parse_standard_object


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ('{"a":"ü"}', {"a": "ü"}),
        (r'{"a":"\u00fc\/\u0041"}', {"a": "ü/A"}),
        (r'{"a":"\ud83d\ude00"}', {"a": "😀"}),
        ('{"a":"\x7f"}', {"a": "\x7f"}),
        (r'{"a":"\\ud800"}', {"a": r"\ud800"}),
        (f'{{"a":{"[" * (MAX_DEPTH - 1)}{"]" * (MAX_DEPTH - 1)}, "b": "{"[" * 40}"}}', None),
    ],
)
def test_any_text_is_read(data: str, value: object) -> None:
    read = parse_standard_object(data.encode(), "document")
    assert value is None or read == value


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b'{"a":1,"a":1}', "json-duplicate-member"),
        (b'{"a":1,"\\u0061":1}', "json-duplicate-member"),
        (b'\xef\xbb\xbf{"a":1}', "json-byte-order-mark"),
        (b'{"a":1} x', "json-trailing-data"),
        (b'{"a":1}{}', "json-trailing-data"),
        (b'{"a":1.0}', "json-number"),
        (b'{"a":1e3}', "json-number"),
        (b'{"a":-0}', "json-number"),
        (b'{"a":NaN}', "json-number"),
        (b'{"a":9007199254740992}', "json-number"),
        (b'{"a":"\xff"}', "json-syntax"),
        (b'{"a":"\\ud800"}', "json-syntax"),
        (b'{"\\uDC00":1}', "json-syntax"),
        (b'{"a":"\n"}', "json-syntax"),
        (b"[]", "json-syntax"),
        (b"", "json-syntax"),
        (b"// no\n{}", "json-syntax"),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "json-depth"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(data: bytes, rule: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_standard_object(data, "document")
    assert caught.value.rule == rule


@pytest.mark.parametrize("data", ['{"a":"ü"}', r'{"a":"\u00fc"}', r'{"a":"\/"}', '{"a":"\x7f"}'])
def test_the_reader_of_lockboxes_still_takes_none_of_it(data: str) -> None:
    with pytest.raises(MalformedError):
        parse_object(data.encode(), "document")


def test_a_byte_order_mark_is_called_by_its_name() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_standard_object(b"\xef\xbb\xbf{}", "a.json")
    assert caught.value.what == "a.json starts with a byte order mark"


def test_half_of_a_pair_is_called_text_that_is_not_unicode() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_standard_object(rb'{"a":"\ud800"}', "a.json")
    assert caught.value.what == "a.json holds text that is not Unicode"
