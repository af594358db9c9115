"""The dialect of TUF 1.0 (TUF 1.0, 4)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurve, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from lockstick.metadata.dialect import Dialect
from lockstick.metadata.keys import PublicKey, Signature
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.olpc import olpc_canonical
from lockstick.metadata.primitives import LibraryKey
from lockstick.metadata.shape import as_object, as_string
from lockstick.metadata.strictjson import parse_standard_object

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonValue

__all__ = ["TUF"]

_Public = Ed25519PublicKey | RSAPublicKey | EllipticCurvePublicKey

_SCHEMES = {
    ("ed25519", "ed25519"): "ed25519",
    ("rsa", "rsassa-pss-sha256"): "rsa",
    # Beyond the specification's list, which repositories may add to (TUF 1.0, 4.2): what the reference library
    # writes for signing services that know nothing else.
    ("rsa", "rsa-pkcs1v15-sha256"): "rsa",
    ("ecdsa", "ecdsa-sha2-nistp384"): "ecdsa",
    ("ecdsa", "ecdsa-sha2-nistp256"): "ecdsa",
    # The same keys under the types that older repositories write.
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"): "ecdsa",
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"): "ecdsa",
}
_CURVES: dict[str, type[EllipticCurve]] = {"ecdsa-sha2-nistp256": SECP256R1, "ecdsa-sha2-nistp384": SECP384R1}
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_ED25519_DIGITS = 64
_LEAST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192  # verifying grows with the square, and the key comes from outside


def _parse_key(keyid: str, value: JsonValue, where: str) -> PublicKey:
    members = as_object(value, where)
    keytype = as_string(members.get("keytype"), f"{where}.keytype")
    scheme = as_string(members.get("scheme"), f"{where}.scheme")
    text = as_string(as_object(members.get("keyval"), f"{where}.keyval").get("public"), f"{where}.keyval.public")
    kind = _SCHEMES.get((keytype, scheme))
    if kind is None:
        raise MalformedError(
            "key-type-unsupported", f"{where} has the key type {keytype[:40]!r} with the scheme {scheme[:40]!r}"
        )
    public = _load(kind, scheme, text)
    if public is None:
        raise MalformedError("key-malformed", f"{where} is not a public key for {scheme}")
    if isinstance(public, RSAPublicKey) and not _LEAST_RSA_BITS <= public.key_size <= _MOST_RSA_BITS:
        raise MalformedError("key-size-unsupported", f"{where} is an RSA key of {public.key_size} bit")
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(
        keyid=keyid,
        kind=kind,
        identity=hashlib.sha256(der).hexdigest(),
        methods=frozenset(),
        # Key ids are opaque to clients (TUF 1.0, 4.2).
        expected_keyids=frozenset(),
        # By its plain type: the library does not verify with keys of the older spelling.
        verifier=LibraryKey(keyid, kind, scheme, {"public": _library_form(public)}),
    )


def _load(kind: str, scheme: str, text: str) -> _Public | None:
    """Read a public key; None if it is not one of that kind, or not one for that scheme."""
    try:
        match kind:
            case "ed25519":
                is_hex = _HEX.fullmatch(text) is not None and len(text) == _ED25519_DIGITS
                return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)) if is_hex else None
            case "rsa":
                key = load_pem_public_key(text.encode("ascii"))
                return key if isinstance(key, RSAPublicKey) else None
            case _:
                curve = _CURVES[scheme]
                if _HEX.fullmatch(text) is not None:  # a bare point, as repositories wrote until 2022
                    return EllipticCurvePublicKey.from_encoded_point(curve(), bytes.fromhex(text))
                key = load_pem_public_key(text.encode("ascii"))
                return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, curve) else None
    except (ValueError, UnsupportedAlgorithm):
        return None


def _library_form(public: _Public) -> str:
    if isinstance(public, Ed25519PublicKey):
        return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _parse_signature(value: JsonValue, where: str) -> Signature:
    members = as_object(value, where)
    keyid = as_string(members.get("keyid"), f"{where}.keyid")
    text = as_string(members.get("sig"), f"{where}.sig")
    # An empty or garbled signature keeps its place, so that a second one under its key id is still noticed; no
    # key verifies it.
    return Signature(keyid, "", bytes.fromhex(text) if _HEX.fullmatch(text) is not None else b"")


TUF = Dialect(
    name="tuf",
    types={"root": "root", "timestamp": "timestamp", "snapshot": "snapshot", "targets": "targets"},
    parse=parse_standard_object,
    parse_key=_parse_key,
    parse_signature=_parse_signature,
    canonical=olpc_canonical,
    hashes_raw_bytes=True,
    default_terminating=False,
    major_version=1,
    passes_over_bad_signatures=True,
    passes_over_unusable_keys=True,
    passes_over_odd_digests=True,
    refuses_repeated_keyids=True,
    stars_cross_slashes=False,
    delegates_by_hash=True,
    valid_in_last_second=False,
)
