"""Files of this machine that somebody else may have written: trust store, memories, profiles, lists, journals."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from contextlib import suppress
from datetime import UTC, datetime

from families.target import Target, emptied, folder
from ground import sound
from lockstick.cloud.api import Custom, LockboxDefinition, read_api_client
from lockstick.cloud.definitions import read_definition
from lockstick.cloud.definitions.assessing import lockbox_bytes
from lockstick.cloud.login import Keyring, KeyringTrouble, Profile, Profiles
from lockstick.disk.lock import try_lock
from lockstick.errors import LockstickError
from lockstick.lockbox.anchors import DIRECTOR_ROOT, IMAGE_ROOT, read_folder
from lockstick.lockbox.devicestate import read_state, write_state
from lockstick.lockbox.places import read_places
from lockstick.lockbox.profiles import check_distinct, read_fleet, read_profile
from lockstick.lockbox.seen import SeenFiles
from lockstick.lockbox.truststore import TrustStore
from lockstick.metadata.uptane import UPTANE
from lockstick.report.store import list_json, list_text
from lockstick.secret import Secret
from lockstick.transfer.store.claims import read_claims
from lockstick.transfer.store.folders import prepare_root, write_marker
from lockstick.transfer.store.index import read_index, write_index
from lockstick.transfer.store.listing import Kept
from lockstick.transfer.store.places import Places, is_digest
from lockstick.trust.evidence import Anchors
from lockstick.trust.memory import Seen

__all__ = ["TARGETS"]


def places(data: bytes) -> None:
    """The list of an earlier build: nonsense means none, and no place leads out."""
    path = folder() / "places.json"
    path.write_bytes(data)
    for place in read_places(path):
        if not place or ".." in place or "" in place:
            raise AssertionError(f"a place leads astray: {place!r}")


def anchor_folder(data: bytes) -> None:
    """A pair of roots in a folder, on its way into the trust store."""
    place, half = emptied("anchors"), len(data) // 2
    (place / DIRECTOR_ROOT).write_bytes(data)
    (place / IMAGE_ROOT).write_bytes(data[half:] if half % 2 else data)
    with suppress(LockstickError):
        TrustStore(place / "store").add("fuzz", read_folder(place))


def trust_store(data: bytes) -> None:
    """An entry of the trust store, and one whose roots are these bytes."""
    place = emptied("store")
    (place / "fuzz.json").write_bytes(data)
    store = TrustStore(place)
    store.entries()
    store.broken()
    with suppress(LockstickError):
        store.show("fuzz")
    text = base64.b64encode(data).decode()
    document = {"format": 1, "dialect": "uptane", "director": text, "image_repo": text}
    (place / "fuzz.json").write_text(json.dumps(document))
    with suppress(LockstickError):
        store.show("fuzz")


def seen_versions(data: bytes) -> None:
    """What was verified before: nonsense means nothing, said in words; what is there is never lowered."""
    place = emptied("seen")
    store = TrustStore(place)
    roots = sound()
    anchors = Anchors(
        director=roots["director", "1.root.json"],
        image_repo=roots["image-repo", "1.root.json"],
        source="store",
        dialect=UPTANE,
    )
    (place / "fuzz.json").write_bytes(_entry())
    (place / "fuzz.seen.json").write_bytes(data)
    memory = SeenFiles(place, store.entries(), say=lambda _: None)
    before = memory.recall(anchors)
    memory.remember(anchors, Seen(documents={"director/root.json": 2}, lockboxes={"box.json": 3}))
    after = memory.recall(anchors)
    if before is not None and (
        after is None or any(after.documents[name] < at for name, at in before.documents.items())
    ):
        raise AssertionError("a memory was lowered")


def store_index(data: bytes) -> None:
    """When the entries of a store were used: nonsense means nobody knows; what is read can be written and listed."""
    places = Places(emptied("index"))
    places.index.write_bytes(data)
    uses = read_index(places.index)
    write_index(places.index, uses)
    if read_index(places.index) != uses:
        raise AssertionError("what was written is not read")
    kept = [
        Kept(digest=digest, path=places.entry(digest), length=1, is_complete=True, used=use.used, names=use.names)
        for digest, use in uses.items()
    ]
    json.dumps(list_json(places.folder, kept), allow_nan=False)
    "\n".join(list_text(places.folder, kept)).encode()


def store_claims(data: bytes) -> None:
    """What another run at work in a store says of itself: nonsense claims nothing."""
    place = emptied("claims")
    (place / "7.json").write_bytes(data)
    held = try_lock(place / "7.lock")
    if held is None:
        raise AssertionError("somebody else has the lock")
    try:
        others = read_claims(place)
    finally:
        os.close(held)
    if not all(map(is_digest, others.fetching | others.using)):
        raise AssertionError("what is no digest is claimed")


def store_marker(data: bytes) -> None:
    """The marker of a store: one that cannot be read is of a format that nobody knows."""
    places = Places(emptied("marker"))
    places.marker.write_bytes(data)
    with suppress(LockstickError):
        prepare_root(places)
        write_marker(places)


def device_state(data: bytes) -> None:
    """What a device remembers; what is read can be written and read again."""
    path = emptied("state") / "state.json"
    path.write_bytes(data)
    with suppress(LockstickError):
        state = read_state(path)
        state.memory("p1")
        write_state(path, state)
        try:
            read_state(path)
        except LockstickError as error:
            raise AssertionError("what was written is not read") from error


def device_profile(data: bytes) -> None:
    """A device profile."""
    path = folder() / "profile.json"
    path.write_bytes(data)
    with suppress(LockstickError):
        read_profile(path)


def fleet(data: bytes) -> None:
    """A list of devices."""
    path = folder() / "fleet.csv"
    path.write_bytes(data)
    with suppress(LockstickError):
        check_distinct(read_fleet(path))


def definition(data: bytes) -> None:
    """A definition of a lockbox; what is read names its packages in one way, and can be sent and measured."""
    with suppress(LockstickError):
        read = read_definition(data, origin="lockbox.yaml")
        for one in read.packages:
            if (one.package_id is None) is (one.name is None and one.version is None):
                raise AssertionError("a package is named in two ways, or in none")
        custom = {str(one): Custom(metadata=one.metadata) for one in read.packages}
        wanted = LockboxDefinition(package_ids=list(custom), custom=custom)
        json.dumps(wanted.wire(), allow_nan=False).encode()
        lockbox_bytes(wanted, {})
        if read.expires is not None:
            with suppress(ValueError):
                read.expires.after(datetime(2027, 1, 31, tzinfo=UTC))


def _entry() -> bytes:
    director, image = (base64.b64encode(sound()[of, "1.root.json"]).decode() for of in ("director", "image-repo"))
    return json.dumps({"format": 1, "dialect": "uptane", "director": director, "image_repo": image}).encode()


def api_profile(data: bytes) -> None:
    """What ``login`` kept, in a file and in a keyring, and the file that an API client is handed out in."""
    place = emptied("profiles")
    place.chmod(0o700)
    (place / "fuzz.json").write_bytes(data)
    (place / "fuzz.json").chmod(0o600)

    def no_keyring() -> Keyring:
        raise KeyringTrouble("there is none")

    with suppress(LockstickError):
        kept = Profiles(place, no_keyring).get("fuzz")
        if kept is None or Profile.of(kept.profile.text()) != kept.profile:
            raise AssertionError("what was read cannot be written")
    Profile.of(Secret(data.decode("utf-8", "surrogateescape")))
    with suppress(LockstickError):
        read_api_client(place / "fuzz.json")


def _api_profile_seeds() -> list[bytes]:
    members = {"api_url": "https://a.test/v2", "client_id": "a", "client_secret": "b", "token_url": "https://a.test/t"}
    whole = {"format": 1, "entry": "fuzz 1", "is_stray": False, "profile": members}
    client = {"client_id": "a", "secret": "b", "token_endpoint": "https://a.test/t"}
    return [json.dumps(one).encode() for one in (whole, members, client, {"format": 1, "entry": "fuzz 1"})]


def _state_seeds() -> list[bytes]:
    blob = base64.b64encode(b"{}").decode()
    target = {"name": "fw", "length": 1, "hashes": {"sha256": "00"}, "hardware_ids": ["b"], "ecus": {"p1": "b"}}
    device = {
        "director": {"roots": {"1": "sha256:aa"}, "documents": {"offline-snapshot": blob}},
        "secondaries": {"s1": {"image_repo": {"roots": {"1": blob}}}},
        "installed": {"p1": target},
        "fetched": {"fw": {"length": 1, "hashes": {"sha256": "00"}}},
        "commits": ["aa"],
        "delegations": {"feed": blob},
    }
    whole = {"format": "lockstick-device-state", "version": 1, "blobs": {"aa": blob}, "devices": {"p1": device}}
    return [json.dumps(whole).encode(), b'{"offline_snapshot_version": 41, "lockboxes": {"box": 3}}']


def _profile_seeds() -> list[bytes]:
    secondary = {"hardware_id": "docker-compose", "serial": "s1", "has_provisioned_roots": True}
    whole = {
        "name": "a",
        "primary": {"hardware_id": "b", "serial": "p1"},
        "secondaries": [secondary],
        "registered": True,
        "docker_platform": "linux/arm64",
        "ostree": False,
        "client": "2024-10",
    }
    return [json.dumps(whole).encode()]


def _fleet_seeds() -> list[bytes]:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["name", "hardware_id", "serial", "secondaries", "registered", "docker_platform", "ostree", "client"])
    rows.writerow(["a", "b", "p1", "docker-compose:s1 mcu:s2:generic:roots", "yes", "linux/arm64", "0", "2024-10"])
    rows.writerow(['"', "b", "p2", "", "", "", "", ""])
    return [text.getvalue().encode()]


def _index_seeds() -> list[bytes]:
    entries = {"a" * 64: {"used": 1.5e9, "names": ["one", "two"]}, "b" * 64: {"used": 0, "names": []}}
    return [json.dumps({"format": 1, "entries": entries}).encode()]


def _root_seeds() -> list[bytes]:
    return [raw for (_, name), raw in sound().items() if name.endswith("root.json")]


_DEFINITION = b"""# What goes to line A.
lockbox: line-a
expires: 6 months
packages:
  - firmware-1.0.bin
  - name: kiosk app
    version: "1.10"
    hardware-ids: [docker-compose, x]
    metadata: {ticket: K-12, tries: 3, urgent: true, nothing: ~, list: [a, {b: c}]}
"""

TARGETS = {
    "places": Target(places, lambda: [b'["fw.bin","app/fw-1.0.bin"]', b"[]", b'["../x","a\\u0000","con"]']),
    "anchor_folder": Target(anchor_folder, _root_seeds),
    "trust_store": Target(trust_store, lambda: [_entry(), *_root_seeds()]),
    "seen_versions": Target(
        seen_versions,
        lambda: [b'{"format":1,"documents":{"director/root.json":2},"lockboxes":{"box.json":3}}', b"{}"],
    ),
    "store_index": Target(store_index, _index_seeds),
    "store_claims": Target(store_claims, lambda: [json.dumps({"fetching": ["a" * 64], "using": ["b" * 64]}).encode()]),
    "store_marker": Target(store_marker, lambda: [b'{"format": 1}', b"{}"]),
    "api_profile": Target(api_profile, _api_profile_seeds),
    "device_state": Target(device_state, _state_seeds),
    "device_profile": Target(device_profile, _profile_seeds),
    "fleet": Target(fleet, _fleet_seeds),
    "definition": Target(definition, lambda: [_DEFINITION, b'{"packages": ["a"]}']),
}
