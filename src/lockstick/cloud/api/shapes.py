"""Reading answers: every member is looked at once, by its name and type, and what is unknown is kept.

The schema is that of cloud-apis 1.4. What is optional there may be null or absent, which is the same. Whatever breaks
the schema is a :class:`ShapeError` that names the place and never quotes the value.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["INT64", "Fields", "ShapeError", "items", "table", "text", "uuid"]

_Value = TypeVar("_Value")

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
INT64 = range(-(2**63), 2**63)


class ShapeError(Exception):
    """An answer is not of the promised shape.

    Args:
        problem: A clause that names the place: ``values[3].size is missing``.
    """


class Fields:
    """The members of one JSON object, taken out one after another.

    Args:
        value: What should be an object.
        where: Its place in the answer, for errors.
    """

    def __init__(self, value: object, where: str = "the answer") -> None:
        if not isinstance(value, dict):
            raise ShapeError(f"{where} is not an object")
        self._left: dict[str, object] = dict(value)
        self._where = where

    def rest(self) -> Mapping[str, object]:
        """Give the members that nobody has taken."""
        return self._left

    def anything(self, name: str) -> object:
        """Take a member of any type; None when it is null or absent."""
        return self._left.pop(name, None)

    def required(self, name: str) -> object:
        """Take a member of any type that must be there, null or not."""
        if name not in self._left:
            raise ShapeError(f"{self.place(name)} is missing")
        return self._left.pop(name)

    def text(self, name: str) -> str:
        """Take a text that must be there."""
        return text(self.required(name), self.place(name))

    def text_or_none(self, name: str) -> str | None:
        """Take a text, if it is there."""
        value = self.anything(name)
        return None if value is None else text(value, self.place(name))

    def integer(self, name: str) -> int:
        """Take a 64-bit number that must be there."""
        value = self.required(name)
        if not isinstance(value, int) or isinstance(value, bool) or value not in INT64:
            raise ShapeError(f"{self.place(name)} is not a 64-bit number")
        return value

    def time_or_none(self, name: str) -> datetime | None:
        """Take a point in time with its zone, if it is there (RFC 3339, section 5.6); it is given in UTC."""
        value = self.text_or_none(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                # At the ends of the calendar, a zone leads out of it.
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ShapeError(f"{self.place(name)} is not a time")

    def uuid(self, name: str) -> str:
        """Take a UUID that must be there."""
        return uuid(self.required(name), self.place(name))

    def items(self, name: str, read: Callable[[object, str], _Value]) -> tuple[_Value, ...]:
        """Take a list and read each element; none when it is null or absent."""
        value = self.anything(name)
        return () if value is None else items(value, self.place(name), read)

    def table(self, name: str, read: Callable[[object, str], _Value]) -> Mapping[str, _Value]:
        """Take an object that must be there, whose members are all of one shape."""
        return table(self.required(name), self.place(name), read)

    def place(self, name: str) -> str:
        """Say where a member is."""
        return name if self._where == "the answer" else f"{self._where}.{name}"


def text(value: object, where: str) -> str:
    """Read a text that can be written again."""
    if not isinstance(value, str):
        raise ShapeError(f"{where} is not a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ShapeError(f"{where} holds half a character") from None
    return value


def uuid(value: object, where: str) -> str:
    """Read a UUID."""
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        raise ShapeError(f"{where} is not a UUID")
    return value


def items(value: object, where: str, read: Callable[[object, str], _Value]) -> tuple[_Value, ...]:
    """Read a list, element by element."""
    if not isinstance(value, list):
        raise ShapeError(f"{where} is not a list")
    return tuple(read(one, f"{where}[{index}]") for index, one in enumerate(value))


def table(value: object, where: str, read: Callable[[object, str], _Value]) -> Mapping[str, _Value]:
    """Read an object whose members are all of one shape."""
    if not isinstance(value, dict):
        raise ShapeError(f"{where} is not an object")
    return {name: read(one, f"{where}.{name[:40]!r}") for name, one in value.items()}
