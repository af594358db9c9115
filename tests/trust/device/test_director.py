"""The Director's documents, on a device that remembers."""

from __future__ import annotations

from typing import Any

import pytest

from forge import EARLIER, LATER, Forge, envelope, meta_entry, target
from lockstick.metadata.canonical import canonical
from lockstick.trust.device.client import Device, Provisioned
from lockstick.trust.device.limits import CLIENTS
from lockstick.trust.device.memory import DeviceMemory, SeenSnapshot
from lockstick.trust.device.profile import DeviceProfile
from lockstick.trust.device.refusal import Kind
from trust.device.ground import BOARD, device, medium, say, summary, told


def forged(version: int, lockbox: int = 3, **changes: Any) -> Forge:
    forge = Forge(**changes)
    forge.offline_snapshot["version"] = version
    forge.lockbox["version"] = lockbox
    return forge


# --- roots ---


def test_the_walk_stops_in_silence_at_a_gap_and_at_a_root_that_is_too_large() -> None:
    forge = Forge()
    forge.director_roots[0]["roles"].pop("offline-updates")
    for damage in (None, b" " * 65_537):
        result = medium(forge)
        if damage is None:
            del result.director["2.root.json"]
        else:
            result.director["2.root.json"] = damage
        assert "no usable threshold" in say(device(forge), result).reason


def test_garbage_in_the_next_root_is_fatal() -> None:
    forge = Forge()
    result = medium(forge)
    result.director["3.root.json"] = b"garbage"
    assert summary(say(device(forge), result))[:2] == ("FAIL", "metadata")


def test_only_the_last_root_must_be_in_date() -> None:
    forge = Forge()
    forge.director_roots[0]["expires"] = EARLIER
    assert told(forge)[0] == "PASS"
    forge.director_roots[1]["expires"] = EARLIER
    assert told(forge) == ("FAIL", "metadata", "a document has expired (director root)")


def test_a_device_without_roots_accepts_nothing() -> None:
    step = say(Device(BOARD, Provisioned(director=None, image_repo=None)), medium(Forge()))
    assert summary(step) == ("FAIL", "metadata", "there is no root to start from (director)")


def test_a_root_that_does_not_sign_itself_is_not_imported() -> None:
    forge = Forge()
    bad = canonical(envelope(forge.director_roots[0], forge.other_key))
    step = say(Device(BOARD, Provisioned(director=bad, image_repo=None)), medium(forge))
    assert summary(step)[:2] == ("FAIL", "import-root")


def test_a_new_root_makes_the_device_forget_so_that_versions_may_start_again() -> None:
    one = device()
    assert say(one, medium(forged(9))).verdict == "PASS"
    again = forged(1, lockbox=1, lockbox_targets={"fw.bin": target()})
    third = dict(again.director_roots[1], version=3)
    again.director_roots.append(third)
    assert say(one, medium(again)).verdict == "NOUPDATE"
    assert one.memory.primary.director.documents["offline-snapshot"] == medium(again).director["offline-snapshot.json"]


# --- offline-snapshot ---


@pytest.mark.parametrize(("size", "verdict"), [(65_536, "PASS"), (65_537, "FAIL")])
def test_an_offline_snapshot_may_have_64_kib(size: int, verdict: str) -> None:
    forge = Forge()
    result = medium(forge)
    raw = result.director["offline-snapshot.json"]
    result.director["offline-snapshot.json"] = raw + b" " * (size - len(raw))
    assert say(device(forge), result).verdict == verdict


def test_a_later_client_reads_a_larger_offline_snapshot() -> None:
    forge = Forge()
    result = medium(forge)
    result.director["offline-snapshot.json"] += b" " * 100_000
    profile = DeviceProfile(name="b", hardware_id="board", serial="p1", client=CLIENTS["2026-03"])
    assert say(device(forge), result).verdict == "FAIL"
    assert say(device(forge, profile), result).verdict == "PASS"


def test_the_stored_offline_snapshot_counts_if_the_one_on_the_medium_is_not_newer_even_a_forged_one() -> None:
    one = device()
    assert say(one, medium(forged(5))).verdict == "PASS"
    again = medium(forged(5))
    again.director["offline-snapshot.json"] = b'{"signed":{"version":4}}'
    assert say(one, again).verdict == "NOUPDATE"
    again.director["offline-snapshot.json"] = b"garbage"
    assert say(one, again).verdict == "NOUPDATE"


