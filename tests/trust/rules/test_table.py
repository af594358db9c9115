"""Every rule about signed documents has a broken repository that leads to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forge import Forge, evidence
from lockstick.trust.findings import Verdict, verdict_of
from lockstick.trust.rules import RULES
from trust.rules import test_freshness, test_images, test_listing, test_lockbox, test_reading, test_roots, test_signing
from trust.rules.scenarios import Scenario, judged

SUBJECTS = (test_reading, test_signing, test_roots, test_listing, test_lockbox, test_images, test_freshness)
SCENARIOS = [one for subject in SUBJECTS for one in subject.scenario.all]
PAYLOAD_RULES = {
    "package-missing",
    "package-length",
    "package-hash",
    "package-unreadable",
    "payload-not-checked",
    *(rule.id for rule in RULES.values() if rule.group in ("Applications", "Operating systems")),
    "file-unlisted",
    "document-unreadable",
    "superseded",  # what was verified before: test_memory.py
    "listing-vanished",
    "cloud-behind",  # what the cloud publishes: test_currency.py
    "cloud-differs",
}


def test_a_sound_lockbox_is_verified_without_any_finding() -> None:
    forge = Forge()
    judgement = judged((forge.evidence(), forge.anchors()))
    assert judgement.findings == ()
    assert verdict_of(judgement.findings) is Verdict.VERIFIED
    assert judgement.lockbox is not None
    assert (judgement.lockbox.name, judgement.lockbox.version) == ("box", 3)
    assert [package.target for package in judgement.packages] == ["fw.bin"]


@pytest.mark.parametrize(("rule", "name", "build"), SCENARIOS, ids=[f"{rule}-{name}" for rule, name, _ in SCENARIOS])
def test_the_rule_is_found(rule: str, name: str, build: Scenario) -> None:
    judgement = judged(build())
    found = {finding.rule for finding in judgement.findings}
    assert rule in found
    if RULES[rule].severity == "error":
        assert verdict_of(judgement.findings) is not Verdict.VERIFIED
    else:
        assert {finding.rule for finding in judgement.findings if finding.severity == "error"} == set()


def test_every_rule_about_documents_has_a_scenario() -> None:
    assert {rule for rule, _, _ in SCENARIOS} == set(RULES) - PAYLOAD_RULES


def test_layout_of_a_document_changes_no_verdict() -> None:
    forge = Forge()
    found = forge.evidence()

    def relaid(files: Any) -> dict[str, bytes]:
        return {
            name: json.dumps(dict(reversed(json.loads(raw).items())), indent=3).encode() + b"\n"
            for name, raw in files.items()
        }

    again = evidence(relaid(found.director.files), relaid(found.image_repo.files))
    assert judged((again, forge.anchors())).findings == ()
