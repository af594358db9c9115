"""Rules about snapshots and what they list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forge import Forge, envelope, evidence, meta_entry
from trust.rules.scenarios import Scenarios, delegating, with_timestamp

if TYPE_CHECKING:
    from lockstick.trust.evidence import Anchors, Evidence

scenario = Scenarios()


@scenario("listing-missing")
def a_lockbox_that_the_snapshot_does_not_list() -> tuple[Evidence, Anchors]:
    forge = Forge()
    forge.offline_snapshot["meta"] = {"box.json": {"version": 3}}
    forge.documents()
    forge.offline_snapshot["meta"] = {"else.json": {"version": 3}}
    director, image_repo = forge.documents()
    director["offline-snapshot.json"] = envelope(
        {**forge.offline_snapshot, "meta": {"else.json": {"version": 3}}}, forge.offline_key
    )
    return evidence(director, image_repo), forge.anchors()


@scenario("listing-missing")
def a_delegation_that_the_snapshot_does_not_list() -> tuple[Evidence, Anchors]:
    found, anchors = delegating(listed=False)
    return found, anchors


def listed_wrongly(member: str, value: Any) -> tuple[Evidence, Anchors]:
    forge = Forge()
    lockbox = envelope(forge.lockbox, forge.offline_key)
    forge.offline_snapshot["meta"]["box.json"] = meta_entry(lockbox) | {member: value}
    return forge.evidence(), forge.anchors()


@scenario("listing-version")
def a_lockbox_of_another_version_than_listed() -> tuple[Evidence, Anchors]:
    return listed_wrongly("version", 4)


@scenario("listing-hash")
def a_lockbox_of_another_hash_than_listed() -> tuple[Evidence, Anchors]:
    return listed_wrongly("hashes", {"sha256": "0" * 64})


@scenario("listing-hash")
def a_second_hash_that_is_wrong() -> tuple[Evidence, Anchors]:
    forge = Forge()
    lockbox = envelope(forge.lockbox, forge.offline_key)
    entry = meta_entry(lockbox)
    entry["hashes"]["sha512"] = "0" * 128
    forge.offline_snapshot["meta"]["box.json"] = entry
    return forge.evidence(), forge.anchors()


@scenario("listing-length")
def a_lockbox_of_another_length_than_listed() -> tuple[Evidence, Anchors]:
    return listed_wrongly("length", 5)


@scenario("listing-without-hash")
def a_lockbox_listed_without_hash() -> tuple[Evidence, Anchors]:
    return listed_wrongly("hashes", {})


@scenario("listing-hash")
def a_snapshot_that_is_not_the_timestamps() -> tuple[Evidence, Anchors]:
    return with_timestamp({"snapshot.json": {"version": 9, "hashes": {"sha256": "0" * 64}}})
