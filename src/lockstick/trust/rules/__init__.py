"""Every rule that a lockbox is held against, under its public id; one module for each subject.

The ids are part of the command line contract: they stand in ``verify --json``, have a section each in
docs/rules.md (written from this table), and do not change their meaning.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from lockstick.trust.rules import (
    compose,
    freshness,
    images,
    listing,
    lockbox,
    ostree,
    payloads,
    reading,
    roots,
    signing,
)
from lockstick.trust.rules.rule import Consequence, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RULES", "Consequence", "Rule", "Severity"]

_SUBJECTS = (reading, signing, roots, listing, lockbox, images, payloads, compose, ostree, freshness)
"""In the order of the documentation."""

RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for subject in _SUBJECTS for rule in subject.RULES})
"""All rules by id."""
