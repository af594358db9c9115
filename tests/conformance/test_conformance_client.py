"""The families of the public conformance suite for TUF clients, against a simulator of our own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.driver import NOW
from conformance.simulator import FUTURE, KINDS, PAST, TOP, Key, Repository

if TYPE_CHECKING:
    from conformance.driver import Driver

PROGRAM = Path(__file__).with_name("lockstick_tuf_client.py")


def sound(client: Driver) -> None:
    """A client that has taken the repository's first state."""
    assert client.init() == 0
    assert client.refresh() == 0


def edit(repository: Repository, name: str, change: Any) -> None:
    """Change the envelope of a published file, after it was signed."""
    envelope = json.loads(repository.files[f"metadata/{name}"])
    change(envelope)
    repository.files[f"metadata/{name}"] = json.dumps(envelope).encode()


# --- the sequence of requests, and what is stored ----------------------------------------------


def test_a_fresh_client_asks_for_each_role_once_and_stores_the_bytes_as_received(
    client: Driver, repository: Repository
) -> None:
    sound(client)
    assert client.requests == ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    assert client.versions == dict.fromkeys(sorted(TOP), 1)
    for role, name in (("root", "1.root"), ("snapshot", "1.snapshot"), ("targets", "1.targets")):
        assert client.stored(role) == repository.files[f"metadata/{name}.json"]
    assert client.stored("timestamp") == repository.files["metadata/timestamp.json"]


def test_a_second_run_asks_only_whether_there_is_anything_new(client: Driver, repository: Repository) -> None:
    repository.add_artifact("targets", "dir/f ile", b"bytes")
    repository.publish("targets")
    sound(client)
    assert client.download("dir/f ile") == 0
    digest = hashlib.sha256(b"bytes").hexdigest()
    assert client.requests == ["2.root.json", "timestamp.json", f"targets/dir/{digest}.f%20ile"]
    assert client.download("dir/f ile") == 0
    assert client.requests == ["2.root.json", "timestamp.json"]
    assert list(client.downloads.values()) == [b"bytes"]


def test_a_download_refreshes_by_itself_and_stops_at_the_first_failure(client: Driver, repository: Repository) -> None:
    for name in ("one", "two", "three"):
        repository.add_artifact("targets", name, name.encode())
    repository.files[f"targets/{hashlib.sha256(b'two').hexdigest()}.two"] = b"owt"
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("one", "two", "three") == 1
    assert client.downloads == {"one": b"one"}


def test_an_equal_timestamp_version_changes_nothing_and_is_no_error(client: Driver, repository: Repository) -> None:
    sound(client)
    before = client.stored("timestamp")
    repository.timestamp["meta"]["snapshot.json"]["version"] = 7
    repository.publish_timestamp(bump=False)
    assert client.refresh() == 0
    assert client.stored("timestamp") == before


def test_unknown_fields_are_kept_and_signed_over(client: Driver, repository: Repository) -> None:
    for body in (repository.root, repository.timestamp, repository.snapshot, repository.roles["targets"]):
        body["x-ünknown"] = {"line\nbreak": [1, None, "\x01\u2028"]}
    repository.root["keys"][Key("root").keyid]["x-owner"] = "somebody"
    repository.root["roles"]["root"]["x-tuf"] = 1
    repository.publish_root()
    repository.publish("targets")
    edit(repository, "timestamp.json", lambda envelope: envelope.update({"x-outside": True}))
    sound(client)
    assert client.versions == {"root": 2, "snapshot": 2, "targets": 2, "timestamp": 2}


@pytest.mark.parametrize("role", ["timestamp", "1.snapshot", "1.targets"])
def test_a_role_that_is_missing_or_unsigned_ends_the_update_and_keeps_what_came_before(
    client: Driver, repository: Repository, role: str
) -> None:
    edit(repository, f"{role}.json", lambda envelope: envelope.update(signatures=[]))
    assert client.init() == 0
    assert client.refresh() == 1
    before = {"timestamp": [], "1.snapshot": ["timestamp"], "1.targets": ["snapshot", "timestamp"]}[role]
    assert list(client.versions) == ["root", *before]
    del repository.files[f"metadata/{role}.json"]
    assert client.refresh() == 1
    assert list(client.versions) == ["root", *before]


def test_an_initial_root_that_its_own_keys_have_not_signed_causes_no_request(
    client: Driver, repository: Repository
) -> None:
    assert client.init(b"{") == 1
    assert client.init(repository.sign("root", repository.root, keys=[])) == 1
    assert client.refresh() == 1
    assert client.requests == []


def test_only_metadata_and_nothing_half_written_lies_in_the_folder(client: Driver) -> None:
    sound(client)
    assert sorted(file.name for file in client.metadata.iterdir()) == [f"{role}.json" for role in sorted(TOP)]


@pytest.mark.parametrize("role", ["timestamp", "1.snapshot", "1.targets", "2.root"])
def test_a_document_of_another_type_is_refused_although_it_is_signed(
    client: Driver, repository: Repository, role: str
) -> None:
    name = role.rpartition(".")[2]
    body: dict[str, Any] = json.loads(repository.files[f"metadata/{'1.root' if name == 'root' else role}.json"])[
        "signed"
    ]
    body["_type"] = "snapshot" if name != "snapshot" else "timestamp"
    body["version"] += name == "root"
    repository.files[f"metadata/{role}.json"] = repository.sign(name, body)
    assert client.init() == 0
    assert client.refresh() == 1
    assert name == "root" or name not in client.versions


