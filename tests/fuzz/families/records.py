"""Receipts as they may lie on a stick, and the register of sticks."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from families.target import Target, emptied
from lockstick.disk.tree import FolderTree
from lockstick.errors import LockstickError
from lockstick.media.records.identity import KnownBy
from lockstick.media.records.judging import judge_receipt
from lockstick.media.records.onstick import RECEIPT_NAME, read_receipt
from lockstick.media.records.receipt import from_json, to_json
from lockstick.media.records.register import Register
from lockstick.media.records.signing import make_key
from lockstick.media.records.standing import StickRecord, standings
from lockstick.report.receipts import judgement_json, judgement_text
from lockstick.report.register import list_json, list_text, show_json, show_text
from lockstick.report.register_csv import register_csv
from lockstick.report.register_ics import register_ics
from media.records.ground import DRIVE, NOW, VOLUME, failed, record
from media.records.ground import receipt as sample

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["TARGETS"]

_KEY = make_key().public


def receipt(data: bytes) -> None:
    """A receipt on a stick, shown, judged, recorded and exported; what is read is written as it was."""
    mount = emptied("mount")
    (mount / RECEIPT_NAME).write_bytes(data)
    tree = FolderTree(mount)
    with suppress(LockstickError):
        found = read_receipt(tree)
        one = from_json(found.data)
        if from_json(to_json(one)) != one or json.loads(to_json(one)) != json.loads(data):
            raise AssertionError("what was read is not written as it was")
        judgement = judge_receipt(found, one, key=_KEY, tree=tree, here=(DRIVE, VOLUME))
        if judgement.holds:
            raise AssertionError("a receipt that nobody signed holds")
        json.dumps(judgement_json(judgement), allow_nan=False)
        _printed(judgement_text(judgement))
        _told(mount, (StickRecord(name="a" * 12, known_by=KnownBy.SERIAL, receipts=(one, one, one)),))


def register(data: bytes) -> None:
    """The register: what is no sound one is told of, whoever reads or writes it."""
    path = emptied("register") / "register.db"
    path.write_bytes(data)
    sticks = Register.at(path)
    with suppress(LockstickError):
        _told(path, sticks.sticks())
    with suppress(LockstickError):
        record(sticks, sample())
        _told(path, sticks.sticks())


def _told(path: Path, records: tuple[StickRecord, ...]) -> None:
    found = standings(records, NOW)
    json.dumps(list_json(path, NOW, found), allow_nan=False)
    _printed(list_text(path, found))
    for one in found:
        json.dumps(show_json(one), allow_nan=False)
        _printed(show_text(one))
    register_csv(found).encode()
    register_ics(found, stamp=NOW, remind=7).encode()


def _printed(lines: Iterable[str]) -> None:
    for line in lines:
        if not line.isprintable():
            raise AssertionError(f"a terminal would obey this: {line!a}")


def _receipt_seeds() -> list[bytes]:
    odd = sample(operator="\x1b[2J", extra={"later": [{"a": None}]}, lockbox=None, signed_by="a" * 64)
    return [to_json(sample()), to_json(failed()), to_json(odd)]


def _register_seeds() -> list[bytes]:
    path = emptied("seed") / "register.db"
    record(Register.at(path), sample())
    return [path.read_bytes(), b""]


TARGETS = {"receipt": Target(receipt, _receipt_seeds), "register": Target(register, _register_seeds)}
