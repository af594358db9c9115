from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.media.drives import drive_of, find_drives
from lockstick.media.drives.belonging import called, mount_point
from lockstick.media.model import Drive, Volume
from media.drives.machine import linux

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_the_innermost_mount_counts(tmp_path: Path) -> None:
    drives = linux("two-alike", tmp_path).find()
    mounts = {volume_place for drive in drives for volume in drive.volumes for volume_place in volume.mounted_at}

    def drive(folder: str) -> str:
        found = drive_of(Path(folder), drives, is_mount=lambda path: path in mounts, device_of=lambda _: None)
        assert found is not None
        return found[1].device

    assert drive("/media/ann/PLANT-A") == "/dev/sda1"
    assert drive("/media/ann/PLANT-A/update/metadata") == "/dev/sda1"
    assert drive("/media/ann/PLANT-A1") == "/dev/sdb1"
    assert drive("/media/ann/PLANT-A12") == "/dev/mapper/vg0-root"
    assert drive("/srv/ann") == "/dev/mapper/vg0-root"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("/dev/sda", "/media/ann/PLANT-A"),
        ("/dev/sda1", "/media/ann/PLANT-A"),
        ("plant-a", "/media/ann/PLANT-A"),
        ("/run/media/ann/PLANT-A", "/media/ann/PLANT-A"),
        ("/media/ann/NONE", None),
        ("/dev/mapper/vg0-root", None),
        (".", None),
    ],
)
def test_a_device_or_a_label_leads_to_the_folder_of_the_stick(tmp_path: Path, name: str, meant: str | None) -> None:
    drives = linux("two-alike", tmp_path).find()
    found = called(Path(name), drives)
    assert (str(found[0]) if found else None) == meant


def test_a_folder_in_memory_lies_on_no_drive(tmp_path: Path) -> None:
    drives = linux("one-stick", tmp_path).find()
    mounts = {Path("/"), Path("/run/user/1000")}
    folder = Path("/run/user/1000/x")
    assert drive_of(folder, drives, is_mount=lambda path: path in mounts, device_of=lambda path: len(str(path))) is None


def test_a_second_mount_of_a_volume_is_known_by_its_device_number(tmp_path: Path) -> None:
    mounted = Volume(device="E:", mounted_at=(tmp_path / "a",))
    drive = Drive(device="x", volumes=(mounted,))
    other = Drive(device="y", volumes=(Volume(device="F:", mounted_at=(tmp_path / "c",)),))
    numbers = {tmp_path / "a": 5, tmp_path / "b": 5, tmp_path / "c": 6}
    found = drive_of(tmp_path / "b" / "deep", (other, drive), is_mount=numbers.__contains__, device_of=numbers.get)
    assert found == (drive, mounted)


def test_a_folder_that_is_not_there_lies_where_its_parent_does(tmp_path: Path) -> None:
    assert mount_point(tmp_path / "not" / "there") == mount_point(tmp_path)


@pytest.fixture(params=["ext4", "exfat"])
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, Path]]:
    """A file system of one's own on a loop device: the kernel's, and one that a program plays."""
    kind = request.param
    maker, mounter = {"ext4": ("mkfs.ext4", "mount"), "exfat": ("mkfs.exfat", "mount.exfat-fuse")}[kind]
    if sys.platform != "linux" or not all(map(shutil.which, (maker, mounter, "losetup"))):
        pytest.skip(f"needs Linux, {maker} and {mounter}")
    image, place = tmp_path / "image", tmp_path / "mount"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run([maker, "-L", "STICK", image], check=True, capture_output=True)
    attached = subprocess.run(["losetup", "-f", "--show", image], capture_output=True, text=True, check=False)
    if attached.returncode:
        pytest.skip(f"this machine has no loop device for us: {attached.stderr.strip()}")
    loop = attached.stdout.strip()
    try:
        mount = subprocess.run([mounter, loop, place], capture_output=True, text=True, check=False)
        if mount.returncode:
            pytest.skip(f"this machine does not mount for us: {mount.stderr.strip()}")
        try:
            yield kind, loop, place
        finally:
            subprocess.run(["umount", place], check=False)
    finally:
        subprocess.run(["losetup", "-d", loop], check=False)


def test_a_real_mount_is_found(mounted: tuple[str, str, Path]) -> None:
    kind, loop, place = mounted
    found = drive_of(place / "update", find_drives())
    assert found is not None
    drive, volume = found
    assert (drive.device, drive.bus, drive.is_removable) == (loop, "loop", False)
    assert (volume.device, volume.label, volume.file_system) == (loop, "STICK", kind)
    assert volume.mounted_at == (place,)
    assert volume.free is not None
    assert 0 < volume.free < 64 << 20