@pytest.mark.parametrize("role", ["2.snapshot", "2.targets", "2.root"])
def test_a_version_in_a_file_must_be_the_one_in_its_name(client: Driver, repository: Repository, role: str) -> None:
    sound(client)
    repository.publish_root()
    repository.publish("targets")
    name = role.rpartition(".")[2]
    body = json.loads(repository.files[f"metadata/{role}.json"])["signed"] | {"version": 3}
    repository.files[f"metadata/{role}.json"] = repository.sign(name, body)
    assert client.refresh() == 1
    assert client.versions[name] == 1


# --- hashes of metadata ------------------------------------------------------------------------


@pytest.mark.parametrize("spoilt", ["snapshot", "targets"])
def test_listed_hashes_are_over_the_bytes_of_the_file(client: Driver, repository: Repository, spoilt: str) -> None:
    repository.with_hashes = True
    repository.publish("targets")
    sound(client)
    repository.publish("targets")
    # The same value in another layout: still signed, but not the listed bytes.
    edit(repository, f"3.{spoilt}.json", lambda envelope: envelope)
    assert client.refresh() == 1
    assert client.versions[spoilt] == 2


@pytest.mark.parametrize("line", [{"hashes": {"sha256": "odd"}}, {"hashes": {"md5": "0"}}, {"length": 3}])
def test_a_listing_that_cannot_be_met_stops_what_it_lists(
    client: Driver, repository: Repository, line: dict[str, Any]
) -> None:
    repository.timestamp["meta"]["snapshot.json"] |= line
    repository.publish_timestamp()
    assert client.init() == 0
    assert client.refresh() == 1
    assert "snapshot" not in client.versions


# --- expiry ------------------------------------------------------------------------------------


def test_an_expired_root_is_stored_but_ends_the_update(client: Driver, repository: Repository) -> None:
    assert client.init() == 0
    repository.root["expires"] = PAST
    repository.publish_root()
    assert client.refresh() == 1
    assert client.requests == ["2.root.json", "3.root.json"]
    assert client.versions == {"root": 2}


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_what_has_expired_is_refused(client: Driver, repository: Repository, role: str) -> None:
    sound(client)
    body = repository.roles["targets"] if role == "targets" else getattr(repository, role)
    body["expires"] = PAST
    repository.publish("targets")
    assert client.refresh() == 1
    assert client.versions[role] == 1


def test_a_document_is_no_longer_good_in_the_second_that_it_names(client: Driver, repository: Repository) -> None:
    repository.timestamp["expires"] = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    repository.publish_timestamp()
    assert client.init() == 0
    assert client.refresh(NOW) == 1
    assert client.refresh(NOW - timedelta(microseconds=1)) == 0


def test_expired_local_roles_serve_to_move_forward_and_no_further(client: Driver, repository: Repository) -> None:
    week, year = NOW + timedelta(days=7), NOW + timedelta(days=365)
    for body in (repository.root, repository.timestamp, repository.snapshot, repository.roles["targets"]):
        body["expires"] = f"{week:%Y-%m-%dT%H:%M:%SZ}"
    repository.publish_root()
    repository.publish("targets")
    sound(client)
    assert client.refresh(year) == 1
    for body in (repository.root, repository.timestamp, repository.snapshot, repository.roles["targets"]):
        body["expires"] = FUTURE
    repository.publish_root()
    old = dict(repository.files)
    repository.publish("targets")
    repository.timestamp["version"] = 1
    repository.publish_timestamp(bump=False)
    assert client.refresh(year) == 1, "an expired local timestamp still shows that this one is older"
    repository.files = old
    repository.publish("targets")
    repository.timestamp["version"] = 5
    repository.publish_timestamp()
    assert client.refresh(year) == 0
    assert client.versions["root"] == 3


def test_an_equal_timestamp_does_not_keep_an_expired_one_alive(client: Driver, repository: Repository) -> None:
    repository.timestamp["expires"] = f"{NOW + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    repository.publish_timestamp()
    sound(client)
    repository.timestamp["expires"] = FUTURE
    repository.publish_timestamp(bump=False)
    assert client.refresh(NOW + timedelta(days=2)) == 1


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_what_is_stored_and_still_listed_is_refused_once_it_has_expired(
    client: Driver, repository: Repository, role: str
) -> None:
    body = repository.roles["targets"] if role == "targets" else repository.snapshot
    body["expires"] = f"{NOW + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    repository.publish("targets")
    sound(client)
    assert client.refresh(NOW + timedelta(days=2)) == 1
    assert client.requests[2:] == [f"2.{role}.json"]


