"""Findings in the order in which somebody should read them."""

from __future__ import annotations

from lockstick.trust.findings import Ledger, worst_first
from lockstick.trust.rules import RULES


def test_the_worst_is_told_first_and_equals_stay_in_their_order() -> None:
    ledger = Ledger()
    for rule, subject in (
        ("expired", "a"),
        ("anchor-missing", "b"),
        ("clock-behind", "c"),
        ("threshold-unmet", "d"),
        ("expired", "0"),
        ("target-unknown", "e"),
    ):
        ledger.report(rule, subject, "so it is")
    assert [finding.subject for finding in worst_first(ledger.findings)] == ["d", "e", "b", "c", "a", "0"]


def test_a_finding_says_what_to_do_as_its_rule_does() -> None:
    ledger = Ledger()
    ledger.report("expired", "a", "so it is")
    assert [finding.remedy for finding in ledger.findings] == [RULES["expired"].remedy]
