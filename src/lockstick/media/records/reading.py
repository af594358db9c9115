"""JSON that anybody may have written, read strictly: with caps, and with nothing that could be read in two ways."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from lockstick.errors import DistrustError
from lockstick.instant import parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_ITEMS", "MAX_TEXT", "Members", "read_object"]

MAX_BYTES = 64 * 1024
"""The largest receipt that is read; real ones have two kilobytes."""

MAX_DEPTH = 16
"""Deepest nesting that is read."""

MAX_TEXT = 1000
"""The longest text of a member that is known here, in characters."""

MAX_ITEMS = 1000
"""The longest list of a member that is known here."""

Kind = TypeVar("Kind")
_MAX_INTEGER = 2**53 - 1
_MAX_DIGITS = len(str(_MAX_INTEGER))
_DIGEST = re.compile(r"[0-9a-f]{64}")
_REMEDY = "Do not rely on it. Verify the lockbox itself: lockstick verify."


class Members:
    """The members of an object; whoever takes one says what it must be. What nobody took is left over.

    Args:
        where: What to call the object in an error.
        value: What lies in its place.

    Raises:
        DistrustError: If it is no object.
    """

    def __init__(self, where: str, value: object) -> None:
        self._where = where
        if not isinstance(value, dict):
            raise self._refusal("", "is not an object")
        self._left = dict(cast("dict[str, object]", value))

    @property
    def left(self) -> Mapping[str, object]:
        """The members that nobody took, as they were."""
        return dict(self._left)

    def text(self, name: str) -> str:
        """A text; it may be empty.

        Raises:
            DistrustError: If it is missing, something else, or longer than :data:`MAX_TEXT`.
        """
        value = self._left.pop(name, None)
        if not isinstance(value, str):
            raise self._refusal(name, "is not a text")
        if len(value) > MAX_TEXT:
            raise self._refusal(name, f"is longer than {MAX_TEXT} characters")
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of some words.

        Raises:
            DistrustError: If it is missing or something else.
        """
        value = self.text(name)
        if value not in allowed:
            raise self._refusal(name, f"is none of {', '.join(allowed)}")
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """A text of a form.

        Raises:
            DistrustError: If it is missing or something else.
        """
        value = self.text(name)
        if pattern.fullmatch(value) is None:
            raise self._refusal(name, "has another form")
        return value

    def count(self, name: str) -> int:
        """A whole number from 0.

        Raises:
            DistrustError: If it is missing or something else.
        """
        value = self._left.pop(name, None)
        # To Python, true is a number as well.
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._refusal(name, "is not a whole number from 0")
        return value

    def time(self, name: str) -> datetime:
        """A time.

        Raises:
            DistrustError: If it is missing or something else.
        """
        try:
            return parse_instant(self.text(name))
        except ValueError as error:
            raise self._refusal(name, f"is not a time: {error}") from None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts.

        Raises:
            DistrustError: If it is missing, something else, or has more than :data:`MAX_ITEMS`.
        """
        value = self._left.pop(name, None)
        if not isinstance(value, list) or not all(isinstance(one, str) and len(one) <= MAX_TEXT for one in value):
            raise self._refusal(name, "is not a list of texts")
        if len(value) > MAX_ITEMS:
            raise self._refusal(name, f"has more than {MAX_ITEMS} entries")
        return tuple(value)

    def counts(self, name: str) -> dict[str, int]:
        """An object whose members are whole numbers from 0.

        Raises:
            DistrustError: If it is missing, something else, or has more than :data:`MAX_ITEMS`.
        """
        below = self.below(name)
        if len(below.left) > MAX_ITEMS:
            raise self._refusal(name, f"has more than {MAX_ITEMS} members")
        return {one: below.count(one) for one in below.left}

    def digest(self, name: str) -> str | None:
        """A SHA-256 in lower-case hexadecimal digits, or null.

        Raises:
            DistrustError: If it is missing or something else.
        """
        return self.maybe(name, lambda members: members.matching(name, _DIGEST))

    def below(self, name: str) -> Members:
        """An object.

        Raises:
            DistrustError: If it is missing or something else.
        """
        return Members(f"{self._where}.{name}", self._left.pop(name, None))

    def maybe(self, name: str, take: Callable[[Members], Kind]) -> Kind | None:
        """A member that may be null.

        Args:
            name: The member.
            take: Takes it if it is something else.

        Returns:
            What was taken; None for null.

        Raises:
            DistrustError: If it is missing or cannot be taken.
        """
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return None
        return take(self)

    def _refusal(self, name: str, problem: str) -> DistrustError:
        where = f"{self._where}.{name}" if name else self._where
        return DistrustError("this is not a receipt that can be read", why=f"{where} {problem}", remedy=_REMEDY)


def read_object(data: bytes, where: str) -> Members:
    """Read one JSON object.

    Args:
        data: The bytes of the whole document.
        where: What to call it in an error.

    Returns:
        Its members.

    Raises:
        DistrustError: If it is too large or too deep, no single object in UTF-8, names a member twice, or holds a
            number that is no whole one below 2**53, or half of a character.
    """
    if len(data) > MAX_BYTES:
        raise _unreadable(f"{where} is larger than {MAX_BYTES} bytes")
    try:
        value: object = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_integer,
        )
        # A text may hold half of a character by an escape; no file and no database takes it.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _unreadable(f"{where} is not plain JSON: {why[:200]}") from None
    if _depth(value) > MAX_DEPTH:
        raise _unreadable(f"{where} is nested deeper than {MAX_DEPTH} levels")
    return Members(where, value)


def _unreadable(why: str) -> DistrustError:
    return DistrustError("this is not a receipt that can be read", why=why, remedy=_REMEDY)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it names a member twice")
    return found


def _refuse_number(digits: str) -> NoReturn:
    raise ValueError(f"it holds the number {digits[:20]}, which is not whole")


def _integer(digits: str) -> int:
    # The length is looked at first: turning a very long number into an int is slow by itself.
    if len(digits) > _MAX_DIGITS + 1 or abs(int(digits)) > _MAX_INTEGER:
        raise ValueError(f"it holds a number of 2**53 or more ({digits[:20]})")
    return int(digits)


def _depth(value: object) -> int:
    """How deep a value is nested; a flat one is 0. Goes level by level, so it never gets deep itself."""
    level, depth = [value], 0
    while True:
        inner = [one for one in level if isinstance(one, dict | list)]
        if not inner:
            return depth
        depth += 1
        level = [below for one in inner for below in (one.values() if isinstance(one, dict) else one)]
