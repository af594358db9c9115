"""What a broken rule usually means: stale, damaged, attack-shaped, or a mistake of those who made it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from lockstick.trust.rules import RULES, Consequence, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SHAPES", "Shape", "shape_of"]


class Shape(StrEnum):
    """What usually stands behind a finding."""

    STALE = "stale"
    DAMAGED = "damaged"
    ATTACK = "attack"
    MISTAKE = "mistake"


_STALE = {"listing-version", "root-behind-snapshot"}
_DAMAGED = {
    *(f"json-{name}" for name in ("syntax", "byte-order-mark")),
    *(f"document-{name}" for name in ("missing", "unreadable", "too-large")),
    *(f"package-{name}" for name in ("missing", "length", "hash", "unreadable")),
    *(f"manifest-{name}" for name in ("missing", "hash")),
    *(f"image-archive-{name}" for name in ("missing", "layout", "hash", "trailing-data")),
    *(f"ostree-{name}" for name in ("repository", "commit-missing", "object-missing", "object-corrupt")),
    *("lockbox-missing", "root-gap", "root-copy-differs", "root-unreachable"),
}
_MISTAKE = {
    *("anchor-missing", "clock-behind", "anchor-invalid", "payload-not-checked", "role-missing"),
    *("non-ascii", "shape", "json-number", "version-invalid", "time-invalid"),
    *("key-type-unsupported", "key-size-unsupported", "key-malformed", "signature-method-unknown"),
    *("lockbox-several", "lockbox-name-reserved", "lockbox-delegates", "hardware-id-twice"),
    *("delegation-pattern", "target-empty", "target-format", "target-hardware-id"),
    *("target-name-unportable", "target-name-collision"),
    *("compose-not-canonical", "compose-image-reference", "manifest-invalid", "manifest-platform"),
}
_ATTACK = {
    *("anchor-unknown", "cloud-behind", "cloud-differs"),
    *("json-trailing-data", "json-duplicate-member", "json-depth", "json-escape"),
    *("type-unexpected", "document-name-case", "key-duplicate", "threshold-invalid", "threshold-unmet"),
    *(f"signature-{name}" for name in ("invalid", "duplicate", "malformed", "method-mismatch")),
    *("root-version-mismatch", "root-fork", "listing-missing", "listing-hash", "listing-length"),
    *("lockbox-name", "delegation-name", "delegation-depth", "image-archive-foreign-member"),
    *(f"target-{name}" for name in ("unknown", "length", "hash", "without-hash", "name-unsafe")),
}

SHAPES: Mapping[str, Shape] = {
    **{rule.id: Shape.STALE for rule in RULES.values() if rule.consequence is Consequence.STALE},
    **dict.fromkeys(_STALE, Shape.STALE),
    **dict.fromkeys(_DAMAGED, Shape.DAMAGED),
    **dict.fromkeys(_MISTAKE, Shape.MISTAKE),
    **dict.fromkeys(_ATTACK, Shape.ATTACK),
}
"""The shape of every rule whose finding is an error."""

_WORST_FIRST = (Shape.ATTACK, Shape.DAMAGED, Shape.MISTAKE, Shape.STALE)


def shape_of(rules: Iterable[str]) -> Shape | None:
    """What the findings about one link usually mean together.

    Args:
        rules: The rules of all findings there.

    Returns:
        The worst of their shapes; None if none of them is an error.
    """
    found = {rule for rule in rules if RULES[rule].severity is Severity.ERROR}
    if "listing-version" in found:
        # A document of another version has another hash and length: these say nothing more.
        found -= {"listing-hash", "listing-length"}
    shapes = {SHAPES[rule] for rule in found}
    return next((shape for shape in _WORST_FIRST if shape in shapes), None)
