"""The lenient reader, where it meets what nobody should write: comments above all."""

from __future__ import annotations

import pytest

from lockstick.trust.device.lenientjson import parse
from lockstick.trust.device.writing import written


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (b"[1,/* a */2,/* b */3,]", [1, 2, 3]),
        (b"[1,/* a\n */2,/* * / */3,]", [1, 2, 3]),
        (b"[1,// a\n2,// b\n3,]", [1, 2, 3]),
        (b"[1,// a", [1, None]),
        (b"[1,/* 2,3]", [1, None]),
        (b"[1,/*/2]", [1, None]),
        (b"[1,/2,3]", [1, None]),
        (b"/**/[1]", [1]),
        (b"[-,1]", [0, 1]),
        (b"[X,1]", [None]),
        (b"[-,--1,2]", [0, 0]),
    ],
)
def test_a_comment_ends_where_it_ends_and_a_fault_is_the_end_of_all(raw: bytes, meant: object) -> None:
    assert parse(raw, 1000).value == meant


@pytest.mark.parametrize(
    ("raw", "commented", "signed_commented"),
    [
        (b'{"signed":{},}', False, False),
        (b'{"signed":{"a":[1,/* c */2]}}', True, True),
        (b'{"signed":{"a":[{"b":1/* c */}]}}', True, True),
        (b'{"signed":{"a":1 /* over\ntwo lines */},"b":2}', True, False),
        (b'{"signed":{"a":1 // as far as here\n},"b":2}', True, True),
        (b'// before everything\n{"signed":{}}', True, False),
        (b'{"signed":{"a":1}\n/* on the next value */,"b":2}', True, False),
        (b'{"b":2,\n/* on the next value */"signed":{"a":1}}', True, True),
    ],
)
def test_a_comment_hangs_on_the_value_on_its_line_or_else_on_the_next(
    raw: bytes, *, commented: bool, signed_commented: bool
) -> None:
    parsed = parse(raw, 1000)
    assert (parsed.commented, parsed.signed_commented) == (commented, signed_commented)


def test_whole_numbers_stay_whole_on_the_long_way() -> None:
    assert written(parse(b"[-5,7,]", 1000).value) == b"[-5,7]"
