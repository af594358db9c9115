"""What a rule is, and how the tables of rules are written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DAMAGED", "PUBLISHER", "REBUILD", "Consequence", "Rule", "Severity", "errors", "warnings"]


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Consequence(StrEnum):
    """What an error of a rule says about the lockbox."""

    DISTRUST = "distrust"
    UNANCHORED = "unanchored"
    UNCHECKED = "unchecked"
    STALE = "stale"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: The public id, in kebab-case.
        group: The heading it stands under in the documentation.
        meaning: What a finding of it means.
        gain: What an attacker could do, or what would go wrong, without it.
        remedy: What to do about a finding.
        severity: How much a finding weighs.
        consequence: What an error says about the lockbox.
    """

    id: str
    group: str
    meaning: str
    gain: str
    remedy: str
    severity: Severity = Severity.ERROR
    consequence: Consequence = Consequence.DISTRUST


REBUILD = "Build the lockbox again from the repository. If the finding stays, tell whoever runs the repository."
DAMAGED = (
    "Do not use it. Build the lockbox again; if the finding comes back with a fresh build, treat it as an attack "
    "on the repository or on the way to it."
)
PUBLISHER = "Ask whoever publishes the lockbox to mend it in the repository, then build it again."


def errors(group: str, *rules: tuple[str, str, str, str]) -> tuple[Rule, ...]:
    """Rules whose findings are errors and mean distrust.

    Args:
        group: Their heading.
        *rules: Of each the id, the meaning, the gain and the remedy.

    Returns:
        The rules.
    """
    return _table(group, Severity.ERROR, rules)


def warnings(group: str, *rules: tuple[str, str, str, str]) -> tuple[Rule, ...]:
    """Rules whose findings are warnings; otherwise as :func:`errors`."""
    return _table(group, Severity.WARNING, rules)


def _table(group: str, severity: Severity, rules: tuple[tuple[str, str, str, str], ...]) -> tuple[Rule, ...]:
    return tuple(
        Rule(id=identifier, group=group, meaning=meaning, gain=gain, remedy=remedy, severity=severity)
        for identifier, meaning, gain, remedy in rules
    )
