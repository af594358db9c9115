from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sandbox.caller import DIRECTOR, canonical, digest, expires, keyid_of, role_signed, signers

if TYPE_CHECKING:
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller
    from sandbox.conftest import Clock


def test_a_new_director_knows_no_lockbox_and_no_offline_roles(caller: Caller) -> None:
    for path in ("offline-snapshot.json", "offline-updates/kiosk.json"):
        answer = caller.api(f"{DIRECTOR}/{path}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "missing_admin_role"
        assert set(answer.json()) == {"code", "msg", "description", "cause", "errorId"}
    assert "offline-updates" not in caller.director("root.json")["signed"]["roles"]


def test_the_first_lockbox_adds_both_offline_roles_with_one_shared_key_as_root_version_2(
    caller: Caller, cloud: Sandbox
) -> None:
    cloud.define_lockbox("kiosk")
    first, second = caller.director("1.root.json"), caller.director("2.root.json")
    roles = second["signed"]["roles"]
    assert roles["offline-updates"] == roles["offline-snapshot"]
    assert "offline-updates" not in first["signed"]["roles"]
    assert role_signed(second, first, "root")
    assert role_signed(second, second, "root")


def test_keys_are_written_without_scheme_under_the_digest_of_their_der(caller: Caller) -> None:
    keys = caller.director("root.json")["signed"]["keys"]
    assert {key["keytype"] for key in keys.values()} == {"RSA", "ED25519"}
    for keyid, key in keys.items():
        assert set(key) == {"keytype", "keyval"}
        assert keyid == keyid_of(key)


def test_lockbox_and_snapshot_are_signed_and_agree_on_version_hash_and_canonical_length(
    caller: Caller, cloud: Sandbox
) -> None:
    cloud.define_lockbox("kiosk")
    lockbox, snapshot = caller.director("offline-updates/kiosk.json"), caller.director("offline-snapshot.json")
    root = caller.director("root.json")
    assert role_signed(lockbox, root, "offline-updates")
    assert role_signed(snapshot, root, "offline-snapshot")
    assert lockbox["signed"]["_type"] == "Offline-Updates"
    assert snapshot["signed"]["_type"] == "Offline-Snapshot"
    assert snapshot["signed"]["meta"] == {
        "kiosk.json": {
            "hashes": {"sha256": digest(lockbox)},
            "length": len(canonical(lockbox)),
            "version": 1,
        }
    }


def test_a_lockbox_lists_packages_with_nothing_but_hardware_ids_in_custom(caller: Caller, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk")
    targets = caller.director("offline-updates/kiosk.json")["signed"]["targets"]
    assert set(targets) == {package.target for package in cloud.packages()}
    for package in cloud.packages():
        assert targets[package.target] == {
            "custom": {"hardwareIds": list(package.hardware_ids)},
            "hashes": {"sha256": package.sha256},
            "length": package.length,
        }


def test_post_defines_a_lockbox_with_the_values_and_the_expiry_it_was_given(caller: Caller) -> None:
    values = {"some/thing-1": {"hashes": {"sha256": "00" * 32}, "length": 3, "custom": None}}
    body = {"values": values, "expiresAt": "2027-06-01T00:00:00Z"}
    answer = caller.api(f"{DIRECTOR}/offline-updates/field-test", "POST", json=body)
    assert answer.status_code == 200
    assert answer.json() == caller.director("offline-updates/field-test.json")
    assert answer.json()["signed"]["targets"] == values
    assert answer.json()["signed"]["expires"] == "2027-06-01T00:00:00Z"


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"values": 3}', b'{"values": {}, "expiresAt": "soon"}'])
def test_a_malformed_definition_is_refused_and_changes_nothing(caller: Caller, body: bytes) -> None:
    answer = caller.api(f"{DIRECTOR}/offline-updates/kiosk", "POST", content=body)
    assert answer.status_code == 400
    assert caller.api(f"{DIRECTOR}/offline-updates/kiosk.json").status_code == 404


@pytest.mark.parametrize("name", ["a.b", "a%20b", "a" * 254, "%C3%A9"])
def test_names_outside_the_grammar_are_refused(caller: Caller, name: str) -> None:
    answer = caller.api(f"{DIRECTOR}/offline-updates/{name}", "POST", json={"values": {}})
    assert answer.status_code == 400


def test_defining_again_raises_the_version_and_both_versions_can_be_read(caller: Caller, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk")
    cloud.define_lockbox("kiosk", ["firmware-1.0.bin"])
    assert caller.director("offline-updates/kiosk.json")["signed"]["version"] == 2
    assert len(caller.director("offline-updates/1.kiosk.json")["signed"]["targets"]) == 4
    assert len(caller.director("offline-updates/2.kiosk.json")["signed"]["targets"]) == 1
    assert caller.director("offline-snapshot.json")["signed"]["meta"]["kiosk.json"]["version"] == 2
    assert caller.director("1.offline-snapshot.json")["signed"]["meta"]["kiosk.json"]["version"] == 1


def test_one_snapshot_lists_every_lockbox_and_lives_as_long_as_the_longest(
    caller: Caller, cloud: Sandbox, clock: Clock
) -> None:
    cloud.define_lockbox("long", expires=clock() + timedelta(days=700))
    cloud.define_lockbox("short", expires=clock() + timedelta(days=10))
    snapshot = caller.director("offline-snapshot.json")
    assert set(snapshot["signed"]["meta"]) == {"long.json", "short.json"}
    assert snapshot["signed"]["version"] == 2
    assert expires(snapshot) == clock() + timedelta(days=700)


def test_a_deleted_lockbox_is_gone_but_its_version_numbers_are_not_used_again(caller: Caller, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk")
    cloud.define_lockbox("other")
    before = expires(caller.director("offline-snapshot.json"))
    assert caller.api(f"{DIRECTOR}/offline-updates/kiosk", "DELETE").status_code == 200
    assert caller.api(f"{DIRECTOR}/offline-updates/kiosk.json").status_code == 404
    snapshot = caller.director("offline-snapshot.json")
    assert set(snapshot["signed"]["meta"]) == {"other.json"}
    assert (snapshot["signed"]["version"], expires(snapshot)) == (3, before)
    assert caller.api(f"{DIRECTOR}/offline-updates/kiosk", "DELETE").status_code == 404
    cloud.define_lockbox("kiosk")
    assert caller.director("offline-updates/kiosk.json")["signed"]["version"] == 2


def test_an_empty_lockbox_stays_listed(caller: Caller, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk", [])
    assert caller.director("offline-updates/kiosk.json")["signed"]["targets"] == {}
    assert "kiosk.json" in caller.director("offline-snapshot.json")["signed"]["meta"]


def test_reading_the_unversioned_root_makes_it_outlive_every_lockbox_by_180_days(
    caller: Caller, cloud: Sandbox, clock: Clock
) -> None:
    cloud.define_lockbox("kiosk", expires=clock() + timedelta(days=400))
    assert expires(caller.director("2.root.json")) == clock() + timedelta(days=365)
    assert caller.api(f"{DIRECTOR}/3.root.json").status_code == 404, "reading a version renews nothing"
    root = caller.director("root.json")
    assert root["signed"]["version"] == 3
    assert expires(root) == clock() + timedelta(days=400 + 180 + 365)
    assert caller.director("root.json") == root, "what lasts long enough is left alone"
    assert caller.director("3.root.json") == root


def test_reading_the_snapshot_near_its_end_renews_it_and_never_the_lockbox(
    caller: Caller, cloud: Sandbox, clock: Clock
) -> None:
    cloud.define_lockbox("kiosk", expires=clock() + timedelta(days=100))
    assert caller.director("offline-snapshot.json")["signed"]["version"] == 1
    clock.advance(days=10)
    caller.cloud.forget_tokens()
    caller._token = ""
    snapshot = caller.director("offline-snapshot.json")
    assert snapshot["signed"]["version"] == 2
    assert expires(snapshot) == clock() + timedelta(days=365)
    assert caller.director("offline-updates/kiosk.json")["signed"]["version"] == 1


def test_the_301st_lockbox_is_refused_and_so_is_any_change_at_the_limit(caller: Caller, cloud: Sandbox) -> None:
    with cloud.state.transaction():
        for n in range(300):
            cloud.director.repository.publish(
                f"offline-updates/box{n}.json", "root", {"targets": {}}, expires=datetime(2030, 1, 1, tzinfo=UTC)
            )
    for name in ("one-more", "box7"):
        answer = caller.api(f"{DIRECTOR}/offline-updates/{name}", "POST", json={"values": {}})
        assert answer.status_code == 400
        assert answer.json()["code"] == "too_many_offline_roles"


def test_a_rotated_root_is_signed_by_the_old_and_the_new_root_key(caller: Caller, cloud: Sandbox) -> None:
    cloud.rotate_root("director")
    old, new = caller.director("1.root.json")["signed"], caller.director("2.root.json")
    assert old["roles"]["root"]["keyids"] != new["signed"]["roles"]["root"]["keyids"]
    assert signers(new, old["keys"], old["roles"]["root"]["keyids"])
    assert role_signed(new, new, "root")
    assert old["roles"]["root"]["keyids"][0] not in new["signed"]["keys"]
