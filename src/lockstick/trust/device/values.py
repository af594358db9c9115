"""How the device client converts JSON values: far more freely than their types suggest (lockbox-format 2.7, 2.8)."""

from __future__ import annotations

from typing import TypeAlias

from lockstick.trust.device.refusal import RefusedError

__all__ = ["Value", "as_bool", "as_integer", "as_length", "as_text", "is_integral", "items", "member"]

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | None"
"""A JSON value as the client holds it: unlike ours, with fractions."""

_INT32 = range(-(2**31), 2**31)
_UINT64 = 2**64


def member(value: Value, name: str) -> Value:
    """A member of an object; null if it is absent or the object itself is null.

    Args:
        value: The object.
        name: The member.

    Returns:
        Its value.

    Raises:
        RefusedError: If the value is neither an object nor null.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RefusedError("shape", "an object is expected where there is none")
    return value.get(name)


def items(value: Value) -> list[tuple[str, Value]]:
    """The members of an object in byte order of their names, or the items of an array by number; else nothing."""
    if isinstance(value, dict):
        # Python orders texts by code points, and that is the order of their bytes in UTF-8.
        return [(name, value[name]) for name in sorted(value)]
    if isinstance(value, list):
        return [(str(index), item) for index, item in enumerate(value)]
    return []


def as_text(value: Value) -> str:
    """A text; numbers, booleans and null have one too.

    Raises:
        RefusedError: For an array or an object.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            raise RefusedError("shape", "a text is expected where there is none")


def as_integer(value: Value) -> int:
    """A number of 32 bits; null is 0, and a fraction is cut off.

    Raises:
        RefusedError: If the value is no number, or too large.
    """
    match value:
        case None:
            return 0
        case bool() | int() | float():
            # The range is tested before the fraction is cut off, as the client does.
            if not _INT32.start <= value <= _INT32.stop - 1:
                raise RefusedError("shape", "a number is too large")
            return int(value)
        case _:
            raise RefusedError("shape", "a number is expected where there is none")


def as_length(value: Value) -> int:
    """A number of 64 bits without sign; null is 0.

    Raises:
        RefusedError: If the value is no number, negative or too large.
    """
    match value:
        case None:
            return 0
        case bool() | int() | float():
            if not 0 <= value < _UINT64:
                raise RefusedError("shape", "a length is negative or too large")
            return int(value)
        case _:
            raise RefusedError("shape", "a length is expected where there is none")


def as_bool(value: Value) -> bool:
    """A truth value; null and zero are false.

    Raises:
        RefusedError: For a text, an array or an object.
    """
    match value:
        case None | bool() | int() | float():
            return bool(value)
        case _:
            raise RefusedError("shape", "true or false is expected where there is neither")


def is_integral(value: Value) -> bool:
    """Say whether the client takes a value for a whole number: 1 and 1.0, not true."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < _UINT64)
