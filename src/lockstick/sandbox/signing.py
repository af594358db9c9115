"""Keys and signatures as the repositories write them (lockbox-format 2.3, 2.4).

The private keys and the signature primitives are securesystemslib's; the signed bytes are the canonical form
of the value of ``signed`` (2.6), and key ids are the SHA-256 of the key's DER SubjectPublicKeyInfo.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from securesystemslib.signer import CryptoSigner

from lockstick.metadata.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["KeyType", "RoleKey", "sign"]

KeyType = Literal["ED25519", "RSA"]
"""The two key types that a device accepts."""

_METHODS: Mapping[KeyType, str] = {"ED25519": "ed25519", "RSA": "rsassa-pss-sha256"}
_RSA_BITS = 2048


@dataclass(frozen=True, kw_only=True)
class RoleKey:
    """One private key of the rehearsal cloud.

    Attributes:
        keytype: ``ED25519`` or ``RSA``.
        keyid: SHA-256 of the DER SubjectPublicKeyInfo, in hex.
        public: The key object as a document lists it.
        signer: The private half.
    """

    keytype: KeyType
    keyid: str
    public: JsonObject
    signer: CryptoSigner = field(repr=False, compare=False)

    @classmethod
    def generate(cls, keytype: KeyType) -> RoleKey:
        """Make a new key pair; RSA keys have 2048 bits, the server's default (lockbox-format 7.6)."""
        if keytype == "RSA":
            return cls._of(CryptoSigner.generate_rsa(size=_RSA_BITS))
        return cls._of(CryptoSigner.generate_ed25519())

    @classmethod
    def from_pem(cls, pem: bytes) -> RoleKey:
        """Read a key back from what :meth:`pem` gave."""
        # Checking an RSA key costs more than signing with it, and this one was made here.
        return cls._of(CryptoSigner(load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)))

    def pem(self) -> bytes:
        """The private key, unencrypted: a rehearsal key protects nothing."""
        return self.signer.private_bytes

    def signature(self, data: bytes) -> JsonObject:
        """Sign bytes and give the entry for a document's signature list."""
        raw = bytes.fromhex(self.signer.sign(data).signature)
        return {
            "keyid": self.keyid,
            "method": _METHODS[self.keytype],
            "sig": base64.b64encode(raw).decode("ascii"),
        }

    @classmethod
    def _of(cls, signer: CryptoSigner) -> RoleKey:
        crypto_key = load_pem_private_key(signer.private_bytes, None, unsafe_skip_rsa_key_validation=True).public_key()
        der = crypto_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        keytype: KeyType = "RSA" if signer.public_key.keytype == "rsa" else "ED25519"
        if keytype == "RSA":
            text = crypto_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
        else:
            text = crypto_key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        return cls(
            keytype=keytype,
            keyid=hashlib.sha256(der).hexdigest(),
            public={"keytype": keytype, "keyval": {"public": text}},
            signer=signer,
        )


def sign(signed: Mapping[str, JsonValue], keys: Sequence[RoleKey]) -> JsonObject:
    """Put signatures around a document.

    Args:
        signed: The value of ``signed``.
        keys: The signing keys, in the order in which their signatures shall stand.

    Returns:
        The whole envelope.
    """
    body = cast("JsonObject", dict(signed))
    data = canonical(body)
    return {"signatures": [key.signature(data) for key in keys], "signed": body}
