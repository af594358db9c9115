"""The user's key for receipts: an Ed25519 key in one file, for nothing else.

A signature is detached: 64 raw bytes over the bytes of the receipt's file, so that plain ``openssl`` checks it
(docs/sticks.md, "Records"). The key has nothing to do with the keys of lockboxes.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from lockstick.disk.durable import flush_folders, prepare_folder, publish, write_new
from lockstick.disk.lock import take_lock
from lockstick.disk.plainfile import read_plain
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError, NotAllowedError, NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.secret import Secret

__all__ = [
    "SIGNATURE_LENGTH",
    "PublicReceiptKey",
    "ReceiptKey",
    "is_protected",
    "load_key",
    "load_public",
    "make_key",
    "read_private",
    "read_public",
    "refuse_second",
    "store_key",
]

SIGNATURE_LENGTH = 64
"""How many bytes a signature has (RFC 8032, 5.1.6)."""

_MAX_KEY_FILE = 16 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MODE = 0o600
_PROTECTED = b"ENCRYPTED PRIVATE KEY"
_PASSPHRASE = "Give it in LOCKSTICK_RECEIPTS_PASSPHRASE, or type it when asked."  # noqa: S105 - not a passphrase


@dataclass(frozen=True)
class PublicReceiptKey:
    """The public half, by which anybody checks receipts.

    Attributes:
        key: The key itself.
    """

    key: Ed25519PublicKey = field(repr=False)

    @property
    def id(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, in hexadecimal digits."""
        return hashlib.sha256(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    @property
    def pem(self) -> bytes:
        """The key as a PEM text, as openssl takes it."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, signature: bytes, data: bytes) -> bool:
        """Say whether this key made the signature over the data."""
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class ReceiptKey:
    """The private half. It does not print.

    Attributes:
        key: The key itself.
    """

    key: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicReceiptKey:
        """The public half."""
        return PublicReceiptKey(self.key.public_key())

    def sign(self, data: bytes) -> bytes:
        """Sign some bytes.

        Args:
            data: The bytes of a receipt.

        Returns:
            The raw signature.
        """
        return self.key.sign(data)


def make_key() -> ReceiptKey:
    """Make a new key."""
    return ReceiptKey(Ed25519PrivateKey.generate())


def store_key(path: Path, key: ReceiptKey, passphrase: Secret | None = None) -> None:
    """Keep a key in a file that only this user may read. A key that is there already is never replaced.

    Args:
        path: The file.
        key: The key.
        passphrase: What protects it, or None.

    Raises:
        UsageError: If there is a key already, or another run makes one.
        MediaError: If it cannot be written.
    """
    protection: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        protection = BestAvailableEncryption(passphrase.reveal().encode("utf-8"))
    data = key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    prepare_folder(path.parent)
    with take_lock(path.with_suffix(".lock"), busy="another run makes a key", remedy="Run the command again."):
        refuse_second(path)
        # The public half first: it is of no harm without the other, and is written again by the next try.
        for name, content in ((_public_half(path), key.public.pem), (path, data)):
            aside = name.with_suffix(f"{name.suffix}.new")
            try:
                write_new(aside, content, mode=_MODE)
            except OSError as error:
                raise media_error(error, name, "written") from error
            publish(aside, name)
        flush_folders([path.parent])


def refuse_second(path: Path) -> None:
    """Refuse to replace a key.

    Args:
        path: The file of the user's key.

    Raises:
        UsageError: If there is a key already.
    """
    if os.path.lexists(path):
        raise UsageError(
            f"there is a key for receipts already: {path}",
            why="receipts that it signed could no longer be told from others",
            remedy="Move the file away first, and keep its public half.",
        )


def load_public(path: Path) -> PublicReceiptKey | None:
    """Read the public half of the user's key, which lies beside it and needs no passphrase.

    Args:
        path: The file of the private key.

    Returns:
        The public half; None if there is no key, or its public half is missing.

    Raises:
        UsageError: If it is no Ed25519 key.
        MediaError: If it cannot be read.
    """
    half = _public_half(path)
    return read_public(half) if os.path.lexists(path) and os.path.lexists(half) else None


def load_key(path: Path, passphrase: Secret | None = None) -> ReceiptKey | None:
    """Read the user's key.

    Args:
        path: The file.
        passphrase: What protects it, or None.

    Returns:
        The key; None if there is none.

    Raises:
        NotAllowedError: If others may read it, or the passphrase is missing or wrong.
        UsageError: If it is no Ed25519 key.
        MediaError: If it cannot be read.
    """
    if not os.path.lexists(path):
        return None
    data = _read(path)
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise NotAllowedError(
            f"others may read the key {path}",
            why="whoever has it can sign receipts in your name",
            remedy=f"Run: chmod 600 {shlex.quote(str(path))}. If others use this machine, make a new key.",
        )
    return _private(data, path, passphrase)


def is_protected(path: Path) -> bool:
    """Say whether a file holds a key that needs a passphrase; False if there is none.

    Raises:
        MediaError: If it cannot be read.
    """
    return os.path.lexists(path) and _PROTECTED in _read(path)


def read_private(path: Path, passphrase: Secret | None = None) -> ReceiptKey:
    """Read a private key that the user wants to use from now on.

    Args:
        path: A PEM file with an Ed25519 key, as ``openssl genpkey -algorithm ed25519`` makes it.
        passphrase: What protects it, or None.

    Returns:
        The key.

    Raises:
        LockstickError: As :func:`load_key`; also NotFoundError if there is no such file.
    """
    return _private(_read(path), path, passphrase)


def read_public(path: Path) -> PublicReceiptKey:
    """Read a public key.

    Args:
        path: A PEM file with an Ed25519 public key.

    Returns:
        The key.

    Raises:
        NotFoundError: If there is no such file.
        UsageError: If it is no such key.
        MediaError: If it cannot be read.
    """
    data = _read(path)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key(path, "public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public key")
    return PublicReceiptKey(key)


def _public_half(path: Path) -> Path:
    return path.with_name(f"{path.stem}.pub")


def _private(data: bytes, path: Path, passphrase: Secret | None) -> ReceiptKey:
    if _PROTECTED in data and passphrase is None:
        raise NotAllowedError(f"the key {path} needs its passphrase", remedy=_PASSPHRASE)
    word = passphrase.reveal().encode("utf-8") if passphrase is not None and _PROTECTED in data else None
    try:
        key = load_pem_private_key(data, word)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if word is not None:
            raise NotAllowedError(f"the passphrase does not open the key {path}", remedy=_PASSPHRASE) from None
        raise _no_key(path, "private key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "private key")
    return ReceiptKey(key)


def _no_key(path: Path, what: str) -> UsageError:
    return UsageError(
        f"{path} is no Ed25519 {what} in PEM",
        remedy="Make one: lockstick receipts key, or openssl genpkey -algorithm ed25519.",
    )


def _read(path: Path) -> bytes:
    try:
        return read_plain(path, _MAX_KEY_FILE)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no key {path}", remedy="Check the path.") from error
    except OSError as error:
        raise MediaError(f"{path} cannot be read", why=error.strerror or str(error)) from error
