"""Reading JSON with the device client's indulgence, character by character (lockbox-format 2.7).

A fault ends the reading; what was read before it stays. Comments hang on the value before them if they begin on its
line, else on the value behind them: the client would write them again with that value.

Step by step this takes microseconds for every value, which adds up in a document of megabytes. So objects and arrays
without peculiarities are given to the standard library's reader, and after :data:`MAX_STEPS` steps the reading is
given up: such a document is not one that a server wrote and that was damaged on its way.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # there, but without a type
from typing import TYPE_CHECKING, NoReturn

from lockstick.trust.device.jsonnumbers import fraction, integer
from lockstick.trust.device.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.trust.device.values import Value

__all__ = ["MAX_STEPS", "LenientReader", "Parsed", "has_split_characters", "plain_decoder"]

MAX_STEPS = 100_000
"""The most values, comments and escapes that are read one by one: well below a second. Ours, not the client's."""

_MAX_ATTEMPTS = 64
_MAX_WASTE = 3  # bytes read in vain by the quick way, for each byte of the document
_SPACE = re.compile(r"[ \t\r\n]*")
_SPLIT = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")
_LONE_HALF = re.compile("[\ud800-\udbff]")
_NUMBER = re.compile(r"-?[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?")
_PLAIN_TEXT = re.compile(r'[^"\\]*')
_HEX4 = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {'"': '"', "/": "/", "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
_HIGH_SURROGATES = range(0xD800, 0xDC00)


@dataclass(frozen=True)
class Parsed:
    """A document as the client understood it.

    Attributes:
        value: The value; null if nothing was understood.
        commented: True if comments hang on any part of it: they would be part of its canonical form.
        signed_commented: True if comments hang on ``signed`` or a part of it.
    """

    value: Value
    commented: bool = False
    signed_commented: bool = False


class _FaultError(Exception):
    """The first fault; what was read before it stays."""


def plain_decoder() -> json.JSONDecoder:
    """The standard library's reader, with numbers and line breaks as the client takes them."""
    return json.JSONDecoder(strict=False, parse_int=integer, parse_float=fraction, parse_constant=_no_constant)


def has_split_characters(text: str) -> bool:
    """Say whether a text may hold the escape of half a character without the other half: the client joins any two."""
    return _SPLIT.search(text) is not None


class LenientReader:
    """Reads one document, fault or not.

    Args:
        text: The document.
        quickly: False to read step by step even what has no peculiarities.
    """

    def __init__(self, text: str, *, quickly: bool = True) -> None:
        self._text = text
        self._scan = plain_decoder().raw_decode
        self._attempts = _MAX_ATTEMPTS if quickly and not has_split_characters(text) else 0
        self._waste = _MAX_WASTE * len(text)
        self._steps = MAX_STEPS
        self._newline = -1
        self._position = 0
        self._root: Value = None
        self._commented = False
        self._signed_commented = False
        self._pending_comment = False
        self._last_end = -1
        self._last_in_signed = False

    def document(self) -> Parsed:
        """What was understood before the first fault.

        Raises:
            RefusedError: If it departs from JSON so often that reading it would take too long.
        """
        try:
            self._value(self._set_root, inside=False, top=True)
            self._skip()
        except _FaultError:
            pass
        return Parsed(self._root, self._commented or self._pending_comment, self._signed_commented)

    def _set_root(self, value: Value) -> None:
        self._root = value

    # --- values ---

    def _value(self, put: Callable[[Value], None], *, inside: bool, top: bool = False) -> None:
        """Read a value; ``inside``: it is ``signed`` or a part of it; ``top``: it is the document."""
        put(None)
        self._step()
        self._skip()
        if self._pending_comment:
            self._hang(inside=inside)
        character = self._peek()
        if character and character in "{[" and not top and self._read_quickly(put):
            pass
        elif character == "{":
            members: dict[str, Value] = {}
            put(members)
            self._object(members, inside=inside, top=top)
        elif character == "[":
            array: list[Value] = []
            put(array)
            self._array(array, inside=inside)
        elif character == '"':
            put(self._string())
        elif character and (character in "-0123456789"):
            put(self._number())
        else:
            put(self._word())
        self._last_end, self._last_in_signed = self._position, inside

    def _read_quickly(self, put: Callable[[Value], None]) -> bool:
        """Read an object or array by the standard library; False if it has peculiarities."""
        if self._attempts <= 0 or self._waste <= 0:
            return False
        try:
            value, end = self._scan(self._text, self._position)
        except (ValueError, OverflowError) as error:
            self._attempts -= 1
            self._waste -= getattr(error, "pos", len(self._text)) - self._position
            return False
        put(value)
        self._position = end
        return True

    def _object(self, members: dict[str, Value], *, inside: bool, top: bool) -> None:
        self._position += 1
        while True:
            self._skip()
            if self._take("}"):
                return
            if self._peek() != '"':
                raise _FaultError
            name = self._string()
            self._spaces()
            # A comment before the colon is a fault to the client.
            if not self._take(":"):
                raise _FaultError

            def put(value: Value, name: str = name) -> None:
                members[name] = value

            self._value(put, inside=inside or (top and name == "signed"))
            self._skip()
            if self._take("}"):
                return
            if not self._take(","):
                raise _FaultError

    def _array(self, array: list[Value], *, inside: bool) -> None:
        self._position += 1
        while True:
            self._spaces()
            if self._take("]"):
                return
            array.append(None)
            index = len(array) - 1

            def put(value: Value, index: int = index) -> None:
                array[index] = value

            self._value(put, inside=inside)
            self._skip()
            if self._take("]"):
                return
            if not self._take(","):
                raise _FaultError

    def _number(self) -> Value:
        match = _NUMBER.match(self._text, self._position)
        lexeme = match.group() if match else ""
        self._position += len(lexeme)
        digits = lexeme.removeprefix("-")
        if not digits:
            return 0
        if digits.isdigit():
            return integer(lexeme)
        try:
            return fraction(lexeme)
        except ValueError:
            raise _FaultError from None

    def _word(self) -> Value:
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._position):
                self._position += len(word)
                return value
        raise _FaultError

    def _string(self) -> str:
        try:
            text, end = scanstring(self._text, self._position + 1, False)
        except ValueError:
            raise _FaultError from None
        if _LONE_HALF.search(text) is not None:
            return self._split_string()
        self._position = end
        return str(text)

    def _split_string(self) -> str:
        """Read a text in which halves of characters are escaped, of which the client joins any two."""
        self._position += 1
        parts: list[str] = []
        while True:
            match = _PLAIN_TEXT.match(self._text, self._position)
            if match:
                parts.append(match.group())
                self._position = match.end()
            character = self._next()
            if character == '"':
                return "".join(parts)
            if character != "\\":
                raise _FaultError
            parts.append(self._escape())

    def _escape(self) -> str:
        self._step()
        character = self._next()
        if character != "u":
            if character not in _ESCAPES:
                raise _FaultError
            return _ESCAPES[character]
        code = self._hex4()
        if code in _HIGH_SURROGATES:
            if self._next() != "\\" or self._next() != "u":
                raise _FaultError
            code = 0x10000 + ((code & 0x3FF) << 10) + (self._hex4() & 0x3FF)
        return chr(code)

    def _hex4(self) -> int:
        match = _HEX4.match(self._text, self._position)
        if not match:
            raise _FaultError
        self._position += 4
        return int(match.group(), 16)

    # --- between values ---

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _next(self) -> str:
        character = self._peek()
        self._position += 1
        return character

    def _take(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._position += 1
        return True

    def _spaces(self) -> None:
        match = _SPACE.match(self._text, self._position)
        self._position = match.end() if match else self._position

    def _skip(self) -> None:
        """Pass over spaces and comments."""
        while True:
            self._spaces()
            if self._peek() != "/":
                return
            self._comment()

    def _comment(self) -> None:
        self._step()
        start = self._position
        opening = self._text[start : start + 2]
        if opening == "/*":
            end = self._text.find("*/", start + 2) + 2
            if end == 1:
                raise _FaultError
        elif opening == "//":
            end = self._text.find("\n", start)
            end = len(self._text) if end < 0 else end
        else:
            raise _FaultError
        self._position = end
        same_line = self._last_end >= 0 and self._line_end() >= start
        if same_line and (opening == "//" or "\n" not in self._text[start:end]):
            self._hang(inside=self._last_in_signed)
        else:
            self._pending_comment = True

    def _line_end(self) -> int:
        """Where the line of the last value ends. Looked for once for each line: there may be millions of values."""
        if self._newline < self._last_end:
            found = self._text.find("\n", self._last_end)
            self._newline = len(self._text) if found < 0 else found
        return self._newline

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise RefusedError("json", f"it departs from JSON and has more than {MAX_STEPS} parts")

    def _hang(self, *, inside: bool) -> None:
        self._pending_comment = False
        self._commented = True
        self._signed_commented = self._signed_commented or inside


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)