# --- downloads ---------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithms", [("sha256",), ("sha512",), ("sha256", "sha512"), ("sha512", "sha256")])
def test_every_known_hash_is_enough_and_each_given_one_must_fit(
    client: Driver, repository: Repository, algorithms: tuple[str, ...]
) -> None:
    repository.add_artifact("targets", "good", b"good", algorithms)
    repository.add_artifact("targets", "bad", b"bad", algorithms)
    repository.roles["targets"]["targets"]["bad"]["hashes"][algorithms[-1]] = hashlib.new(algorithms[-1]).hexdigest()
    for digest in repository.roles["targets"]["targets"]["bad"]["hashes"].values():
        repository.files[f"targets/{digest}.bad"] = b"bad"
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("good") == 0
    assert client.download("bad") == 1
    assert client.downloads == {"good": b"good"}


@pytest.mark.parametrize("hashes", [{}, {"md5": "0" * 32}])
def test_a_target_without_a_known_hash_is_refused(
    client: Driver, repository: Repository, hashes: dict[str, str]
) -> None:
    repository.roles["targets"]["targets"]["file"] = {"length": 1, "hashes": hashes}
    repository.files["targets/file"] = repository.files[f"targets/{'0' * 32}.file"] = b"x"
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("file") == 1
    assert client.downloads == {}


@pytest.mark.parametrize("served", [b"wrong", b"bytes and more", b"byte", b""])
def test_other_bytes_than_the_signed_ones_are_refused(client: Driver, repository: Repository, served: bytes) -> None:
    repository.add_artifact("targets", "file", b"bytes")
    repository.files[f"targets/{hashlib.sha256(b'bytes').hexdigest()}.file"] = served
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("file") == 1
    assert client.downloads == {}


def test_a_signed_length_counts_even_where_the_hash_fits(client: Driver, repository: Repository) -> None:
    repository.add_artifact("targets", "file", b"bytes")
    repository.roles["targets"]["targets"]["file"]["length"] = 6
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("file") == 1
    assert client.downloads == {}


def test_a_new_version_of_a_file_takes_the_place_of_the_old_one(client: Driver, repository: Repository) -> None:
    assert client.init() == 0
    for data in (b"first", b"second", b"third"):
        repository.add_artifact("targets", "file", data)
        repository.publish("targets")
        assert client.download("file") == 0
        assert client.downloads == {"file": data}


def test_a_spoilt_stored_file_is_fetched_again(client: Driver, repository: Repository) -> None:
    repository.add_artifact("targets", "file", b"bytes")
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("file") == 0
    (client.targets / "file").write_bytes(b"bytex")
    assert client.download("file") == 0
    assert client.downloads == {"file": b"bytes"}


def test_an_artifact_is_never_held_in_memory_as_a_whole(client: Driver, repository: Repository) -> None:
    size = 32 << 20
    repository.add_artifact("targets", "large", b"x" * size)
    repository.publish("targets")
    sound(client)
    tracemalloc.start()
    try:
        assert client.download("large") == 0
        assert client.download("large") == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert client.requests == ["2.root.json", "timestamp.json"]
    assert (client.targets / "large").stat().st_size == size
    assert peak < size // 2


def test_an_empty_artifact_is_an_artifact(client: Driver, repository: Repository) -> None:
    repository.add_artifact("targets", "empty", b"")
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("empty") == 0
    assert client.downloads == {"empty": b""}


def test_after_a_download_nothing_but_the_artifact_is_left(client: Driver, repository: Repository) -> None:
    repository.add_artifact("targets", "good", b"good")
    repository.add_artifact("targets", "bad", b"good too")
    repository.files[f"targets/{hashlib.sha256(b'good too').hexdigest()}.bad"] = b"bad, bad"
    repository.publish("targets")
    assert client.init() == 0
    assert client.download("good", "bad") == 1
    assert [file.name for file in client.targets.iterdir()] == ["good"]


def test_without_consistent_snapshots_names_are_plain(client: Driver, repository: Repository) -> None:
    repository.root["consistent_snapshot"] = False
    repository.publish_root()
    repository.roles["targets"]["targets"]["file"] = {
        "length": 1,
        "hashes": {"sha256": hashlib.sha256(b"x").hexdigest()},
    }
    repository.publish("targets")
    for role in ("snapshot", "targets"):
        repository.files[f"metadata/{role}.json"] = repository.files[f"metadata/2.{role}.json"]
    repository.files["targets/file"] = b"x"
    assert client.init() == 0
    assert client.download("file") == 0
    assert client.requests == [
        "2.root.json",
        "3.root.json",
        "timestamp.json",
        "snapshot.json",
        "targets.json",
        "targets/file",
    ]


# --- keys and signatures -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_is_believed_and_its_broken_signature_is_not(
    client: Driver, repository: Repository, kind: str
) -> None:
    repository.name_keys("timestamp", Key("other", kind))
    repository.publish_root()
    repository.publish_timestamp()
    sound(client)
    repository.publish_timestamp()

    def flip(envelope: Any) -> None:
        signature = envelope["signatures"][0]["sig"]
        envelope["signatures"][0]["sig"] = signature[:-4] + ("0000" if signature[-4:] != "0000" else "1111")

    edit(repository, "timestamp.json", flip)
    assert client.refresh() == 1
    assert client.versions["timestamp"] == 2


