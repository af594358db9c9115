"""The canonical form of TUF 1.0, held against the reference implementation's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.formats import encode_canonical

from lockstick.metadata.canonical import canonical
from lockstick.metadata.olpc import olpc_canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_it_is_the_reference_implementations_form(value: object) -> None:
    expected = encode_canonical(json.loads(json.dumps(value)))
    assert isinstance(expected, str)
    assert olpc_canonical(json.loads(json.dumps(value))) == expected.encode()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('"\\', b'"\\"\\\\"'),
        ("\\n", b'"\\\\n"'),
        ("\\u0041", b'"\\\\u0041"'),
        ("\n\t\r\b\f\x00\x1f\x7f", b'"\n\t\r\b\f\x00\x1f\x7f"'),
        ("ü/\u2028", '"ü/\u2028"'.encode()),
    ],
)
def test_only_quote_and_backslash_are_escaped(text: str, form: bytes) -> None:
    assert olpc_canonical(text) == form


def test_it_is_another_form_than_uptanes_where_text_holds_line_breaks_or_more_than_ascii() -> None:
    assert olpc_canonical({"b": [1, True, None], "a": {}}) == canonical({"b": [1, True, None], "a": {}})
    for text in ("\n", "ü"):
        assert olpc_canonical(text) != canonical(text)
