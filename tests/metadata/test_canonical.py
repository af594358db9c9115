"""The canonical form, letter by letter (lockbox-format 2.6)."""

from __future__ import annotations

from typing import Any

import pytest

from lockstick.metadata.canonical import canonical
from lockstick.metadata.strictjson import parse_object


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"b": 1, "a": [2, 1], "B": {}}, b'{"B":{},"a":[2,1],"b":1}'),
        ({"a": True, "b": False, "c": None, "d": []}, b'{"a":true,"b":false,"c":null,"d":[]}'),
        ('"\\/\b\f\n\r\t\x00\x1f~', rb'"\"\\/\b\f\n\r\t\u0000\u001f~"'),
        (-5, b"-5"),
        (2**53 - 1, b"9007199254740991"),
        ({"a-b": 1, "a": 2, "a.b": 3, "aB": 4}, b'{"a":2,"a-b":1,"a.b":3,"aB":4}'),
    ],
)
def test_a_value_has_one_form(value: Any, form: bytes) -> None:
    assert canonical(value) == form


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_no_value(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(value)


def test_what_json_does_not_know_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError):
        canonical({"a": b"bytes"})  # type: ignore[dict-item]  # the mistake in question


def test_the_form_of_a_read_document_is_the_form_of_its_value() -> None:
    laid_out = b'{\n "b" : [ 1, 2 ],\n "a" : "\\n"\n}'
    assert canonical(parse_object(laid_out, "x")) == b'{"a":"\\n","b":[1,2]}'
