"""What Windows says, with somebody who stands in for its calls."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockstick.media.preflight import Facts, Platform, ReadOnlyBy
from lockstick.media.preflight.probes.windows import Kernel32, Volume, WindowsProbe, windows_probe

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


class Library:
    """Kernel32 as it is called: numbers and texts go into what is handed over, and zero means no."""

    def __init__(self, *, works: bool = True, handle: int | None = 7) -> None:
        self.works = works
        self.closed: list[int | None] = []
        self.opened: list[str] = []

        def create_file(name: str, *_: object) -> int | None:
            self.opened.append(name)
            return handle

        self.CreateFileW = create_file

    def GetVolumePathNameW(self, folder: str, buffer: Any, size: int) -> int:  # noqa: N802
        buffer.value = folder[:3]
        return int(self.works)

    def GetVolumeInformationW(  # noqa: N802
        self, root: str, label: Any, size: int, serial: None, longest: None, flags: Any, name: Any, other: int
    ) -> int:
        label.value, name.value, flags._obj.value = "STICK", "exFAT", 0x0008_0000
        return int(self.works)

    def GetDiskFreeSpaceW(self, root: str, sectors: Any, size: Any, free: Any, total: Any) -> int:  # noqa: N802
        sectors._obj.value, size._obj.value = 64, 512
        return int(self.works)

    def GetDiskFreeSpaceExW(self, root: str, free: Any, total: Any, all_free: None) -> int:  # noqa: N802
        free._obj.value, total._obj.value = 1 << 40, 1 << 41
        return int(self.works)

    def GetDriveTypeW(self, root: str) -> int:  # noqa: N802
        return 4

    def DeviceIoControl(  # noqa: N802
        self, handle: Any, code: int, given: None, length: int, said: Any, size: int, returned: Any, other: None
    ) -> int:
        assert code == 0x0009_0078
        said._obj.value = 1
        return int(self.works)

    def CloseHandle(self, handle: Any) -> None:  # noqa: N802
        self.closed.append(handle.value)


def test_the_calls_as_they_are_made() -> None:
    library = Library()
    found = WindowsProbe(calls=Kernel32(library)).facts(Path("E:\\"))
    assert (found.mount_point, found.label, found.file_system) == (Path("E:\\"), "STICK", "exfat")
    assert (found.cluster, found.free, found.total) == (32_768, 1 << 40, 1 << 41)
    assert (found.is_read_only, found.driver, found.is_dirty) == (True, "remote", True)
    assert (library.opened, library.closed) == (["\\\\.\\E:"], [7])


def test_calls_that_are_refused() -> None:
    refused = Kernel32(Library(works=False))
    assert (refused.volume_path("E:\\"), refused.volume("E:\\"), refused.room("E:\\")) == (None, None, None)
    assert (refused.cluster("E:\\"), refused.is_dirty("E:\\")) == (None, None)
    library = Library(handle=ctypes.c_void_p(-1).value)
    assert Kernel32(library).is_dirty("E:\\") is None
    assert library.closed == []


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has these calls")
def test_the_calls_of_the_running_system() -> None:
    found = windows_probe().facts(Path(sys.executable[:3]))
    assert found.file_system
    assert found.cluster
