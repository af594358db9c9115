"""A TUF 1.0 repository in memory, served on loopback, that signs whatever a test wants and logs every request."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.formats import encode_canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

FUTURE = "2999-01-01T00:00:00Z"
PAST = "2020-01-01T00:00:00Z"
TOP = ("root", "timestamp", "snapshot", "targets")
KINDS = {
    "ed25519": ("ed25519", "ed25519"),
    "rsa": ("rsa", "rsassa-pss-sha256"),
    "rsa-pkcs1v15": ("rsa", "rsa-pkcs1v15-sha256"),
    "ecdsa": ("ecdsa", "ecdsa-sha2-nistp256"),
    "ecdsa-p384": ("ecdsa", "ecdsa-sha2-nistp384"),
}
"""What tests call a kind of key, and how a repository writes it: type and scheme."""


class Key:
    """A signing key; the same name and kind give the same key within a run."""

    def __init__(self, name: str, kind: str = "ed25519") -> None:
        self.kind = kind
        self._private = _private(name, kind)
        public = self._private.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            text = public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        else:
            text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        keytype, scheme = KINDS[kind]
        self.public: dict[str, Any] = {"keytype": keytype, "scheme": scheme, "keyval": {"public": text}}
        self.keyid = hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()

    def point(self) -> str:
        public = self._private.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    def sign(self, signed: Any) -> dict[str, Any]:
        data = encode_canonical(signed)
        assert isinstance(data, str)
        match self._private:
            case ed25519.Ed25519PrivateKey() as private:
                raw = private.sign(data.encode())
            case rsa.RSAPrivateKey() as private if self.kind == "rsa-pkcs1v15":
                raw = private.sign(data.encode(), padding.PKCS1v15(), SHA256())
            case rsa.RSAPrivateKey() as private:
                raw = private.sign(data.encode(), padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
            case private:
                raw = private.sign(data.encode(), ec.ECDSA(SHA384() if self.kind == "ecdsa-p384" else SHA256()))
        return {"keyid": self.keyid, "sig": raw.hex()}


@cache
def _private(name: str, kind: str) -> ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    if KINDS[kind][0] == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP384R1() if kind == "ecdsa-p384" else ec.SECP256R1())


@dataclass
class Repository:
    """Bodies to change before they are published, files and answers to spoil afterwards, and the requests that came.

    Publishing a role signs it with the keys in ``signers`` and raises its version unless told not to.
    """

    signers: dict[str, list[Key]] = field(default_factory=lambda: {role: [Key(role)] for role in TOP})
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    with_hashes: bool = False
    artifacts: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = _body(
            "root",
            consistent_snapshot=True,
            keys={keys[0].keyid: keys[0].public for keys in self.signers.values()},
            roles={role: {"keyids": [keys[0].keyid], "threshold": 1} for role, keys in self.signers.items()},
        )
        self.timestamp = _body("timestamp", meta={})
        self.snapshot = _body("snapshot", meta={})
        self.roles: dict[str, dict[str, Any]] = {"targets": _body("targets", targets={})}
        self.publish_root()
        self.publish("targets")

    # --- changing ------------------------------------------------------------------------------

    def name_keys(self, role: str, *keys: Key, threshold: int = 1, also_sign: bool = True) -> None:
        """Let the root name other keys for a role, and the role be signed by them from now on."""
        self.root["keys"] |= {key.keyid: key.public for key in keys}
        self.root["roles"][role] = {"keyids": [key.keyid for key in keys], "threshold": threshold}
        if also_sign:
            self.signers[role] = list(keys)

    def delegate(self, delegator: str, name: str, *paths: str, key: Key | None = None, **more: Any) -> Key:
        """Delegate to a role, which comes into being, unpublished, if it is new."""
        key = key or Key(f"delegated {name}")
        section = self.roles[delegator].setdefault("delegations", {"keys": {}, "roles": []})
        section["keys"][key.keyid] = key.public
        entry = {"name": name, "keyids": [key.keyid], "threshold": 1, "terminating": False, "paths": list(paths)}
        section["roles"].append(entry | more)
        if name not in self.roles:
            self.roles[name] = _body("targets", targets={})
            self.signers[name] = [key]
        return key

    def add_artifact(self, role: str, path: str, data: bytes, algorithms: tuple[str, ...] = ("sha256",)) -> None:
        hashes = {algorithm: hashlib.new(algorithm, data).hexdigest() for algorithm in algorithms}
        self.roles[role]["targets"][path] = {"length": len(data), "hashes": hashes}
        folder, _, base = path.rpartition("/")
        for digest in hashes.values():
            self.files[f"targets/{folder}{'/' if folder else ''}{digest}.{base}"] = data

    # --- publishing ----------------------------------------------------------------------------

    def sign(self, role: str, body: dict[str, Any], *, keys: list[Key] | None = None) -> bytes:
        signers = self.signers[role] if keys is None else keys
        envelope = {"signatures": [key.sign(body) for key in signers], "signed": body}
        return json.dumps(envelope, indent=1).encode()

    def publish_root(self, *, keys: list[Key] | None = None) -> bytes:
        self.root["version"] += 1
        raw = self.sign("root", self.root, keys=keys)
        self.files[f"metadata/{self.root['version']}.root.json"] = raw
        return raw

    def publish(self, *roles: str, bump: bool = True) -> None:
        """Publish targets roles, and with them a new snapshot and timestamp."""
        for role in roles:
            self.roles[role]["version"] += bump
            raw = self.sign(role, self.roles[role])
            self.files[f"metadata/{self.roles[role]['version']}.{quote(role, safe='')}.json"] = raw
            self.snapshot["meta"][f"{role}.json"] = self._line(raw, self.roles[role]["version"])
        self.publish_snapshot()

    def publish_snapshot(self) -> None:
        self.snapshot["version"] += 1
        raw = self.sign("snapshot", self.snapshot)
        self.files[f"metadata/{self.snapshot['version']}.snapshot.json"] = raw
        self.timestamp["meta"]["snapshot.json"] = self._line(raw, self.snapshot["version"])
        self.publish_timestamp()

    def publish_timestamp(self, *, bump: bool = True) -> None:
        self.timestamp["version"] += bump
        self.files["metadata/timestamp.json"] = self.sign("timestamp", self.timestamp)

    def _line(self, raw: bytes, version: int) -> dict[str, Any]:
        if not self.with_hashes:
            return {"version": version}
        return {"version": version, "length": len(raw), "hashes": {"sha256": hashlib.sha256(raw).hexdigest()}}


def _body(kind: str, **members: Any) -> dict[str, Any]:
    return {"_type": kind, "spec_version": "1.0.31", "version": 0, "expires": FUTURE, **members}


@contextmanager
def serving(repository: Repository) -> Iterator[str]:
    """Serve a repository as the suite does: HTTP/1.0, GET only. Gives the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/case%5Bone%5D/")
            repository.requests.append(name.removeprefix("metadata/"))
            data = repository.files.get(name if name.startswith("metadata/") else unquote(name))
            status = repository.statuses.get(name, 200 if data is not None else 404)
            if data is None or status != HTTPStatus.OK:
                self.send_error(status)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/case%5Bone%5D"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
