from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.media.drives import reason_against
from lockstick.media.drives.occupants import Occupant
from lockstick.media.drives.watching import Change, Event
from lockstick.report.drives import change_json, change_text, drives_json, drives_text
from media.drives.machine import RECORDED, linux, mac, windows

if TYPE_CHECKING:
    from lockstick.media.model import Drive

STICK = Path("/media/ann/PLANT-A")
UNTIL = datetime(2026, 12, 22, 11, 10, tzinfo=UTC)
OCCUPANTS = {STICK: (Occupant(folder=STICK / "update", name="line-a", version=3, good_until=UNTIL),)}


def told(name: str, room: Path, occupants: Any = OCCUPANTS, *, everything: bool = False) -> list[str]:
    found = linux(name, room).find()
    shown = [drive for drive in found if everything or not reason_against(drive)]
    return list(drives_text(shown, occupants, hidden=[drive for drive in found if drive not in shown]))


def test_a_stick_in_words(tmp_path: Path) -> None:
    assert told("one-stick", tmp_path) == [
        "/dev/sda · SanDisk Ultra · 30.8 GB · usb, port 1-2 · serial 4C530001230914115092",
        "  PLANT-A · fat32 · 30.8 GB, 30.7 GB free · mounted at /media/ann/PLANT-A · /dev/sda1",
        "    lockbox line-a, version 3, good until 2026-12-22 11:10 UTC (unproven)",
        "Not shown: 1 other drive(s). 'lockstick drives --all' says why.",
    ]


def test_no_stick_in_words(tmp_path: Path) -> None:
    assert told("no-stick", tmp_path)[0] == "There is no stick and no card that could be written to."


def test_all_drives_with_their_reasons(tmp_path: Path) -> None:
    lines = told("empty-card-reader", tmp_path, everything=True)
    assert lines[:2] == [
        "/dev/sda · Generic- SD/MMC · empty · usb, port 1-7 · serial 20120501030900000",
        "  not offered: there is no card or disc in it",
    ]
    assert "  not offered: the running system lives on it" in lines
    assert lines[-1].startswith("  (no label) · swap")


def test_empty_readers_are_counted_apart(tmp_path: Path) -> None:
    assert told("empty-card-reader", tmp_path)[-1] == (
        "Not shown: 2 reader(s) without a card and 1 other drive(s). 'lockstick drives --all' says why."
    )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("two-alike", "  looks like /dev/sdb: told apart by serial number and port"),
        ("without-serial", "  looks like /dev/sdb: told apart by port"),
    ],
)
def test_two_alike_are_pointed_out(name: str, line: str, tmp_path: Path) -> None:
    assert told(name, tmp_path)[1] == line


def test_what_is_locked_says_so(tmp_path: Path) -> None:
    lines = told("encrypted", tmp_path)
    assert "  (no label) · luks · 30.8 GB · locked: unlock it first · /dev/sda1" in lines
    assert "  (no label) · bitlocker · 15.5 GB · locked: unlock it first · /dev/sdb1" in lines


def test_what_is_unlocked_says_so_too(tmp_path: Path) -> None:
    assert "encrypted, unlocked · mounted at" in told("encrypted-unlocked", tmp_path)[1]


def test_a_card_is_called_one(tmp_path: Path) -> None:
    first = told("internal-sd-reader", tmp_path)[0]
    assert first == "/dev/mmcblk0 · SU32G · 31.9 GB · card reader, port mmc0 · serial 0x2b8a3c11"


def test_a_write_protected_stick_asks_for_its_switch(tmp_path: Path) -> None:
    assert "  read-only: is its switch set?" in told("hostile-label", tmp_path)


@pytest.mark.parametrize(
    "drives",
    [
        pytest.param(lambda room: linux("hostile-label", room).find(), id="linux"),
        pytest.param(lambda _: mac("hostile-label").find(), id="macos"),
        pytest.param(lambda _: windows("hostile-label").find(), id="windows"),
    ],
)
def test_a_hostile_label_does_nothing_to_a_terminal(drives: Any, tmp_path: Path) -> None:
    found = drives(tmp_path)
    mount = next(place for drive in found for volume in drive.volumes for place in volume.mounted_at)
    occupants = {mount: (Occupant(folder=mount, name="\x1b[2J", problem="\x1b]0;" + "x" * 9999),)}
    for line in drives_text(found, occupants):
        assert line.isprintable()
        assert len(line) < 700
    json.dumps(drives_json(found, occupants)).encode("ascii")


def test_a_lockbox_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = {STICK: (Occupant(folder=STICK / "update", problem="director/box.json: not JSON"),)}
    assert (
        told("one-stick", tmp_path, broken)[2] == "    no telling which lockbox is on it: director/box.json: not JSON"
    )


def test_an_unfinished_write_is_no_lockbox_that_cannot_be_read(tmp_path: Path) -> None:
    half = Occupant(folder=STICK, problem="an unfinished build or write", is_unfinished=True)
    assert told("one-stick", tmp_path, {STICK: (half,)})[2] == "    an unfinished build or write"


def test_json_says_it_all(tmp_path: Path) -> None:
    found = linux("one-stick", tmp_path).find()
    document: Any = drives_json(found, OCCUPANTS)
    stick, system = document["drives"]
    assert (stick["offered"], stick["reason"]) == (True, None)
    assert (system["offered"], system["reason"]) == (False, "the running system lives on it")
    (volume,) = stick["volumes"]
    assert volume["mounted_at"] == [str(STICK)]
    assert volume["lockboxes"] == [
        {
            "folder": str(STICK / "update"),
            "name": "line-a",
            "version": 3,
            "good_until": "2026-12-22T11:10:00Z",
            "proven": False,
            "problem": None,
        }
    ]


def drive(room: Path) -> Drive:
    return linux("one-stick", room).find()[0]


def test_changes_in_words_and_as_json(tmp_path: Path) -> None:
    stick = drive(tmp_path)
    came = Change(Event.CAME, stick)
    assert next(iter(change_text(came, OCCUPANTS))).startswith("came: /dev/sda · SanDisk Ultra")
    assert len(list(change_text(came, OCCUPANTS))) == 3
    assert len(list(change_text(Change(Event.WENT, stick), OCCUPANTS))) == 1
    said: Any = change_json(came, OCCUPANTS)
    assert said["event"] == "came"
    assert said["drive"]["volumes"][0]["lockboxes"][0]["name"] == "line-a"


def test_every_recording_can_be_told(tmp_path: Path) -> None:
    names = [path.name for path in (RECORDED / "linux").iterdir() if path.is_dir()]
    for name in names:
        lines = told(name, tmp_path / name, everything=True)
        assert all(line.isprintable() for line in lines)
