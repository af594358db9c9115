from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.media.drives.udisks import Known, ask, read_objects
from lockstick.media.running import Ran
from media.drives.machine import RECORDED, by_device, linux, saying

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ANSWER = (RECORDED / "linux" / "udisks2.json").read_text(encoding="utf-8")
STICK = Known(vendor="USB", model="DISK 3.0", serial="07B20B0A5C11", bus="usb", is_removable=True)


def test_drives_are_known_by_the_names_of_their_devices() -> None:
    assert read_objects(ANSWER) == {"sda": STICK}


def test_it_fills_in_what_lsblk_and_the_kernel_do_not_know(tmp_path: Path) -> None:
    bare = {"name": "sda", "type": "disk", "size": 31037849600, "mountpoint": None}
    system = {"name": "sdb", "type": "disk", "size": 5, "mountpoint": "/"}
    lsblk = Ran(code=0, out=json.dumps({"blockdevices": [bare, system]}))
    finder = linux("no-udev", tmp_path, saying(lsblk=lsblk, busctl=Ran(code=0, out=ANSWER)))
    (tmp_path / "proc" / "self" / "mountinfo").unlink()
    drive = by_device(finder.find())["/dev/sda"]
    assert (drive.vendor, drive.model, drive.serial, drive.bus) == ("USB", "DISK 3.0", "07B20B0A5C11", "usb")
    assert drive.is_removable


@pytest.mark.parametrize("ran", [Ran(code=None), Ran(code=1, out=ANSWER, err="Call failed: Name does not exist")])
def test_where_it_does_not_answer_nothing_is_known(ran: Ran) -> None:
    assert ask(lambda _: ran) == {}


def test_where_it_does_not_end_nothing_is_known() -> None:
    def run(argv: Sequence[str]) -> Ran:
        raise MediaError("the program 'busctl' does not end")

    assert ask(run) == {}


@pytest.mark.parametrize(
    "output",
    [
        "",
        "[]",
        '{"data":[]}',
        '{"data":[[]]}',
        '{"data":{"a":1}}',
        '{"data":[{"/x/sda":{"org.freedesktop.UDisks2.Block":{"Drive":{"data":{}}}}}]}',
        '{"data":[{"/x/sda":5,"/x/sdb":{"org.freedesktop.UDisks2.Block":[]}}]}',
    ],
)
def test_an_answer_that_makes_no_sense_is_none(output: str) -> None:
    assert read_objects(output) == {}
