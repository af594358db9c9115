"""A detached signature of an image, as ``openssl dgst -sha256 -verify`` on a device checks it before mounting.

It keeps a device from mounting foreign file systems (torizon/squashfs-lockboxes, variant "signed"). Whether a lockbox
is genuine it does not say: that is in the lockbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.plainfile import read_plain
from lockstick.disk.trouble import media_error
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.secret import Secret

__all__ = ["SUFFIX", "Signer", "needs_passphrase", "read_key"]

SUFFIX = ".sig"
"""What follows the image's name; the automounter's own choice."""

_LARGEST_KEY = 64 * 1024
_SMALLEST_RSA = 2048
_REMEDY = "Make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out key.pem"


class Signer:
    """A private key that can sign what ``openssl dgst -sha256`` checks: RSA (PKCS #1 v1.5) or ECDSA.

    Args:
        pem: The key, as PEM.
        name: What to call it in an error.
        passphrase: What opens it, if it is closed.

    Raises:
        UsageError: It is no such key, or the passphrase does not open it.
    """

    def __init__(self, pem: bytes, *, name: str, passphrase: Secret | None) -> None:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - it takes a while
        from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

        password = None if passphrase is None else passphrase.reveal().encode()
        try:
            key = load_pem_private_key(pem, password)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            why = "it is no private key in PEM" if password is None else "it is none, or the passphrase is wrong"
            raise UsageError(f"{name} cannot be used to sign", why=why, remedy=_REMEDY) from None
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise UsageError(
                f"{name} cannot be used to sign",
                why="openssl dgst -sha256 checks signatures by RSA and ECDSA keys only",
                remedy=_REMEDY,
            )
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _SMALLEST_RSA:
            raise UsageError(f"{name} cannot be used to sign", why="RSA keys below 2048 bits are weak", remedy=_REMEDY)
        self._key = key

    def sign(self, sha256: str) -> bytes:
        """Sign a file by its digest.

        Args:
            sha256: The digest, as hex.

        Returns:
            The signature.
        """
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        digest, hashed = bytes.fromhex(sha256), Prehashed(SHA256())
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(digest, padding.PKCS1v15(), hashed)
        return self._key.sign(digest, ec.ECDSA(hashed))


def needs_passphrase(pem: bytes) -> bool:
    """Say whether a key is closed by a passphrase, in one of the two ways in which PEM says so."""
    return b"BEGIN ENCRYPTED PRIVATE KEY" in pem or b"Proc-Type: 4,ENCRYPTED" in pem


def read_key(path: Path) -> bytes:
    """Read a key's file.

    Raises:
        MediaError: It cannot be read.
    """
    try:
        return read_plain(path.resolve(), _LARGEST_KEY)
    except OSError as error:
        raise media_error(error, path, "read") from error
