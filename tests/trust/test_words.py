"""What every finding says, word by word, as somebody read and approved it: words.json.

After a change of words: ``PYTHONPATH=tests python tests/trust/test_words.py``, then read the difference.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from forge import AT
from lockstick.trust.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.trust.evidence import Anchors, Evidence

from trust.rules.test_table import SCENARIOS
from trust.test_judging import MORE

WORDS = Path(__file__).with_name("words.json")
_SCENARIOS: dict[str, Callable[[], tuple[Evidence, Anchors]]] = {
    **{name: build for _, name, build in SCENARIOS},
    **{build.__name__: build for build in MORE},
}


def said(name: str) -> list[list[str]]:
    judgement = judge(*_SCENARIOS[name](), AT)
    return [
        [finding.rule, finding.severity.value, finding.subject, re.sub("[0-9a-f]{16,}", "<hex>", finding.message)]
        for finding in judgement.findings
    ]


def approved() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(WORDS.read_text())
    return found


@pytest.mark.parametrize("name", sorted(_SCENARIOS))
def test_every_finding_says_what_was_approved(name: str) -> None:
    assert said(name) == approved()[name]


@pytest.mark.parametrize("name", sorted(_SCENARIOS))
def test_keys_and_hashes_are_told_by_their_first_sixteen_digits(name: str) -> None:
    for finding in judge(*_SCENARIOS[name](), AT).findings:
        if finding.rule != "json-number":  # which tells the number itself
            assert {len(digits) for digits in re.findall("[0-9a-f]{16,}", finding.message)} <= {16}, finding.message


def test_nothing_is_approved_that_nobody_says() -> None:
    assert set(approved()) == set(_SCENARIOS)


if __name__ == "__main__":
    WORDS.write_text(json.dumps({name: said(name) for name in sorted(_SCENARIOS)}, indent=1) + "\n")