@pytest.mark.parametrize(("named", "used"), [("rsa", "rsa-pkcs1v15"), ("rsa-pkcs1v15", "rsa")])
def test_a_key_verifies_by_the_scheme_that_its_lister_names_and_no_other(
    client: Driver, repository: Repository, named: str, used: str
) -> None:
    key, named_as = Key("other", used), Key("other", named)
    key.public["scheme"] = named_as.public["scheme"]
    repository.name_keys("timestamp", key)
    repository.publish_root()
    repository.publish_timestamp()
    assert client.init() == 0
    assert client.refresh() == 1
    assert "timestamp" not in client.versions


@pytest.mark.parametrize("kind", ["ecdsa", "ecdsa-p384"])
@pytest.mark.parametrize("form", ["type", "type and point"])
def test_older_spellings_of_ecdsa_keys_are_read(client: Driver, repository: Repository, form: str, kind: str) -> None:
    key = Key("other", kind)
    key.public["keytype"] = key.public["scheme"]
    if form == "type and point":
        key.public["keyval"]["public"] = key.point()
    repository.name_keys("timestamp", key)
    repository.publish_root()
    repository.publish_timestamp()
    sound(client)


@pytest.mark.parametrize(
    "public",
    [
        {"keytype": "quantum", "scheme": "x", "keyval": {"public": "00"}},
        {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00"}},
        {"keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": {"public": "no PEM"}},
        {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "-----BEGIN"}},
        {"keytype": "ed25519"},
        7,
    ],
)
def test_a_key_that_nobody_here_can_use_does_no_harm_unless_it_is_needed(
    client: Driver, repository: Repository, public: Any
) -> None:
    stranger = Key("stranger")
    repository.name_keys("timestamp", Key("timestamp"), stranger, also_sign=False)
    repository.root["keys"][stranger.keyid] = public
    repository.publish_root()
    sound(client)
    repository.root["roles"]["timestamp"]["threshold"] = 2
    repository.publish_root()
    repository.signers["timestamp"].append(stranger)
    repository.publish_timestamp()
    assert client.refresh() == 1


def test_a_key_id_is_only_a_name(client: Driver, repository: Repository) -> None:
    key = Key("other")
    key.keyid = "any name at all"
    repository.name_keys("timestamp", key)
    repository.publish_root()
    repository.publish_timestamp()
    sound(client)


@pytest.mark.parametrize(
    "junk",
    [
        {"keyid": "unknown", "sig": ""},
        {"keyid": Key("spare").keyid, "sig": ""},
        {"keyid": Key("spare").keyid, "sig": "not hexadecimal"},
        {"keyid": Key("spare").keyid, "sig": "00"},
        {"keyid": Key("spare").keyid, "sig": "ab" * 64, "method": "rsassa-pss"},
        {"sig": "00"},
        {"keyid": Key("spare").keyid},
        None,
    ],
)
def test_junk_among_the_signatures_does_no_harm_once_enough_are_good(
    client: Driver, repository: Repository, junk: Any
) -> None:
    repository.name_keys("timestamp", Key("timestamp"), Key("spare"), also_sign=False)
    repository.publish_root()
    edit(repository, "timestamp.json", lambda envelope: envelope["signatures"].insert(0, junk))
    sound(client)
    repository.root["roles"]["timestamp"]["threshold"] = 2
    repository.publish_root()
    assert client.refresh() == 1


@pytest.mark.parametrize("again", ["the same", "another"])
def test_two_signatures_under_one_key_id_are_refused(client: Driver, repository: Repository, again: str) -> None:
    def double(envelope: Any) -> None:
        first = envelope["signatures"][0]
        envelope["signatures"].append(first if again == "the same" else first | {"sig": "junk"})

    edit(repository, "timestamp.json", double)
    assert client.init() == 0
    assert client.refresh() == 1


@pytest.mark.parametrize("how", ["one key id twice", "one key under two ids", "fewer keys than needed", "one missing"])
def test_a_threshold_is_met_by_different_keys_only(client: Driver, repository: Repository, how: str) -> None:
    first, second = Key("timestamp"), Key("second")
    repository.name_keys("timestamp", first, second, threshold=2)
    keyids = repository.root["roles"]["timestamp"]["keyids"]
    match how:
        case "one key id twice":
            keyids[1] = first.keyid
            repository.signers["timestamp"] = [first]
        case "one key under two ids":
            twin = Key("timestamp")
            twin.keyid = "twin"
            repository.name_keys("timestamp", first, twin, threshold=2)
        case "fewer keys than needed":
            keyids.pop()
        case _:
            repository.signers["timestamp"] = [first]
    repository.publish_root()
    repository.publish_timestamp()
    assert client.init() == 0
    assert client.refresh() == 1
    assert client.versions == {"root": 1 if how == "one key id twice" else 2}


def test_a_threshold_of_two_is_met_by_two(client: Driver, repository: Repository) -> None:
    for role in TOP:
        repository.name_keys(role, Key(role), Key(f"{role} 2"), Key(f"{role} 3"), threshold=2)
        repository.signers[role].pop(0)
    repository.publish_root(keys=[Key("root"), Key("root 2"), Key("root 3")])
    repository.publish("targets")
    sound(client)


