from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError, NotFoundError, UsageError
from lockstick.sandbox import Package, Publisher, RoleKey
from sandbox.caller import DIRECTOR, canonical, digest, expires, role_signed

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.metadata.types import JsonObject
    from lockstick.sandbox import Sandbox
    from sandbox.caller import Caller
    from sandbox.conftest import Clock

ODD_NAMES = ["../x", "/abs", "C:\\x", "CON", "a.", "Firmware-1.0.BIN", "a/../b"]


def test_a_lockbox_can_be_defined_expired_and_the_snapshot_is_not(caller: Caller, cloud: Sandbox, clock: Clock) -> None:
    past = clock() - timedelta(days=1)
    cloud.define_lockbox("kiosk", expires=past)
    assert expires(caller.director("offline-updates/kiosk.json")) == past
    assert expires(caller.director("offline-snapshot.json")) > clock()


@pytest.mark.parametrize("path", ["offline-updates/kiosk.json", "offline-snapshot.json", "root.json"])
def test_any_director_document_can_be_signed_again_expired_and_stays_so(
    caller: Caller, cloud: Sandbox, clock: Clock, path: str
) -> None:
    cloud.define_lockbox("kiosk")
    past = clock() - timedelta(days=1)
    cloud.resign("director", path, expires=past)
    document, root = caller.director(path), caller.director("root.json")
    assert expires(document) == past
    role = {"root.json": "root", "offline-snapshot.json": "offline-snapshot"}.get(path, "offline-updates")
    assert role_signed(document, root, role)
    entry = caller.director("offline-snapshot.json")["signed"]["meta"]["kiosk.json"]
    assert entry["hashes"]["sha256"] == digest(caller.director("offline-updates/kiosk.json"))


@pytest.mark.parametrize("path", ["root.json", "targets.json", "snapshot.json", "delegations/tdx-quarterly.json"])
def test_any_image_document_can_be_signed_again_expired_and_stays_so(
    caller: Caller, cloud: Sandbox, clock: Clock, path: str
) -> None:
    past = clock() - timedelta(days=1)
    cloud.resign("image-repo", path, expires=past)
    document = caller.images(path)
    assert expires(document) == past
    entry = caller.images("snapshot.json")["signed"]["meta"].get(path.removeprefix("delegations/"))
    assert path == "snapshot.json" or entry["hashes"]["sha256"] == digest(document)
    assert caller.images("timestamp.json")["signed"]["meta"]["snapshot.json"]["hashes"]["sha256"] == digest(
        caller.images("snapshot.json")
    )


def test_a_lockbox_can_name_a_target_that_the_image_repository_does_not_know(caller: Caller, cloud: Sandbox) -> None:
    unknown: JsonObject = {"hashes": {"sha256": "ab" * 32}, "length": 9, "custom": {"hardwareIds": ["h"]}}
    cloud.define_lockbox("kiosk", [], values={"ghost-1": unknown})
    assert caller.director("offline-updates/kiosk.json")["signed"]["targets"] == {"ghost-1": unknown}
    assert "ghost-1" not in caller.images("targets.json")["signed"]["targets"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_package_can_have_any_target_name_and_is_served_under_it(caller: Caller, cloud: Sandbox, name: str) -> None:
    cloud.add_package(Package(name="odd", version="1", target=name, hardware_ids=("odd",), content=b"odd"))
    cloud.define_lockbox("kiosk", [name])
    assert list(caller.director("offline-updates/kiosk.json")["signed"]["targets"]) == [name]
    assert name in caller.images("targets.json")["signed"]["targets"]
    assert caller.object(name).content == b"odd"


def test_the_image_repository_can_say_something_else_of_a_target_than_the_lockbox(
    caller: Caller, cloud: Sandbox
) -> None:
    entry = {**cloud.lockbox_entry("firmware-1.0.bin"), "length": 1}
    cloud.images.list_targets({"targets": {"firmware-1.0.bin": entry}})
    assert caller.images("targets.json")["signed"]["targets"]["firmware-1.0.bin"]["length"] == 1


def test_anything_can_be_signed_as_any_document_and_what_lists_it_follows(caller: Caller, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk")
    cloud.publish("director", "offline-updates/kiosk.json", {"_type": "Odd", "version": 77})
    lockbox = caller.director("offline-updates/kiosk.json")
    assert (lockbox["signed"]["_type"], lockbox["signed"]["version"]) == ("Odd", 77)
    entry = caller.director("offline-snapshot.json")["signed"]["meta"]["kiosk.json"]
    assert (entry["version"], entry["length"]) == (77, len(canonical(lockbox)))


def test_a_document_can_be_signed_by_a_key_that_no_root_knows(caller: Caller, cloud: Sandbox) -> None:
    stranger = RoleKey.generate("ED25519")
    cloud.publish("image-repo", "targets.json", {"_type": "Targets", "targets": {}}, keys=[stranger])
    document = caller.images("targets.json")
    assert [entry["keyid"] for entry in document["signatures"]] == [stranger.keyid]
    assert not role_signed(document, caller.images("root.json"), "targets")


def test_a_snapshot_can_lie(caller: Caller, cloud: Sandbox) -> None:
    cloud.define_lockbox("kiosk")
    cloud.director.publish_snapshot(entries={"kiosk.json": {"hashes": {"sha256": "00" * 32}, "version": 1}})
    assert caller.director("offline-snapshot.json")["signed"]["meta"]["kiosk.json"]["hashes"]["sha256"] == "00" * 32


def test_a_lockbox_of_unknown_packages_is_not_defined(cloud: Sandbox) -> None:
    with pytest.raises(NotFoundError, match="no package 'ghost'"):
        cloud.define_lockbox("kiosk", ["ghost"])


def test_another_process_on_the_same_directory_defines_a_lockbox_while_it_is_served(
    caller: Caller, cloud: Sandbox, clock: Clock
) -> None:
    other = Publisher.open(cloud.data, now=clock)
    other.define_lockbox("kiosk")
    other.close()
    assert caller.director("offline-updates/kiosk.json")["signed"]["version"] == 1
    uri = caller.images("targets.json")["signed"]["targets"]["maps-2026.09.bin"]["custom"]["uri"]
    assert uri.startswith(cloud.store_url), "opening a directory moves nothing"


def test_a_directory_without_a_cloud_is_not_opened(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(NotFoundError):
        Publisher.open(tmp_path, now=clock)
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_something_else_is_a_usage_error(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "cloud.sqlite").write_bytes(b"something else " * 100)
    with pytest.raises(UsageError, match="not the database"):
        Publisher(tmp_path, now=clock)


def test_a_directory_that_cannot_be_made_is_a_media_error(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError):
        Publisher(tmp_path / "file" / "cloud", now=clock)


def test_a_failed_change_leaves_nothing_behind(cloud: Sandbox) -> None:
    def change() -> None:
        with cloud.state.transaction():
            cloud.define_lockbox("kiosk")
            cloud.lockbox_entry("ghost")

    with pytest.raises(NotFoundError):
        change()
    assert cloud.state.paths("director", "offline-updates/") == []


def test_the_api_answers_while_a_test_publishes(caller: Caller, cloud: Sandbox) -> None:
    for _ in range(5):
        cloud.define_lockbox("kiosk")
        assert caller.api(f"{DIRECTOR}/offline-updates/kiosk.json").status_code == 200
