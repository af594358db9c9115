"""Reading JSON with the device client's indulgence, character by character (lockbox-format 2.7).

A fault ends the reading; what was read before it stays. Comments hang on the value before them if they begin on its
line, else on the value behind them: the client would write them again with that value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.trust.device.jsonnumbers import fraction, integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.trust.device.values import Value

__all__ = ["LenientReader", "Parsed"]

_SPACE = " \t\r\n"
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


class LenientReader:
    """Reads one document, fault or not.

    Args:
        text: The document.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._root: Value = None
        self._commented = False
        self._signed_commented = False
        self._pending_comment = False
        self._last_end = -1
        self._last_in_signed = False

    def document(self) -> Parsed:
        """What was understood before the first fault."""
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
        self._skip()
        if self._pending_comment:
            self._hang(inside=inside)
        character = self._peek()
        if character == "{":
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
        while (character := self._peek()) and character in _SPACE:
            self._position += 1

    def _skip(self) -> None:
        """Pass over spaces and comments."""
        while True:
            self._spaces()
            if self._peek() != "/":
                return
            self._comment()

    def _comment(self) -> None:
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
        same_line = self._last_end >= 0 and "\n" not in self._text[self._last_end : start]
        if same_line and (opening == "//" or "\n" not in self._text[start:end]):
            self._hang(inside=self._last_in_signed)
        else:
            self._pending_comment = True

    def _hang(self, *, inside: bool) -> None:
        self._pending_comment = False
        self._commented = True
        self._signed_commented = self._signed_commented or inside
