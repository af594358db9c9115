"""The chain of one package breaks where it is broken, and says what that usually means."""

from __future__ import annotations

import pytest

from forge import AT, EARLIER, Forge, envelope, evidence, target
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors
from lockstick.trust.explain import Explanation, explain
from lockstick.trust.findings import Verdict
from lockstick.trust.judge import judge
from lockstick.trust.rules import RULES, Severity
from lockstick.trust.shapes import SHAPES, Shape, shape_of


def chain(forge: Forge, *, name: str = "fw.bin", anchors: Anchors | None = None) -> Explanation:
    judgement = judge(forge.evidence(), anchors or forge.anchors(), AT)
    return explain(judgement, name, bytes_say="there")


def test_every_link_of_a_sound_chain_holds_and_names_who_signed() -> None:
    forge = Forge()
    found = chain(forge)
    assert found.verdict is Verdict.VERIFIED
    assert found.broken is None
    assert all(link.says for link in found.links)
    assert f"signed by {forge.offline_key.keyid[:16]} (1 needed)" in found.links[2].says
    assert "version 1 to 2" in found.links[1].says


@pytest.mark.parametrize(
    ("body", "link"),
    [
        ("offline_snapshot", "the offline-snapshot"),
        ("lockbox", "the lockbox"),
        ("snapshot", "the image repository's snapshot"),
        ("targets", "the image repository's targets"),
    ],
)
def test_an_expired_document_is_a_stale_link(body: str, link: str) -> None:
    forge = Forge()
    getattr(forge, body)["expires"] = EARLIER
    found = chain(forge)
    assert found.broken is not None
    assert (found.broken.name, found.shape, found.verdict) == (link, Shape.STALE, Verdict.EXPIRED)


def test_a_document_that_its_role_has_not_signed_looks_like_an_attack() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    director["offline-snapshot.json"] = envelope(forge.offline_snapshot, forge.other_key)
    judgement = judge(evidence(director, image_repo), forge.anchors(), AT)
    found = explain(judgement, "fw.bin", bytes_say="there")
    assert found.broken is not None
    assert (found.broken.name, found.shape) == ("the offline-snapshot", Shape.ATTACK)


def test_without_an_anchor_the_first_link_fails() -> None:
    found = chain(Forge(), anchors=Anchors(director=None, image_repo=None, source="none", dialect=UPTANE))
    assert found.broken is found.links[0]
    assert found.verdict is Verdict.UNANCHORED


def test_another_package_does_not_break_the_chain() -> None:
    forge = Forge()
    forge.lockbox_targets["other.bin"] = target(b"x", ("other-board",))
    assert chain(forge).verdict is Verdict.VERIFIED
    broken = chain(forge, name="other.bin")
    assert broken.broken is not None
    assert broken.broken.findings[0].rule == "target-unknown"
    assert broken.verdict is Verdict.REJECTED


def test_a_chain_whose_bytes_nobody_looked_at_is_not_verified() -> None:
    forge = Forge()
    found = explain(judge(forge.evidence(), forge.anchors(), AT), "fw.bin")
    assert found.verdict is Verdict.REJECTED


def test_every_rule_that_can_be_an_error_has_a_shape_and_no_other() -> None:
    assert SHAPES.keys() == {rule.id for rule in RULES.values() if rule.severity is Severity.ERROR}


def test_another_version_explains_another_hash() -> None:
    assert shape_of(["listing-version", "listing-hash", "listing-length"]) is Shape.STALE
    assert shape_of(["listing-hash"]) is Shape.ATTACK
    assert shape_of(["listing-vanished"]) is None
