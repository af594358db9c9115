"""Newness, fetching, installing, and what a failure makes a device forget."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import PAYLOAD, Forge, target
from lockstick.trust.device.media import Problem
from lockstick.trust.device.profile import DeviceProfile, Secondary, SecondaryKind
from trust.device.ground import BOARD, device, medium, say, summary, told, with_secondary

if TYPE_CHECKING:
    from lockstick.trust.device.client import Device

FORGE = Forge()
EMPTY = hashlib.sha256(b"").hexdigest()


def forged(version: int, data: bytes = PAYLOAD, name: str = "fw.bin", **custom: Any) -> Forge:
    entry = target(data, **custom)
    forge = Forge(lockbox_targets={name: entry}, image_targets={name: entry})
    forge.offline_snapshot["version"] = forge.lockbox["version"] = version
    forge.targets["version"] = forge.snapshot["version"] = version
    return forge


def remembers(one: Device) -> bool:
    return bool(one.memory.primary.director.documents)


# --- newness ---


def test_what_is_installed_is_not_new() -> None:
    one = device()
    assert say(one, medium(forged(7))).verdict == "PASS"
    step = say(one, medium(forged(8)))
    assert summary(step) == ("NOUPDATE", "metadata", "everything in it is installed already")


def test_other_content_under_an_installed_name_is_refused_and_so_are_other_hardware_ids() -> None:
    for other in (forged(8, b"other content"), forged(8, hardware_ids=("board", "more"))):
        one = device()
        assert say(one, medium(forged(7))).verdict == "PASS"
        step = say(one, medium(other))
        assert summary(step)[:2] == ("FAIL", "metadata")
        assert step.reason.startswith("the device has a package of this name already")
        assert remembers(one), "a failed check forgets nothing"


def test_a_package_that_came_online_is_not_recognised() -> None:
    one = device()
    say(one, medium(forged(7)))
    one.memory.installed["p1"] = replace(one.memory.installed["p1"], hardware_ids=())
    assert say(one, medium(forged(8))).reason.startswith("the device has a package of this name already")


def test_a_package_that_two_ecus_share_is_not_recognised_again() -> None:
    profile = with_secondary(hardware_id="board")
    one = device(profile=profile)
    assert say(one, medium(forged(7))).verdict == "PASS"
    assert say(one, medium(forged(8))).reason.startswith("the device has a package of this name already")


def test_a_package_that_names_its_ecus_is_recognised_on_all_of_them() -> None:
    def naming(version: int) -> Forge:
        forge = forged(version, hardware_ids=("board", "sensor"))
        entry = target()
        entry["custom"] = {"ecuIdentifiers": {"p1": {"hardwareId": "board"}, "s1": {"hardwareId": "sensor"}}}
        forge.lockbox["targets"] = {"fw.bin": entry}
        return forge

    one = device(profile=with_secondary())
    assert say(one, medium(naming(7))).verdict == "PASS"
    assert say(one, medium(naming(8))).verdict == "NOUPDATE"


def test_two_targets_for_one_hardware_id_are_refused_only_if_the_device_has_it() -> None:
    forge = Forge(lockbox_targets={"fw.bin": target(), "x.bin": target()})
    assert told(forge)[2].startswith("two packages are for the same ECU")
    forge = Forge(lockbox_targets={"fw.bin": target(), "x.bin": target(b"", ("o",)), "y.bin": target(b"", ("o",))})
    assert told(forge)[0] == "PASS"


# --- fetching ---


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "a package's file is not on the medium (fw.bin)"),
        (PAYLOAD[:-1], "a package's file is damaged or cut short (fw.bin)"),
        (PAYLOAD + b"x", "a package's file is larger than it may be (fw.bin)"),
        (bytes(len(PAYLOAD)), "a package's file is damaged or cut short (fw.bin)"),
    ],
)
def test_a_bad_file_fails_the_fetch_and_makes_the_device_forget(data: bytes | None, reason: str) -> None:
    forge = Forge()
    result = medium(forge)
    result.files = {} if data is None else {"fw.bin": data}
    one = device(forge)
    assert summary(say(one, result)) == ("FAIL", "fetch", reason)
    assert not remembers(one)


def test_after_a_failed_fetch_an_older_lockbox_is_accepted() -> None:
    one = device()
    assert say(one, medium(forged(7))).verdict == "PASS"
    broken = medium(forged(9, b"nine", "nine.bin"))
    assert say(one, broken).stage == "fetch"
    older = forged(2, b"two", "two.bin")
    older.targets["version"] = older.snapshot["version"] = 10
    assert say(one, medium(older, **{"two.bin": b"two"})).verdict == "PASS"


def test_a_file_that_was_fetched_before_is_not_read_again() -> None:
    one = device()
    assert say(one, medium(forged(7))).verdict == "PASS"
    assert say(one, medium(forged(8, b"b", "b.bin"), **{"b.bin": b"b"})).verdict == "PASS"
    back = medium(forged(9))
    back.files.clear()
    assert say(one, back).verdict == "PASS"


@pytest.mark.parametrize("custom", [{}, {"targetFormat": "BINARY"}, {"targetFormat": "OSTREE"}])
def test_an_empty_file_kills_the_client(custom: dict[str, str]) -> None:
    one = device()
    result = medium(forged(7, b"", **custom))
    result.files["fw.bin"] = b""
    step = say(one, result)
    assert summary(step)[:2] == ("CRASH", None)
    assert step.remedy
    assert remembers(one)


def test_an_empty_package_whose_file_is_missing_or_not_empty_fails_without_a_crash() -> None:
    result = medium(forged(7, b""))
    assert say(device(), result).stage == "fetch"
    result.files.clear()
    assert say(device(), result).stage == "fetch"


# --- OSTree ---

OSTREE = replace(BOARD, ostree=True)


def test_a_commit_is_pulled_and_a_new_system_makes_the_device_forget() -> None:
    result = medium(forged(7, b""))
    one = device(profile=OSTREE)
    assert summary(say(one, result)) == (
        "FAIL",
        "fetch",
        "the commit cannot be pulled from the medium (no such commit)",
    )
    result.commits.add(EMPTY)
    assert say(one, result).verdict == "PASS"
    assert not remembers(one)
    result.commits.clear()
    assert say(one, result).verdict == "NOUPDATE"


def test_a_system_by_ostree_takes_no_file_not_even_an_installed_one() -> None:
    assert told(Forge(), OSTREE)[2].startswith("an operating system on this device")
    explicit = forged(7, b"", targetFormat="BINARY")
    assert told(explicit, OSTREE)[2].startswith("an operating system on this device")


def test_a_commit_for_another_ecu_is_not_fetched_and_fails_there() -> None:
    forge = forged(7, b"", hardware_ids=("sensor",))
    verdict, stage, reason = told(forge, with_secondary())
    assert (verdict, stage) == ("FAIL", "install")
    assert reason.startswith("a package without length")


# --- other ECUs ---


def for_sensor(version: int = 7) -> Forge:
    return forged(version, hardware_ids=("sensor",))


def test_a_brand_new_ecu_needs_roots_beyond_the_first() -> None:
    for kept in (0, 1):
        forge = for_sensor()
        (forge.director_roots if kept else forge.image_roots).pop()
        verdict, stage, reason = told(forge, with_secondary())
        assert (verdict, stage) == ("FAIL", "install")
        assert "never held a root" in reason
        assert told(forge, with_secondary(roots=True))[0] == "PASS"
    assert told(for_sensor(), with_secondary())[0] == "PASS"


def test_the_newest_root_must_be_on_the_medium_for_an_ecu_that_lags() -> None:
    first, forge = forged(6), for_sensor()
    for one_forge in (first, forge):
        # The offline roles come with the second root only.
        del one_forge.director_roots[0]["roles"]["offline-updates"]
    one = device(forge, with_secondary())
    assert say(one, medium(first)).verdict == "PASS"
    result = medium(forge)
    second = result.director.pop("2.root.json")
    assert summary(say(one, result))[:2] == ("FAIL", "install")
    assert not remembers(one)
    result.director["2.root.json"] = second
    assert say(one, result).verdict == "PASS"


def test_the_roots_in_between_come_from_the_store_of_the_primary() -> None:
    forge = for_sensor()
    result = medium(forge)
    del result.director["1.root.json"], result.image_repo["1.root.json"]
    assert say(device(forge, with_secondary()), result).verdict == "PASS"


def test_an_ecu_has_a_memory_of_its_own() -> None:
    profile = with_secondary()
    one = device(profile=profile)
    assert say(one, medium(for_sensor(7))).verdict == "PASS"
    one.memory.forget_director()
    older = forged(6, b"six", "six.bin", hardware_ids=("sensor",))
    step = say(one, medium(older, **{"six.bin": b"six"}))
    assert summary(step)[:2] == ("FAIL", "metadata"), "the image repository's older documents lack the package"
    older.targets["version"] = older.snapshot["version"] = 8
    older.snapshot["meta"] = {}
    step = say(one, medium(older, **{"six.bin": b"six"}))
    assert summary(step)[:2] == ("FAIL", "install")
    assert step.reason.startswith("an ECU does not take the metadata")


def test_other_ecus_that_nobody_addresses_are_left_alone() -> None:
    forge = forged(7)
    forge.director_roots.pop()
    assert told(forge, with_secondary())[0] == "PASS"


def test_two_ecus_of_one_hardware_id_and_one_package_for_two_hardware_ids_are_fine() -> None:
    two = DeviceProfile(
        name="b",
        hardware_id="board",
        serial="p1",
        secondaries=tuple(Secondary(hardware_id="sensor", serial=serial) for serial in ("s1", "s2")),
    )
    assert told(for_sensor(), two)[0] == "PASS"
    assert told(forged(7, hardware_ids=("board", "sensor")), two)[0] == "PASS"


def test_a_device_that_never_registered_installs_and_reports_failure() -> None:
    profile = replace(BOARD, registered=False)
    one = device(profile=profile)
    assert summary(say(one, medium(forged(7))))[:2] == ("FAIL", "install")
    assert say(one, medium(forged(8))).verdict == "NOUPDATE"


# --- whatever lies on the medium ---


@given(data=st.data())
def test_no_damage_of_a_medium_raises_anything(data: st.DataObject) -> None:
    result = medium(FORGE)
    folder = data.draw(st.sampled_from([result.director, result.image_repo]))
    name = data.draw(st.sampled_from(sorted(folder)))
    raw = folder[name]
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    folder[name] = raw[:start] + data.draw(st.binary(max_size=20)) + raw[end:]
    assert say(device(FORGE, with_secondary()), result).verdict in ("PASS", "FAIL", "NOUPDATE")


@given(st.sampled_from([("director", "box.json"), ("director", "2.root.json"), ("image-repo", "targets.json")]))
def test_order_and_white_space_of_a_document_change_no_verdict(where: tuple[str, str]) -> None:
    result = medium(FORGE)
    folder = {"director": result.director, "image-repo": result.image_repo}[where[0]]
    turned = dict(reversed(json.loads(folder[where[1]]).items()))
    folder[where[1]] = json.dumps(turned, indent=4).encode()
    assert say(device(FORGE), result).verdict == "PASS"


def test_the_deepest_nesting_raises_nothing() -> None:
    for depth in (300, 990, 999, 5000):
        result = medium(FORGE)
        nested = b"[" * depth + b"1.5" + b"]" * depth
        result.director["box.json"] = b'{"signatures":[],"signed":{"x":' + nested + b"}}"
        assert say(device(FORGE), result).verdict == "FAIL"


# --- applications ---


def application(problem: Problem | None) -> tuple[str, str | None, str]:
    profile = with_secondary(SecondaryKind.COMPOSE, hardware_id="docker-compose")
    forge = forged(7, hardware_ids=("docker-compose",))
    result = medium(forge)
    result.compose = problem
    return summary(say(device(forge, profile), result))


def test_an_application_is_judged_by_those_who_know_it() -> None:
    assert application(None)[0] == "PASS"
    assert application(Problem("bad tag"))[:2] == ("FAIL", "install")
    assert application(Problem("four spaces", silent=True))[:2] == ("FAIL", "compose")
    assert application(Problem("cut short", fatal=True))[:2] == ("CRASH", None)


def test_a_package_for_an_ecu_of_another_kind_is_not_read_as_an_application() -> None:
    result = medium(for_sensor())
    result.compose = Problem("bad tag")
    assert say(device(profile=with_secondary()), result).verdict == "PASS"