@pytest.mark.parametrize("role", TOP)
def test_a_root_that_does_not_say_who_signs_for_a_role_is_of_no_use(
    client: Driver, repository: Repository, role: str
) -> None:
    del repository.root["roles"][role]
    repository.publish_root()
    assert client.init() == 0
    assert client.refresh() == 1


# --- names that need quoting -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["?", "#", "/x", "../x", "ü", "a b", "%2e", "."])
def test_any_name_of_a_role_is_one_segment_in_address_and_folder(
    client: Driver, repository: Repository, name: str
) -> None:
    repository.delegate("targets", name, "*")
    repository.add_artifact(name, "file", b"bytes")
    repository.publish("targets", name)
    assert client.init() == 0
    assert client.download("file") == 0
    quoted = {"?": "%3F", "#": "%23", "/x": "%2Fx", "../x": "..%2Fx", "ü": "%C3%BC", "a b": "a%20b", "%2e": "%252e"}
    assert f"1.{quoted.get(name, name)}.json" in client.requests
    assert client.versions[name] == 1
    assert sorted(path.name for path in client.metadata.parent.iterdir()) == ["first", "metadata", "targets"]
    assert client.download("file") == 0
    assert client.requests == ["2.root.json", "timestamp.json"]


@pytest.mark.parametrize("name", ["root", "Timestamp", "targets", ""])
def test_a_delegated_role_cannot_take_the_place_of_a_top_level_one(
    client: Driver, repository: Repository, name: str
) -> None:
    assert client.init() == 0
    key = repository.delegate("targets", "file", "*")
    repository.roles["targets"]["delegations"]["roles"][0]["name"] = name
    repository.snapshot["meta"][f"{name}.json"] = {"version": 1}
    repository.publish("targets")
    body = repository.roles["file"] | {"version": repository.snapshot["meta"][f"{name}.json"]["version"]}
    repository.files[f"metadata/{body['version']}.{name}.json"] = repository.sign("file", body, keys=[key])
    before = client.stored("root")
    assert client.download("file") == 1
    assert client.stored("root") == before


# --- rollback ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hashes", [False, True])
@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_nothing_goes_back(client: Driver, repository: Repository, role: str, *, hashes: bool) -> None:
    repository.with_hashes = hashes
    repository.publish("targets")
    sound(client)
    before = client.versions
    body = repository.roles["targets"] if role == "targets" else getattr(repository, role)
    match role:
        case "timestamp":
            body["version"] -= 2
            repository.publish_timestamp()
        case "snapshot":
            body["version"] -= 2
            repository.publish_snapshot()
        case _:
            body["version"] -= 2
            repository.publish("targets")
    assert client.refresh() == 1
    assert client.versions[role] == before[role]


def test_a_role_may_not_vanish_from_the_snapshot(client: Driver, repository: Repository) -> None:
    repository.delegate("targets", "a", "*")
    repository.publish("targets", "a")
    sound(client)
    before = client.versions["snapshot"]
    del repository.snapshot["meta"]["a.json"]
    repository.publish("targets")
    assert client.refresh() == 1
    assert client.versions["snapshot"] == before


@pytest.mark.parametrize("rotated", [("timestamp",), ("snapshot",), ("timestamp", "snapshot")])
def test_new_keys_let_a_repository_recover_from_versions_that_a_thief_set(
    client: Driver, repository: Repository, rotated: tuple[str, ...]
) -> None:
    good = json.dumps([repository.timestamp, repository.snapshot, repository.roles["targets"]])
    repository.timestamp["version"] = repository.snapshot["version"] = repository.roles["targets"]["version"] = 99_998
    repository.publish("targets")
    sound(client)
    assert client.versions["timestamp"] == 99_999
    repository.timestamp, repository.snapshot, repository.roles["targets"] = json.loads(good)
    repository.publish("targets")
    assert client.refresh() == 1, "without new keys this is a rollback"
    for role in rotated:
        repository.name_keys(role, Key(f"new {role}"))
    repository.publish_root()
    repository.publish("targets")
    assert client.refresh() == 0
    assert client.versions == {"root": 2, "snapshot": 3, "targets": 3, "timestamp": 3}


# --- rotations ---------------------------------------------------------------------------------

