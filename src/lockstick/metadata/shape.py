"""Taking a parsed JSON value apart, with an error that names the place when it has another shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import parse_instant
from lockstick.metadata.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = [
    "HASH_LENGTHS",
    "as_count",
    "as_hashes",
    "as_instant",
    "as_list",
    "as_object",
    "as_string",
    "as_strings",
    "as_version",
]

HASH_LENGTHS = {"sha256": 64, "sha512": 128}
"""The hash algorithms that are known here, with the number of their hexadecimal digits."""

_HEX = frozenset("0123456789abcdef")
_MAX_VERSION = 2**31 - 1
_MAX_LENGTH = 2**53 - 1


def as_object(value: JsonValue, where: str) -> JsonObject:
    """The value as an object, or :class:`MalformedError` (``shape``)."""
    if not isinstance(value, dict):
        raise MalformedError("shape", f"{where} is not an object")
    return value


def as_list(value: JsonValue, where: str) -> list[JsonValue]:
    """The value as an array, or :class:`MalformedError` (``shape``)."""
    if not isinstance(value, list):
        raise MalformedError("shape", f"{where} is not an array")
    return value


def as_string(value: JsonValue, where: str) -> str:
    """The value as a string, or :class:`MalformedError` (``shape``)."""
    if not isinstance(value, str):
        raise MalformedError("shape", f"{where} is not a string")
    return value


def as_strings(value: JsonValue, where: str) -> tuple[str, ...]:
    """The value as strings, or :class:`MalformedError` (``shape``)."""
    return tuple(as_string(item, f"an entry of {where}") for item in as_list(value, where))


def as_count(value: JsonValue, where: str) -> int:
    """The value as a length in bytes, or :class:`MalformedError` (``shape``)."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_LENGTH:
        raise MalformedError("shape", f"{where} is not a whole number of bytes")
    return value


def as_version(value: JsonValue, where: str) -> int:
    """The value as a document version: an integer from 1 that fits 32 bits (lockbox-format 2.8)."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_VERSION:
        raise MalformedError("version-invalid", f"{where} is not a whole number from 1 to {_MAX_VERSION}")
    return value


def as_instant(value: JsonValue, where: str) -> datetime:
    """The value as a point in time (lockbox-format 2.8)."""
    try:
        return parse_instant(as_string(value, where))
    except ValueError as error:
        raise MalformedError("time-invalid", f"{where} is not a time that devices read: {error}") from None


def as_hashes(value: JsonValue, where: str, *, keep_odd: bool = False) -> Mapping[str, str]:
    """The known hashes of an entry: algorithm to lower-case hexadecimal digest.

    Names and digits may be in either case (lockbox-format 2.8); unknown algorithms are left out. With
    ``keep_odd`` a digest of another shape is kept as it is, and no bytes will ever match it.
    """
    hashes: dict[str, str] = {}
    for name, digest in as_object(value, where).items():
        algorithm = name.lower()
        if algorithm not in HASH_LENGTHS:
            continue
        digits = as_string(digest, f"{where}.{name}").lower()
        if not keep_odd and (len(digits) != HASH_LENGTHS[algorithm] or not _HEX.issuperset(digits)):
            raise MalformedError("shape", f"{where}.{name} is not a {algorithm} digest")
        if algorithm in hashes:
            raise MalformedError("json-duplicate-member", f"{where} names {algorithm} twice")
        hashes[algorithm] = digits
    return hashes
