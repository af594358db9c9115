"""The receipt's two files on a stick, beside ``update/``: written durably, read as what anybody may have put there.

The rules of writing:

1. Both files are complete and flushed under other names first.
2. The old signature goes before the old receipt does, and the new one comes last. So whenever the stick is pulled, no
   receipt lies beside a signature of another one.
3. Nothing is written through a link: the new files are new, and renaming replaces a link itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush_folders, publish, write_new
from lockstick.disk.tree import EntryKind
from lockstick.disk.trouble import media_error
from lockstick.errors import DistrustError, MediaError, NotFoundError
from lockstick.media.records.reading import MAX_BYTES
from lockstick.media.records.signing import SIGNATURE_LENGTH

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Tree

__all__ = ["RECEIPT_NAME", "SIGNATURE_SUFFIX", "FoundReceipt", "place_receipt", "read_receipt"]

RECEIPT_NAME = "lockstick-receipt.json"
"""The receipt's name at the top of a stick."""

SIGNATURE_SUFFIX = ".sig"
"""What the name of the file with its signature ends in."""

_ASIDE = ".new"


@dataclass(frozen=True)
class FoundReceipt:
    """A receipt as it lies somewhere.

    Attributes:
        data: Its bytes.
        signature: The bytes of its signature; None if there is none.
    """

    data: bytes
    signature: bytes | None


def place_receipt(mount: Path, data: bytes, signature: bytes | None) -> Path:
    """Put a receipt on a stick in place of the one that lies there.

    Args:
        mount: Where the stick is mounted.
        data: The receipt's bytes.
        signature: Its signature; None if nobody signs it.

    Returns:
        Where the receipt lies.

    Raises:
        MediaError: If the stick does not take it.
    """
    receipt, mark = mount / RECEIPT_NAME, mount / (RECEIPT_NAME + SIGNATURE_SUFFIX)
    asides = [mount / f".{name.name}{_ASIDE}" for name in (receipt, mark)]
    try:
        try:
            for aside, content in zip(asides, (data, signature), strict=True):
                if content is not None:
                    write_new(aside, content)
            mark.unlink(missing_ok=True)
        except OSError as error:
            raise media_error(error, receipt, "written") from error
        flush_folders([mount])
        publish(asides[0], receipt)
        if signature is not None:
            publish(asides[1], mark)
        flush_folders([mount])
    except MediaError:
        for aside in asides:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
        raise
    return receipt


def read_receipt(tree: Tree, name: str = RECEIPT_NAME) -> FoundReceipt:
    """Read a receipt and its signature.

    Args:
        tree: The stick, or the folder that holds the receipt.
        name: The receipt's name there.

    Returns:
        The bytes of both; nothing is proven.

    Raises:
        NotFoundError: If there is no receipt.
        DistrustError: If something else than a file of a receipt's size lies in the place of either.
        MediaError: If it cannot be read.
    """
    data = _read(tree, name, MAX_BYTES)
    if data is None:
        raise NotFoundError(
            f"there is no receipt in {tree.shown}",
            why=f"it holds no file {name}",
            remedy="Name the place where the stick is mounted, or the receipt's file.",
        )
    return FoundReceipt(data, _read(tree, name + SIGNATURE_SUFFIX, SIGNATURE_LENGTH))


def _read(tree: Tree, name: str, cap: int) -> bytes | None:
    try:
        entry = tree.look((name,))
        if entry is None:
            return None
        if entry.kind is not EntryKind.FILE:
            raise DistrustError(f"{name} in {tree.shown} is not read", why="it is no plain file")
        data, more = bytearray(), b"-"
        with tree.open((name,)) as file:
            while more and len(data) <= cap:
                more = file.read(cap + 1 - len(data)) or b""
                data += more
    except OSError as error:
        raise MediaError(f"{name} in {tree.shown} cannot be read", why=error.strerror or str(error)) from error
    if len(data) > cap:
        raise DistrustError(f"{name} in {tree.shown} is not read", why=f"it is larger than {cap} bytes")
    return bytes(data)