_A, _B, _C, _D = (Key(f"root {name}") for name in "abcd")
# Each step: the keys and threshold that the root names, and who signs it.
CHAINS: dict[str, tuple[list[tuple[str, int, str]], int]] = {
    "one key for another": ([("a", 1, "a"), ("b", 1, "ab")], 2),
    "one key for another, not signed by the old": ([("a", 1, "a"), ("b", 1, "b")], 1),
    "one key for another, not signed by the new": ([("a", 1, "a"), ("b", 1, "a")], 1),
    "no change, signed again": ([("a", 1, "a"), ("a", 1, "a")], 2),
    "no change, signed by a stranger": ([("a", 1, "a"), ("a", 1, "d")], 1),
    "two of two for two others": ([("ab", 2, "ab"), ("cd", 2, "abcd")], 2),
    "old threshold missed": ([("ab", 2, "ab"), ("cd", 2, "acd")], 1),
    "new threshold missed": ([("ab", 2, "ab"), ("cd", 2, "abc")], 1),
    "one of two replaced, old threshold met": ([("ab", 2, "ab"), ("ac", 2, "abc")], 2),
    "one of two replaced, old threshold missed": ([("ab", 2, "ab"), ("ac", 2, "ac")], 1),
    "threshold raised": ([("ab", 1, "a"), ("ab", 2, "ab")], 2),
    "threshold raised but not met": ([("ab", 1, "a"), ("ab", 2, "a")], 1),
    "threshold lowered": ([("ab", 2, "ab"), ("ab", 1, "ab")], 2),
    "threshold lowered but the old one not met": ([("ab", 2, "ab"), ("ab", 1, "a")], 1),
    "three steps": ([("a", 1, "a"), ("b", 1, "ab"), ("c", 1, "bc"), ("d", 1, "cd")], 4),
    "the third step fails": ([("a", 1, "a"), ("b", 1, "ab"), ("c", 1, "bc"), ("d", 1, "bd")], 3),
    "the first root is not signed": ([("ab", 2, "a")], 0),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_root_is_adopted_if_both_thresholds_have_signed(client: Driver, repository: Repository, chain: str) -> None:
    steps, reached = CHAINS[chain]
    named = dict(zip("abcd", (_A, _B, _C, _D), strict=True))
    repository.root["version"] = 0
    for keys, threshold, signers in steps:
        repository.name_keys("root", *(named[key] for key in keys), threshold=threshold)
        repository.publish_root(keys=[named[key] for key in signers])
    assert client.init() == (1 if reached == 0 else 0)
    assert client.refresh() == (0 if reached == len(steps) else 1)
    assert client.versions.get("root", 0) == reached


ROTATIONS: dict[str, tuple[str, int, str, bool]] = {
    "another key signs": ("b", 1, "b", True),
    "the old key still signs": ("b", 1, "a", False),
    "both sign": ("b", 1, "ab", True),
    "two of two": ("ab", 2, "ab", True),
    "one of two": ("ab", 2, "a", False),
    "one of two is enough": ("ab", 1, "b", True),
    "two strangers": ("ab", 2, "cd", False),
    "three listed, two sign": ("abc", 2, "ac", True),
    "three listed, one signs": ("abc", 2, "c", False),
    "three listed, one and a stranger": ("abc", 2, "cd", False),
}


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_role_is_believed_by_the_keys_that_the_newest_root_names(
    client: Driver, repository: Repository, rotation: str, role: str
) -> None:
    keys, threshold, signers, is_good = ROTATIONS[rotation]
    named = dict(zip("abcd", (_A, _B, _C, _D), strict=True))
    sound(client)
    repository.name_keys(role, *(named[key] for key in keys), threshold=threshold)
    repository.publish_root()
    repository.signers[role] = [named[key] for key in signers]
    repository.publish("targets")
    assert client.refresh() == (0 if is_good else 1)
    assert client.versions[role] == (2 if is_good else 1)


# --- delegations -------------------------------------------------------------------------------

# Delegator to its delegations in order (a "!" marks a terminating one), and the roles that are visited.
GRAPHS: dict[str, tuple[dict[str, str], str]] = {
    "none": ({}, ""),
    "two in order": ({"targets": "A B"}, "A B"),
    "depth before breadth": ({"targets": "A B", "A": "C D", "C": "E"}, "A C E D B"),
    "a cycle": ({"targets": "A", "A": "B", "B": "A"}, "A B"),
    "a role that delegates to itself": ({"targets": "A B", "A": "A"}, "A B"),
    "two ways to one role": ({"targets": "A B", "A": "C", "B": "C"}, "A C B"),
    "the same role twice": ({"targets": "A A B"}, "A B"),
    "terminating at the top": ({"targets": "A! B", "A": "C"}, "A C"),
    "terminating below": ({"targets": "A B", "A": "C! D"}, "A C"),
    "terminating after another": ({"targets": "A B! C", "A": "D"}, "A D B"),
    "terminating on a cycle": ({"targets": "A B", "A": "A! C"}, "A"),
    "terminating leaf below a leaf": ({"targets": "A B", "A": "C", "C": "D!"}, "A C D"),
}


@pytest.mark.parametrize("graph", GRAPHS)
def test_delegations_are_visited_in_pre_order(client: Driver, repository: Repository, graph: str) -> None:
    edges, visited = GRAPHS[graph]
    for delegator, names in edges.items():
        for name in names.split():
            repository.delegate(delegator, name.rstrip("!"), "*", terminating=name.endswith("!"))
    repository.publish(*repository.roles)
    sound(client)
    assert client.download("nowhere") == 1
    assert client.requests[2:] == [f"1.{name}.json" for name in visited.split()]


def test_a_search_gives_up_after_the_cap(client: Driver, repository: Repository) -> None:
    names = ["targets", *(f"r{number}" for number in range(40))]
    for delegator, name in pairwise(names):
        repository.delegate(delegator, name, "*")
    repository.add_artifact("r31", "inside", b"x")
    repository.add_artifact("r32", "outside", b"x")
    repository.publish(*names)
    assert client.init() == 0
    assert client.download("outside") == 1
    assert "1.r31.json" in client.requests
    assert "1.r32.json" not in client.requests
    assert client.download("inside") == 0


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "file", True),
        ("*", "dir/file", False),
        ("dir/*", "dir/file", True),
        ("dir/*", "dir/sub/file", False),
        ("*/*", "dir/file", True),
        ("fil?", "file", True),
        ("dir?file", "dir/file", False),
        ("FILE", "file", False),
        ("*.tgz", "a.tgz", True),
        ("*.tgz", "a.tar", False),
        ("dir/f[a-i]le", "dir/file", True),
        (".*", ".hidden", True),
        ("*", ".hidden", True),
    ],
)
def test_stars_and_question_marks_end_at_slashes(
    client: Driver, repository: Repository, pattern: str, name: str, *, fits: bool
) -> None:
    repository.delegate("targets", "role", pattern)
    repository.add_artifact("role", name, b"x")
    repository.publish("targets", "role")
    assert client.init() == 0
    assert client.download(name) == (0 if fits else 1)
    assert ("1.role.json" in client.requests) == fits


