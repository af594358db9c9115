"""Public keys as the device client takes them: an unusable one is no error, it just never verifies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.values import Value, as_text, member

if TYPE_CHECKING:
    from lockstick.trust.device.limits import Client

__all__ = ["DeviceKey", "read_key", "signature_bytes"]

_ED25519_KEY, _ED25519_SIGNATURE = 32, 64
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")


@dataclass(frozen=True)
class DeviceKey:
    """A key as a document lists it (lockbox-format 2.3).

    Attributes:
        kind: ``ed25519``, ``rsa``, or empty for one that cannot be used.
        public: The public part as written.
    """

    kind: str
    public: str

    def signed(self, signature: str, data: bytes) -> bool:
        """Say whether this key made a signature, whatever method the signature claims.

        Args:
            signature: Base64 as written.
            data: The signed bytes.

        Returns:
            True if it did.

        Raises:
            RefusedError: If key or signature is written in characters that the client stumbles over.
        """
        match self.kind:
            case "ed25519":
                return self._ed25519(signature_bytes(signature), data)
            case "rsa":
                return self._rsa(signature_bytes(signature), data)
            case _:
                return False

    def _ed25519(self, signature: bytes, data: bytes) -> bool:
        if not _HEX.fullmatch(self.public):
            raise RefusedError("shape", "an Ed25519 key is not written in hexadecimal digits")
        key = bytes.fromhex(self.public)
        if len(key) < _ED25519_KEY or len(signature) < _ED25519_SIGNATURE:
            return False
        try:
            # The client ignores what comes after the bytes it needs.
            Ed25519PublicKey.from_public_bytes(key[:_ED25519_KEY]).verify(signature[:_ED25519_SIGNATURE], data)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _rsa(self, signature: bytes, data: bytes) -> bool:
        key = _load(self.public)
        if key is None:
            return False
        try:
            key.verify(signature, data, PSS(MGF1(SHA256()), PSS.AUTO), SHA256())
        except InvalidSignature:
            return False
        return True


def read_key(value: Value, client: Client) -> DeviceKey:
    """Read a key from a list of keys.

    Args:
        value: The entry.
        client: The revision of the client.

    Returns:
        The key.

    Raises:
        RefusedError: If its type is unknown, used or not: then the whole document is refused.
    """
    kind = as_text(member(value, "keytype")).lower()
    if kind not in client.key_types:
        raise RefusedError("key-type", kind)
    try:
        public = as_text(member(member(value, "keyval"), "public"))
    except RefusedError:
        return DeviceKey("", "")
    if kind == "rsa":
        key = _load(public)
        if key is None or key.key_size not in client.rsa_bits:
            return DeviceKey("", public)
    return DeviceKey(kind, public)


def signature_bytes(text: str) -> bytes:
    """Decode base64 as the client does: white space is skipped, and so is what follows the padding.

    Args:
        text: The text.

    Returns:
        The bytes; for text of an odd length, as many as are whole.

    Raises:
        RefusedError: At a character that is not of the alphabet (lockbox-format 2.4).
    """
    body = "".join(text.split()).partition("=")[0]
    bits = count = 0
    for character in body:
        digit = _BASE64.find(character)
        if digit < 0:
            raise RefusedError("shape", "a signature is not written in base64")
        bits = (bits << 6) | digit
        count += 6
    return (bits >> (count % 8)).to_bytes(count // 8, "big")


def _load(public: str) -> RSAPublicKey | None:
    if "-----BEGIN PUBLIC KEY-----" not in public:
        # The client reads SubjectPublicKeyInfo only; the library would take PKCS#1 as well.
        return None
    try:
        key = load_pem_public_key(public.encode("utf-8", "surrogatepass"))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None
