"""Edges of single checks: one more or less, the other kind, the next in line."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from forge import PAYLOAD, Forge, Key, envelope, role, target
from lockstick.trust.device.keys import DeviceKey
from lockstick.trust.device.limits import DEFAULT_CLIENT
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.targets import read_target, same
from lockstick.trust.device.values import as_integer, as_length, is_integral
from lockstick.trust.device.writing import written
from trust.device.ground import BOARD, device, medium, resigned, say, summary, told, with_secondary

if TYPE_CHECKING:
    from lockstick.trust.device.values import Value

CLIENT = DEFAULT_CLIENT
SIGNER = Key(seed=6)


def refused(value: Value) -> str:
    with pytest.raises(RefusedError) as caught:
        read_target("fw.bin", value, CLIENT)
    return caught.value.text


# --- values, keys, targets ---


def test_numbers_at_the_edge() -> None:
    assert as_length(None) == 0
    assert as_integer(None) == 0
    assert as_length(2**64 - 1) == 2**64 - 1
    with pytest.raises(RefusedError):
        as_length(2**64)
    assert not is_integral(float(2**64))
    assert is_integral(float(2**63))


def test_an_ed25519_key_is_hexadecimal_and_long_enough() -> None:
    good = base64.b64encode(bytes(64)).decode()
    with pytest.raises(RefusedError) as caught:
        DeviceKey("ed25519", "zz" * 32).signed(good, b"")
    assert caught.value.code == "shape"
    assert caught.value.detail == "an Ed25519 key is not written in hexadecimal digits"
    assert not DeviceKey("ed25519", "00" * 31).signed(good, b"")
    assert not DeviceKey("ed25519", SIGNER.public["keyval"]["public"]).signed("", b"")


def test_too_deep_a_value_cannot_be_written() -> None:
    value: Value = 1.5
    for _ in range(100_000):
        value = [value]
    with pytest.raises(RefusedError) as caught:
        written(value)
    assert (caught.value.code, caught.value.detail) == ("json", "nested too deeply")
    while isinstance(value, list):  # a list that deep must not be thrown away in one go
        value = value.pop()


def test_names_of_ecus_have_a_length() -> None:
    longest, serial = "h" * CLIENT.hardware_id, "s" * CLIENT.serial
    custom: dict[str, Any] = {"hardwareIds": [longest], "ecuIdentifiers": {serial: {"hardwareId": longest}}}
    found = read_target("fw.bin", {"custom": custom}, CLIENT)
    assert (found.hardware_ids, dict(found.ecus)) == ((longest,), {serial: longest})
    shape = "a document is not made as the client expects"
    assert refused({"custom": {"hardwareIds": [f"{longest}x"]}}) == (
        f"{shape} (a hardware id is longer than 200 characters)"
    )
    assert refused({"custom": {"ecuIdentifiers": {"s": {"hardwareId": f"{longest}x"}}}}) == (
        f"{shape} (a hardware id is longer than 200 characters)"
    )
    assert refused({"custom": {"ecuIdentifiers": {f"{serial}x": {"hardwareId": "h"}}}}) == (
        f"{shape} (a serial is longer than 64 characters)"
    )


def test_of_two_hashes_by_one_algorithm_the_first_written_counts() -> None:
    found = read_target("fw.bin", {"hashes": {"sha512": "11", "SHA256": "ff", "sha256": "00"}}, CLIENT)
    assert found.hashes == (("sha256", "ff"), ("sha256", "00"), ("sha512", "11"))


def test_a_target_that_names_ecus_is_the_same_as_one_that_lists_their_hardware_ids_either_way() -> None:
    hashes: dict[str, Value] = {"sha256": "00"}
    named = read_target("a", {"hashes": hashes, "custom": {"ecuIdentifiers": {"p1": {"hardwareId": "b"}}}}, CLIENT)
    listing = read_target("a", {"hashes": hashes, "custom": {"hardwareIds": ["b", "c"]}}, CLIENT)
    other = read_target("a", {"hashes": hashes, "custom": {"hardwareIds": ["c"]}}, CLIENT)
    assert same(named, listing)
    assert same(listing, named)
    assert not same(named, other)
    assert not same(other, named)


# --- documents ---


def test_a_listed_name_needs_no_extension() -> None:
    forge = Forge()
    forge.offline_snapshot["meta"] = {"box": {"version": 3}}
    forge.documents()
    del forge.offline_snapshot["meta"]["box.json"]
    assert told(forge)[0] == "PASS"


@pytest.mark.parametrize("changes", [{"_type": "Targets"}, {"meta": []}])
def test_a_snapshot_of_another_type_or_without_a_list_is_refused(changes: dict[str, Any]) -> None:
    forge = Forge()
    result = medium(forge)
    result.image_repo["snapshot.json"] = resigned(
        forge, result.image_repo["snapshot.json"], forge.snapshot_key, **changes
    )
    assert say(device(forge), result).reason == "a document is of another type than its place demands (snapshot)"


def test_a_root_of_another_version_than_its_name_says_is_refused() -> None:
    forge = Forge()
    result = medium(forge)
    result.director["2.root.json"] = result.director["1.root.json"]
    assert say(device(forge), result).reason == "a root is not of the version that its file name says"


def test_no_root_is_looked_for_behind_the_last() -> None:
    forge = Forge()
    result = medium(forge)
    profile = replace(BOARD, client=replace(CLIENT, last_root=2))
    assert say(device(forge, profile), result).verdict == "PASS"
    assert "director/2.root.json" in result.asked
    assert "director/3.root.json" not in result.asked


def test_the_lockbox_is_stored_as_it_came() -> None:
    forge = Forge()
    one, result = device(forge), medium(forge)
    say(one, result)
    assert one.memory.primary.director.documents["offline-updates"] == result.director["box.json"]


@pytest.mark.parametrize(("version", "verdict"), [(None, "FAIL"), (0, "PASS"), (1, "PASS")])
def test_a_first_image_snapshot_may_have_any_version_but_must_have_one(version: int | None, verdict: str) -> None:
    forge = Forge()
    forge.targets["version"] = 1
    result = medium(forge)
    raw = result.image_repo["snapshot.json"]
    result.image_repo["snapshot.json"] = resigned(forge, raw, forge.snapshot_key, version=version)
    assert say(device(forge), result).verdict == verdict


# --- delegations ---


def delegating(*names: str, **paths: list[str]) -> Forge:
    forge = Forge(image_targets={})
    forge.targets["delegations"] = {
        "keys": {SIGNER.keyid: SIGNER.public},
        "roles": [
            {"name": name, "paths": paths.get(name, ["*"]), "terminating": False} | role(SIGNER) for name in names
        ],
    }
    body = {"_type": "Targets", "expires": forge.targets["expires"], "targets": {"fw.bin": target()}, "version": 1}
    forge.delegated = {name: envelope(body, SIGNER) for name in names}
    return forge


def test_a_delegation_whose_pattern_does_not_fit_does_not_hide_the_next() -> None:
    assert told(delegating("a", "b", a=["x*"]))[0] == "PASS"


def test_a_delegation_that_the_snapshot_does_not_list_is_refused() -> None:
    forge = delegating("a")
    forge.documents()
    del forge.snapshot["meta"]["a.json"]
    result = medium(forge)
    result.image_repo["snapshot.json"] = resigned(
        forge,
        result.image_repo["snapshot.json"],
        forge.snapshot_key,
        meta={"targets.json": forge.snapshot["meta"]["targets.json"]},
    )
    assert say(device(forge), result).reason == "a document is not of the version that the snapshot lists (a)"


# --- fetching and installing ---


def with_packages(version: int, **packages: bytes) -> Forge:
    entries = {f"{name}.bin": target(data, (name,)) for name, data in packages.items()}
    forge = Forge(lockbox_targets=entries, image_targets=entries)
    forge.offline_snapshot["version"] = forge.lockbox["version"] = version
    forge.targets["version"] = forge.snapshot["version"] = version
    return forge


def test_a_package_behind_one_that_cannot_be_fetched_is_fetched_all_the_same() -> None:
    one = device(profile=with_secondary())
    result = medium(with_packages(9, board=b"one", sensor=b"two"), **{"sensor.bin": b"two"})
    assert summary(say(one, result)) == ("FAIL", "fetch", "a package's file is not on the medium (board.bin)")
    assert list(one.memory.fetched) == ["sensor.bin"]


def test_a_file_is_kept_under_its_first_hash_until_another_is_fetched_in_its_place() -> None:
    def lockbox(version: int, data: bytes, second: str, name: str = "fw.bin") -> Forge:
        entry = target(data)
        entry["hashes"]["sha512"] = second * 128
        listed = {name: target(data)}
        forge = Forge(lockbox_targets={name: entry}, image_targets=listed)
        forge.offline_snapshot["version"] = forge.lockbox["version"] = version
        forge.targets["version"] = forge.snapshot["version"] = version
        return forge

    one = device()
    assert say(one, medium(lockbox(9, PAYLOAD, "1"))).verdict == "PASS"
    assert say(one, medium(lockbox(10, b"b", "1", "b.bin"), **{"b.bin": b"b"})).verdict == "PASS"
    kept = medium(lockbox(11, PAYLOAD, "2"))
    kept.files.clear()
    assert say(one, kept).verdict == "PASS"
    assert say(one, medium(lockbox(12, b"b", "1", "b.bin"), **{"b.bin": b"b"})).verdict == "PASS"
    spoilt = medium(lockbox(13, b"longer than it was before, this one", "1"), **{"fw.bin": b"x"})
    assert say(one, spoilt).reason == "a package's file is damaged or cut short (fw.bin)"
    again = medium(lockbox(14, PAYLOAD, "2"))
    again.files.clear()
    assert say(one, again).reason == "a package's file is not on the medium (fw.bin)"


def test_what_is_installed_is_remembered_by_serial_and_by_the_ecus_that_the_lockbox_named() -> None:
    one = device()
    say(one, medium(Forge()))
    assert (dict(one.memory.installed["p1"].ecus), dict(one.memory.installed["p1"].named)) == ({"p1": "board"}, {})
    one = device(profile=replace(BOARD, registered=False))
    say(one, medium(Forge()))
    assert dict(one.memory.installed["p1"].ecus) == {}
    forge = Forge()
    entry = target()
    entry["custom"] = {"ecuIdentifiers": {"p1": {"hardwareId": "board"}}}
    forge.lockbox["targets"] = {"fw.bin": entry}
    one = device(forge, replace(BOARD, registered=False))
    say(one, medium(forge))
    assert (dict(one.memory.installed["p1"].ecus), dict(one.memory.installed["p1"].named)) == ({"p1": "board"}, {})
