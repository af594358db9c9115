"""What is to be known of each stick now: what it carries, for how many days, and what speaks against the stick.

Nothing here looks at a clock or a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from lockstick.media.records.identity import KnownBy
from lockstick.media.records.receipt import Stick
from lockstick.media.remarks import Remark, Weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockstick.media.records.receipt import CarriedLockbox, Receipt

__all__ = ["MEASURABLE", "History", "Standing", "StickRecord", "history_of", "standings"]

MEASURABLE = 16_000_000
"""The fewest bytes whose speed says something about a stick: less is lost in the beginning and the end."""

_EARLIER = 2
"""So many earlier speeds make a median."""

_HALF = 0.5
_DAY = timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class StickRecord:
    """All that the register has of one stick.

    Attributes:
        name: Its name in the register.
        known_by: By what it is known.
        receipts: Its receipts in the order in which they were recorded.
        unreadable: How many more there are that cannot be read.
    """

    name: str
    known_by: KnownBy
    receipts: tuple[Receipt, ...]
    unreadable: int = 0


@dataclass(frozen=True, kw_only=True)
class History:
    """How a stick has done so far.

    Attributes:
        known_by: By what it is known. By its looks alone, nothing is known of its past.
        writes: How many writes succeeded.
        failures: How many failed.
        last_failure: Why the last of these failed; empty if none did.
        write_speed: The median of its speeds of writing in bytes a second; None if none was measured.
        read_speed: The same of reading back.
        remarks: What is to be said about it.
    """

    known_by: KnownBy
    writes: int = 0
    failures: int = 0
    last_failure: str = ""
    write_speed: int | None = None
    read_speed: int | None = None
    remarks: tuple[Remark, ...] = ()

    def seconds(self, to_write: int, to_read: int) -> float | None:
        """How long a write with read-back will take.

        Args:
            to_write: How many bytes are to be written.
            to_read: How many are to be read back.

        Returns:
            Seconds; None if this stick's speeds are not known.
        """
        if not self.write_speed or not self.read_speed:
            return None
        return to_write / self.write_speed + to_read / self.read_speed


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is to be known of one stick now.

    Attributes:
        record: All that the register has of it.
        stick: What it said of itself last.
        lockbox: What was written to it last and proven; None if nothing was.
        written: When that was; None if never.
        days_left: Whole days until it is good for nothing; negative if that is past; None if it carries nothing.
        history: How it has done.
        remarks: What is to be said about it, its history included.
    """

    record: StickRecord
    stick: Stick
    lockbox: CarriedLockbox | None
    written: datetime | None
    days_left: int | None
    history: History
    remarks: tuple[Remark, ...]


def history_of(known_by: KnownBy, receipts: Sequence[Receipt], subject: str) -> History:
    """Sum a stick's past up.

    Args:
        known_by: By what it is known.
        receipts: Its receipts, in order.
        subject: What to call it.

    Returns:
        The sum.
    """
    failed = [receipt for receipt in receipts if receipt.outcome == "failed"]
    writing = [speed for receipt in receipts if (speed := _write_speed(receipt)) is not None]
    reading = [speed for receipt in receipts if (speed := _read_speed(receipt)) is not None]
    return History(
        known_by=known_by,
        writes=len(receipts) - len(failed),
        failures=len(failed),
        last_failure=failed[-1].why if failed else "",
        write_speed=round(median(writing)) if writing else None,
        read_speed=round(median(reading)) if reading else None,
        remarks=(*_failures(receipts, failed, subject), *_slower(writing, reading, subject)),
    )


def standings(records: Iterable[StickRecord], at: datetime) -> tuple[Standing, ...]:
    """Say what is to be known of each stick, the most urgent first.

    Args:
        records: What the register has.
        at: The time to count days from.

    Returns:
        One for each stick: by the end of what it carries; those that carry nothing come last.
    """
    records = tuple(records)
    # The newest version of each lockbox that was ever written, and where that was.
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    for name, receipt in ((record.name, receipt) for record in records for receipt in record.receipts):
        if receipt.outcome == "written" and receipt.lockbox is not None:
            for key in _lockbox_keys(receipt):
                where = f"{receipt.stick.label} [{name}]".strip()
                newest[key] = max(newest.get(key, (0, "")), (receipt.lockbox.version, where))
    found = [_standing(record, at, newest) for record in records]
    return tuple(sorted(found, key=lambda one: (one.lockbox.good_until if one.lockbox else _LAST, one.record.name)))


