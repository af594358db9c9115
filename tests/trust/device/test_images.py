"""The image repository's documents and the search for a match."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from forge import EARLIER, LATER, PAYLOAD, Forge, Key, envelope, role, target
from lockstick.metadata.canonical import canonical
from lockstick.trust.device.refusal import Kind
from trust.device.ground import device, medium, say, summary, told


def test_the_image_repository_is_not_read_when_nothing_is_new() -> None:
    forge = Forge()
    forge.lockbox["targets"] = {"fw.bin": target(hardware_ids=("other",))}
    result = medium(forge)
    result.image_repo.clear()
    assert say(device(forge), result).verdict == "NOUPDATE"


def test_timestamp_and_plain_roots_are_never_read() -> None:
    forge = Forge()
    result = medium(forge)
    for name in ("timestamp.json", "root.json"):
        result.image_repo[name] = b"garbage"
    assert say(device(forge), result).verdict == "PASS"
    assert not [name for name in result.asked if name.endswith(("timestamp.json", "/root.json"))]


@pytest.mark.parametrize("name", ["snapshot.json", "targets.json"])
def test_snapshot_and_targets_must_be_there_even_if_the_device_has_newer_ones(name: str) -> None:
    forge = Forge()
    one = device(forge)
    say(one, medium(forge))
    again = Forge(lockbox_targets={"new.bin": target(b"new")})
    again.offline_snapshot["version"] = 8
    result = medium(again)
    del result.image_repo[name]
    assert say(one, result).reason.startswith("a document cannot be read")


@pytest.mark.parametrize(("size", "verdict"), [(65_536, "PASS"), (65_537, "FAIL")])
def test_a_snapshot_may_have_64_kib(size: int, verdict: str) -> None:
    forge = Forge()
    result = medium(forge)
    result.image_repo["snapshot.json"] = result.image_repo["snapshot.json"].ljust(size)
    assert say(device(forge), result).verdict == verdict


def test_hashes_in_the_snapshot_are_over_the_canonical_form_and_may_be_absent() -> None:
    forge = Forge()
    result = medium(forge)
    result.image_repo["targets.json"] = json.dumps(json.loads(result.image_repo["targets.json"]), indent=3).encode()
    assert say(device(forge), result).verdict == "PASS"
    forge.snapshot["meta"] = {"targets.json": {"version": 4}}
    assert told(forge)[0] == "PASS"
    forge.snapshot["meta"] = {"targets.json": {"version": 4, "hashes": {"md5": "00", "sha512": "00"}}}
    assert told(forge)[2].startswith("a document is not the one that the snapshot lists")


def test_hash_digits_may_be_in_upper_case() -> None:
    forge = Forge()
    forge.documents()
    entry = forge.snapshot["meta"]["targets.json"]
    entry["hashes"] = {"SHA256": entry["hashes"]["sha256"].upper()}
    assert told(forge)[0] == "PASS"


@pytest.mark.parametrize("meta", [{}, {"targets.json": {"version": 5}}])
def test_the_version_of_the_targets_must_be_the_listed_one(meta: dict[str, Any]) -> None:
    forge = Forge()
    forge.documents()
    result = medium(forge)
    body = forge.snapshot | {"meta": meta}
    result.image_repo["snapshot.json"] = canonical(envelope(body, forge.snapshot_key))
    assert say(device(forge), result).reason.startswith("a document is not of the version")


def test_a_comment_anywhere_spoils_a_listed_hash() -> None:
    forge = Forge()
    result = medium(forge)
    result.image_repo["targets.json"] = b"// hello\n" + result.image_repo["targets.json"]
    assert say(device(forge), result).reason.startswith("a document is not the one")


def test_expired_targets_are_refused_at_once_and_an_expired_snapshot_before_the_fetch() -> None:
    forge = Forge()
    forge.snapshot["expires"] = EARLIER
    assert told(forge) == ("FAIL", "fetch", "a document has expired (image-repo snapshot)")
    forge.targets["expires"] = EARLIER
    forge.snapshot["meta"] = {}
    assert told(forge) == ("FAIL", "metadata", "a document has expired (image-repo targets)")


def newer(version: int, targets: int, snapshot: int, name: str = "new.bin") -> Forge:
    data = name.encode()
    forge = Forge(
        lockbox_targets={name: target(data)},
        image_targets={name: target(data), "fw.bin": target()},
    )
    forge.offline_snapshot["version"] = version
    forge.targets["version"], forge.snapshot["version"] = targets, snapshot
    return forge


def test_image_documents_that_were_not_bumped_are_superseded_by_the_stored_ones() -> None:
    for targets, snapshot in ((4, 10), (5, 9)):
        one = device()
        assert say(one, medium(Forge())).verdict == "PASS"
        step = say(one, medium(newer(8, targets, snapshot), **{"new.bin": b"new.bin"}))
        assert summary(step)[:2] == ("FAIL", "metadata")
        assert step.kind is Kind.STALE


def test_an_older_image_repository_does_no_harm_if_the_stored_one_has_the_target() -> None:
    one = device()
    first = newer(7, 5, 10, "fw.bin")
    first.image_targets["new.bin"] = target(b"new.bin")
    first.image_targets["fw.bin"] = target()
    first.lockbox["targets"] = {"fw.bin": target()}
    assert say(one, medium(first)).verdict == "PASS"
    assert say(one, medium(newer(8, 4, 9), **{"new.bin": b"new.bin"})).verdict == "PASS"


# --- matching ---


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"length": 31}, "FAIL"),
        ({"hashes": {"sha256": "00"}}, "FAIL"),
        ({"hashes": {"sha512": hashlib.sha512(PAYLOAD).hexdigest()}}, "FAIL"),
        (
            {"hashes": {"sha256": hashlib.sha256(PAYLOAD).hexdigest().upper(), "sha512": "00", "md5": "1"}},
            "PASS",
        ),
        ({"custom": {"hardwareIds": ["other"]}}, "FAIL"),
        ({"custom": {"hardwareIds": ["other", "board", "board"]}}, "PASS"),
        ({"custom": {}}, "FAIL"),
        ({"custom": {"hardwareIds": ["board"], "targetFormat": "OSTREE", "uri": "x", "version": "9"}}, "PASS"),
    ],
)
def test_what_must_agree_between_lockbox_and_image_repository(changes: dict[str, Any], verdict: str) -> None:
    forge = Forge()
    forge.image_targets["fw.bin"] |= changes
    assert told(forge)[0] == verdict


def test_a_target_with_sha512_alone_is_good_and_with_md5_alone_is_not() -> None:
    for algorithm, verdict in (("sha512", "PASS"), ("md5", "FAIL")):
        forge = Forge()
        hashes = {algorithm: hashlib.new(algorithm, PAYLOAD).hexdigest()}
        for listing in (forge.lockbox_targets, forge.image_targets):
            listing["fw.bin"]["hashes"] = hashes
        assert told(forge)[0] == verdict


def test_a_bogus_second_hash_in_the_lockbox_is_never_used() -> None:
    forge = Forge()
    forge.lockbox_targets["fw.bin"]["hashes"]["sha512"] = "00"
    assert told(forge)[0] == "PASS"


# --- delegations ---

SIGNER = Key(seed=30)


def delegate(
    forge: Forge, name: str, targets: dict[str, Any], parent: dict[str, Any] | None = None, **more: Any
) -> Any:
    """Delegate to a new role; returns its body, to be delegated from in turn before :func:`seal`."""
    parent = forge.targets if parent is None else parent
    delegations = parent.setdefault("delegations", {"keys": {SIGNER.keyid: SIGNER.public}, "roles": []})
    delegations["roles"].append({"name": name, "paths": ["*"], "terminating": False} | role(SIGNER) | more)
    body = {"_type": "Targets", "expires": LATER, "targets": targets, "version": 2}
    forge.delegated[name] = body
    return body


def seal(forge: Forge) -> Forge:
    """Sign all delegated bodies."""
    forge.delegated = {name: envelope(body, SIGNER) for name, body in forge.delegated.items()}
    return forge


def without_top() -> Forge:
    return Forge(image_targets={})


def test_a_target_is_found_in_a_delegation_whose_pattern_fits() -> None:
    for paths, verdict in ((["*"], "PASS"), (["f?.b[hi]n", "x"], "PASS"), (["FW.BIN"], "FAIL"), ([], "FAIL")):
        forge = without_top()
        delegate(forge, "a", {"fw.bin": target()}, paths=paths)
        assert told(seal(forge))[0] == verdict


def test_a_delegation_with_hash_prefixes_never_applies() -> None:
    forge = without_top()
    delegate(forge, "a", {"fw.bin": target()}, paths=None, path_hash_prefixes=["00"])
    assert told(seal(forge))[2].startswith("the image repository has no such package")


def test_an_entry_that_does_not_match_stops_neither_the_descent_nor_the_siblings() -> None:
    forge = Forge(image_targets={"fw.bin": target(b"other")})
    delegate(forge, "a", {"fw.bin": target(b"another")}, terminating=True)
    delegate(forge, "b", {"fw.bin": target()})
    assert told(seal(forge))[0] == "PASS"


def test_a_terminating_delegation_ends_the_descent_below_itself() -> None:
    for terminating, verdict in ((True, "FAIL"), (False, "PASS"), (None, "PASS")):
        forge = without_top()
        body = delegate(forge, "a", {}, terminating=terminating)
        delegate(forge, "b", {"fw.bin": target()}, body)
        assert told(seal(forge))[0] == verdict


@pytest.mark.parametrize(("depth", "verdict"), [(5, "PASS"), (6, "FAIL")])
def test_five_levels_of_delegation_are_walked(depth: int, verdict: str) -> None:
    forge = without_top()
    body = None
    for level in range(1, depth + 1):
        body = delegate(forge, f"level-{level}", {"fw.bin": target()} if level == depth else {}, body)
    assert told(seal(forge))[0] == verdict


def test_a_cycle_is_cut_by_its_depth() -> None:
    forge = without_top()
    body = delegate(forge, "a", {})
    inner = body.setdefault("delegations", {"keys": {SIGNER.keyid: SIGNER.public}, "roles": []})
    inner["roles"].append({"name": "a", "paths": ["*"], **role(SIGNER)})
    assert told(seal(forge))[2].startswith("the image repository has no such package")


def test_an_expired_delegation_is_passed_over() -> None:
    forge = without_top()
    delegate(forge, "a", {"fw.bin": target()})["expires"] = EARLIER
    assert told(seal(forge)) == (
        "FAIL",
        "metadata",
        "the image repository has no such package for this hardware (fw.bin)",
    )
    forge = without_top()
    delegate(forge, "a", {"fw.bin": target()})["expires"] = EARLIER
    delegate(forge, "b", {"fw.bin": target()})
    assert told(seal(forge))[0] == "PASS"


def test_a_delegation_that_is_missing_is_fatal_even_if_a_later_one_has_the_target() -> None:
    forge = without_top()
    delegate(forge, "a", {})
    delegate(forge, "b", {"fw.bin": target()})
    result = medium(seal(forge))
    del result.image_repo["a.json"]
    assert say(device(forge), result).reason == "a delegation is not on the medium (a)"


def test_a_delegation_behind_the_one_that_has_the_target_is_not_read() -> None:
    forge = without_top()
    delegate(forge, "a", {"fw.bin": target()})
    delegate(forge, "b", {})
    result = medium(seal(forge))
    result.image_repo["b.json"] = b"garbage"
    assert say(device(forge), result).verdict == "PASS"


def test_hash_version_and_signature_of_a_delegation_count() -> None:
    for meta, reason in (
        ({"version": 2, "hashes": {"sha256": "00"}}, "a delegation is not the one"),
        ({"version": 3}, "a document is not of the version"),
    ):
        forge = without_top()
        delegate(forge, "a", {"fw.bin": target()})
        forge.snapshot["meta"] = {"a.json": meta}
        assert told(seal(forge))[2].startswith(reason)
    forge = without_top()
    forge.delegated["a"] = envelope(delegate(forge, "a", {"fw.bin": target()}), forge.other_key)
    assert told(forge)[2].startswith("the only signature")


def test_a_reserved_name_of_a_delegation_refuses_the_document_that_delegates() -> None:
    forge = Forge()
    delegate(forge, "Snapshot", {})
    forge.delegated.clear()
    assert told(forge)[2] == "a role has a reserved name (Snapshot)"


def test_a_stored_delegation_is_not_read_again_and_a_lower_listing_is_a_rollback() -> None:
    def story(version: int, listed: int, snapshot: int) -> Forge:
        forge = Forge(image_targets={}, lockbox_targets={f"{snapshot}.bin": target()})
        delegate(forge, "a", {f"{number}.bin": target() for number in (9, 10, 11)})["version"] = version
        forge.targets["version"] = snapshot
        forge.snapshot["version"] = snapshot
        forge.offline_snapshot["version"] = snapshot
        forge.snapshot["meta"] = {"a.json": {"version": listed}}
        return seal(forge)

    one = device()
    assert say(one, medium(story(2, 2, 9), **{"9.bin": PAYLOAD})).verdict == "PASS"
    again = medium(story(2, 2, 10), **{"10.bin": PAYLOAD})
    del again.image_repo["a.json"]
    assert say(one, again).verdict == "PASS"
    assert say(one, medium(story(1, 1, 11))).reason.startswith("the device has a newer version of a delegation")
