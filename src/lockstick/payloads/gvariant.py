"""The few shapes of GVariant that OSTree objects have, in normal form only.

A container of parts without a fixed size ends with the offsets at which they end. A value has one normal form; any
other spelling of it is refused, so that no two readers see two trees.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NotNormalError", "array", "join", "split", "text"]


class NotNormalError(Exception):
    """Bytes are not a value in normal form."""


def _offset_size(total: int) -> int:
    for size in (1, 2, 4, 8):
        if total < 1 << (8 * size):
            return size
    raise NotNormalError("it is too large")


def split(data: bytes, count: int, start: int = 0) -> list[bytes]:
    """Take apart a tuple of so many parts without a fixed size and without alignment, the last of which has no offset.

    Args:
        data: The tuple's bytes.
        count: How many parts there are.
        start: Where the first part begins (behind parts of fixed size).

    Returns:
        The parts.

    Raises:
        NotNormalError: They are not such a tuple.
    """
    size = _offset_size(len(data))
    end = len(data) - size * (count - 1)
    offsets = [int.from_bytes(data[end + size * i : end + size * (i + 1)], "little") for i in range(count - 1)]
    edges = [start, *reversed(offsets), end]
    if end < start or any(left > right for left, right in pairwise(edges)):
        raise NotNormalError("its parts do not follow each other")
    parts = [data[left:right] for left, right in pairwise(edges)]
    if _offset_size(len(data)) != _offset_size_for(end, count - 1):
        raise NotNormalError("its offsets are wider than needed")
    return parts


def _offset_size_for(body: int, count: int) -> int:
    for size in (1, 2, 4, 8):
        if body + size * count < 1 << (8 * size):
            return size
    raise NotNormalError("it is too large")


def array(data: bytes) -> list[bytes]:
    """Take apart an array of elements without a fixed size and without alignment.

    Args:
        data: The array's bytes.

    Returns:
        The elements.

    Raises:
        NotNormalError: They are not such an array.
    """
    if not data:
        return []
    size = _offset_size(len(data))
    end = int.from_bytes(data[-size:], "little")
    width = len(data) - end
    if width <= 0 or width % size:
        raise NotNormalError("its elements do not end where it says")
    offsets = [int.from_bytes(data[at : at + size], "little") for at in range(end, len(data), size)]
    edges = [0, *offsets]
    if any(left > right for left, right in pairwise(edges)):
        raise NotNormalError("its elements do not follow each other")
    if size != _offset_size_for(end, len(offsets)):
        raise NotNormalError("its offsets are wider than needed")
    return [data[left:right] for left, right in pairwise(edges)]


def text(data: bytes) -> str:
    """Read a text.

    Args:
        data: Its bytes, the closing zero included.

    Returns:
        The text.

    Raises:
        NotNormalError: It is no text.
    """
    if data[-1:] != b"\x00" or b"\x00" in data[:-1]:
        raise NotNormalError("a text in it does not end where it should")
    try:
        return data[:-1].decode("utf-8")
    except UnicodeDecodeError:
        raise NotNormalError("a text in it is not UTF-8") from None


def join(fixed: bytes, parts: Sequence[bytes]) -> bytes:
    """Put together a tuple as :func:`split` takes it apart.

    Args:
        fixed: The parts of fixed size, which come first.
        parts: The others.

    Returns:
        The tuple's bytes in normal form.
    """
    ends: list[int] = []
    body = bytearray(fixed)
    for part in parts:
        body += part
        ends.append(len(body))
    size = _offset_size_for(len(body), len(parts) - 1)
    return bytes(body) + b"".join(end.to_bytes(size, "little") for end in reversed(ends[:-1]))
