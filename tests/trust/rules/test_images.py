"""Rules about the image repository: delegations and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from forge import EARLIER, LATER, PAYLOAD, Forge, Key, envelope, role, target
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from trust.rules.scenarios import Scenarios, delegating, delegating_forge, judged

if TYPE_CHECKING:
    from collections.abc import Callable

scenario = Scenarios()


def test_a_delegated_target_is_found() -> None:
    judgement = judged(delegating())
    assert judgement.findings == ()
    assert [package.agreed for package in judgement.packages] == [True]


@scenario("threshold-unmet")
def a_delegation_signed_by_others() -> tuple[Evidence, Anchors]:
    return delegating(signers=(Key(seed=5),))


@scenario("delegation-name")
def a_delegation_with_a_slash_in_its_name() -> tuple[Evidence, Anchors]:
    return delegating(name="../x")


@scenario("delegation-name")
def a_delegation_named_like_a_numbered_root() -> tuple[Evidence, Anchors]:
    return delegating(name="9.Root")


@scenario("delegation-name")
def a_delegation_named_like_a_role() -> tuple[Evidence, Anchors]:
    return delegating(name="Snapshot")


@scenario("delegation-name")
def a_delegation_with_a_reserved_name_that_no_search_leads_to() -> tuple[Evidence, Anchors]:
    forge = delegating_forge(name="Root", entry={"paths": ["nothing"]})
    forge.targets["targets"] = {"fw.bin": target(targetFormat="BINARY")}
    return forge.evidence(), forge.anchors()


@scenario("delegation-name")
def two_delegations_whose_names_differ_in_case() -> tuple[Evidence, Anchors]:
    other = {"name": "TDX-feed", "paths": ["nothing"], "terminating": False} | role(Key(seed=6))
    return delegating(more=[other])


@scenario("delegation-pattern")
def a_pattern_with_a_character_class() -> tuple[Evidence, Anchors]:
    return delegating(entry={"paths": ["[[:alpha:]]w.bin", "fw*"]})


@scenario("delegation-pattern")
def a_pattern_of_many_characters() -> tuple[Evidence, Anchors]:
    return delegating(entry={"paths": ["fw*", "x" * 513]})


@pytest.mark.parametrize("entry", [1, {}, {"length": "5", "hashes": {}}, {"length": True, "hashes": {}}, {"length": 5}])
def test_a_misshapen_entry_that_the_lockbox_does_not_need_spoils_the_targets(entry: Any) -> None:
    forge = Forge()
    forge.image_targets["other.bin"] = entry
    assert "shape" in {finding.rule for finding in judged((forge.evidence(), forge.anchors())).findings}


@scenario("target-unknown")
def a_delegation_whose_patterns_do_not_fit() -> tuple[Evidence, Anchors]:
    return delegating(entry={"paths": ["else*"]})


@scenario("target-unknown")
def a_terminating_delegation_without_the_target_ends_the_search() -> tuple[Evidence, Anchors]:
    forge = delegating_forge(body={"targets": {}}, entry={"terminating": True})
    add_second_feed(forge)
    return forge.evidence(), forge.anchors()


def test_the_search_goes_on_behind_a_delegation_that_does_not_terminate() -> None:
    forge = delegating_forge(body={"targets": {}})
    add_second_feed(forge)
    assert judged((forge.evidence(), forge.anchors())).findings == ()


@scenario("target-length")
def the_first_entry_of_a_name_is_final() -> tuple[Evidence, Anchors]:
    forge = delegating_forge()
    forge.targets["targets"] = {"fw.bin": target(b"other")}
    return forge.evidence(), forge.anchors()


@scenario("delegation-cycle")
def a_role_that_delegates_to_itself() -> tuple[Evidence, Anchors]:
    other = Key(seed=6)
    again = {"name": "tdx-feed", "paths": ["*"], "terminating": False} | role(other)
    forge = delegating_forge(
        body={"targets": {}, "delegations": {"keys": {other.keyid: other.public}, "roles": [again]}}
    )
    add_second_feed(forge)
    return forge.evidence(), forge.anchors()


def add_second_feed(forge: Forge) -> None:
    """Another delegation, after the first, that has the target."""
    body = {"_type": "Targets", "expires": LATER, "targets": {"fw.bin": target(targetFormat="BINARY")}, "version": 1}
    forge.delegated["tdx-second"] = envelope(body, forge.other_key)
    entry = {"name": "tdx-second", "paths": ["*"], "terminating": False} | role(forge.other_key)
    forge.targets["delegations"]["roles"].append(entry)


def chained(levels: int) -> tuple[Evidence, Anchors]:
    """A target that lies so many delegations below the top."""
    forge = Forge(image_targets={})
    key = forge.other_key
    for level in range(levels, 0, -1):
        body: dict[str, Any] = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
        if level == levels:
            body["targets"] = {"fw.bin": target(targetFormat="BINARY")}
        else:
            body["delegations"] = below(key, f"level-{level + 1}")
        forge.delegated[f"level-{level}"] = envelope(body, key)
    forge.targets["delegations"] = below(key, "level-1")
    return forge.evidence(), forge.anchors()


def below(key: Key, name: str) -> dict[str, Any]:
    return {
        "keys": {key.keyid: key.public},
        "roles": [{"name": name, "paths": ["*"], "terminating": True} | role(key)],
    }


def test_five_levels_of_delegation_are_followed() -> None:
    assert judged(chained(5)).findings == ()


@scenario("delegation-depth")
def six_levels_of_delegation() -> tuple[Evidence, Anchors]:
    return chained(6)


def test_a_delegation_is_judged_anew_for_every_delegator() -> None:
    """Two roles delegate to a third, one of them to keys that have not signed it."""
    forge = Forge(image_targets={})
    good, bad = Key(seed=6), Key(seed=7)
    names = {"a.bin": "board-a", "b.bin": "board-b"}
    forge.lockbox["targets"] = {name: target(name.encode(), (board,)) for name, board in names.items()}
    shared = {
        "_type": "Targets",
        "expires": LATER,
        "targets": {name: target(name.encode(), (board,), targetFormat="BINARY") for name, board in names.items()},
        "version": 1,
    }
    forge.delegated["shared"] = envelope(shared, good)
    for role_name, key, pattern in (("first", good, "a*"), ("second", bad, "b*")):
        body = {"_type": "Targets", "expires": LATER, "targets": {}, "version": 1}
        body["delegations"] = {
            "keys": {key.keyid: key.public},
            "roles": [{"name": "shared", "paths": [pattern], "terminating": True} | role(key)],
        }
        forge.delegated[role_name] = envelope(body, good)
    forge.targets["delegations"] = {
        "keys": {good.keyid: good.public},
        "roles": [
            {"name": "first", "paths": ["a*"], "terminating": True} | role(good),
            {"name": "second", "paths": ["b*"], "terminating": True} | role(good),
        ],
    }
    judgement = judged((forge.evidence(), forge.anchors()))
    assert [(finding.rule, finding.subject) for finding in judgement.findings] == [
        ("threshold-unmet", "image-repo/shared.json"),
        ("target-unknown", "b.bin"),
    ]


def test_a_changed_delegation_that_no_target_needs_is_noticed_but_may_have_expired() -> None:
    forge = delegating_forge(body={"expires": EARLIER})
    forge.targets["targets"] = {"fw.bin": target(targetFormat="BINARY")}
    found = forge.evidence()
    assert judged((found, forge.anchors())).findings == ()
    files = dict(found.image_repo.files)
    files["tdx-feed.json"] = files["tdx-feed.json"].replace(b'"version":2', b'"version":3')
    changed = Evidence(director=found.director, image_repo=RepositoryEvidence(files=files))
    assert "signature-invalid" in {finding.rule for finding in judged((changed, forge.anchors())).findings}


@scenario("target-unknown")
def a_target_that_the_image_repository_does_not_list() -> tuple[Evidence, Anchors]:
    forge = Forge(image_targets={})
    return forge.evidence(), forge.anchors()


def mismatched(change: Callable[[dict[str, Any]], None]) -> tuple[Evidence, Anchors]:
    forge = Forge()
    change(forge.image_targets["fw.bin"])
    return forge.evidence(), forge.anchors()


@scenario("target-length")
def another_length_in_the_image_repository() -> tuple[Evidence, Anchors]:
    return mismatched(lambda entry: entry.update(length=len(PAYLOAD) + 1))


@scenario("target-hash")
def another_hash_in_the_image_repository() -> tuple[Evidence, Anchors]:
    return mismatched(lambda entry: entry.update(hashes={"sha256": "0" * 64}))


@scenario("target-hash")
def a_second_hash_that_differs() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.lockbox_targets["fw.bin"]["hashes"]["sha512"] = "0" * 128
    forge.image_targets["fw.bin"]["hashes"]["sha512"] = "1" * 128
    return forge.evidence(), forge.anchors()


@scenario("target-without-hash")
def only_hashes_that_nobody_knows() -> tuple[Evidence, Anchors]:
    forge = Forge()
    for targets in (forge.lockbox_targets, forge.image_targets):
        targets["fw.bin"]["hashes"] = {"md5": "0" * 32}
    return forge.evidence(), forge.anchors()


@scenario("target-hardware-id")
def a_hardware_id_that_the_image_repository_does_not_list() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(hardware_ids=("board", "other-board"))})
    return forge.evidence(), forge.anchors()


@scenario("target-without-hardware-id")
def a_target_for_nobody() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(hardware_ids=())})
    return forge.evidence(), forge.anchors()


def empty(**custom: Any) -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(b"")}, image_targets={"fw.bin": target(b"", **custom)})
    return forge.evidence(), forge.anchors()


@scenario("target-empty")
def a_file_without_bytes() -> tuple[Evidence, Anchors]:
    return empty(targetFormat="BINARY")


def test_a_commit_has_no_bytes_of_its_own() -> None:
    judgement = judged(empty(targetFormat="OSTREE"))
    assert judgement.findings == ()


@scenario("target-format")
def a_commit_with_a_length() -> tuple[Evidence, Anchors]:
    return mismatched(lambda entry: entry["custom"].update(targetFormat="OSTREE"))


@scenario("target-format")
def two_formats() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(targetFormat="OTHER")})
    return forge.evidence(), forge.anchors()


@scenario("target-names-ecus")
def a_lockbox_that_names_devices() -> tuple[Evidence, Anchors]:
    forge = Forge(lockbox_targets={"fw.bin": target(ecuIdentifiers={"serial": {"hardwareId": "board"}})})
    return forge.evidence(), forge.anchors()


def named(*names: str) -> tuple[Evidence, Anchors]:
    entries = {name: target(name.encode(), (f"board-{index}",)) for index, name in enumerate(names)}
    forge = Forge(lockbox_targets=entries, image_targets=entries)
    return forge.evidence(), forge.anchors()


@scenario("target-name-unsafe")
def a_name_that_leads_out() -> tuple[Evidence, Anchors]:
    return named("../fw.bin")


@scenario("target-name-unportable")
def a_name_that_windows_reserves() -> tuple[Evidence, Anchors]:
    return named("fw/con.bin")


@scenario("target-name-collision")
def two_names_that_differ_in_case() -> tuple[Evidence, Anchors]:
    return named("fw/App.bin", "FW/app.bin")
