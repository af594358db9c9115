"""What is fuzzed: every reader of bytes that come from a medium or a network.

A target takes bytes and returns. What a reader may raise is the error tree, or in the pure core its own refusal; a
target takes in just those. Anything else that comes out of it is a bug, and so is taking more than a second, or more
memory than the caps allow (:mod:`budget`). A new target goes into the module of its family below ``families/``;
docs/fuzzing.md has the list of all readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from families import device, documents, drives, images, local, media, network, payloads, records, sticks

if TYPE_CHECKING:
    from families.target import Target

__all__ = ["FAMILIES", "TARGETS"]

FAMILIES = (documents, device, payloads, media, images, drives, local, network, records, sticks)

TARGETS: dict[str, Target] = {name: target for family in FAMILIES for name, target in family.TARGETS.items()}
