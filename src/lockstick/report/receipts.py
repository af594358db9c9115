"""A receipt, and what it is worth, for a person and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lockstick.media.records.judging import UNPROVEN
from lockstick.media.records.receipt import to_json
from lockstick.report.plain import printable
from lockstick.report.sizes import day, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.records.judging import ReceiptJudgement
    from lockstick.media.records.receipt import Receipt

__all__ = ["judgement_json", "judgement_text", "receipt_json", "receipt_text"]

_WORDS = {True: "ok     ", False: "WRONG  ", None: "unseen "}


def receipt_json(receipt: Receipt) -> object:
    """Write a receipt as its own file has it (docs/cli.md).

    Args:
        receipt: The receipt.

    Returns:
        A value that ``json`` can encode.
    """
    return json.loads(to_json(receipt))


def receipt_text(receipt: Receipt) -> Iterator[str]:
    """Write a receipt for a person.

    Args:
        receipt: The receipt.

    Yields:
        Lines without line ends.
    """
    stick, checking, speeds = receipt.stick, receipt.checking, receipt.speeds
    what = "no lockbox"
    if receipt.lockbox is not None:
        what = f"{printable(receipt.lockbox.name)}, version {receipt.lockbox.version}"
    yield f"{receipt.outcome}: {what}   {day(receipt.ended)}"
    if receipt.why:
        yield f"  because: {printable(receipt.why)}"
    if receipt.lockbox is not None:
        weakest = printable(receipt.lockbox.weakest)
        yield f"  good until {day(receipt.lockbox.good_until)}: {weakest} expires first"
        yield f"  documents  {receipt.lockbox.documents}"
    yield f"  director   {receipt.roots.director or 'no root'}"
    yield f"  image-repo {receipt.roots.image_repo or 'no root'} ({printable(receipt.roots.source)})"
    volume = " ".join(part for part in (stick.file_system, stick.label, stick.uuid) if part)
    drive = " ".join(part for part in (stick.vendor, stick.model, stick.serial) if part)
    yield f"  onto {printable(drive) or 'a stick that said nothing of itself'}; {printable(volume) or 'no label'}"
    yield f"  wrote {size(speeds.bytes_written)}{_rate(speeds.write)}, kept {size(speeds.bytes_kept)}"
    if checking is not None:
        cache = printable(checking.cache)
        yield f"  read back {size(checking.bytes_hashed)}{_rate(speeds.read_back)}: {printable(checking.verdict)}"
        files = ", ".join(f"{printable(way)} {count}" for way, count in checking.files.items())
        yield f"  cache kept out: {cache}{f' (files: {files})' if files else ''}"
    signer = f"signed by the key {receipt.signed_by[:16]}" if receipt.signed_by else "not signed"
    operator = f", operator {printable(receipt.operator)}" if receipt.operator else ""
    yield f"  {signer}{operator}; Lockstick {printable(receipt.tool)}, receipt {receipt.id}"


def judgement_json(judgement: ReceiptJudgement) -> dict[str, object]:
    """Write a judgement as ``receipts verify --json`` has it (docs/cli.md).

    Args:
        judgement: The judgement.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "holds": judgement.holds,
        "checks": [{"check": one.check, "holds": one.holds, "message": one.message} for one in judgement.statements],
        "unproven": list(UNPROVEN),
        "receipt": receipt_json(judgement.receipt),
    }


def judgement_text(judgement: ReceiptJudgement) -> Iterator[str]:
    """Write a judgement for a person.

    Args:
        judgement: The judgement.

    Yields:
        Lines without line ends.
    """
    yield "The receipt HOLDS." if judgement.holds else "The receipt DOES NOT HOLD: it is no evidence."
    for one in judgement.statements:
        yield f"  {_WORDS[one.holds]} {one.check}: {printable(one.message)}"
    yield from receipt_text(judgement.receipt)
    yield "It does not prove"
    for sentence in UNPROVEN:
        yield f"  - {sentence}"


def _rate(speed: int | None) -> str:
    return "" if speed is None else f" at {size(speed)}/s"