def test_an_older_lockbox_is_superseded() -> None:
    one = device()
    assert say(one, medium(forged(5, lockbox=4))).verdict == "PASS"
    step = say(one, medium(forged(4, lockbox=3)))
    assert summary(step)[:2] == ("FAIL", "metadata")
    assert step.kind is Kind.STALE
    assert "seen a newer offline-snapshot" in step.remedy


def test_a_lower_entry_in_a_newer_offline_snapshot_is_a_rollback_and_a_dropped_one_is_forgotten() -> None:
    one = device()
    assert say(one, medium(forged(5, lockbox=4))).verdict == "PASS"
    lower = say(one, medium(forged(6, lockbox=3)))
    assert lower.reason.startswith("a lockbox is listed with a lower version")
    dropped = forged(7)
    dropped.name = "other"
    assert say(one, medium(dropped)).verdict == "NOUPDATE"
    assert say(one, medium(forged(8, lockbox=3))).verdict == "NOUPDATE"


def test_an_offline_snapshot_without_a_usable_version_is_never_newer_than_nothing() -> None:
    for version in (-1, "7", None, True):
        forge = Forge()
        forge.offline_snapshot["version"] = version
        assert told(forge)[:2] == ("FAIL", "metadata")


def test_an_entry_needs_a_whole_number_for_its_version() -> None:
    forge = Forge()
    forge.offline_snapshot["meta"]["absent.json"] = {"version": "1"}
    assert told(forge)[:2] == ("FAIL", "metadata")


def test_an_expired_offline_snapshot_is_refused_to_the_second() -> None:
    forge = Forge()
    forge.offline_snapshot["expires"] = "2026-06-01T00:00:00Z"
    assert told(forge)[0] == "PASS"
    forge.offline_snapshot["expires"] = "2026-05-31T23:59:59Z"
    assert told(forge)[2] == "a document has expired (offline-snapshot)"


@pytest.mark.parametrize("expires", ["9999-99-99T99:99:99Z", "never-----ever-----Z"])
def test_an_expiry_is_any_text_of_twenty_characters_that_ends_in_z(expires: str) -> None:
    forge = Forge()
    forge.offline_snapshot["expires"] = expires
    assert told(forge)[0] == "PASS"


@pytest.mark.parametrize("expires", ["2027-06-01T00:00:00.000Z", "2027-06-01T00:00:00+00:00", "", None])
def test_any_other_expiry_is_refused(expires: str | None) -> None:
    forge = Forge()
    forge.offline_snapshot["expires"] = expires
    assert told(forge)[2].startswith("an expiry is not written")


# --- reserved names ---


def test_a_reserved_name_is_tolerated_in_lower_case_until_it_is_chosen() -> None:
    forge = Forge()
    forge.offline_snapshot["meta"] = {"root.json": {"version": 1}}
    assert told(forge)[0] == "PASS"
    result = medium(forge)
    result.director["root.json"] = b"{}"
    assert say(device(forge), result).verdict == "PASS", "box.json comes first"
    other = Forge(name="zeta")
    other.offline_snapshot["meta"] = {"root.json": {"version": 1}}
    result = medium(other)
    result.director["root.json"] = b"{}"
    assert say(device(other), result).reason == "a role has a reserved name (root)"


def test_a_reserved_name_in_any_other_case_spoils_the_whole_offline_snapshot() -> None:
    forge = Forge()
    forge.offline_snapshot["meta"] = {"Timestamp.json": {"version": 1}}
    assert told(forge)[2] == "a role has a reserved name (Timestamp)"


# --- the lockbox ---


def test_the_first_listed_name_that_exists_wins_for_good() -> None:
    for first in ("Zeta", "box-a"):
        forge = Forge()
        forge.offline_snapshot["meta"] = {f"{first}.json": {"version": 3}}
        result = medium(forge)
        result.director[f"{first}.json"] = b"garbage"
        step = say(device(forge), result)
        assert step.verdict == "FAIL", "'Z' and '-' come before the lower case and the dot"


def test_a_lockbox_that_is_not_listed_is_not_seen() -> None:
    forge = Forge()
    result = medium(forge)
    result.director["renamed.json"] = result.director.pop("box.json")
    assert say(device(forge), result).reason.startswith("no lockbox on the medium")


def test_hash_and_length_of_the_lockbox_are_not_compared() -> None:
    forge = Forge()
    forge.offline_snapshot["meta"] = {"box.json": {"version": 3, "length": 1, "hashes": {"sha256": "00"}}}
    assert told(forge)[0] == "PASS"


