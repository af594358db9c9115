"""The bodies of documents as typed values."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from forge import LATER, Key, role, root, target
from lockstick.metadata.document import Document, read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_meta, read_root
from lockstick.metadata.targets import read_target, read_targets
from lockstick.metadata.uptane import UPTANE

ONE, TWO = Key(seed=1), Key(seed=2)


def document(kind: str, **members: Any) -> Document:
    body = {"_type": kind, "expires": LATER, "version": 1} | members
    return read_document(json.dumps({"signatures": [], "signed": body}).encode(), "d.json", UPTANE)


def problem(call: Any, *arguments: Any) -> tuple[str, str]:
    with pytest.raises(MalformedError) as caught:
        call(*arguments)
    return caught.value.rule, caught.value.what


# --- root --------------------------------------------------------------------------------------


def a_root(**changes: Any) -> Document:
    return document("Root", **{**root(1, {"root": (ONE, TWO), "targets": (TWO,)}, root=2), **changes})


def test_a_root_names_keys_roles_and_thresholds() -> None:
    found = read_root(a_root())
    assert list(found.keys) == [ONE.keyid, TWO.keyid]
    assert found.keys[ONE.keyid].keyid == ONE.keyid
    assert found.document.version == 1
    signers = found.roles["root"]
    assert (signers.role, signers.threshold, signers.listed) == ("root", 2, (ONE.keyid, TWO.keyid))
    assert dict(signers.keys) == {key.keyid: found.keys[key.keyid] for key in (ONE, TWO)}
    assert list(found.roles["targets"].keys) == [TWO.keyid]


def test_a_listed_key_that_is_missing_is_left_out_and_an_unknown_role_is_kept() -> None:
    found = read_root(a_root(roles={"remote-sessions": {"keyids": ["gone", ONE.keyid], "threshold": 1}}))
    signers = found.roles["remote-sessions"]
    assert signers.listed == ("gone", ONE.keyid)
    assert list(signers.keys) == [ONE.keyid]


@pytest.mark.parametrize("threshold", [1, 1000])
def test_the_bounds_of_a_threshold(threshold: int) -> None:
    found = read_root(a_root(roles={"root": role(ONE, threshold=threshold)}))
    assert found.roles["root"].threshold == threshold


@pytest.mark.parametrize("threshold", [0, -1, 1001, True, "1", None])
def test_a_threshold_beyond_them_is_refused(threshold: Any) -> None:
    body = a_root(roles={"root": {"keyids": [], "threshold": threshold}})
    assert problem(read_root, body) == (
        "threshold-invalid",
        "the threshold of role root of d.json is not a number from 1 to 1000",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"keys": []}, "keys of d.json is not an object"),
        ({"keys": {"k" * 20: 5}}, f"key {'k' * 16} of d.json is not an object"),
        ({"roles": None}, "roles of d.json is not an object"),
        ({"roles": {"root": 5}}, "role root of d.json is not an object"),
        ({"roles": {"root": {"threshold": 1}}}, "keyids of role root of d.json is not an array"),
        ({"roles": {"root": {"threshold": 1, "keyids": [1]}}}, "an entry of keyids of role root of d.json is not"),
    ],
)
def test_a_root_of_another_shape_is_refused(changes: dict[str, Any], words: str) -> None:
    rule, what = problem(read_root, a_root(**changes))
    assert rule == "shape"
    assert what.startswith(words)


# --- snapshots ---------------------------------------------------------------------------------


def test_entries_of_a_snapshot_are_read_with_what_they_have() -> None:
    full = {"version": 2, "length": 0, "hashes": {"sha256": "0" * 64}}
    found = read_meta(document("Snapshot", meta={"b.json": full, "a.json": {"version": 1}}))
    assert list(found) == ["b.json", "a.json"]
    first, second = found.values()
    assert (first.name, first.version, first.length, first.hashes) == ("b.json", 2, 0, {"sha256": "0" * 64})
    assert (second.name, second.version, second.length, second.hashes) == ("a.json", 1, None, {})


@pytest.mark.parametrize(
    ("meta", "rule", "words"),
    [
        (None, "shape", "meta of d.json is not an object"),
        ({"a": 1}, "shape", "entry 'a' of d.json is not an object"),
        ({"a": {}}, "version-invalid", "version in entry 'a' of d.json is not a whole number from 1 to 2147483647"),
        ({"a": {"version": 1, "length": None}}, "shape", "length in entry 'a' of d.json is not a whole number"),
        ({"a": {"version": 1, "hashes": None}}, "shape", "hashes in entry 'a' of d.json is not an object"),
        ({"a": {"version": 1, "hashes": {"sha256": ""}}}, "shape", "hashes in entry 'a' of d.json.sha256 is not"),
    ],
)
def test_a_snapshot_of_another_shape_is_refused(meta: Any, rule: str, words: str) -> None:
    found, what = problem(read_meta, document("Snapshot", meta=meta))
    assert found == rule
    assert what.startswith(words)


# --- targets -----------------------------------------------------------------------------------


def delegating(*entries: Any, **section: Any) -> Document:
    keys = {ONE.keyid: ONE.public}
    return document("Targets", targets={}, delegations={"keys": keys, "roles": list(entries)} | section)


def test_a_delegation_is_read_with_its_keys_paths_and_ending() -> None:
    entry = {"name": "feed", "paths": ["a*", "b"], "terminating": False, "threshold": 2, "keyids": [ONE.keyid]}
    found = read_targets(delegating(entry))
    (delegation,) = found.delegations
    assert found.has_delegations
    assert (delegation.name, delegation.paths, delegation.terminating) == ("feed", ("a*", "b"), False)
    assert (delegation.signers.role, delegation.signers.threshold) == ("feed", 2)
    assert list(delegation.signers.keys) == [ONE.keyid]


def test_what_a_delegation_leaves_out_has_its_usual_value() -> None:
    (delegation,) = read_targets(delegating({"name": "feed", "keyids": []})).delegations
    assert (delegation.signers.threshold, delegation.paths, delegation.terminating) == (1, (), True)
    other = dataclasses.replace(UPTANE, default_terminating=False)
    plain = dataclasses.replace(delegating({"name": "feed", "keyids": []}), dialect=other)
    assert not read_targets(plain).delegations[0].terminating


def test_targets_without_delegations_differ_from_those_with_an_empty_list() -> None:
    without = read_targets(document("Targets", targets={}))
    assert (without.delegations, without.has_delegations) == ((), False)
    bare = read_targets(document("Targets", targets={}, delegations={}))
    assert (bare.delegations, bare.has_delegations) == ((), True)


@pytest.mark.parametrize(
    ("broken", "rule", "words"),
    [
        (document("Targets"), "shape", "targets of d.json is not an object"),
        (document("Targets", targets={}, delegations=[]), "shape", "delegations of d.json is not an object"),
        (delegating(keys=[]), "shape", "keys of delegations of d.json is not an object"),
        (delegating(keys={"k": 5}), "shape", "key k of delegations of d.json is not an object"),
        (delegating(roles={}), "shape", "delegations of d.json is not an array"),
        (delegating(5), "shape", "delegation 1 of d.json is not an object"),
        (delegating({"name": 5}), "shape", "name of delegation 1 of d.json is not a string"),
        (delegating({"name": "f", "terminating": 1}), "shape", "terminating of delegation 1 of d.json is neither"),
        (delegating({"name": "f"}), "shape", "keyids of delegation 'f' is not an array"),
        (delegating({"name": "f", "keyids": [], "threshold": 0}), "threshold-invalid", "the threshold of delegation"),
        (delegating({"name": "f", "keyids": [], "paths": ""}), "shape", "paths of delegation 1 of d.json is not"),
    ],
)
def test_targets_of_another_shape_are_refused(broken: Document, rule: str, words: str) -> None:
    found, what = problem(read_targets, broken)
    assert found == rule
    assert what.startswith(words)


def test_a_target_is_read() -> None:
    entry = target(b"abc", ("a", "b"), name="n", version="v", targetFormat="Binary", other=[1])
    found = read_targets(document("Targets", targets={"t": entry})).find("t")
    assert found is not None
    assert (found.name, found.length, dict(found.hashes)) == ("t", 3, entry["hashes"])
    assert (found.hardware_ids, found.target_format, found.package, found.version) == (("a", "b"), "BINARY", "n", "v")
    assert found.custom == entry["custom"]


@pytest.mark.parametrize("custom", [{}, {"custom": None}, {"custom": {}}, {"custom": {"name": None}}])
def test_what_a_target_leaves_out_is_empty(custom: dict[str, Any]) -> None:
    entry: dict[str, Any] = {"length": 0, "hashes": {}} | custom
    found = read_target("t", entry, "d.json")
    assert (found.hardware_ids, found.target_format, found.package, found.version) == ((), "", "", "")
    assert found.custom == (custom.get("custom") or {})


def test_a_name_that_is_not_listed_is_not_found() -> None:
    assert read_targets(document("Targets", targets={"t": target()})).find("u") is None


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (5, "target 't' of d.json is not an object"),
        ({"hashes": {}}, "length of target 't' of d.json is not a whole number of bytes"),
        ({"length": 1}, "hashes of target 't' of d.json is not an object"),
        ({"length": 1, "hashes": {}, "custom": []}, "custom of target 't' of d.json is not an object"),
        (
            {"length": 1, "hashes": {}, "custom": {"hardwareIds": "x"}},
            "hardwareIds of target 't' of d.json is not an array",
        ),
        (
            {"length": 1, "hashes": {}, "custom": {"targetFormat": 1}},
            "targetFormat of target 't' of d.json is not a string",
        ),
        ({"length": 1, "hashes": {}, "custom": {"name": 1}}, "name of target 't' of d.json is not a string"),
        ({"length": 1, "hashes": {}, "custom": {"version": 1}}, "version of target 't' of d.json is not a string"),
    ],
)
def test_a_target_of_another_shape_is_refused(entry: Any, words: str) -> None:
    assert problem(read_target, "t", entry, "d.json") == ("shape", words)
