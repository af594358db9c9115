"""Reading JSON that nobody signed: configuration and answers of the token service.

Signed documents are read by the strict parser of ``metadata/``; what a token service writes need not follow
that dialect. Nothing of a text that cannot be read is kept in an error, as it may hold a secret.
"""

from __future__ import annotations

import json

__all__ = ["loose_object"]


def loose_object(data: bytes) -> dict[str, object] | None:
    """Read one JSON object in any Unicode encoding.

    Args:
        data: The text; its length is the caller's to limit.

    Returns:
        The object; None if the text is anything else.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        # Not raised on: the library's error holds the whole text.
        return None
    return value if isinstance(value, dict) else None