def test_a_delegation_may_name_the_beginnings_of_hashes(client: Driver, repository: Repository) -> None:
    digest = hashlib.sha256(b"dir/file").hexdigest()
    wrong = f"{(int(digest[0], 16) + 1) % 16:x}"
    for name, prefix in (("other-bin", wrong), ("bin", digest[:2])):
        repository.delegate("targets", name, path_hash_prefixes=[prefix])
        del repository.roles["targets"]["delegations"]["roles"][-1]["paths"]
    repository.add_artifact("bin", "dir/file", b"x")
    repository.publish("targets", "other-bin", "bin")
    assert client.init() == 0
    assert client.download("dir/file") == 0
    assert client.requests[4:5] == ["1.bin.json"]


def deal_out(repository: Repository, delegator: str, prefix: str, bits: int, **more: Any) -> str:
    """Delegate to bins, and publish the one that dir/file falls to; gives its name."""
    number = int(hashlib.sha256(b"dir/file").hexdigest(), 16) >> (256 - bits)
    name = f"{prefix}-{number:0{len(f'{2**bits - 1:x}')}x}"
    key = repository.delegate(delegator, name)
    section = repository.roles[delegator]["delegations"]
    del section["roles"]
    section["succinct_roles"] = {
        "keyids": [key.keyid],
        "threshold": 1,
        "bit_length": bits,
        "name_prefix": prefix,
    } | more
    return name


@pytest.mark.parametrize("bits", [1, 4, 5, 8, 14, 32])
def test_a_delegation_may_deal_all_names_out_to_bins(client: Driver, repository: Repository, bits: int) -> None:
    role = deal_out(repository, "targets", "b/n", bits)
    repository.add_artifact(role, "dir/file", b"x")
    repository.publish("targets", role)
    assert client.init() == 0
    assert client.download("dir/file") == 0
    assert client.requests[4:5] == [f"1.{role.replace('/', '%2F')}.json"]


def test_a_bin_is_believed_by_the_keys_of_the_bins_only(client: Driver, repository: Repository) -> None:
    role = deal_out(repository, "targets", "bin", 4)
    repository.add_artifact(role, "dir/file", b"x")
    repository.signers[role] = [Key("somebody else")]
    repository.publish("targets", role)
    assert client.init() == 0
    assert client.download("dir/file") == 1
    assert client.requests[-1] == f"1.{role}.json"
    assert role not in client.versions


def test_a_search_ends_at_its_bin(client: Driver, repository: Repository) -> None:
    repository.delegate("targets", "A", "*/*")
    repository.delegate("targets", "B", "*/*")
    role = deal_out(repository, "A", "bin", 4)
    repository.add_artifact("B", "dir/file", b"x")
    repository.publish("targets", "A", "B", role)
    assert client.init() == 0
    assert client.download("dir/file") == 1
    assert client.requests[4:] == ["1.A.json", f"1.{role}.json"]


def test_what_a_bin_delegates_to_is_looked_into(client: Driver, repository: Repository) -> None:
    role = deal_out(repository, "targets", "bin", 4)
    repository.delegate(role, "below", "dir/*")
    repository.add_artifact("below", "dir/file", b"x")
    repository.publish("targets", role, "below")
    assert client.init() == 0
    assert client.download("dir/file") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"bit_length": 0},
        {"bit_length": 33},
        {"bit_length": "4"},
        {"bit_length": True},
        {"name_prefix": None},
        {"threshold": 0},
        {"keyids": ["a", "a"]},
    ],
)
def test_bins_that_cannot_be_read_spoil_their_document(
    client: Driver, repository: Repository, wrong: dict[str, Any]
) -> None:
    role = deal_out(repository, "targets", "bin", 4, **wrong)
    repository.publish("targets", role)
    assert client.init() == 0
    assert client.refresh() == 1
    assert "targets" not in client.versions


def test_roles_are_named_one_by_one_or_as_bins_but_not_both(client: Driver, repository: Repository) -> None:
    role = deal_out(repository, "targets", "bin", 4)
    repository.roles["targets"]["delegations"]["roles"] = []
    repository.publish("targets", role)
    assert client.init() == 0
    assert client.refresh() == 1


