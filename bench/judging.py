"""Judging a lockbox whose image repository lists very many targets, against the least that anybody must do.

The least: parsing that one document with the standard library and writing it once in canonical form, as both
signature and snapshot are over that. Both happen in this process, in turns, on bytes that are in memory already;
the result is printed as JSON for the harness.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import json
import resource
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lockstick.metadata.canonical import canonical
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence
from lockstick.trust.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_UNTIL = "2030-01-01T00:00:00Z"
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main(targets: int, rounds: int) -> None:
    """Measure both in turns, after a round that does not count, and print every run."""
    evidence, anchors = _lockbox(targets)
    large = evidence.image_repo.files["targets.json"]

    def ours() -> None:
        findings = judge(evidence, anchors, _AT).findings
        if findings:
            sys.exit(f"the lockbox is not sound: {findings[0].message}")

    def least() -> None:
        canonical(json.loads(large))

    samples: dict[str, list[dict[str, float]]] = {"judgement": [], "least": []}
    for number in range(rounds + 1):
        for name, run in (("judgement", ours), ("least", least)):
            sample = _measured(run)
            if number:
                samples[name].append(sample)
    print(json.dumps({"bytes": len(large), "samples": samples}))


def _measured(run: Callable[[], None]) -> dict[str, float]:
    # What the one before left behind is not the next one's to clear away.
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT}


def _lockbox(count: int) -> tuple[Evidence, Anchors]:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    keyid = hashlib.sha256(der).hexdigest()
    key = {"keytype": "ED25519", "keyval": {"public": raw.hex()}}

    def document(kind: str, version: int, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        body = {"_type": kind, "expires": _UNTIL, "version": version, **members}
        made = base64.b64encode(private.sign(canonical(body))).decode()
        return {"signatures": [{"keyid": keyid, "method": "ed25519", "sig": made}], "signed": body}

    def root(version: int, *roles: str) -> dict[str, Any]:
        signer = {"keyids": [keyid], "threshold": 1}
        return document("Root", version, keys={keyid: key}, roles=dict.fromkeys(("root", *roles), signer))

    entries = {f"feed/package-{index:05d}-1.0.{index}.bin": _target(index) for index in range(count)}
    wanted = {name: {**entry, "custom": {"hardwareIds": ["board-7"]}} for name, entry in list(entries.items())[7:8]}
    targets = document("Targets", 5, targets=entries)
    lockbox = document("Offline-Updates", 3, targets=wanted)
    director = {f"{version}.root.json": root(version, "offline-snapshot", "offline-updates") for version in (1, 2)}
    images = {f"{version}.root.json": root(version, "snapshot", "targets") for version in (1, 2)}
    director |= {"box.json": lockbox, "offline-snapshot.json": document("Offline-Snapshot", 4, meta=_meta(box=lockbox))}
    images |= {"targets.json": targets, "snapshot.json": document("Snapshot", 6, meta=_meta(targets=targets))}
    files = [{name: canonical(made) for name, made in part.items()} for part in (director, images)]
    return (
        Evidence(director=RepositoryEvidence(files=files[0]), image_repo=RepositoryEvidence(files=files[1])),
        Anchors(director=files[0]["1.root.json"], image_repo=files[1]["1.root.json"], source="file", dialect=UPTANE),
    )


def _target(index: int) -> dict[str, Any]:
    """An entry as long and as rich as those of real repositories."""
    return {
        "custom": {
            "cliUploaded": True,
            "createdAt": "2026-05-01T10:00:00Z",
            "hardwareIds": [f"board-{index}"],
            "name": f"package-{index:05d}",
            "targetFormat": "BINARY",
            "updatedAt": "2026-05-01T10:00:00Z",
            "uri": f"https://packages.example/api/v1/user_repo/targets/package-{index:05d}-1.0.{index}",
            "version": f"1.0.{index}",
        },
        "hashes": {"sha256": hashlib.sha256(b"%d" % index).hexdigest()},
        "length": 1000 + index,
    }


def _meta(**documents: dict[str, Any]) -> dict[str, Any]:
    meta = {}
    for name, document in documents.items():
        raw = canonical(document)
        hashes = {"sha256": hashlib.sha256(raw).hexdigest()}
        meta[f"{name}.json"] = {"hashes": hashes, "length": len(raw), "version": document["signed"]["version"]}
    return meta


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
