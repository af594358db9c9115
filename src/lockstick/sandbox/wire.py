"""How documents leave the server: not in canonical form (lockbox-format 7.4).

Older services and proxies serve another key order and other white space than was signed, so a client must
canonicalise before it hashes and must keep what it received byte for byte. The rehearsal cloud always does
what the least tidy real one does; the same document is always served as the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from lockstick.metadata.canonical import canonical

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["fingerprint", "served"]


def served(document: JsonObject) -> bytes:
    """Give the bytes in which a document is served: keys in reverse order, blanks after separators, ASCII."""
    return json.dumps(_reversed(document), ensure_ascii=True, separators=(", ", ": ")).encode("ascii")


def fingerprint(document: JsonObject) -> JsonObject:
    """Give the ``hashes`` and ``length`` under which a snapshot lists a document (canonical whole)."""
    data = canonical(document)
    return {"hashes": {"sha256": hashlib.sha256(data).hexdigest()}, "length": len(data)}


def _reversed(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in sorted(value, reverse=True)}
    if isinstance(value, list):
        return [_reversed(item) for item in value]
    return value
