"""Findings: what a check saw, under a public rule id, and the ledger that collects them.

Verification never stops at the first problem: every check reports to a ledger and goes on as far as it can. A
finding, once reported, is never taken back, so going on is safe: the verdict is computed from the whole ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lockstick.trust.rules import RULES, Consequence, Severity

if TYPE_CHECKING:
    from lockstick.metadata.malformed import MalformedError

__all__ = ["Finding", "Ledger", "Verdict", "verdict_of"]


class Verdict(StrEnum):
    """The answer to "is it genuine, complete and current?"."""

    VERIFIED = "verified"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNANCHORED = "unanchored"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a check saw.

    Attributes:
        rule: The public rule id (docs/rules.md).
        severity: Its weight here.
        subject: The path, role or package it is about.
        message: What was seen, in one sentence.
        remedy: What to do next.
    """

    rule: str
    severity: Severity
    subject: str
    message: str
    remedy: str


class Ledger:
    """Collects findings in the order in which they are made; nothing is ever removed."""

    def __init__(self) -> None:
        # A dict for its keys: a hostile document leads to thousands of findings, and each is looked up.
        self._findings: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far."""
        return tuple(self._findings)

    @property
    def errors(self) -> int:
        """How many findings so far are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self._findings)

    def report(self, rule: str, subject: str, message: str) -> None:
        """Add a finding; the same one twice counts once.

        Args:
            rule: A rule id.
            subject: What it is about.
            message: What was seen.

        Raises:
            KeyError: If there is no such rule.
        """
        entry = RULES[rule]
        finding = Finding(
            rule=rule,
            severity=entry.severity,
            subject=subject,
            message=message,
            remedy=entry.remedy,
        )
        self._add(finding)

    def malformed(self, subject: str, error: MalformedError) -> None:
        """Add the finding that a document, or a part of one, cannot be read."""
        self.report(error.rule, subject, error.what)

    def extend(self, other: Ledger) -> None:
        """Add the findings of another ledger."""
        for finding in other.findings:
            self._add(finding)

    def _add(self, finding: Finding) -> None:
        self._findings[finding] = None


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """The verdict that findings amount to: the worst error decides.

    Args:
        findings: All findings about one lockbox.

    Returns:
        The verdict.
    """
    consequences = {RULES[finding.rule].consequence for finding in findings if finding.severity is Severity.ERROR}
    for consequence, verdict in _WORST_FIRST:
        if consequence in consequences:
            return verdict
    return Verdict.VERIFIED


# Exit code 3 before exit code 4, and within it the stronger statement first.
_WORST_FIRST = (
    (Consequence.DISTRUST, Verdict.REJECTED),
    (Consequence.UNANCHORED, Verdict.UNANCHORED),
    (Consequence.UNCHECKED, Verdict.UNCHECKED),
    (Consequence.STALE, Verdict.EXPIRED),
)