def _standing(record: StickRecord, at: datetime, newest: dict[tuple[str, str], tuple[int, str]]) -> Standing:
    stick = record.receipts[-1].stick if record.receipts else Stick()
    subject = stick.label or record.name
    carried = _carried(record)
    lockbox = None if carried is None else carried.lockbox
    days = None if lockbox is None else (lockbox.good_until - at) // _DAY
    history = history_of(record.known_by, record.receipts, subject)
    remarks = [*_staleness(carried, newest, at, subject), *history.remarks]
    if record.known_by is KnownBy.LOOKS:
        remarks.append(
            Remark(
                check="stick-uncertain",
                weight=Weight.NOTE,
                subject=subject,
                message="it has neither a serial number nor a volume id, so it may be listed more than once",
                remedy="Mark such sticks by hand, or use better ones.",
            )
        )
    if record.unreadable:
        remarks.append(
            Remark(
                check="record-unreadable",
                weight=Weight.WARNING,
                subject=subject,
                message=f"{record.unreadable} of its receipts cannot be read by this version",
                remedy="Use the version of Lockstick that wrote them.",
            )
        )
    return Standing(
        record=record,
        stick=stick,
        lockbox=lockbox,
        written=None if carried is None else carried.ended,
        days_left=days,
        history=history,
        remarks=tuple(remarks),
    )


def _carried(record: StickRecord) -> Receipt | None:
    written = (one for one in reversed(record.receipts) if one.outcome == "written" and one.lockbox is not None)
    return next(written, None)


def _lockbox_keys(receipt: Receipt) -> tuple[tuple[str, str], ...]:
    """What makes two lockboxes the same one: the name, and a root that both were judged by."""
    name = "" if receipt.lockbox is None else receipt.lockbox.name
    roots = (receipt.roots.director, receipt.roots.image_repo)
    return tuple((name, root) for root in roots if root is not None)


def _staleness(
    carried: Receipt | None, newest: dict[tuple[str, str], tuple[int, str]], at: datetime, subject: str
) -> Iterable[Remark]:
    if carried is None or carried.lockbox is None:
        return
    if carried.lockbox.good_until < at:
        yield Remark(
            check="lockbox-expired",
            weight=Weight.WARNING,
            subject=subject,
            message="devices refuse what it carries: it has expired",
            remedy="Define the lockbox again in the cloud, build it, and write it to this stick.",
        )
    version, where = max((newest[key] for key in _lockbox_keys(carried)), default=(0, ""))
    if version > carried.lockbox.version:
        yield Remark(
            check="lockbox-superseded",
            weight=Weight.WARNING,
            subject=subject,
            message=f"version {version} of {carried.lockbox.name} was written to the stick {where}",
            remedy="Write the newer one to this stick as well, before somebody takes it along.",
        )


def _failures(receipts: Sequence[Receipt], failed: Sequence[Receipt], subject: str) -> Iterable[Remark]:
    if not failed:
        return
    if receipts[-1].outcome == "failed":
        yield Remark(
            check="stick-failed-last",
            weight=Weight.WARNING,
            subject=subject,
            message=f"the last write to it failed: {failed[-1].why}",
            remedy="Verify what is on it before anybody uses it; replace it if it fails again.",
        )
        return
    yield Remark(
        check="stick-failed-before",
        weight=Weight.WARNING,
        subject=subject,
        message=f"{len(failed)} earlier write(s) to it failed, the last one because: {failed[-1].why}",
        remedy="Replace it if it fails again.",
    )


def _slower(writing: Sequence[int], reading: Sequence[int], subject: str) -> Iterable[Remark]:
    for speeds, verb, check in ((writing, "writes", "stick-slower-write"), (reading, "reads", "stick-slower-read")):
        *earlier, last = speeds or [0]
        if len(earlier) >= _EARLIER and last <= median(earlier) * _HALF:
            yield Remark(
                check=check,
                weight=Weight.WARNING,
                subject=subject,
                message=f"it {verb} at {last / 1e6:.1f} MB/s; before, it was {median(earlier) / 1e6:.1f} MB/s",
                remedy="Try another port; if it stays slow, replace the stick: it is wearing out.",
            )


def _write_speed(receipt: Receipt) -> int | None:
    return receipt.speeds.write if receipt.speeds.bytes_written >= MEASURABLE else None


def _read_speed(receipt: Receipt) -> int | None:
    measured = receipt.checking is not None and receipt.checking.bytes_hashed >= MEASURABLE
    return receipt.speeds.read_back if measured else None
