"""An offline-snapshot of which only numbers are known, a newer delegation, and commits."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from forge import PAYLOAD, Forge, Key, envelope, role, target
from lockstick.trust.device.memory import DeviceMemory, SeenSnapshot
from trust.device.ground import BOARD, device, medium, say, summary

if TYPE_CHECKING:
    from lockstick.trust.device.client import Device


def seen(version: int, lockboxes: dict[str, int] | None = None) -> DeviceMemory:
    return DeviceMemory(seen=SeenSnapshot(version, lockboxes or {}))


def test_what_is_as_new_as_the_numbers_is_stored_and_replaces_them() -> None:
    forge = Forge()
    one = device(forge, memory=seen(7))
    result = medium(forge)
    assert say(one, result).verdict == "PASS"
    assert one.memory.primary.director.documents["offline-snapshot"] == result.director["offline-snapshot.json"]
    assert one.memory.seen is None


def test_a_lockbox_of_which_no_number_is_known_may_have_any() -> None:
    forge = Forge()
    forge.lockbox["version"] = 0
    assert say(device(forge, memory=seen(6)), medium(forge)).verdict == "PASS"


def test_a_lockbox_with_the_name_of_a_role_is_compared_with_its_number() -> None:
    for number, verdict in ((3, "PASS"), (4, "FAIL")):
        forge = Forge()
        forge.offline_snapshot["meta"] = {"targets.json": {"version": 3}}
        assert say(device(forge, memory=seen(6, {"targets": number})), medium(forge)).verdict == verdict


def test_a_lockbox_that_is_missing_beside_a_newer_offline_snapshot_is_not_superseded() -> None:
    forge = Forge()
    result = medium(forge)
    del result.director["box.json"]
    assert say(device(forge, memory=seen(6)), result).reason == (
        "no lockbox on the medium is listed in the offline-snapshot"
    )


def test_lockboxes_that_are_known_by_number_are_tried_in_the_order_of_their_files() -> None:
    """A dash comes before the dot of ``.json``."""
    forge = Forge(name="a")
    result = medium(forge)
    result.director["a-b.json"] = result.director["a.json"]
    step = say(device(forge, memory=seen(8, {"a": 3, "a-b": 3})), result)
    assert step.lockbox == "a-b"


# --- delegations ---

SIGNER = Key(seed=6)


def delegating(version: int) -> Forge:
    name = f"{version}.bin"
    forge = Forge(image_targets={}, lockbox_targets={name: target()})
    forge.targets["delegations"] = {
        "keys": {SIGNER.keyid: SIGNER.public},
        "roles": [{"name": "a", "paths": ["*"], "terminating": False} | role(SIGNER)],
    }
    body = {"_type": "Targets", "expires": forge.targets["expires"], "targets": {name: target()}, "version": version}
    forge.delegated["a"] = envelope(body, SIGNER)
    forge.offline_snapshot["version"] = forge.targets["version"] = forge.snapshot["version"] = version + 10
    return forge


def test_a_newer_delegation_takes_the_place_of_the_stored_one() -> None:
    one = device()
    for version in (2, 3):
        result = medium(delegating(version), **{f"{version}.bin": PAYLOAD})
        assert say(one, result).verdict == "PASS"
        assert one.memory.delegations == {"a": result.image_repo["a.json"]}
    without = medium(delegating(4), **{"4.bin": PAYLOAD})
    del without.image_repo["a.json"]
    assert say(one, without).reason == "a delegation is not on the medium (a)"
    assert one.memory.delegations == {}


# --- commits ---


def ostree(**hashes: str) -> tuple[Device, Forge]:
    entry: dict[str, Any] = target(b"")
    entry["hashes"] = hashes
    forge = Forge(lockbox_targets={"os": entry}, image_targets={"os": entry})
    return device(forge, replace(BOARD, ostree=True)), forge


def test_a_commit_is_named_by_its_sha256_and_remembered() -> None:
    commit = hashlib.sha256(b"").hexdigest()
    one, forge = ostree(sha256=commit)
    result = medium(forge)
    result.commits.add(commit)
    assert say(one, result).verdict == "PASS"
    assert one.memory.commits == {commit}


def test_a_commit_without_sha256_has_an_empty_name() -> None:
    one, forge = ostree(sha512=hashlib.sha512(b"").hexdigest())
    result = medium(forge)
    assert summary(say(one, result))[:2] == ("FAIL", "fetch")
    result.commits.add("")
    assert say(one, result).verdict == "PASS"
