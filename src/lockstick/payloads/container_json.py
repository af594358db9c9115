"""JSON of the container world: registries and engines write it, not Uptane, so text outside ASCII is allowed.

What two readers could read in two ways is not: a member that is named twice.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["MAX_JSON", "UnclearJsonError", "is_json_for_a_device", "parse_json", "sha256_digest"]

MAX_JSON = 262_144
"""The largest manifest, and the largest JSON member of an image archive, in bytes (lockbox-format 1.3)."""

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_MAX_DEPTH = 64


class UnclearJsonError(Exception):
    """A document is not JSON, or could be read in more than one way."""


def parse_json(data: bytes) -> JsonValue:
    """Read a document that has exactly one meaning.

    Args:
        data: Its bytes, at most :data:`MAX_JSON`.

    Returns:
        What it says.

    Raises:
        UnclearJsonError: It is something else.
    """
    try:
        value: JsonValue = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise UnclearJsonError("it is not UTF-8 text") from None
    except RecursionError:
        raise UnclearJsonError("it is nested too deeply") from None
    except ValueError as error:
        raise UnclearJsonError(f"it is not JSON: {str(error)[:120]}") from None
    if _depth_exceeds(value, _MAX_DEPTH):
        raise UnclearJsonError("it is nested too deeply")
    return value


def is_json_for_a_device(data: bytes) -> bool:
    """Say whether a device's reader, which forgives more, gets through a document.

    Args:
        data: Its bytes.

    Returns:
        False if the device's reader raises.
    """
    try:
        json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def sha256_digest(value: Any) -> str:  # noqa: ANN401 - whatever a document holds
    """The hexadecimal digits of a digest.

    Args:
        value: A member of a document.

    Returns:
        64 digits, or an empty text if it is not a sha256 digest.
    """
    found = _DIGEST.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found is not None else ""


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    if len({key for key, _ in pairs}) != len(pairs):
        raise UnclearJsonError("it names a member twice")
    return dict(pairs)


def _refuse(text: str) -> JsonValue:
    raise UnclearJsonError(f"it holds {text}, which is no number")


def _depth_exceeds(value: JsonValue, limit: int) -> bool:
    level: list[JsonValue] = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
