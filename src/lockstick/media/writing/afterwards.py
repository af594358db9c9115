"""What follows a write: its receipt, on the stick and in the register."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lockstick.disk.tree import FolderTree
from lockstick.errors import LockstickError
from lockstick.lockbox.layout import MEDIA_FOLDER
from lockstick.media.records.documents import documents_digest
from lockstick.media.records.keeping import keep
from lockstick.media.records.making import Exclusion, Written, receipt_of
from lockstick.media.writing.medium import RemovedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lockstick.media.model import Drive, Volume
    from lockstick.media.records.keeping import Kept
    from lockstick.media.records.register import Register
    from lockstick.media.records.signing import ReceiptKey
    from lockstick.media.writing.outcome import StickOutcome

__all__ = ["record"]


def record(
    stick: StickOutcome,
    *,
    began: datetime,
    ended: datetime,
    drive: Drive | None,
    volume: Volume | None,
    register: Register | None,
    key: ReceiptKey | None,
    tool: str,
    random: Callable[[int], bytes],
    operator: str = "",
    is_gone: bool = False,
) -> Kept:
    """Leave the receipt of one stick.

    Args:
        stick: What became of it.
        began: When its writing began.
        ended: When it ended.
        drive: The drive, if it is known.
        volume: The volume on it, if it is known.
        register: This machine's register; None to keep none.
        key: The user's key for receipts; None to sign nothing.
        tool: The version of this program.
        random: Gives so many random bytes.
        operator: Who wrote it, if they want to say so.
        is_gone: True if the stick was pulled meanwhile: nothing is put where it was.

    Returns:
        What became of the receipt; nothing is raised for a stick or a register that does not take it.
    """
    is_gone = is_gone or isinstance(stick.error, RemovedError)
    documents = None
    if stick.is_proven and not is_gone:
        with suppress(LockstickError):
            documents = documents_digest(FolderTree(stick.mount / MEDIA_FOLDER))
    written = Written(
        began=began,
        ended=ended,
        bytes_written=stick.written,
        bytes_kept=stick.kept,
        write_seconds=stick.write_seconds,
        bytes_read=0 if stick.verified is None else stick.verified.bytes_hashed,
        read_seconds=stick.read_seconds,
        exclusion=Exclusion(how=stick.exclusion, files=stick.exclusion_files) if stick.exclusion else None,
        why_failed="" if stick.error is None else str(stick.error),
    )
    receipt = receipt_of(
        stick.verified,
        documents=documents,
        written=written,
        drive=drive,
        volume=volume,
        tool=tool,
        random=random,
        operator=operator,
    )
    return keep(receipt, None if is_gone else stick.mount, register, key)
