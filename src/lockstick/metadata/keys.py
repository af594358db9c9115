"""Public keys and signatures, whatever dialect they were written in.

The primitives are securesystemslib's; this module only says which key object of that library a key of the
repository becomes, and never raises on a signature that does not verify.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lockstick.metadata.primitives import (
    LibraryKey,
    LibrarySignature,
    UnverifiedSignatureError,
    VerificationError,
)

__all__ = ["PublicKey", "Signature"]


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """One public key as a document lists it.

    Attributes:
        keyid: The id under which the document lists it; opaque.
        kind: ``ed25519``, ``rsa`` or ``ecdsa``.
        identity: SHA-256 of the key itself, in hex: equal for one key under two ids.
        methods: The signature methods, in lower case, that this key can have made.
        expected_keyids: The ids that the known rules would give it; empty where any id is as good.
        verifier: The library's key object.
    """

    keyid: str
    kind: str
    identity: str
    methods: frozenset[str]
    expected_keyids: frozenset[str]
    verifier: LibraryKey = field(repr=False, compare=False)

    def signed(self, signature: bytes, data: bytes) -> bool:
        """Say whether this key made the signature over the data.

        Args:
            signature: The raw signature bytes.
            data: The signed bytes.

        Returns:
            True only if the signature verifies.
        """
        try:
            self.verifier.verify_signature(LibrarySignature(self.verifier.keyid, signature.hex()), data)
        except (UnverifiedSignatureError, VerificationError):
            return False
        return True


@dataclass(frozen=True)
class Signature:
    """One entry of a document's signature list.

    Attributes:
        keyid: The id of the key that is said to have made it.
        method: The method in lower case, or empty where the dialect does not name one.
        value: The raw signature bytes.
    """

    keyid: str
    method: str
    value: bytes
