"""What Windows says, with somebody who stands in for its calls."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lockstick.media.preflight import Facts, Platform, ReadOnlyBy
from lockstick.media.preflight.probes.windows import Volume, WindowsProbe, windows_probe

INFORMATION = Volume(label="STICK", file_system="FAT32", flags=0x0006_0206)


@dataclass(frozen=True)
class Calls:
    """A stick at ``E:``, unless told otherwise."""

    path: str | None = "E:\\"
    information: Volume | None = INFORMATION
    bytes_in_cluster: int | None = 32_768
    kind: int = 2
    dirty: bool | None = False

    def volume_path(self, folder: str) -> str | None:
        return self.path

    def volume(self, root: str) -> Volume | None:
        assert root == self.path
        return self.information

    def cluster(self, root: str) -> int | None:
        return self.bytes_in_cluster

    def room(self, root: str) -> tuple[int, int] | None:
        return None if self.information is None else (7_000, 8_000)

    def drive_type(self, root: str) -> int:
        return self.kind

    def is_dirty(self, root: str) -> bool | None:
        return self.dirty


def facts(calls: Calls, folder: str = "E:\\") -> Facts:
    return WindowsProbe(calls=calls).facts(Path(folder))


def test_a_stick() -> None:
    found = facts(Calls())
    assert (found.platform, found.file_system, found.label, found.device) == (Platform.WINDOWS, "fat32", "STICK", "E:")
    assert (found.cluster, found.free, found.total, found.is_dirty) == (32_768, 7_000, 8_000, False)
    assert (found.is_read_only, found.is_mount_point, found.may_write) == (False, True, None)


@pytest.mark.parametrize("folder", ["E:\\", "E:", "e:/"])
def test_the_same_place_written_in_other_ways(folder: str) -> None:
    assert facts(Calls(), folder).is_mount_point is True


def test_a_folder_on_it_is_not_it() -> None:
    assert facts(Calls(), "E:\\update").is_mount_point is False


def test_a_stick_for_reading_only() -> None:
    found = facts(Calls(information=Volume(label="", file_system="exFAT", flags=0x0008_0000)))
    assert (found.is_read_only, found.read_only_by, found.file_system) == (True, ReadOnlyBy.UNKNOWN, "exfat")


@pytest.mark.parametrize(("kind", "driver"), [(2, ""), (3, ""), (4, "remote"), (6, "ramdisk")])
def test_shares_and_memory_are_told_from_drives(kind: int, driver: str) -> None:
    assert facts(Calls(kind=kind)).driver == driver


def test_what_windows_does_not_say_is_not_known() -> None:
    found = facts(Calls(information=None, bytes_in_cluster=None, dirty=None))
    assert (found.file_system, found.free, found.cluster, found.is_dirty, found.label) == ("", None, None, None, None)
    assert facts(Calls(path=None)).mount_point is None


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has these calls")
def test_the_calls_of_the_running_system() -> None:
    found = windows_probe().facts(Path(sys.executable[:3]))
    assert found.file_system
    assert found.cluster
