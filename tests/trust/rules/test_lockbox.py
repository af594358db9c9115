"""Rules about the lockbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from forge import Forge, envelope, evidence, meta_entry, target
from trust.rules.scenarios import Scenarios, judged, without

if TYPE_CHECKING:
    from lockstick.trust.evidence import Anchors, Evidence

scenario = Scenarios()


@scenario("lockbox-missing")
def no_lockbox() -> tuple[Evidence, Anchors]:
    return without("director", "box.json")


@scenario("lockbox-several")
def two_listed_lockboxes() -> tuple[Evidence, Anchors]:
    forge = Forge()
    second = envelope({**forge.lockbox, "version": 5}, forge.offline_key)
    forge.offline_snapshot["meta"]["another.json"] = meta_entry(second)
    director, image_repo = forge.documents()
    director["another.json"] = second
    return evidence(director, image_repo), forge.anchors()


def test_an_unlisted_document_beside_the_lockbox_does_not_take_its_place() -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    director["aaa.json"] = envelope({**forge.lockbox, "targets": {}}, forge.other_key)
    judgement = judged((evidence(director, image_repo), forge.anchors()))
    assert judgement.lockbox is not None
    assert judgement.lockbox.name == "box"


@scenario("lockbox-name")
def a_lockbox_name_with_a_way_out() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.offline_snapshot["meta"]["../image-repo/targets.json"] = {"version": 1}
    return forge.evidence(), forge.anchors()


@scenario("lockbox-name-reserved")
def a_lockbox_named_like_a_role() -> tuple[Evidence, Anchors]:
    forge = Forge(name="Targets")
    return forge.evidence(), forge.anchors()


@scenario("lockbox-name")
def a_listed_name_without_its_extension() -> tuple[Evidence, Anchors]:
    """A device cuts the last extension of the key, so it would open aaa.json first."""
    forge = Forge()
    other = envelope({**forge.lockbox, "version": 5}, forge.offline_key)
    forge.offline_snapshot["meta"]["aaa"] = meta_entry(other)
    director, image_repo = forge.documents()
    director["aaa.json"] = other
    return evidence(director, image_repo), forge.anchors()


@scenario("document-name-case")
def another_listed_lockbox_in_capitals() -> tuple[Evidence, Anchors]:
    """On a stick, the device looks for aaa.json and finds AAA.JSON."""
    forge = Forge()
    other = envelope({**forge.lockbox, "version": 5}, forge.offline_key)
    forge.offline_snapshot["meta"]["aaa.json"] = meta_entry(other)
    director, image_repo = forge.documents()
    director["AAA.JSON"] = other
    return evidence(director, image_repo), forge.anchors()


@pytest.mark.parametrize("repository", ["director", "image-repo"])
@pytest.mark.parametrize("name", ["3.ROOT.json", "3.root.JSON", "03.root.json", "Root.json", "\u0663.root.json"])
def test_a_root_under_a_name_that_only_a_stick_takes_for_one_is_refused(repository: str, name: str) -> None:
    forge = Forge()
    director, image_repo = forge.documents()
    files = {"director": director, "image-repo": image_repo}
    files[repository][name] = files[repository]["2.root.json"]
    judgement = judged((evidence(director, image_repo), forge.anchors()))
    assert [finding.rule for finding in judgement.findings] == ["document-name-case"]


@scenario("lockbox-delegates")
def a_lockbox_with_an_empty_list_of_delegations() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox["delegations"] = {"keys": {}, "roles": []}
    return forge.evidence(), forge.anchors()


@scenario("lockbox-empty")
def a_revoked_lockbox() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={})
    return forge.evidence(), forge.anchors()


@scenario("hardware-id-twice")
def two_targets_for_one_board() -> tuple[Evidence, Anchors]:
    forge = Forge()
    for targets in (forge.lockbox_targets, forge.image_targets):
        targets["second.bin"] = target(b"other bytes")
    return forge.evidence(), forge.anchors()
