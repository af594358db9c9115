"""A repository in memory that signs whatever a test wants, sound or not."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lockstick.metadata.canonical import canonical
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AT = datetime(2026, 6, 1, tzinfo=UTC)
LATER = "2027-06-01T00:00:00Z"
EARLIER = "2026-01-01T00:00:00Z"
PAYLOAD = b"firmware bytes of a small device"


class Key:
    """A signing key."""

    def __init__(self, kind: str = "ed25519", seed: int = 0) -> None:
        self.kind = kind
        self._private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
        if kind == "ed25519":
            self._private = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"%d" % seed).digest())
        else:
            self._private = rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
        public = self._private.public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.keyid = hashlib.sha256(der).hexdigest()
        if kind == "ed25519":
            text = public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        else:
            text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.public: dict[str, Any] = {"keytype": kind.rstrip("0123456789").upper(), "keyval": {"public": text}}
        if kind == "ed25519":
            self.public["keytype"] = "ED25519"

    def sign(self, data: bytes) -> bytes:
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return self._private.sign(data)
        return self._private.sign(data, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())

    def signature(self, signed: Any, **changes: Any) -> dict[str, Any]:
        entry = {
            "keyid": self.keyid,
            "method": "ed25519" if self.kind == "ed25519" else "rsassa-pss-sha256",
            "sig": base64.b64encode(self.sign(canonical(signed))).decode(),
        }
        return entry | changes


def envelope(signed: Any, *keys: Key) -> dict[str, Any]:
    return {"signatures": [key.signature(signed) for key in keys], "signed": signed}


def meta_entry(document: dict[str, Any]) -> dict[str, Any]:
    raw = canonical(document)
    return {
        "hashes": {"sha256": hashlib.sha256(raw).hexdigest()},
        "length": len(raw),
        "version": document["signed"]["version"],
    }


def role(*keys: Key, threshold: int = 1) -> dict[str, Any]:
    return {"keyids": [key.keyid for key in keys], "threshold": threshold}


def root(
    version: int, roles: Mapping[str, tuple[Key, ...]], *, expires: str = LATER, **thresholds: int
) -> dict[str, Any]:
    keys = {key.keyid: key.public for group in roles.values() for key in group}
    return {
        "_type": "Root",
        "consistent_snapshot": False,
        "expires": expires,
        "keys": keys,
        "roles": {
            name: role(*group, threshold=thresholds.get(name.replace("-", "_"), 1)) for name, group in roles.items()
        },
        "version": version,
    }


def target(data: bytes = PAYLOAD, hardware_ids: tuple[str, ...] = ("board",), **custom: Any) -> dict[str, Any]:
    return {
        "custom": {"hardwareIds": list(hardware_ids)} | custom,
        "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
        "length": len(data),
    }


@dataclass
class Forge:
    """Two small repositories; change any part of it, then take the evidence.

    ``signed`` bodies are changed before signing, documents (envelopes) after.
    """

    name: str = "box"
    root_key: Key = field(default_factory=lambda: Key(seed=1))
    offline_key: Key = field(default_factory=lambda: Key(seed=2))
    image_root_key: Key = field(default_factory=lambda: Key(seed=3))
    snapshot_key: Key = field(default_factory=lambda: Key(seed=4))
    targets_key: Key = field(default_factory=lambda: Key(seed=5))
    other_key: Key = field(default_factory=lambda: Key(seed=6))
    lockbox_targets: dict[str, Any] = field(default_factory=lambda: {"fw.bin": target()})
    image_targets: dict[str, Any] = field(
        default_factory=lambda: {"fw.bin": target(name="fw", version="1", targetFormat="BINARY")}
    )

    def __post_init__(self) -> None:
        director_roles = {
            "root": (self.root_key,),
            "offline-snapshot": (self.offline_key,),
            "offline-updates": (self.offline_key,),
        }
        image_roles = {
            "root": (self.image_root_key,),
            "snapshot": (self.snapshot_key,),
            "targets": (self.targets_key,),
            "timestamp": (self.snapshot_key,),
        }
        self.director_roots = [root(1, director_roles), root(2, director_roles)]
        self.image_roots = [root(1, image_roles), root(2, image_roles)]
        self.lockbox: dict[str, Any] = {
            "_type": "Offline-Updates",
            "expires": LATER,
            "targets": self.lockbox_targets,
            "version": 3,
        }
        self.offline_snapshot: dict[str, Any] = {
            "_type": "Offline-Snapshot",
            "expires": LATER,
            "meta": {},
            "version": 7,
        }
        self.targets: dict[str, Any] = {
            "_type": "Targets",
            "expires": LATER,
            "targets": self.image_targets,
            "version": 4,
        }
        self.snapshot: dict[str, Any] = {"_type": "Snapshot", "expires": LATER, "meta": {}, "version": 9}
        self.delegated: dict[str, dict[str, Any]] = {}
        """Role name to envelope, listed in the snapshot."""

    def documents(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Sign everything; whatever the snapshots do not list yet is listed truly."""
        lockbox = envelope(self.lockbox, self.offline_key)
        if f"{self.name}.json" not in self.offline_snapshot["meta"]:
            self.offline_snapshot["meta"][f"{self.name}.json"] = meta_entry(lockbox)
        director = {f"{body['version']}.root.json": envelope(body, self.root_key) for body in self.director_roots}
        director["offline-snapshot.json"] = envelope(self.offline_snapshot, self.offline_key)
        director[f"{self.name}.json"] = lockbox
        targets = envelope(self.targets, self.targets_key)
        for name, document in {"targets": targets, **self.delegated}.items():
            if f"{name}.json" not in self.snapshot["meta"]:
                self.snapshot["meta"][f"{name}.json"] = meta_entry(document)
        image = {f"{body['version']}.root.json": envelope(body, self.image_root_key) for body in self.image_roots}
        image["snapshot.json"] = envelope(self.snapshot, self.snapshot_key)
        image["targets.json"] = targets
        image |= {f"{name}.json": document for name, document in self.delegated.items()}
        return director, image

    def evidence(self) -> Evidence:
        return evidence(*self.documents())

    def anchors(self) -> Anchors:
        return Anchors(
            director=canonical(envelope(self.director_roots[0], self.root_key)),
            image_repo=canonical(envelope(self.image_roots[0], self.image_root_key)),
            source="file",
            dialect=UPTANE,
        )


def evidence(director: dict[str, Any], image_repo: dict[str, Any]) -> Evidence:
    """Documents as files; a value that is bytes already stays as it is."""
    return Evidence(
        director=RepositoryEvidence(files={name: _raw(value) for name, value in director.items()}),
        image_repo=RepositoryEvidence(files={name: _raw(value) for name, value in image_repo.items()}),
    )


def lay_documents(root: Path, found: Evidence) -> None:
    """Write the documents to where they lie in a lockbox."""
    for repository, part in (("director", found.director), ("image-repo", found.image_repo)):
        folder = root / "metadata" / repository
        folder.mkdir(parents=True)
        for name, raw in part.files.items():
            (folder / name).write_bytes(raw)


def _raw(value: Any) -> bytes:
    return value if isinstance(value, bytes) else canonical(value)
