"""What the core of the TUF client says when it refuses, and what it remembers: no network, no disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from conformance.driver import NOW
from conformance.simulator import PAST, TOP, Key, Repository
from lockstick.errors import LockstickError
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.tuf import TUF
from lockstick.trust.tuf.files import check_role_name, metadata_name, target_name
from lockstick.trust.tuf.refusal import ExpiredError, RefusedError, RolledBackError
from lockstick.trust.tuf.search import find_target
from lockstick.trust.tuf.trusted import TrustedMetadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.metadata.targets import Delegation, Targets

UNTIL_PAST = "it was good until 2020-01-01 00:00 UTC"


@dataclass
class Stored:
    """What a client kept from an earlier update."""

    timestamp: bytes | None = None
    snapshot: bytes | None = None


def kept(repository: Repository) -> Stored:
    """What is in force now, as a client would keep it."""
    version = repository.snapshot["version"]
    return Stored(repository.files["metadata/timestamp.json"], repository.files[f"metadata/{version}.snapshot.json"])


def update(repository: Repository, stored: Stored | None = None) -> TrustedMetadata:
    """One whole update, from the first root on."""
    stored = stored or Stored()
    trusted = TrustedMetadata(repository.files["metadata/1.root.json"], NOW, TUF)
    while (raw := repository.files.get(f"metadata/{trusted.root.document.version + 1}.root.json")) is not None:
        trusted.adopt_root(raw)
    trusted.end_roots()
    trusted.recall(timestamp=stored.timestamp, snapshot=stored.snapshot)
    trusted.adopt_timestamp(repository.files["metadata/timestamp.json"])
    if not trusted.recall_snapshot():
        trusted.adopt_snapshot(repository.files[f"metadata/{trusted.wanted('snapshot').version}.snapshot.json"])
    trusted.adopt_targets(repository.files[f"metadata/{trusted.wanted('targets').version}.targets.json"])
    return trusted


def refusal(repository: Repository, stored: Stored | None = None) -> tuple[type[LockstickError], str, str]:
    with pytest.raises(LockstickError) as caught:
        update(repository, stored)
    return type(caught.value), caught.value.what, caught.value.why


# --- what is refused, in words ---


def test_an_anchor_must_be_a_root() -> None:
    for raw, why in (
        (b"{", "json-syntax: root.json is not one JSON document"),
        (Repository().files["metadata/timestamp.json"], "type-unexpected: "),
    ):
        with pytest.raises(RefusedError) as caught:
            TrustedMetadata(raw, NOW, TUF)
        assert caught.value.what == "root.json is refused"
        assert caught.value.why.startswith(why)
        assert caught.value.remedy.startswith("What was believed before still holds. Try again later")


def test_an_expired_root_is_told_with_its_time() -> None:
    repository = Repository()
    repository.root["expires"] = PAST
    repository.publish_root()
    assert refusal(repository) == (ExpiredError, "repository/2.root.json has expired", UNTIL_PAST)


def test_a_root_that_is_refused_leaves_the_one_before_in_force() -> None:
    repository = Repository()
    trusted = TrustedMetadata(repository.files["metadata/1.root.json"], NOW, TUF)
    raw = repository.publish_root(keys=[Key("thief")])
    with pytest.raises(RefusedError) as caught:
        trusted.adopt_root(raw)
    assert caught.value.what == "repository/2.root.json is refused"
    assert trusted.root.document.version == 1


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_an_expired_document_is_told_with_its_time(role: str) -> None:
    repository = Repository()
    body = repository.roles["targets"] if role == "targets" else getattr(repository, role)
    body["expires"] = PAST
    repository.publish("targets")
    assert refusal(repository) == (ExpiredError, f"{role}.json has expired", UNTIL_PAST)


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_document_that_its_role_has_not_signed_is_refused(role: str) -> None:
    repository = Repository()
    repository.signers[role] = [Key("thief")]
    repository.publish("targets")
    kind, what, why = refusal(repository)
    assert (kind, what) == (RefusedError, f"{role}.json is refused")
    assert why.startswith("threshold-unmet: ")


@pytest.mark.parametrize(
    ("role", "lister", "listed"),
    [("snapshot", "timestamp.json", "timestamp"), ("targets", "snapshot.json", "snapshot")],
)
def test_a_document_of_another_version_than_is_listed_is_refused(role: str, lister: str, listed: str) -> None:
    repository = Repository()
    name = f"metadata/1.{role}.json"
    getattr(repository, listed)["meta"][f"{role}.json"]["version"] = 7
    (repository.publish_timestamp if role == "snapshot" else repository.publish_snapshot)()
    repository.files[f"metadata/7.{role}.json"] = repository.files[name]
    kind, what, why = refusal(repository)
    assert (kind, what) == (RefusedError, f"{role}.json is refused")
    assert why == f"listing-version: {lister} lists version 7, the document is version 1"


@pytest.mark.parametrize("what", ["length", "hashes"])
def test_a_document_of_another_length_or_hash_than_is_listed_is_refused(what: str) -> None:
    repository = Repository(with_hashes=True)
    line = repository.timestamp["meta"]["snapshot.json"]
    line[what] = 1 if what == "length" else {"sha256": "0" * 64}
    repository.publish_timestamp()
    kind, refused, why = refusal(repository)
    assert (kind, refused) == (RefusedError, "snapshot.json is refused")
    assert why.startswith("listing-length: timestamp.json" if what == "length" else "listing-hash: timestamp.json")


def test_a_role_that_is_not_listed_or_only_by_unknown_hashes_is_refused() -> None:
    repository = Repository()
    del repository.snapshot["meta"]["targets.json"]
    repository.publish_snapshot()
    assert refusal(repository) == (RefusedError, "targets.json is refused", "snapshot.json does not list it")
    repository = Repository()
    repository.timestamp["meta"]["snapshot.json"]["hashes"] = {"md5": "0" * 32}
    repository.publish_timestamp()
    assert refusal(repository) == (
        RefusedError,
        "snapshot.json is refused",
        "none of its listed hashes is known here",
    )


def test_nothing_goes_back() -> None:
    repository = Repository()
    repository.add_artifact("targets", "file", b"x")
    repository.publish("targets")
    repository.publish_timestamp()
    stored = kept(repository)
    assert refusal(Repository(), stored) == (
        RolledBackError,
        "timestamp.json is older than before",
        "version 1 now, 3 before",
    )
    younger = Repository()
    younger.timestamp["version"] = 8
    younger.publish_timestamp()
    assert refusal(younger, stored) == (
        RolledBackError,
        "the snapshot that timestamp.json lists is older than before",
        "version 1 now, 2 before",
    )
    younger.snapshot["version"] = 8
    younger.publish_snapshot()
    assert refusal(younger, stored) == (
        RolledBackError,
        "targets.json in snapshot.json is older than before",
        "version 1 now, 2 before",
    )
    repository.delegate("targets", "feed", "*")
    repository.publish("feed", "targets")
    stored = kept(repository)
    del repository.snapshot["meta"]["feed.json"]
    repository.publish_snapshot()
    assert refusal(repository, stored) == (
        RolledBackError,
        "snapshot.json is refused",
        "it no longer lists feed.json",
    )


# --- what is remembered ---


def test_the_same_timestamp_again_stays_in_force() -> None:
    repository = Repository()
    stored = kept(repository)
    trusted = TrustedMetadata(repository.files["metadata/1.root.json"], NOW, TUF)
    trusted.end_roots()
    trusted.recall(timestamp=stored.timestamp, snapshot=stored.snapshot)
    repository.timestamp["meta"]["snapshot.json"]["version"] = 99
    repository.publish_timestamp(bump=False)
    assert trusted.adopt_timestamp(repository.files["metadata/timestamp.json"]) is False
    assert trusted.wanted("snapshot").version == 1
    assert trusted.recall_snapshot() is True
    assert trusted.wanted("targets").version == 1


def test_an_expired_memory_serves_to_notice_what_is_older_and_for_nothing_else() -> None:
    repository = Repository()
    repository.timestamp["expires"] = repository.snapshot["expires"] = PAST
    repository.publish("targets")
    stored = kept(repository)
    assert refusal(repository, stored) == (ExpiredError, "timestamp.json has expired", UNTIL_PAST)
    assert refusal(Repository(), stored)[0] is RolledBackError


@pytest.mark.parametrize("forgotten", ["timestamp", "snapshot"])
def test_what_the_root_no_longer_stands_behind_is_forgotten_together(forgotten: str) -> None:
    repository = Repository()
    for _ in range(3):
        repository.publish("targets")
    stored = kept(repository)
    again = Repository()
    again.name_keys(forgotten, Key("a new one"))
    again.publish_root()
    again.publish("targets", bump=False)
    again.timestamp["version"] = again.snapshot["version"] = 0
    again.publish("targets", bump=False)
    assert update(again, stored).wanted("targets").version == 1
    assert refusal(Repository(), stored)[0] is RolledBackError


@pytest.mark.parametrize("broken", ["timestamp", "snapshot"])
def test_a_memory_that_cannot_be_read_does_no_harm_to_the_other(broken: str) -> None:
    repository = Repository()
    repository.publish("targets")
    stored = kept(repository)
    setattr(stored, broken, b"{")
    assert update(repository, stored).wanted("targets").version == 2
    if broken == "snapshot":
        assert refusal(Repository(), stored)[1] == "timestamp.json is older than before"
    else:
        other = Repository()
        other.snapshot["version"] = 5
        other.publish_snapshot()
        assert refusal(other, stored)[1] == "targets.json in snapshot.json is older than before"


def test_a_snapshot_is_remembered_without_its_timestamp() -> None:
    repository = Repository()
    repository.publish("targets")
    stored = Stored(None, kept(repository).snapshot)
    other = Repository()
    other.snapshot["version"] = 5
    other.publish_snapshot()
    assert refusal(other, stored)[1] == "targets.json in snapshot.json is older than before"


def test_a_whole_update_ends_with_what_the_repository_says() -> None:
    repository = Repository()
    trusted = update(repository)
    assert trusted.consistent_snapshot is True
    assert trusted.targets.document.name == "targets.json"
    repository.root["consistent_snapshot"] = False
    repository.publish_root()
    trusted = update(repository)
    assert trusted.consistent_snapshot is False
    assert trusted.root.document.version == 2


# --- delegated roles ---


def delegating(*names: str, terminating: bool = False) -> Repository:
    repository = Repository()
    for name in names:
        repository.delegate("targets", name, "*", terminating=terminating)
    repository.publish(*names, "targets")
    return repository


def found(repository: Repository, role: str) -> Targets:
    """The delegated role, by the word of the top-level targets."""
    trusted = update(repository)
    (delegation,) = (one for one in trusted.targets.delegations if one.name == role)
    raw = repository.files[f"metadata/{trusted.wanted(role).version}.{role}.json"]
    return trusted.delegated(raw, delegation, trusted.targets)


def test_a_delegated_role_is_believed_by_the_word_of_its_delegator() -> None:
    role = found(delegating("feed"), "feed")
    assert (role.document.name, role.document.version) == ("feed.json", 1)


def test_a_delegated_role_that_may_not_be_believed_is_refused_in_words() -> None:
    def refused(change: Callable[[Repository], None]) -> tuple[type[LockstickError], str, str]:
        repository = delegating("feed")
        change(repository)
        with pytest.raises(LockstickError) as caught:
            found(repository, "feed")
        return type(caught.value), caught.value.what, caught.value.why

    def expired(repository: Repository) -> None:
        repository.roles["feed"]["expires"] = PAST
        repository.publish("feed")

    def by_a_thief(repository: Repository) -> None:
        repository.signers["feed"] = [Key("thief")]
        repository.publish("feed")

    def a_snapshot(repository: Repository) -> None:
        repository.roles["feed"] = dict(repository.snapshot, version=1)
        repository.publish("feed")

    def of_another_version(repository: Repository) -> None:
        repository.files["metadata/2.feed.json"] = repository.files["metadata/1.feed.json"]
        repository.snapshot["meta"]["feed.json"]["version"] = 2
        repository.publish_snapshot()

    assert refused(expired) == (ExpiredError, "feed.json has expired", UNTIL_PAST)
    kind, what, why = refused(by_a_thief)
    assert (kind, what) == (RefusedError, "feed.json is refused")
    assert why.startswith("threshold-unmet: ")
    assert "targets.json" in why
    assert refused(a_snapshot) == (
        RefusedError,
        "feed.json is refused",
        "type-unexpected: it is of the role snapshot in place of targets",
    )
    assert refused(of_another_version) == (
        RefusedError,
        "feed.json is refused",
        "listing-version: snapshot.json lists version 2, the document is version 1",
    )


@pytest.mark.parametrize("name", ["", "root", "Snapshot", "TIMESTAMP", "targets"])
def test_a_delegated_role_may_not_have_a_top_level_name(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        check_role_name(name)
    assert caught.value.rule == "delegation-name"
    assert caught.value.what == f"a delegated role may not be called {name!r}"


def test_names_of_files_are_percent_encoded() -> None:
    assert metadata_name("a/b c") == "a%2Fb%20c.json"
    assert metadata_name("a/b", 3) == "3.a%2Fb.json"
    assert target_name("one/two three", None) == "one/two%20three"
    assert target_name("one/two?x", "ff") == "one/ff.two%3Fx"
    assert target_name("Xfile", "ff") == "ff.Xfile"
    assert {name.lower() for name in TOP} == set(TOP)


# --- searching ---


def searched(repository: Repository, name: str = "file", most_roles: int = 32) -> tuple[list[str], int | None]:
    """The roles that were looked into, and the length of what was found."""
    trusted = update(repository)
    asked: list[str] = []

    def load(delegation: Delegation, delegator: Targets) -> Targets:
        asked.append(f"{delegator.document.name} {delegation.name}")
        raw = repository.files[f"metadata/{trusted.wanted(delegation.name).version}.{delegation.name}.json"]
        return trusted.delegated(raw, delegation, delegator)

    target = find_target(trusted.targets, name, load, most_roles=most_roles)
    return asked, None if target is None else target.length


def test_delegations_are_searched_in_order_depth_first_and_each_role_once() -> None:
    repository = delegating("a", "b", "c")
    repository.delegate("a", "b", "*")
    repository.delegate("a", "d", "*")
    repository.add_artifact("c", "file", b"xyz")
    repository.publish("d", "a", "b", "c", "targets")
    order = ["targets.json a", "a.json b", "a.json d", "targets.json c"]
    assert searched(repository) == (order, 3)
    assert searched(repository, most_roles=4) == (order, 3)
    assert searched(repository, most_roles=3) == (order[:3], None)
    assert searched(repository, "unknown") == (order, None)
    repository.add_artifact("targets", "file", b"12")
    repository.publish("targets")
    assert searched(repository) == ([], 2)


def test_nothing_is_searched_behind_a_terminating_delegation_or_one_that_does_not_speak_of_the_name() -> None:
    repository = Repository()
    repository.delegate("targets", "other", "other-*")
    repository.delegate("targets", "last", "f*", terminating=True)
    repository.delegate("targets", "behind", "*")
    repository.delegate("last", "below", "*")
    repository.add_artifact("behind", "file", b"x")
    repository.publish("other", "below", "last", "behind", "targets")
    assert searched(repository) == (["targets.json last", "last.json below"], None)
    assert searched(repository, "g") == (["targets.json behind"], None)


def test_the_hash_of_a_name_can_speak_of_it() -> None:
    repository = Repository()
    prefix = hashlib.sha256(b"file").hexdigest()[:2]
    repository.delegate("targets", "bin", path_hash_prefixes=[prefix])
    del repository.roles["targets"]["delegations"]["roles"][0]["paths"]
    repository.add_artifact("bin", "file", b"x")
    repository.publish("bin", "targets")
    assert searched(repository) == (["targets.json bin"], 1)
