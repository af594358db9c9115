r"""Canonical JSON as Torizon-style Uptane repositories sign it (lockbox-format 2.6).

The signed bytes of a document are the canonical form of the *value* of ``signed``; the hash and length that a
snapshot lists for a document are those of the canonical form of the *whole* document, signatures included.

The form: no white space, object keys sorted, strings escaped as in ordinary JSON with the short escapes and
``\u00xx`` for other control characters, ``/`` unescaped, integers without sign or leading zero. It is not
OLPC canonical JSON (which leaves line breaks raw). Values outside the common subset of server and device
(non-ASCII text, fractions, integers of 2**53 and more) are refused by the parser before they come here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonValue

__all__ = ["canonical"]

# One encoder for all calls: building one per call costs more than encoding a small document.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False
)


def canonical(value: JsonValue) -> bytes:
    """Encode a JSON value in canonical form.

    Args:
        value: A value made of dict, list, str, int, bool and None.

    Returns:
        The canonical bytes (ASCII only).

    Raises:
        TypeError: If the value holds something that JSON does not know.
    """
    return _ENCODER.encode(value).encode("ascii")
