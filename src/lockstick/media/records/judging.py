"""What a receipt is worth: whether it was signed by a key, of the lockbox beside it, for the stick that it lies on.

Anybody with the stick in hand can put another stick's receipt on it, signature and all. So the signature alone says
nothing of this stick: what the receipt says is held against what is there, wherever that can be seen. What a receipt
cannot prove is said as well (:data:`UNPROVEN`).

Vendor and model are not compared, as each system words them in its own way. A stick without a serial number in the
place of one that had one is another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.lockbox.layout import MEDIA_FOLDER
from lockstick.media.records.documents import documents_digest
from lockstick.media.records.making import stick_of

if TYPE_CHECKING:
    from lockstick.disk.tree import Tree
    from lockstick.media.model import Drive, Volume
    from lockstick.media.records.onstick import FoundReceipt
    from lockstick.media.records.receipt import Receipt, Stick
    from lockstick.media.records.signing import PublicReceiptKey

__all__ = ["UNPROVEN", "ReceiptJudgement", "Statement", "judge_receipt"]

UNPROVEN = (
    "that the packages on the stick are whole and genuine today: 'lockstick verify' proves that",
    "that this is the only stick of its kind: a stick's serial number is what the stick says of itself",
    "when it was written: the time is that of the signer's clock",
)
"""What a receipt does not prove, even if everything about it holds."""

_SAME_SIZE = 0.01  # systems count the last cylinder differently


@dataclass(frozen=True)
class Statement:
    """One thing about a receipt.

    Attributes:
        check: What was looked at: ``signature``, ``outcome``, ``documents`` or ``stick``.
        holds: True if it holds, False if not; None if it could not be seen.
        message: What was seen, in one sentence.
    """

    check: str
    holds: bool | None
    message: str


@dataclass(frozen=True)
class ReceiptJudgement:
    """What a receipt is worth.

    Attributes:
        receipt: What it says.
        statements: What was looked at, one after the other.
    """

    receipt: Receipt
    statements: tuple[Statement, ...]

    @property
    def holds(self) -> bool:
        """True if the signature holds and nothing that could be seen speaks against the rest."""
        return all(one.holds is not False for one in self.statements)


def judge_receipt(
    found: FoundReceipt,
    receipt: Receipt,
    *,
    key: PublicReceiptKey,
    tree: Tree,
    here: tuple[Drive, Volume] | None,
) -> ReceiptJudgement:
    """Judge a receipt.

    Args:
        found: The receipt's bytes and its signature.
        receipt: The same receipt, read.
        key: The key of whoever is believed.
        tree: Where the receipt lies: a stick, or a folder.
        here: The drive and the volume that it lies on; None if they cannot be told.

    Returns:
        The judgement.

    Raises:
        LockstickError: If the lockbox beside it cannot be read.
    """
    return ReceiptJudgement(
        receipt,
        (
            _signature(found, receipt, key),
            _outcome(receipt),
            _documents(receipt, tree),
            _stick(receipt, here),
        ),
    )


def _signature(found: FoundReceipt, receipt: Receipt, key: PublicReceiptKey) -> Statement:
    if found.signature is None:
        return Statement("signature", False, "it is not signed")
    if key.signed(found.signature, found.data):
        return Statement("signature", True, f"it was signed by the key {key.id[:16]}")
    if receipt.signed_by is not None and receipt.signed_by != key.id:
        return Statement("signature", False, f"it names another key, {receipt.signed_by[:16]}, as its signer's")
    return Statement("signature", False, f"its signature is not that of the key {key.id[:16]}, or it was changed")


def _outcome(receipt: Receipt) -> Statement:
    if receipt.outcome == "written":
        return Statement("outcome", True, "it records a write that was proven by reading back")
    return Statement("outcome", False, f"it records a write that failed: {receipt.why}")


def _documents(receipt: Receipt, tree: Tree) -> Statement:
    if receipt.lockbox is None:
        return Statement("documents", None, "it does not say what was written")
    try:
        is_there = tree.look((MEDIA_FOLDER, "metadata")) is not None
    except OSError:
        is_there = False
    if not is_there:
        return Statement("documents", None, f"no lockbox lies beside it in {MEDIA_FOLDER}/, so none was compared")
    if documents_digest(tree, (MEDIA_FOLDER,)) == receipt.lockbox.documents:
        return Statement("documents", True, f"the signed documents in {MEDIA_FOLDER}/ are those that were written")
    return Statement("documents", False, f"the signed documents in {MEDIA_FOLDER}/ are not those that were written")


def _stick(receipt: Receipt, here: tuple[Drive, Volume] | None) -> Statement:
    if here is None:
        return Statement("stick", None, "which stick it lies on cannot be told, so none was compared")
    said, seen = receipt.stick, stick_of(*here)
    if said.size and seen.size and abs(said.size - seen.size) > said.size * _SAME_SIZE:
        return Statement("stick", False, f"it is for another stick: one of {said.size} bytes, not of {seen.size}")
    return _by_serial(said, seen) if said.serial else _by_volume(said, seen)


def _by_serial(said: Stick, seen: Stick) -> Statement:
    if _bare(said.serial) != _bare(seen.serial):
        shown = seen.serial or "none"
        return Statement("stick", False, f"it is for another stick: the serial number is {shown}, not {said.serial}")
    more = ""
    if _bare(said.uuid) != _bare(seen.uuid):
        more = "; its volume is another one, so it was formatted since, or another system sees it"
    return Statement("stick", True, f"it is for a stick with this serial number{more}")


def _by_volume(said: Stick, seen: Stick) -> Statement:
    if not said.uuid:
        return Statement("stick", None, "the stick had no serial number and no id, so another one could be alike")
    if _bare(said.uuid) != _bare(seen.uuid):
        return Statement("stick", False, "it is for another volume: of another stick, or of this one before formatting")
    return Statement("stick", True, "it is for a stick with this volume; it had no serial number")


def _bare(text: str) -> str:
    """A number without what systems write differently."""
    return "".join(character for character in text.casefold() if character.isalnum())
