"""Device profiles, fleet lists and state files: what people write, and what is said when it is wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.errors import LockstickError, NotFoundError, UsageError
from lockstick.lockbox.devicestate import StateFile, read_state, write_state
from lockstick.lockbox.jsonfile import Fields
from lockstick.lockbox.profiles import check_distinct, read_fleet, read_profile
from lockstick.trust.device.memory import DeviceMemory, EcuMemory, RepositoryMemory, SeenSnapshot
from lockstick.trust.device.profile import DeviceProfile, Secondary, SecondaryKind
from lockstick.trust.device.targets import DeviceTarget

if TYPE_CHECKING:
    from pathlib import Path

PRIMARY = {"hardware_id": "board", "serial": "p1"}


def profile(tmp_path: Path, value: Any) -> DeviceProfile:
    path = tmp_path / "line-3.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return read_profile(path)


def test_a_profile_needs_no_more_than_a_primary(tmp_path: Path) -> None:
    assert profile(tmp_path, {"primary": PRIMARY}) == DeviceProfile(name="line-3", hardware_id="board", serial="p1")


def test_a_profile_says_everything_about_a_device_and_may_say_more(tmp_path: Path) -> None:
    full = profile(
        tmp_path,
        {
            "name": "press",
            "primary": PRIMARY,
            "secondaries": [
                {"hardware_id": "docker-compose", "serial": "d"},
                {"hardware_id": "x", "serial": "s", "kind": "generic", "has_provisioned_roots": True, "note": 1},
            ],
            "registered": False,
            "docker_platform": "linux/arm64",
            "ostree": True,
            "client": "2026-03",
            "installed_by": "somebody",
        },
    )
    assert full.name == "press"
    assert [one.kind for one in full.secondaries] == [SecondaryKind.COMPOSE, SecondaryKind.GENERIC]
    assert full.secondaries[1].has_provisioned_roots
    assert (full.registered, full.ostree, full.docker_platform) == (False, True, "linux/arm64")
    assert full.client.last_root is None


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ({}, "'primary'"),
        ({"primary": {"hardware_id": "board"}}, "'serial'"),
        ({"primary": {"hardware_id": "", "serial": "p"}}, "'hardware_id'"),
        ({"primary": PRIMARY, "registered": "no"}, "'registered'"),
        ({"primary": PRIMARY, "secondaries": [1]}, "secondary 1"),
        ({"primary": PRIMARY, "secondaries": [{"hardware_id": "x", "serial": "s", "kind": "y"}]}, "'y'"),
        ({"primary": PRIMARY, "secondaries": [PRIMARY]}, "same serial"),
        ({"primary": PRIMARY, "client": "1999"}, "'1999'"),
    ],
)
def test_an_error_in_a_profile_names_its_place_and_says_what_to_do(tmp_path: Path, value: Any, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        profile(tmp_path, value)
    assert named in str(caught.value)
    assert caught.value.remedy


def test_a_missing_or_huge_profile_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_profile(tmp_path / "absent.json")
    with pytest.raises(UsageError):
        profile(tmp_path, " " * 300_000)


def fleet(tmp_path: Path, text: str) -> tuple[DeviceProfile, ...]:
    path = tmp_path / "fleet.csv"
    path.write_text(text, encoding="utf-8-sig")
    return read_fleet(path)


def test_a_fleet_list_has_one_device_per_line(tmp_path: Path) -> None:
    listed = fleet(
        tmp_path,
        "name,hardware_id,serial,secondaries,registered,docker_platform,ostree,client,site\n"
        "one,board,p1,,,,,,north\n"
        "two,board,p2,docker-compose:d2 sensor:s2:generic:roots,no,linux/arm64,yes,2026-03,south\n",
    )
    assert listed[0] == DeviceProfile(name="one", hardware_id="board", serial="p1")
    assert listed[1].secondaries == (
        Secondary(hardware_id="docker-compose", serial="d2", kind=SecondaryKind.COMPOSE),
        Secondary(hardware_id="sensor", serial="s2", has_provisioned_roots=True),
    )
    assert (listed[1].registered, listed[1].ostree, listed[1].client.name) == (False, True, "2026-03")
    check_distinct(listed)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no column"),
        ("name,serial\na,b\n", "hardware_id"),
        ("name,hardware_id,serial\n", "no device"),
        ("name,hardware_id,serial\na,b\n", "line 2"),
        ("name,hardware_id,serial\na,b,c,d\n", "line 2"),
        ("name,hardware_id,serial,ostree\na,b,c,perhaps\n", "ostree"),
        ("name,hardware_id,serial,secondaries\na,b,c,sensor\n", "'sensor'"),
        ("name,hardware_id,serial,secondaries\na,b,c,x:y:generic:maybe\n", "x:y:generic:maybe"),
    ],
)
def test_an_error_in_a_fleet_list_names_its_place(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        fleet(tmp_path, text)


def test_two_devices_may_not_share_a_memory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="same serial"):
        check_distinct(fleet(tmp_path, "name,hardware_id,serial\na,b,c\nd,b,c\n"))


# --- state ---


def full_memory() -> DeviceMemory:
    ecu = EcuMemory(
        RepositoryMemory({1: b"\xff\x00", 2: b"{}"}, {"offline-snapshot": b"a", "offline-updates": b"b"}),
        RepositoryMemory({3: b"c"}, {"snapshot": b"d", "targets": b"e"}),
    )
    target = DeviceTarget(
        name="ä/x", length=3, hashes=(("sha256", "00"),), hardware_ids=("b", "a"), ecus={"p1": "b"}, format="BINARY"
    )
    return DeviceMemory(
        primary=ecu,
        secondaries={"s1": EcuMemory()},
        delegations={"a": b"f"},
        installed={"p1": target},
        fetched={"ä/x": (3, (("sha256", "00"),))},
        commits={"0f"},
        seen=SeenSnapshot(41, {"box": 7}),
    )


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = read_state(path)
    memory = state.memory("p1")
    for name, value in vars(full_memory()).items():
        setattr(memory, name, value)
    write_state(path, state)
    again = read_state(path)
    assert again.memory("p1") == full_memory()
    assert again.memory("other") == DeviceMemory()
    assert [one.name for one in tmp_path.iterdir()] == ["state.json"]


def test_a_state_written_by_hand_speaks_of_every_device() -> None:
    state = StateFile(Fields("state", {"offline_snapshot_version": 41, "lockboxes": {"box": 7}}))
    assert state.memory("p1").seen == state.memory("p2").seen == SeenSnapshot(41, {"box": 7})
    assert state.memory("p1") is not state.memory("p2")


def test_a_document_that_many_devices_have_seen_is_written_once() -> None:
    state = StateFile()
    for serial in ("p1", "p2"):
        state.memory(serial).delegations["a"] = b"the same"
    document = state.document()
    assert json.dumps(document).count("dGhlIHNhbWU=") == 1
    assert StateFile(Fields("state", document)).memory("p2").delegations == {"a": b"the same"}


@pytest.mark.parametrize(
    "value",
    [
        {"version": 2},
        {"format": "something else"},
        {"devices": []},
        {"offline_snapshot_version": "41"},
        {"offline_snapshot_version": True},
        {"offline_snapshot_version": 41, "lockboxes": {"box": "7"}},
        {"devices": {"p1": {"director": {"roots": {"one": "e30="}}}}},
        {"devices": {"p1": {"director": {"roots": {"1": "not base64"}}}}},
        {"devices": {"p1": {"director": {"documents": {"targets": "e30="}}}}},
        {"devices": {"p1": {"installed": {"p1": {"name": "x"}}}}},
        {"commits": [1]},
        {"devices": {"p1": {"delegations": {"a": "sha256:00"}}}},
    ],
)
def test_an_error_in_a_state_is_told_before_anything_is_rehearsed(value: Any) -> None:
    with pytest.raises(UsageError):
        StateFile(Fields("state", value))


@given(raw=st.binary(max_size=300))
def test_no_bytes_in_a_state_or_profile_raise_anything_outside_the_error_tree(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("files") / "file.json"
    path.write_bytes(raw)
    for reader in (read_state, read_profile, read_fleet):
        with suppress(LockstickError):
            reader(path)
