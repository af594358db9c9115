"""The device client's own, lenient way of reading, and whole rehearsals."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from families.target import Target, split
from forge import AT, Forge
from lockstick.metadata.canonical import canonical
from lockstick.trust.device.documents import check_hashes, untrusted_version
from lockstick.trust.device.jsonreader import LenientReader
from lockstick.trust.device.lenientjson import parse
from lockstick.trust.device.limits import DEFAULT_CLIENT
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.writing import written
from trust.device.ground import Medium, device, medium, with_secondary

if TYPE_CHECKING:
    from forge import Key
    from lockstick.trust.device.values import Value

__all__ = ["TARGETS"]


def lenient_json(data: bytes) -> None:
    """The lenient reader: what the quick way takes, the slow way understands alike."""
    with suppress(RefusedError):
        found = parse(data, DEFAULT_CLIENT.depth)
        form = written(found.value)
        slow = LenientReader(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"), quickly=False)
        with suppress(RecursionError):
            if written(slow.document().value) != form:
                raise AssertionError("two ways of reading give two values")
    with suppress(RefusedError):
        untrusted_version(data, DEFAULT_CLIENT)
    with suppress(RefusedError):
        check_hashes(data, DEFAULT_CLIENT, (("sha256", "0"),))


@cache
def _sound() -> Medium:
    return medium(_forge())


def _forge() -> Forge:
    forge = Forge()
    key = forge.other_key
    forge.targets["delegations"] = {
        "keys": {key.keyid: key.public},
        "roles": [{"name": "feed", "paths": ["f*"], "keyids": [key.keyid], "threshold": 1, "terminating": False}],
    }
    return forge


def _places() -> list[tuple[str, str]]:
    found = _sound()
    return [("director", name) for name in sorted(found.director)] + [
        ("image-repo", name) for name in sorted(found.image_repo)
    ]


def rehearsal(data: bytes) -> None:
    """What two devices say to a medium, twice: the first byte says which document the others replace."""
    choice, rest = split(data, len(_places()))
    repository, name = _places()[choice]
    offered = Medium(dict(_sound().director), dict(_sound().image_repo), dict(_sound().files))
    (offered.director if repository == "director" else offered.image_repo)[name] = rest
    _offer(offered)


def _offer(offered: Medium) -> None:
    for profile in (with_secondary(roots=True, hardware_id="board"), with_secondary()):
        played = device(_forge(), profile)
        played.iterate(offered, offered, AT)
        played.iterate(_sound(), _sound(), AT)
        played.iterate(offered, offered, AT)


def signed_rehearsal(data: bytes) -> None:
    """The same with a document that whoever holds the keys has signed as the device reads it, and listed truly."""
    choice, rest = split(data, 6)
    forge = _forge()
    made = Medium(dict(_sound().director), dict(_sound().image_repo), dict(_sound().files))
    with suppress(RefusedError, RecursionError):
        if choice == 0:
            made.director["box.json"] = raw = _signed(rest, forge.offline_key)
            made.director["offline-snapshot.json"] = _listing("Offline-Snapshot", {"box": raw}, forge.offline_key)
        elif choice == 1:
            made.director["offline-snapshot.json"] = _signed(rest, forge.offline_key)
        elif choice == 2:
            made.image_repo["targets.json"] = raw = _signed(rest, forge.targets_key)
            made.image_repo["snapshot.json"] = _listing("Snapshot", {"targets": raw}, forge.snapshot_key)
        elif choice == 3:
            made.image_repo["snapshot.json"] = _signed(rest, forge.snapshot_key)
        elif choice == 4:
            made.director["2.root.json"] = _signed(rest, forge.root_key)
        else:
            made.image_repo["feed.json"] = raw = _signed(rest, forge.other_key)
            forge.targets["targets"] = {}
            targets = _signed(canonical(forge.targets), forge.targets_key)
            made.image_repo["targets.json"] = targets
            made.image_repo["snapshot.json"] = _listing(
                "Snapshot", {"targets": targets, "feed": raw}, forge.snapshot_key
            )
        _offer(made)


def _signed(body: bytes, key: Key) -> bytes:
    """Whatever the device reads as the body, signed."""
    value = parse(b'{"signed":' + body, DEFAULT_CLIENT.depth).value
    signed: Value = value.get("signed") if isinstance(value, dict) else None
    entry = key.signature({})
    entry["sig"] = base64.b64encode(key.sign(written(signed))).decode()
    return b'{"signatures":' + json.dumps([entry]).encode() + b',"signed":' + body + b"}"


def _listing(kind: str, listed: dict[str, bytes], key: Key) -> bytes:
    meta: dict[str, Any] = {}
    for name, raw in listed.items():
        parsed = parse(raw, DEFAULT_CLIENT.depth)
        meta[f"{name}.json"] = {
            "version": max(0, untrusted_version(raw, DEFAULT_CLIENT)),
            "hashes": {"sha256": hashlib.sha256(written(parsed.value)).hexdigest()},
        }
    body: dict[str, Any] = {"_type": kind, "expires": "2027-06-01T00:00:00Z", "meta": meta, "version": 9}
    return _signed(canonical(body), key)


def _lenient_seeds() -> list[bytes]:
    return [
        *(_sound().director.values()),
        b'\xef\xbb\xbf{"signed": {"a": [1, 2.5, -0, 01], "b": "\\ud800\\u0041\n"}, // end\n}',
        b'{"a":1,/* c */"signed":{"x":[true,null,],},"t',
    ]


def _rehearsal_seeds() -> list[bytes]:
    found = _sound()
    return [
        bytes([index]) + (found.director if repository == "director" else found.image_repo)[name]
        for index, (repository, name) in enumerate(_places())
    ]


def _signed_seeds() -> list[bytes]:
    forge = _forge()
    forge.documents()
    feed = {"_type": "Targets", "expires": "2027-06-01T00:00:00Z", "targets": forge.image_targets, "version": 2}
    bodies: tuple[Any, ...] = (
        forge.lockbox,
        forge.offline_snapshot,
        forge.targets,
        forge.snapshot,
        forge.director_roots[1],
        feed,
    )
    return [bytes([index]) + canonical(body) for index, body in enumerate(bodies)]


TARGETS = {
    "lenient_json": Target(lenient_json, _lenient_seeds),
    "rehearsal": Target(rehearsal, _rehearsal_seeds),
    "signed_rehearsal": Target(signed_rehearsal, _signed_seeds),
}
