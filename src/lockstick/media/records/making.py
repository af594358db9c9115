"""Making a receipt out of what a verification and a write have found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.media.records.reading import MAX_ITEMS, MAX_TEXT
from lockstick.media.records.receipt import CarriedLockbox, Checking, Receipt, Roots, Speeds, Stick

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.media.model import Drive, Volume

__all__ = ["Exclusion", "Written", "receipt_of", "stick_of"]

_ID_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """How the system's cache was kept out of the read-back.

    Attributes:
        how: ``direct``, ``dropped-and-checked``, ``dropped`` or ``none``: the weakest that any file got.
        files: How many files were read in which way.
    """

    how: str
    files: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a write did to one stick.

    Attributes:
        began: When it began.
        ended: When it ended, read-back included.
        bytes_written: Bytes that were written.
        bytes_kept: Bytes that lay there already and were kept after they were checked.
        write_seconds: How long writing took, flushing included.
        bytes_read: Bytes that were read back.
        read_seconds: How long reading back took.
        exclusion: How the cache was kept out; None if nothing was read back.
        why_failed: Empty if it succeeded, else what went wrong in one sentence.
    """

    began: datetime
    ended: datetime
    bytes_written: int = 0
    bytes_kept: int = 0
    write_seconds: float = 0.0
    bytes_read: int = 0
    read_seconds: float = 0.0
    exclusion: Exclusion | None = None
    why_failed: str = ""


def receipt_of(
    outcome: VerifyOutcome | None,
    *,
    documents: str | None,
    written: Written,
    drive: Drive | None,
    volume: Volume | None,
    tool: str,
    random: Callable[[int], bytes],
    operator: str = "",
) -> Receipt:
    """Make the receipt of one write onto one stick.

    Args:
        outcome: What ``verify`` said of what was read back from the stick; of the source, if it failed before that;
            None if it never came to it.
        documents: The digest of the signed documents on the stick (:func:`~.documents.documents_digest`), or None.
        written: What was done.
        drive: The drive; None if it could not be found.
        volume: The volume on it; None if it could not be found.
        tool: The version of this program.
        random: Gives so many random bytes.
        operator: Who writes it, if the user wants to say so.

    Returns:
        The receipt. It says ``written`` only if the write did not fail and the verdict is ``verified``.
    """
    verdict = "" if outcome is None else outcome.verdict.value
    why = written.why_failed
    if not why and verdict != "verified":
        why = f"what was read back is not verified but {verdict}" if verdict else "it was not verified"
    if not why and documents is None:
        why = "its signed documents have no digest"
    return Receipt(
        id=random(_ID_BYTES).hex(),
        tool=_plain(tool),
        outcome="failed" if why else "written",
        why=_plain(why),
        began=written.began.replace(microsecond=0),
        ended=written.ended.replace(microsecond=0),
        lockbox=_lockbox(outcome, documents),
        roots=Roots(
            director=None if outcome is None else outcome.director_anchor,
            image_repo=None if outcome is None else outcome.image_anchor,
            source="none" if outcome is None else outcome.anchor_source,
        ),
        stick=stick_of(drive, volume),
        checking=_checking(outcome, written),
        speeds=Speeds(
            bytes_written=written.bytes_written,
            bytes_kept=written.bytes_kept,
            write=_speed(written.bytes_written, written.write_seconds),
            read_back=_speed(written.bytes_read, written.read_seconds),
        ),
        operator=_plain(operator),
    )


def stick_of(drive: Drive | None, volume: Volume | None) -> Stick:
    """What a stick says of itself, fit for a receipt.

    Args:
        drive: The drive, or None.
        volume: The volume, or None.

    Returns:
        The facts; empty where nothing is known.
    """
    return Stick(
        vendor="" if drive is None else _plain(drive.vendor),
        model="" if drive is None else _plain(drive.model),
        serial="" if drive is None else _plain(drive.serial),
        size=0 if drive is None else max(drive.size, 0),
        port="" if drive is None else _plain(drive.port),
        label="" if volume is None else _plain(volume.label),
        uuid="" if volume is None else _plain(volume.uuid),
        volume_size=0 if volume is None else max(volume.size, 0),
        file_system="" if volume is None else _plain(volume.file_system),
    )


def _lockbox(outcome: VerifyOutcome | None, documents: str | None) -> CarriedLockbox | None:
    if outcome is None or outcome.lockbox is None or outcome.weakest is None or documents is None:
        return None
    return CarriedLockbox(
        name=_plain(outcome.lockbox.name),
        version=outcome.lockbox.version,
        good_until=outcome.weakest.expires,
        weakest=_plain(outcome.weakest.role),
        documents=documents,
    )


def _checking(outcome: VerifyOutcome | None, written: Written) -> Checking | None:
    if outcome is None or written.exclusion is None:
        return None
    rules = dict.fromkeys(finding.rule for finding in outcome.findings)
    return Checking(
        verdict=outcome.verdict.value,
        at=outcome.at.replace(microsecond=0),
        findings=tuple(rules)[:MAX_ITEMS],
        bytes_hashed=outcome.bytes_hashed,
        cache=written.exclusion.how,
        files=dict(written.exclusion.files),
    )


def _speed(count: int, seconds: float) -> int | None:
    return round(count / seconds) if count > 0 and seconds > 0 else None


def _plain(text: str) -> str:
    """Text that every reader takes: whole characters, and not too many of them."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()[:MAX_TEXT]
