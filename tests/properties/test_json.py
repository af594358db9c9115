"""Properties of the canonical form and of the strict reader (lockbox-format 2.6 and 2.7)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ground import refusal
from lockstick.metadata.canonical import canonical
from lockstick.metadata.strictjson import parse_object

ASCII = "".join(chr(code) for code in range(0x7F))
texts = st.text(st.sampled_from(ASCII), max_size=20) | st.text(st.sampled_from('"\\/[]{}u0e9\n\x00\x1f'), max_size=12)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
RULES = {
    "",
    "json-syntax",
    "json-trailing-data",
    "json-duplicate-member",
    "json-byte-order-mark",
    "json-depth",
    "json-number",
    "json-escape",
    "non-ascii",
}
documents = st.dictionaries(texts, values, max_size=5)


@given(documents)
def test_canonical_is_sorted_compact_escaped_json(value: dict[str, Any]) -> None:
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert canonical(value).decode("ascii") == expected


@given(documents)
def test_what_is_written_in_canonical_form_is_read_as_itself(value: dict[str, Any]) -> None:
    assert parse_object(canonical(value), "x") == value


@given(documents, st.sampled_from([None, 0, 1, 4, "\t"]))
def test_one_value_has_one_canonical_form_however_it_is_laid_out(value: dict[str, Any], indent: Any) -> None:
    laid_out = json.dumps(value, indent=indent, sort_keys=False).encode()
    assert canonical(parse_object(laid_out, "x")) == canonical(value)


@given(documents, documents)
def test_two_values_never_share_a_canonical_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    # Python takes True for 1; the two differ in JSON.
    assert (canonical(one) == canonical(other)) == (repr(_sorted(one)) == repr(_sorted(other)))


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return [(key, _sorted(value[key])) for key in sorted(value)]
        case list():
            return [_sorted(item) for item in value]
        case _:
            return value


def pieces() -> st.SearchStrategy[bytes]:
    tokens = [b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\\u00", b"e9", b"41", b"a", b"0", b"-", b"1", b"."]
    return st.lists(st.sampled_from([*tokens, b'"a"', b"true", b"null", b" ", b"e"]), max_size=24).map(b"".join)


@given(st.binary(max_size=40) | pieces() | pieces().map(lambda inner: b'{"a":"' + inner + b'"}'))
@example(b'{"a":"\\u00e9"}')
@example(b'{"a":"\\\\u00e9"}')
def test_whatever_is_read_is_plain_json_and_whatever_is_not_is_refused_by_a_rule(data: bytes) -> None:
    rule = refusal(parse_object, data, "x")
    assert rule in RULES
    if rule:
        return
    found = parse_object(data, "x")
    assert json.loads(data) == found
    assert canonical(found) == canonical(parse_object(canonical(found), "x"))
    assert canonical(found).isascii()
    assert b"\x7f" not in canonical(found)
    # No escape but those that the canonical form has itself, apart from the case of their digits.
    assert _escapes(data) <= _escapes(canonical(found)) | {b"\\u0008", b"\\u0009", b"\\u000a", b"\\u000c", b"\\u000d"}


def _escapes(data: bytes) -> set[bytes]:
    found: set[bytes] = set()
    position = data.find(b"\\")
    while position >= 0:
        length = 6 if data[position + 1 : position + 2] == b"u" else 2
        found.add(data[position : position + length].lower())
        position = data.find(b"\\", position + length)
    return found
