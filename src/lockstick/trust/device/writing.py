"""The canonical form as the device client writes it, fractions and DEL included (lockbox-format 2.6)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lockstick.trust.device.refusal import RefusedError

if TYPE_CHECKING:
    from lockstick.trust.device.values import Value

__all__ = ["written"]

_ESCAPED_DEL = re.compile(r"(?<!\\)((?:\\\\)*)\\u007f")


def written(value: Value) -> bytes:
    r"""Write a value as the client does before it checks a signature or a hash.

    Args:
        value: The value.

    Returns:
        ASCII bytes: sorted, compact, other characters as ``\uXXXX``, fractions with 17 digits.

    Raises:
        RefusedError: If it is nested too deeply.
    """
    try:
        # Almost no document has fractions; the others go through Python's own writer, which is many times faster.
        text = _slowly(value) if _has_fraction(value) else _encode(value)
    except RecursionError as error:
        raise RefusedError("json", "nested too deeply") from error
    if "\\u007f" in text:
        # Python escapes DEL, the client does not.
        text = _ESCAPED_DEL.sub(lambda found: f"{found.group(1)}\x7f", text)
    return text.encode("ascii")


def _encode(value: Value) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _slowly(value: Value) -> str:
    match value:
        case float():
            text = f"{value:.17g}"
            return text if "." in text or "e" in text else f"{text}.0"
        case dict():
            return "{" + ",".join(f"{_encode(name)}:{_slowly(value[name])}" for name in sorted(value)) + "}"
        case list():
            return "[" + ",".join(_slowly(part) for part in value) + "]"
        case _:
            return _encode(value)


def _has_fraction(value: Value) -> bool:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, float):
            return True
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return False
