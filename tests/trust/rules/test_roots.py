"""Rules about trust anchors and chains of roots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from forge import EARLIER, Forge, Key, envelope, evidence, role
from lockstick.metadata.canonical import canonical
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors, Evidence
from lockstick.trust.findings import Verdict, verdict_of
from trust.rules.scenarios import Scenarios, judged, without

if TYPE_CHECKING:
    from lockstick.trust.judge import Judgement

scenario = Scenarios()


@scenario("anchor-missing")
def no_anchor_for_the_director() -> tuple[Evidence, Anchors]:
    forge = Forge()
    return forge.evidence(), Anchors(
        director=None, image_repo=forge.anchors().image_repo, source="file", dialect=UPTANE
    )


@scenario("anchor-missing")
def no_anchor_and_no_root_at_all() -> tuple[Evidence, Anchors]:
    return evidence({}, {}), Anchors(director=None, image_repo=None, source="none", dialect=UPTANE)


@scenario("anchor-unknown")
def an_account_that_this_machine_does_not_know() -> tuple[Evidence, Anchors]:
    return Forge().evidence(), Anchors(director=None, image_repo=None, source="store", dialect=UPTANE)


@scenario("anchor-first-use")
def anchors_from_the_medium() -> tuple[Evidence, Anchors]:
    forge = Forge()
    anchors = forge.anchors()
    return forge.evidence(), Anchors(
        director=anchors.director, image_repo=anchors.image_repo, source="first-use", dialect=UPTANE
    )


@scenario("anchor-invalid")
def an_anchor_that_others_have_signed() -> tuple[Evidence, Anchors]:
    forge = Forge()
    raw = canonical(envelope(forge.director_roots[0], forge.other_key))
    return forge.evidence(), Anchors(director=raw, image_repo=forge.anchors().image_repo, source="file", dialect=UPTANE)


@scenario("anchor-invalid")
def an_anchor_that_is_no_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    found = forge.evidence()
    return found, Anchors(
        director=found.director.files["box.json"], image_repo=forge.anchors().image_repo, source="file", dialect=UPTANE
    )


@scenario("root-version-mismatch")
def a_root_under_another_number() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["2.root.json"] = director["1.root.json"]
    return evidence(director, image_repo), forge.anchors()


@scenario("root-gap")
def a_missing_root_in_the_middle() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["4.root.json"] = envelope({**forge.director_roots[-1], "version": 4}, forge.root_key)
    return evidence(director, image_repo), forge.anchors()


@scenario("root-fork")
def another_root_of_the_anchors_version() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["1.root.json"] = envelope({**forge.director_roots[0], "expires": "2030-01-01T00:00:00Z"}, forge.root_key)
    return evidence(director, image_repo), forge.anchors()


@scenario("root-unreachable")
def a_root_behind_a_refused_one() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    director["2.root.json"] = envelope(forge.director_roots[1], forge.other_key)
    director["3.root.json"] = envelope({**forge.director_roots[1], "version": 3}, forge.root_key)
    return evidence(director, image_repo), forge.anchors()


def rotated(*signers: Key) -> Judgement:
    """A chain whose second root moves the root role from key 1 to key 6, signed by the given keys."""
    forge = Forge()
    body = forge.director_roots[1]
    body["keys"][forge.other_key.keyid] = forge.other_key.public
    body["roles"]["root"] = role(forge.other_key)
    director, image_repo = forge.documents()
    director["2.root.json"] = envelope(body, *signers)
    return judged((evidence(director, image_repo), forge.anchors()))


def test_a_root_signed_by_old_and_new_keys_is_adopted() -> None:
    assert rotated(Key(seed=1), Key(seed=6)).findings == ()


@pytest.mark.parametrize("signers", [(), (Key(seed=1),), (Key(seed=6),), (Key(seed=2), Key(seed=6))])
def test_a_root_not_signed_by_both_old_and_new_keys_is_refused(signers: tuple[Key, ...]) -> None:
    judgement = rotated(*signers)
    assert "threshold-unmet" in {finding.rule for finding in judgement.findings}
    assert verdict_of(judgement.findings) is Verdict.REJECTED


def test_an_expired_root_in_the_middle_of_the_chain_is_fine() -> None:
    forge = Forge()
    forge.director_roots[0]["expires"] = EARLIER
    assert judged((forge.evidence(), forge.anchors())).findings == ()


def _anchored_at_the_second_root(forge: Forge, director: dict[str, Any]) -> Anchors:
    return Anchors(
        director=canonical(director["2.root.json"]),
        image_repo=forge.anchors().image_repo,
        source="file",
        dialect=UPTANE,
    )


def test_a_changed_root_below_the_anchor_is_noticed() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    anchors = _anchored_at_the_second_root(forge, director)
    assert judged((evidence(director, image_repo), anchors)).findings == ()
    director["1.root.json"]["signed"]["expires"] = "2030-01-01T00:00:00Z"
    findings = judged((evidence(director, image_repo), anchors)).findings
    assert "signature-invalid" in {finding.rule for finding in findings}
    assert {finding.subject for finding in findings} == {"director/1.root.json"}


def test_a_root_below_the_anchor_must_lead_to_the_next_one() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    anchors = _anchored_at_the_second_root(forge, director)
    # A first root of another account, signed by its own key alone.
    foreign = {**forge.director_roots[0], "keys": {forge.other_key.keyid: forge.other_key.public}}
    foreign["roles"] = {"root": role(forge.other_key)}
    director["1.root.json"] = envelope(foreign, forge.other_key)
    assert "threshold-unmet" in {finding.rule for finding in judged((evidence(director, image_repo), anchors)).findings}


def test_an_unreadable_root_below_the_anchor_leads_nowhere_but_hides_nothing() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    anchors = _anchored_at_the_second_root(forge, director)
    director["1.root.json"] = b"[]"
    judgement = judged((evidence(director, image_repo), anchors))
    assert {finding.subject for finding in judgement.findings} == {"director/1.root.json"}
    assert judgement.lockbox is not None


@pytest.mark.parametrize("spoiled", [b"[]", "the second"], ids=["unreadable", "another number"])
def test_a_spoiled_copy_of_the_anchor_does_not_keep_the_next_root_from_being_reached(spoiled: bytes | str) -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    director["1.root.json"] = spoiled if isinstance(spoiled, bytes) else director["2.root.json"]
    judgement = judged((evidence(director, image_repo), forge.anchors()))
    assert {finding.subject for finding in judgement.findings} == {"director/1.root.json"}
    assert [root.document.version for root in judgement.trail.director_roots] == [1, 2]


@pytest.mark.parametrize("spoiled", [b"[]", "the first"], ids=["unreadable", "another number"])
def test_nothing_is_reached_behind_a_spoiled_root(spoiled: bytes | str) -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    director["2.root.json"] = spoiled if isinstance(spoiled, bytes) else director["1.root.json"]
    director["3.root.json"] = envelope({**forge.director_roots[1], "version": 3}, forge.root_key)
    judgement = judged((evidence(director, image_repo), forge.anchors()))
    assert ("root-unreachable", "director/3.root.json") in {(one.rule, one.subject) for one in judgement.findings}
    assert [root.document.version for root in judgement.trail.director_roots] == [1]


def test_a_root_that_stands_in_for_the_anchor_is_named_by_its_file() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    director["1.root.json"] = b"[]"
    anchors = Anchors(director=None, image_repo=forge.anchors().image_repo, source="file", dialect=UPTANE)
    findings = judged((evidence(director, image_repo), anchors)).findings
    assert ("anchor-invalid", "director/1.root.json") in {(one.rule, one.subject) for one in findings}


@scenario("root-copy-differs")
def a_copy_of_another_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    director, image_repo = forge.documents()
    image_repo["root.json"] = image_repo["1.root.json"]
    return evidence(director, image_repo), forge.anchors()


@scenario("root-behind-snapshot")
def a_snapshot_made_with_a_newer_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.snapshot["meta"]["root.json"] = {"version": 3}
    return forge.evidence(), forge.anchors()


@scenario("root-chain-incomplete")
def a_medium_without_the_first_root() -> tuple[Evidence, Anchors]:
    return without("image-repo", "1.root.json")


@scenario("root-chain-of-one")
def a_repository_that_never_renewed_its_root() -> tuple[Evidence, Anchors]:
    forge = Forge()
    del forge.image_roots[1]
    return forge.evidence(), forge.anchors()
