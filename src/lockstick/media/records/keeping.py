"""All that follows a write: the receipt is signed, put on the stick, and recorded.

The stick is written and proven by then. So nothing that goes wrong here is an error: it is said, and what could be
kept is kept.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lockstick.disk.tree import FolderTree
from lockstick.errors import LockstickError, MediaError
from lockstick.media.records.onstick import place_receipt, read_receipt
from lockstick.media.records.receipt import from_json, to_json
from lockstick.media.remarks import Remark, Weight

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.records.receipt import Receipt
    from lockstick.media.records.register import Register
    from lockstick.media.records.signing import ReceiptKey

__all__ = ["Kept", "keep"]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a receipt.

    Attributes:
        receipt: The receipt, as it was kept.
        on_stick: Where it lies on the stick; None if it does not.
        stick: The stick's name in the register; None if it was not recorded.
        remarks: What could not be done.
    """

    receipt: Receipt
    on_stick: Path | None
    stick: str | None
    remarks: tuple[Remark, ...]


def keep(receipt: Receipt, mount: Path | None, register: Register | None, key: ReceiptKey | None) -> Kept:
    """Sign a receipt, put it on the stick, and record it.

    Args:
        receipt: The receipt. One of a write that failed is only recorded: on the stick it would vouch for nothing.
        mount: Where the stick is mounted; None if it is gone.
        register: This machine's register; None to keep none.
        key: The user's key; None to sign nothing.

    Returns:
        What became of it. Nothing is raised for a stick or a register that does not take it.
    """
    if key is not None:
        receipt = replace(receipt, signed_by=key.public.id)
    data = to_json(receipt)
    signature = None if key is None else key.sign(data)
    remarks: list[Remark] = []
    previous = None if mount is None else _previous(mount)
    on_stick = None
    if mount is not None and receipt.outcome == "written":
        try:
            on_stick = place_receipt(mount, data, signature)
        except MediaError as error:
            remarks.append(_remark("receipt-not-on-stick", str(mount), error))
    stick = None
    if register is not None:
        try:
            stick = register.record(receipt, data, signature, previous=previous)
        except MediaError as error:
            remarks.append(_remark("receipt-not-in-register", str(register.path), error))
    return Kept(receipt=receipt, on_stick=on_stick, stick=stick, remarks=tuple(remarks))


def _previous(mount: Path) -> str | None:
    with suppress(LockstickError):
        return from_json(read_receipt(FolderTree(mount)).data).id
    return None


def _remark(check: str, subject: str, error: MediaError) -> Remark:
    return Remark(check=check, weight=Weight.WARNING, subject=subject, message=str(error), remedy=error.remedy)