@pytest.mark.parametrize("version", [0, -7, 1.0])
def test_the_version_of_a_lockbox_may_be_any_number_that_agrees(version: float) -> None:
    forge = Forge()
    forge.lockbox["version"] = version
    assert told(forge)[0] == "PASS"


@pytest.mark.parametrize("version", ["3", 2**31, 4])
def test_any_other_version_is_refused(version: object) -> None:
    forge = Forge()
    forge.lockbox["version"] = version
    forge.offline_snapshot["meta"] = {"box.json": {"version": 3}}
    assert told(forge)[:2] == ("FAIL", "metadata")


def test_a_lockbox_that_delegates_is_refused_and_one_with_empty_delegations_is_not() -> None:
    forge = Forge()
    forge.lockbox["delegations"] = {"keys": {}, "roles": []}
    assert told(forge)[0] == "PASS"
    forge.lockbox["delegations"]["roles"] = [{"name": "a", "keyids": [], "threshold": 1}]
    assert told(forge)[2].startswith("the lockbox delegates")


def test_an_expired_lockbox_is_stored_before_it_is_refused() -> None:
    forge = Forge()
    forge.lockbox["expires"] = EARLIER
    one = device(forge)
    step = say(one, medium(forge))
    assert (step.lockbox, step.reason) == ("box", "a document has expired (lockbox)")
    assert set(one.memory.primary.director.documents) == {"offline-snapshot", "offline-updates"}


def test_ecu_identifiers_are_honoured() -> None:
    forge = Forge()
    for serial, hardware_id, verdict in (("p1", "board", "PASS"), ("p2", "board", "FAIL"), ("p1", "other", "FAIL")):
        forge.lockbox["targets"] = {"fw.bin": target()}
        forge.lockbox["targets"]["fw.bin"]["custom"] = {"ecuIdentifiers": {serial: {"hardwareId": hardware_id}}}
        forge.offline_snapshot["meta"] = {}
        assert told(forge)[0] == verdict


def test_targets_without_hardware_ids_are_passed_over() -> None:
    forge = Forge()
    forge.lockbox["targets"] = {"fw.bin": {"length": 1, "hashes": {}}, "x": {"custom": {"hardwareIds": "board"}}}
    assert told(forge)[:2] == ("NOUPDATE", "metadata")


def test_an_empty_lockbox_has_no_update() -> None:
    forge = Forge()
    forge.lockbox["targets"] = {}
    verdict, _, reason = told(forge)
    assert verdict == "NOUPDATE"
    assert "revoked" in reason


def test_a_path_in_the_name_of_a_lockbox_is_followed() -> None:
    forge = Forge(name="../image-repo/targets")
    forge.targets["version"] = 3
    result = medium(forge)
    result.director["../image-repo/targets.json"] = result.image_repo["targets.json"]
    assert say(device(forge), result).reason.startswith("a document is of another type")


# --- a memory that is known by its numbers only ---


def seen(version: int, **lockboxes: int) -> DeviceMemory:
    return DeviceMemory(seen=SeenSnapshot(version, lockboxes))


@pytest.mark.parametrize(
    ("memory", "verdict"),
    [
        (seen(6), "PASS"),
        (seen(7), "PASS"),
        (seen(8), "FAIL"),
        (seen(8, box=3), "PASS"),
        (seen(8, box=4), "FAIL"),
        (seen(8, other=4), "FAIL"),
        (seen(6, box=4), "FAIL"),
        (seen(6, box=3), "PASS"),
    ],
)
def test_a_number_from_a_log_line_is_memory_enough(memory: DeviceMemory, verdict: str) -> None:
    forge = forged(7, lockbox=3)
    step = say(device(forge, memory=memory), medium(forge))
    assert step.verdict == verdict
    assert step.kind is (Kind.STALE if verdict == "FAIL" else None)


def test_the_number_gives_way_to_the_document_once_that_is_known() -> None:
    one = device(memory=seen(4))
    assert say(one, medium(forged(5))).verdict == "PASS"
    assert one.memory.seen is None


def test_unlisted_lockboxes_elsewhere_do_no_harm() -> None:
    forge = Forge()
    forge.offline_snapshot["meta"] = {"absent.json": meta_entry(envelope({"version": 9, "expires": LATER}))}
    assert told(forge)[0] == "PASS"
