"""Sticks and receipts for the tests of records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any

from lockstick.media.model import Drive, Volume
from lockstick.media.records.making import stick_of
from lockstick.media.records.receipt import CarriedLockbox, Checking, Receipt, Roots, Speeds, Stick, to_json

if TYPE_CHECKING:
    from lockstick.media.records.register import Register

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GOOD_UNTIL = NOW + timedelta(days=30, hours=3)
DIRECTOR, IMAGE = "d" * 64, "e" * 64
_IDS = count(1)

VOLUME = Volume(device="/dev/sdb1", file_system="exfat", label="PLANT", uuid="1A2B-3C4D", size=31_000_000_000)
DRIVE = Drive(
    device="/dev/sdb",
    vendor="SanDisk",
    model="Ultra",
    serial="4C530001230807111402",
    size=31_100_000_000,
    bus="usb",
    port="1-2",
    is_removable=True,
    volumes=(VOLUME,),
)


def stick(**changes: Any) -> Stick:
    return replace(stick_of(DRIVE, VOLUME), **changes)


def receipt(**changes: Any) -> Receipt:
    """A receipt of a write that went well, with an id of its own."""
    made = Receipt(
        id=f"{next(_IDS):032x}",
        tool="0.1.0",
        outcome="written",
        began=NOW - timedelta(minutes=5),
        ended=NOW,
        lockbox=CarriedLockbox(
            name="line-a",
            version=3,
            good_until=GOOD_UNTIL,
            weakest="image-repo/snapshot.json",
            documents=sha256(b"documents").hexdigest(),
        ),
        roots=Roots(director=DIRECTOR, image_repo=IMAGE, source="store"),
        stick=stick(),
        checking=Checking(
            verdict="verified",
            at=NOW,
            findings=("litter",),
            bytes_hashed=2_000_000_000,
            cache="direct",
            files={"direct": 12},
        ),
        speeds=Speeds(bytes_written=2_000_000_000, bytes_kept=0, write=20_000_000, read_back=90_000_000),
    )
    return replace(made, **changes)


def failed(why: str = "it was pulled out", **changes: Any) -> Receipt:
    return receipt(outcome="failed", why=why, checking=None, **changes)


def lockbox(**changes: Any) -> CarriedLockbox:
    made = receipt().lockbox
    assert made is not None
    return replace(made, **changes)


def speeds(write: int | None, read_back: int | None = 90_000_000, *, size: int = 2_000_000_000) -> Speeds:
    return Speeds(bytes_written=size, bytes_kept=0, write=write, read_back=read_back)


def record(register: Register, one: Receipt, *, previous: str | None = None) -> str:
    return register.record(one, to_json(one), None, previous=previous)
