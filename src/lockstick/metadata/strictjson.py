"""A strict JSON reader: what server and device are sure to read alike, and nothing else.

The device's own parser forgives much (lockbox-format 2.7): comments, trailing text, duplicate members, a
byte order mark. Whatever it forgives can be read in two ways, so everything of that kind is refused here,
each with the name of the rule it breaks. What remains is RFC 8259 restricted to ASCII text and integers below 2**53
(lockbox-format 2.6), which has exactly one canonical form.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NoReturn

from lockstick.metadata.malformed import MalformedError

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["MAX_DEPTH", "parse_object", "parse_standard_object"]

MAX_DEPTH = 32
"""Deepest nesting of arrays and objects that is read; real documents stay below ten."""

_MAX_INTEGER = 2**53 - 1
_MAX_INTEGER_DIGITS = len(str(_MAX_INTEGER))
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_BRACES = bytes.maketrans(b"[]", b"{}")
# Possessive, and content with the end of the data in place of the closing quote: time stays linear.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NEEDLESS_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*(\\/|\\u00(?:[2-6][0-9a-fA-F]|7[0-9a-eA-E]))")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_FOREIGN_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*(\\u(?!00[01])[0-9a-fA-F]{4})")


def parse_object(data: bytes, name: str) -> JsonObject:
    """Read one JSON object.

    Args:
        data: The bytes of the whole document, as received.
        name: What to call the document in an error.

    Returns:
        The object, with members in the order of the document.

    Raises:
        MalformedError: If the document is anything else than one object in the strict dialect.
    """
    text = _ascii(data, name)
    _check_escapes(data, name)
    return _read(text, data, name)


def parse_standard_object(data: bytes, name: str) -> JsonObject:
    """Read one JSON object with any text in it; all that could be read in two ways is refused as above.

    Args:
        data: The bytes of the whole document, as received.
        name: What to call the document in an error.

    Returns:
        The object, with members in the order of the document.

    Raises:
        MalformedError: If the document is anything else than one object in UTF-8 (RFC 8259, 8.1), or holds a
            number that is no integer below 2**53, a member that is named twice, or half of a character.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise MalformedError("json-byte-order-mark", f"{name} starts with a byte order mark")
    try:
        value = _read(data.decode("utf-8"), data, name)
        if _SURROGATE.search(data) is not None:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise MalformedError("json-syntax", f"{name} holds text that is not Unicode") from None
    return value


def _read(text: str, data: bytes, name: str) -> JsonObject:
    _check_depth(data, name)
    try:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=_Members(name),
            parse_float=_refuse_number(name, "a number with a fraction or an exponent"),
            parse_constant=_refuse_number(name, "a number that JSON does not know"),
            parse_int=_Integers(name),
        )
    except json.JSONDecodeError as error:
        rule = "json-trailing-data" if error.msg == "Extra data" else "json-syntax"
        raise MalformedError(
            rule, f"{name} is not one JSON document: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise MalformedError("json-depth", f"{name} is nested deeper than {MAX_DEPTH} levels") from None
    if not isinstance(value, dict):
        raise MalformedError("json-syntax", f"{name} is not a JSON object")
    return value


def _ascii(data: bytes, name: str) -> str:
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise MalformedError("json-byte-order-mark", f"{name} starts with a byte order mark")
    if (delete := data.find(b"\x7f")) >= 0:
        raise _non_ascii(name, delete)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise _non_ascii(name, error.start) from None


def _non_ascii(name: str, position: int) -> MalformedError:
    return MalformedError(
        "non-ascii", f"{name} holds text outside ASCII at byte {position}, which devices cannot verify"
    )


def _check_escapes(data: bytes, name: str) -> None:
    if b"\\" not in data:
        return
    if (found := _NEEDLESS_ESCAPE.search(data)) is not None:
        escape = found[1].decode("ascii")
        raise MalformedError("json-escape", f"{name} escapes a plain character ({escape}) at byte {found.start(1)}")
    if (found := _FOREIGN_ESCAPE.search(data)) is not None:
        raise _non_ascii(name, found.start(1))


def _check_depth(data: bytes, name: str) -> None:
    """Refuse deep nesting before the parser recurses.

    Brackets alone are kept and matched pairs removed level by level: a few passes at the speed of memory.
    Only a document with brackets inside its strings needs the second, slower look.
    """
    if _is_deep(data.translate(_BRACES, _NOT_BRACKETS)) and _is_deep(
        _STRING.sub(b"", data).translate(_BRACES, _NOT_BRACKETS)
    ):
        raise MalformedError("json-depth", f"{name} is nested deeper than {MAX_DEPTH} levels")


def _is_deep(brackets: bytes) -> bool:
    """Say whether pairs are left after as many levels as are allowed; unmatched ones are the parser's affair."""
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"{}", b"")
    return b"{}" in brackets


class _Members:
    """Builds objects and refuses a member that is named twice."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, pairs: list[tuple[str, JsonValue]]) -> JsonObject:
        members = dict(pairs)
        if len(members) != len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise MalformedError("json-duplicate-member", f"{self._name} names the member {twice!r} twice")
        return members


class _Integers:
    """Reads integers of the common subset."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, digits: str) -> int:
        if digits == "-0":
            raise MalformedError("json-number", f"{self._name} holds the number -0")
        # The length is looked at first: turning a very long number into an int is slow by itself.
        if len(digits) > _MAX_INTEGER_DIGITS + 1 or abs(int(digits)) > _MAX_INTEGER:
            raise MalformedError("json-number", f"{self._name} holds a number of 2**53 or more ({digits[:20]})")
        return int(digits)


def _refuse_number(name: str, kind: str) -> _Refusal:
    return _Refusal(name, kind)


class _Refusal:
    def __init__(self, name: str, kind: str) -> None:
        self._name = name
        self._kind = kind

    def __call__(self, digits: str) -> NoReturn:
        raise MalformedError("json-number", f"{self._name} holds {self._kind} ({digits[:20]})")
