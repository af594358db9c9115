"""The dialect of Torizon-style Uptane repositories (lockbox-format 2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from lockstick.metadata.canonical import canonical
from lockstick.metadata.dialect import Dialect
from lockstick.metadata.keys import PublicKey, Signature
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.primitives import LibraryKey
from lockstick.metadata.shape import as_object, as_string
from lockstick.metadata.strictjson import parse_object

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["UPTANE"]

_ED25519_BYTES = 32
_ED25519_DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
_RSA_BITS = (2048, 3072, 4096)
_RSA_METHODS = frozenset({"rsassa-pss", "rsassa-pss-sha256"})
_ED25519_METHODS = frozenset({"ed25519"})


def _parse_key(keyid: str, value: JsonValue, where: str) -> PublicKey:
    members = as_object(value, where)
    kind = as_string(members.get("keytype"), f"{where}.keytype").lower()
    public = as_string(as_object(members.get("keyval"), f"{where}.keyval").get("public"), f"{where}.keyval.public")
    match kind:
        case "ed25519":
            return _ed25519(keyid, public, members, where)
        case "rsa":
            return _rsa(keyid, public, members, where)
        case _:
            raise MalformedError("key-type-unsupported", f"{where} has the key type {kind!r}, which devices refuse")


def _ed25519(keyid: str, public: str, members: JsonObject, where: str) -> PublicKey:

    try:
        raw = bytes.fromhex(public)
    except ValueError:
        raw = b""
    if len(raw) != _ED25519_BYTES or len(public) != 2 * _ED25519_BYTES:
        raise MalformedError("key-malformed", f"{where} is not an Ed25519 public key of 64 hexadecimal digits")
    identity = hashlib.sha256(_ED25519_DER_PREFIX + raw).hexdigest()
    return PublicKey(
        keyid=keyid,
        kind="ed25519",
        identity=identity,
        methods=_ED25519_METHODS,
        expected_keyids=frozenset({identity, _client_keyid(public), _object_keyid(members)}),
        verifier=LibraryKey(keyid, "ed25519", "ed25519", {"public": public.lower()}),
    )


def _rsa(keyid: str, public: str, members: JsonObject, where: str) -> PublicKey:

    key = None
    # Only SubjectPublicKeyInfo: devices refuse the older PKCS#1 form (lockbox-format 2.3).
    if public.startswith("-----BEGIN PUBLIC KEY-----"):
        try:
            key = load_pem_public_key(public.encode("ascii"))
        except (ValueError, UnsupportedAlgorithm):
            key = None
    if not isinstance(key, RSAPublicKey):
        raise MalformedError("key-malformed", f"{where} is not an RSA public key in PEM form (SubjectPublicKeyInfo)")
    if key.key_size not in _RSA_BITS:
        raise MalformedError(
            "key-size-unsupported",
            f"{where} is an RSA key of {key.key_size} bit; devices take 2048, 3072 and 4096",
        )
    identity = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    return PublicKey(
        keyid=keyid,
        kind="rsa",
        identity=identity,
        methods=_RSA_METHODS,
        expected_keyids=frozenset({identity, _client_keyid(public.rstrip("\n")), _object_keyid(members)}),
        verifier=LibraryKey(keyid, "rsa", "rsassa-pss-sha256", {"public": public}),
    )


def _client_keyid(public: str) -> str:
    """The id that the device client's own tools give a key (lockbox-format 2.3)."""
    return hashlib.sha256(json.dumps(public).encode("ascii")).hexdigest()


def _object_keyid(members: JsonObject) -> str:
    """The id that TUF's own tools give a key: the digest of the canonical key object."""
    return hashlib.sha256(canonical(members)).hexdigest()


def _parse_signature(value: JsonValue, where: str) -> Signature:
    members = as_object(value, where)
    keyid = as_string(members.get("keyid"), f"{where}.keyid")
    method = as_string(members.get("method"), f"{where}.method").lower()
    text = as_string(members.get("sig"), f"{where}.sig")
    if method not in _RSA_METHODS | _ED25519_METHODS:
        raise MalformedError("signature-method-unknown", f"{where} has the method {method!r}, which devices refuse")
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError("signature-malformed", f"{where}.sig is not base64") from None
    if base64.b64encode(decoded).decode("ascii") != text:
        raise MalformedError("signature-malformed", f"{where}.sig is not base64 in its one standard form")
    return Signature(keyid, method, decoded)


UPTANE = Dialect(
    name="uptane",
    types={
        "root": "Root",
        "timestamp": "Timestamp",
        "snapshot": "Snapshot",
        "targets": "Targets",
        "offline-snapshot": "Offline-Snapshot",
        "offline-updates": "Offline-Updates",
    },
    parse=parse_object,
    parse_key=_parse_key,
    parse_signature=_parse_signature,
    canonical=canonical,
    hashes_raw_bytes=False,
    # The server always writes the member; where it is absent the server's own reader takes true.
    default_terminating=True,
    # These repositories write no spec_version; one that is smuggled in changes nothing.
    major_version=None,
    passes_over_bad_signatures=False,
    passes_over_unusable_keys=False,
    passes_over_odd_digests=False,
    refuses_repeated_keyids=False,
    stars_cross_slashes=True,
    delegates_by_hash=False,
    valid_in_last_second=True,
)
