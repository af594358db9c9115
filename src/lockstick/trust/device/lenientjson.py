"""JSON as the device client reads it: whatever was understood before the first fault counts (lockbox-format 2.7).

A byte order mark, comments, trailing commas, repeated members (the last one wins), line breaks in texts, zeros in
front of numbers, and anything after the document are accepted. After a fault the part read so far is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.trust.device.jsonreader import LenientReader, Parsed, has_split_characters, plain_decoder
from lockstick.trust.device.refusal import RefusedError

if TYPE_CHECKING:
    from lockstick.trust.device.values import Value

__all__ = ["parse"]

_BOM = b"\xef\xbb\xbf"
_SPACE = " \t\r\n"


def parse(raw: bytes, depth: int) -> Parsed:
    """Read a document leniently.

    Args:
        raw: Its bytes.
        depth: How deeply it may be nested.

    Returns:
        What was understood.

    Raises:
        RefusedError: If it is nested too deeply, or departs from JSON too often; every other fault is passed over
            in silence.
    """
    text = raw.removeprefix(_BOM).decode("utf-8", "replace")
    try:
        parsed = _plain(text) or LenientReader(text).document()
    except RecursionError as error:
        raise RefusedError("json", "nested too deeply") from error
    _check_depth(parsed.value, depth)
    return parsed


def _plain(text: str) -> Parsed | None:
    """The quick way for documents without peculiarities; None for all others."""
    if has_split_characters(text):
        return None
    start = len(text) - len(text.lstrip(_SPACE))
    try:
        value, end = plain_decoder().raw_decode(text, start)
    except (ValueError, OverflowError):
        return None
    if not isinstance(value, (dict, list)):
        return None  # a number may go on where everybody else sees its end
    # A comment behind the document hangs on the document.
    return Parsed(value, commented=text[end:].lstrip(_SPACE)[:2] in ("//", "/*"))


def _check_depth(value: Value, depth: int) -> None:
    level: list[Value] = [value]
    for _ in range(depth + 1):
        inner: list[Value] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(part for part in one.values() if isinstance(part, (dict, list)))
            elif isinstance(one, list):
                inner.extend(part for part in one if isinstance(part, (dict, list)))
        if not inner:
            return
        level = inner
    raise RefusedError("json", "nested too deeply")
