from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.media.drives import find_drives, finder_for
from lockstick.media.drives.blkid import fill_in, read_blkid
from lockstick.media.drives.linux import LinuxFinder
from lockstick.media.drives.lsblk import read_lsblk
from lockstick.media.drives.macos import MacFinder
from lockstick.media.drives.windows import WindowsFinder
from lockstick.media.model import Drive
from lockstick.media.running import Ran
from media.drives.machine import saying, volumes

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

    from lockstick.media.drives.finder import DriveFinder


@pytest.mark.parametrize(
    ("platform", "kind"), [("linux", LinuxFinder), ("darwin", MacFinder), ("win32", WindowsFinder)]
)
def test_each_platform_has_its_finder(platform: str, kind: type[DriveFinder]) -> None:
    assert isinstance(finder_for(platform), kind)


def test_another_platform_is_told_what_works_all_the_same() -> None:
    with pytest.raises(MediaError) as told:
        finder_for("haiku")
    assert "Name the folder" in told.value.remedy


def test_another_finder_may_be_given() -> None:
    class Fake:
        def find(self) -> tuple[Drive, ...]:
            return (Drive(device="x"),)

        def pulse(self) -> Hashable:
            return 0

    assert find_drives(Fake()) == (Drive(device="x"),)


@pytest.mark.skipif(sys.platform != "linux", reason="asks this machine for the room on a file system")
def test_free_space_is_asked_of_the_file_system_where_lsblk_does_not_tell(tmp_path: Path) -> None:
    said = f'{{"blockdevices":[{{"name":"sdz","type":"disk","size":9,"fstype":"ext4","mountpoint":"{tmp_path}"}}]}}'
    finder = LinuxFinder(saying(lsblk=Ran(code=0, out=said)), proc=tmp_path / "proc", sys=tmp_path / "sys")
    free = volumes(finder.find())["/dev/sdz"].free
    found = os.statvfs(tmp_path)
    assert free is not None
    assert abs(free - found.f_bavail * found.f_frsize) < 1 << 30


def test_free_space_of_a_mount_that_is_gone_is_not_known(tmp_path: Path) -> None:
    said = '{"blockdevices":[{"name":"sdz","type":"disk","size":9,"fstype":"ext4","mountpoint":"/there/is/none"}]}'
    finder = LinuxFinder(saying(lsblk=Ran(code=0, out=said)), proc=tmp_path / "proc", sys=tmp_path / "sys")
    assert volumes(finder.find())["/dev/sdz"].free is None


def test_a_blkid_that_does_not_end_leaves_things_as_they_are() -> None:
    nodes = read_lsblk('{"blockdevices":[{"name":"sdz","size":9}]}') or ()

    def run(argv: Sequence[str]) -> Ran:
        raise MediaError("the program 'blkid' does not end")

    assert fill_in(nodes, run) == nodes


def test_what_blkid_escapes_is_read_as_it_was() -> None:
    said = 'DEVNAME=/dev/sdz\nLABEL=a\\ \\"b\\\\\nTYPE=vfat\n'
    assert read_blkid(said) == {"/dev/sdz": {"LABEL": 'a "b\\', "TYPE": "vfat"}}


def test_blkid_says_nothing_of_a_device_that_it_was_not_asked_about() -> None:
    nodes = read_lsblk('{"blockdevices":[{"name":"sdy","size":9},{"name":"sdz","size":9}]}') or ()
    forged = Ran(code=0, out="DEVNAME=/dev/sdz\nLABEL=x\nDEVNAME=/dev/sdy\nTYPE=vfat\n")
    silent = Ran(code=2)
    filled = fill_in(nodes, lambda argv: forged if argv[-1] == "/dev/sdz" else silent)
    assert [(one.name, one.label, one.file_system) for one in filled] == [("sdy", "", ""), ("sdz", "x", "")]