def test_a_delegation_that_the_snapshot_does_not_list_is_not_asked_for(client: Driver, repository: Repository) -> None:
    repository.delegate("targets", "role", "*")
    repository.add_artifact("role", "file", b"x")
    repository.publish("targets", "role")
    del repository.snapshot["meta"]["role.json"]
    repository.publish_snapshot()
    assert client.init() == 0
    assert client.download("file") == 1
    assert "1.role.json" not in client.requests


@pytest.mark.parametrize("wrong", ["signature", "expired", "version", "type"])
def test_a_delegated_role_that_may_not_be_believed_ends_the_search(
    client: Driver, repository: Repository, wrong: str
) -> None:
    repository.delegate("targets", "role", "*")
    repository.delegate("targets", "later", "*")
    for role in ("role", "later"):
        repository.add_artifact(role, "file", role.encode())
    body = repository.roles["role"]
    match wrong:
        case "signature":
            repository.signers["role"] = [Key("stranger")]
        case "expired":
            body["expires"] = PAST
        case "type":
            body["_type"] = "snapshot"
    repository.publish("targets", "role", "later")
    if wrong == "version":
        repository.files["metadata/1.role.json"] = repository.sign("role", body | {"version": 2})
    assert client.init() == 0
    assert client.download("file") == 1
    assert client.downloads == {}
    assert "role" not in client.versions


@pytest.mark.parametrize("one_run", [True, False], ids=["one run", "two runs"])
def test_a_role_that_one_delegator_believes_is_no_proof_to_another(
    client: Driver, repository: Repository, *, one_run: bool
) -> None:
    repository.delegate("targets", "left", "left-*")
    repository.delegate("targets", "right", "right-*")
    repository.delegate("left", "shared", "left-*")
    repository.delegate("right", "shared", "right-*", key=Key("whom only right believes"))
    for name in ("left-file", "right-file"):
        repository.add_artifact("shared", name, name.encode())
    repository.publish("targets", "left", "right", "shared")
    assert client.init() == 0
    if one_run:
        assert client.download("left-file", "right-file") == 1
    else:
        assert client.download("left-file") == 0
        assert client.download("right-file") == 1
    assert client.downloads == {"left-file": b"left-file"}


def test_a_role_that_was_signed_again_for_a_new_key_is_fetched_again(client: Driver, repository: Repository) -> None:
    repository.delegate("targets", "role", "*")
    repository.add_artifact("role", "file", b"x")
    repository.publish("targets", "role")
    assert client.init() == 0
    assert client.download("file") == 0
    key = Key("new")
    section = repository.roles["targets"]["delegations"]
    section["keys"], section["roles"][0]["keyids"] = {key.keyid: key.public}, [key.keyid]
    repository.publish("targets")
    assert client.download("file") == 1, "the stored role is signed by the old key only"
    repository.signers["role"] = [key]
    repository.publish("role", bump=False)
    assert client.download("file") == 0


# --- what servers answer for a file that is not there ------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_the_chain_of_roots_ends_where_the_next_one_cannot_be_had(
    client: Driver, repository: Repository, status: int
) -> None:
    repository.statuses["metadata/2.root.json"] = status
    sound(client)
    assert client.requests == ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]


@pytest.mark.parametrize("status", [400, 500])
def test_a_server_that_fails_at_the_next_root_has_not_said_that_there_is_none(
    client: Driver, repository: Repository, status: int
) -> None:
    repository.statuses["metadata/2.root.json"] = status
    assert client.init() == 0
    assert client.refresh() == 1
    assert set(client.requests) == {"2.root.json"}


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("role", ["timestamp", "1.snapshot", "1.targets"])
def test_no_other_role_may_be_missing_and_none_is_asked_for_twice(
    client: Driver, repository: Repository, role: str, status: int
) -> None:
    repository.statuses[f"metadata/{role}.json"] = status
    assert client.init() == 0
    assert client.refresh() == 1
    assert client.requests[-1] == f"{role}.json"
    assert client.requests.count(f"{role}.json") == 1


# --- the program itself ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [[], ["refresh"], ["--metadata-dir", ".", "burn"], ["--metadata-dir", ".", "--what", "refresh"]],
)
def test_a_call_that_makes_no_sense_is_exit_1_too(arguments: list[str]) -> None:
    assert _program(*arguments).returncode == 1


def test_the_program_is_one_executable_file(client: Driver, repository: Repository) -> None:
    (client.metadata.parent / "anchor").write_bytes(repository.files["metadata/1.root.json"])
    repository.add_artifact("targets", "file", b"x")
    repository.publish("targets")
    options = ["--metadata-url", f"{client.base}/metadata", "--metadata-dir", str(client.metadata)]
    assert (
        _program("--metadata-dir", str(client.metadata), "init", str(client.metadata.parent / "anchor")).returncode == 0
    )
    assert _program(*options, "refresh").returncode == 0
    more = ["--target-name", "file", "--target-dir", str(client.targets), "--target-base-url", f"{client.base}/targets"]
    assert _program(*more, *options, "download").returncode == 0
    assert client.downloads == {"file": b"x"}
    repository.files.clear()
    assert _program(*options, "refresh").returncode == 1
    assert os.access(PROGRAM, os.X_OK) or os.name == "nt"


def _program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
