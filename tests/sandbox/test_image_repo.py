from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.caller import IMAGES, canonical, digest, role_signed, signers

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller
    from sandbox.conftest import Clock


def test_the_root_chain_has_two_links_from_the_start(caller: Caller) -> None:
    first, second = caller.images("1.root.json"), caller.images("2.root.json")
    assert role_signed(second, first, "root")
    assert role_signed(second, second, "root")
    assert caller.images("root.json") == second
    assert caller.api(f"{IMAGES}/3.root.json").status_code == 404


def test_the_snapshot_lists_root_targets_and_delegations_flat_with_canonical_fingerprints(caller: Caller) -> None:
    snapshot, root = caller.images("snapshot.json"), caller.images("root.json")
    assert role_signed(snapshot, root, "snapshot")
    paths = {
        "root.json": "root.json",
        "targets.json": "targets.json",
        "tdx-quarterly.json": "delegations/tdx-quarterly.json",
    }
    documents = {name: caller.images(path) for name, path in paths.items()}
    assert snapshot["signed"]["meta"] == {
        name: {
            "hashes": {"sha256": digest(document)},
            "length": len(canonical(document)),
            "version": document["signed"]["version"],
        }
        for name, document in documents.items()
    }


def test_the_timestamp_lists_the_snapshot(caller: Caller) -> None:
    timestamp, snapshot = caller.images("timestamp.json"), caller.images("snapshot.json")
    assert role_signed(timestamp, caller.images("root.json"), "timestamp")
    assert timestamp["signed"]["meta"]["snapshot.json"]["hashes"]["sha256"] == digest(snapshot)


def test_targets_are_signed_and_say_what_a_package_is(caller: Caller, cloud: Sandbox) -> None:
    targets = caller.images("targets.json")
    assert role_signed(targets, caller.images("root.json"), "targets")
    entry = targets["signed"]["targets"]["firmware-1.0.bin"]
    record = cloud.state.package("firmware-1.0.bin")
    assert record is not None
    assert (entry["length"], entry["hashes"]) == (record.length, {"sha256": record.sha256})
    assert entry["custom"] == {
        "name": "firmware",
        "version": "1.0",
        "hardwareIds": ["verdin-imx8mp"],
        "targetFormat": "BINARY",
        "createdAt": "2027-03-01T12:00:00Z",
        "updatedAt": "2027-03-01T12:00:00Z",
    }
    assert "sensors/co2 hub-2.3.1.bin" in targets["signed"]["targets"]


def test_the_delegation_is_signed_by_the_key_in_targets_and_says_that_it_is_terminating(caller: Caller) -> None:
    delegations = caller.images("targets.json")["signed"]["delegations"]
    (role,) = delegations["roles"]
    assert role["name"] == "tdx-quarterly"
    assert role["paths"] == ["tdx-*"]
    assert role["terminating"] is True
    assert role["threshold"] == 1
    delegated = caller.images("delegations/tdx-quarterly.json")
    assert signers(delegated, delegations["keys"], role["keyids"]) == role["keyids"]
    entry = delegated["signed"]["targets"]["tdx-bootloader-7.3.0.bin"]
    assert entry["custom"]["uri"] is None, "a null uri means the same as none"
    assert "tdx-bootloader-7.3.0.bin" not in caller.images("targets.json")["signed"]["targets"]


def test_all_seeded_packages_differ_in_their_hardware_ids(cloud: Sandbox) -> None:
    ids = [hardware_id for package in cloud.packages() for hardware_id in package.hardware_ids]
    assert len(ids) == len(set(ids)) == 4


def test_documents_are_served_outside_canonical_form_in_ascii_and_always_alike(caller: Caller) -> None:
    for path in ("targets.json", "snapshot.json", "root.json", "delegations/tdx-quarterly.json"):
        answer = caller.api(f"{IMAGES}/{path}")
        assert answer.content.isascii()
        assert answer.content != canonical(answer.json())
        assert list(answer.json()) == ["signed", "signatures"]
        assert answer.headers["x-ats-role-checksum"] == digest(answer.json())
        assert caller.api(f"{IMAGES}/{path}").content == answer.content


def test_a_change_of_targets_is_followed_by_snapshot_and_timestamp(caller: Caller, cloud: Sandbox) -> None:
    before = [caller.images(f"{role}.json")["signed"]["version"] for role in ("targets", "snapshot", "timestamp")]
    cloud.images.list_targets({"targets": {"firmware-1.0.bin": None}})
    after = [caller.images(f"{role}.json")["signed"]["version"] for role in ("targets", "snapshot", "timestamp")]
    assert after == [version + 1 for version in before]
    assert "firmware-1.0.bin" not in caller.images("targets.json")["signed"]["targets"]


def test_a_rotated_root_is_signed_by_both_keys_and_listed_by_a_new_snapshot(caller: Caller, cloud: Sandbox) -> None:
    cloud.rotate_root("image-repo")
    second, third = caller.images("2.root.json"), caller.images("3.root.json")
    assert role_signed(third, second, "root")
    assert role_signed(third, third, "root")
    assert caller.images("snapshot.json")["signed"]["meta"]["root.json"]["version"] == 3


def test_reading_renews_what_ends_within_the_hour(cloud: Sandbox, clock: Clock) -> None:
    def versions() -> list[int]:
        documents = [cloud.images.document(f"{role}.json") for role in ("targets", "snapshot", "timestamp")]
        signed = [document["signed"] for document in documents if document is not None]
        return [part["version"] for part in signed if isinstance(part, dict) and isinstance(part["version"], int)]

    targets, snapshot, timestamp = versions()
    clock.advance(hours=22)
    assert versions() == [targets, snapshot, timestamp]
    clock.advance(hours=1)
    assert versions() == [targets, snapshot, timestamp + 1]
    clock.advance(days=30)
    assert versions() == [targets + 1, snapshot + 1, timestamp + 2]


def test_a_frozen_document_is_served_expired(cloud: Sandbox, caller: Caller, clock: Clock) -> None:
    past = clock() - timedelta(days=1)
    cloud.resign("image-repo", "targets.json", expires=past)
    targets = caller.images("targets.json")
    assert datetime.fromisoformat(targets["signed"]["expires"]) == past
    assert digest(targets) == caller.images("snapshot.json")["signed"]["meta"]["targets.json"]["hashes"]["sha256"]


def test_what_is_not_there_is_404(caller: Caller) -> None:
    for path in ("delegations/none.json", "nothing.json", "9.root.json", "1.targets.json"):
        assert caller.api(f"{IMAGES}/{path}").status_code == 404
