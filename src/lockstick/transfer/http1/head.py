"""The head of an answer: status line and headers, read as strictly as a careful client may (RFC 9112).

Nothing is repaired. A head that could be read in two ways is refused, as a proxy on the way may have read it in the
other: bare line feeds, folded lines, spaces before a colon, two lengths that differ, a length next to chunks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["MAX_HEAD", "Head", "Headers", "MalformedAnswer", "read_head"]

MAX_HEAD = 64 * 1024
"""The most bytes that the head of an answer may have."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)")
_BLANK = b" \t"  # taken off apart from the pattern, which would try all ways to share them out
_LENGTH = re.compile(r"[0-9]{1,18}")
_WITHOUT_BODY = (204, 304)


class MalformedAnswer(Exception):  # noqa: N818 - it becomes a setback before it leaves the room
    """What came is not a proper HTTP/1.1 answer."""


class Headers(Mapping[str, str]):
    """Header fields, looked up without regard to case; those given several times are joined by commas.

    Args:
        fields: Names in lower case, and values.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(frozen=True)
class Head:
    """What the head of an answer says.

    Attributes:
        status: The status code.
        headers: The header fields.
        framing: How the body's end is told: ``length``, ``chunked``, or ``close`` (it ends with the connection).
        length: The body's bytes where the framing is ``length``.
        keeps_alive: Whether the connection may be used again after the body.
    """

    status: int
    headers: Headers
    framing: Literal["length", "chunked", "close"]
    length: int
    keeps_alive: bool


def read_head(raw: bytes) -> Head:
    """Read the head of an answer to a GET.

    Args:
        raw: Its bytes, up to but not including the empty line.

    Raises:
        MalformedAnswer: It is not one, or could be read in two ways (RFC 9112, sections 2.2, 4, 5 and 6.3).
    """
    first, *lines = raw.split(b"\r\n")
    status_line = _STATUS_LINE.fullmatch(first)
    if status_line is None:
        raise MalformedAnswer("no status line")
    minor, status = status_line[1], int(status_line[2])
    fields: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise MalformedAnswer("a header that cannot be read")
        name, value = field[1].decode("ascii").lower(), field[2].strip(_BLANK).decode("latin-1")
        if name == "content-length" and fields.get(name, value) != value:
            raise MalformedAnswer("two lengths that differ")
        if name not in fields:
            fields[name] = value
        elif name != "content-length":
            fields[name] = f"{fields[name]}, {value}"
    framing, length = _framing(status, fields)
    if framing == "chunked" and minor == b"0":
        raise MalformedAnswer("a framing that its version does not know")
    wishes = {wish.strip() for wish in fields.get("connection", "").lower().split(",")}
    keeps_alive = framing != "close" and "close" not in wishes and (minor == b"1" or "keep-alive" in wishes)
    return Head(status, Headers(fields), framing, length, keeps_alive)


def _framing(status: int, fields: Mapping[str, str]) -> tuple[Literal["length", "chunked", "close"], int]:
    if status in _WITHOUT_BODY:
        return "length", 0
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise MalformedAnswer("a framing that could be read in two ways")
        return "chunked", 0
    if length is None:
        return "close", 0
    if not _LENGTH.fullmatch(length):
        raise MalformedAnswer("a length that is no number")
    return "length", int(length)
