"""What Linux says, from tables of mounts, first sectors and a tree like /sys made for the tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from lockstick.media.mounttable import parse_mountinfo
from lockstick.media.preflight import Facts, ReadOnlyBy
from lockstick.media.preflight.probes.bootsector import fat_says_dirty, parse_boot_sector
from lockstick.media.preflight.probes.linux import LinuxProbe, Room
from lockstick.media.preflight.probes.mountplace import place_of
from lockstick.media.preflight.probes.superblock import parse_superblock
from media.preflight.sectors import exfat_sector, ext_superblock, fat_sector, fat_table, ntfs_sector

if TYPE_CHECKING:
    from collections.abc import Mapping

MOUNTINFO = Path(__file__).with_name("samples") / "linux-desktop.mountinfo"
STICK = Path("/media/kim/STICK")
ROOM = Room(cluster=4096, total=8_000_000, free=7_000_000, free_files=100, is_read_only=False)


def probe(
    sysfs: Path, table: bytes | None = None, device: Mapping[int, bytes] | None = None, room: Room | None = ROOM
) -> LinuxProbe:
    def read(name: str, start: int, length: int) -> bytes | None:
        assert name.startswith("/dev/")
        return None if device is None else device.get(start, b"")[:length]

    return LinuxProbe(
        mountinfo=lambda: MOUNTINFO.read_bytes() if table is None else table,
        room=lambda _: room,
        read=read,
        may_write=lambda _: True,
        sysfs=sysfs,
    )


def mounted(kind: str, options: str = "rw", super_options: str = "rw", source: str = "/dev/sdb1") -> bytes:
    return (
        b"26 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
        + f"90 26 8:17 / {STICK} {options} shared:5 - {kind} {source} {super_options}\n".encode()
    )


def facts(sysfs: Path, kind: str, super_options: str = "rw", **device: bytes) -> Facts:
    reads = {int(name.removeprefix("at")): data for name, data in device.items()}
    table = mounted(kind, super_options.partition(",")[0], super_options)
    return probe(sysfs, table, reads or None).facts(STICK)


class TestMounts:
    def test_a_desktops_table(self) -> None:
        found = {str(mount.point): mount for mount in parse_mountinfo(MOUNTINFO.read_bytes())}
        stick = found["/media/kim/STICK"]
        assert (stick.driver, stick.source, stick.number) == ("vfat", "/dev/sdb1", "8:17")
        assert "utf8" in stick.super_options
        assert found["/media/kim/Kim's stick\tone"].source == "/dev/sdc1"

    def test_the_stick_is_told_from_the_disk_that_its_folder_is_on(self) -> None:
        mounts = parse_mountinfo(MOUNTINFO.read_bytes())
        on_stick = place_of(PurePosixPath("/media/kim/STICK/update"), mounts)
        beside = place_of(PurePosixPath("/media/kim/STICK2"), mounts)
        assert on_stick is not None
        assert beside is not None
        assert on_stick.mount.source == "/dev/sdb1"
        assert beside.mount.point == PurePosixPath("/")
        assert on_stick.outer is not None
        assert on_stick.outer.point == PurePosixPath("/")

    def test_what_is_mounted_last_is_what_is_seen(self) -> None:
        table = mounted("vfat") + f"91 90 8:33 / {STICK} rw - vfat /dev/sdc1 rw\n".encode()
        place = place_of(PurePosixPath(STICK), parse_mountinfo(table))
        assert place is not None
        assert (place.mount.source, place.hidden) == ("/dev/sdc1", 1)

    def test_the_automounter_below_a_mount_hides_nothing(self) -> None:
        table = f"80 26 0:50 / {STICK} rw - autofs systemd-1 rw\n".encode() + mounted("vfat")
        place = place_of(PurePosixPath(STICK), parse_mountinfo(table))
        assert place is not None
        assert place.hidden == 0

    def test_what_is_mounted_inside_is_listed(self) -> None:
        table = mounted("vfat") + f"91 90 8:33 / {STICK}/update rw - vfat /dev/sdc1 rw\n".encode()
        place = place_of(PurePosixPath(STICK), parse_mountinfo(table))
        assert place is not None
        assert [mount.source for mount in place.inside] == ["/dev/sdc1"]

    @pytest.mark.parametrize("table", [b"", b"nonsense", b"1 2 3:4 / relative rw - ext4 x rw", b"a b c d e f - \xff"])
    def test_a_table_of_nonsense_says_nothing(self, table: bytes, tmp_path: Path) -> None:
        found = probe(tmp_path, table).facts(STICK)
        assert found.mount_point is None
        assert found.is_mount_point is None
        assert found.free == ROOM.free


class TestReadOnly:
    def test_an_option(self, tmp_path: Path) -> None:
        found = probe(tmp_path, mounted("vfat", "ro", "ro")).facts(STICK)
        assert (found.is_read_only, found.read_only_by) == (True, ReadOnlyBy.OPTION)

    def test_only_here(self, tmp_path: Path) -> None:
        found = probe(tmp_path, mounted("vfat", "ro", "rw")).facts(STICK)
        assert (found.is_read_only, found.read_only_by) == (True, ReadOnlyBy.OPTION)

    @pytest.mark.parametrize("super_options", ["ro,errors=remount-ro", "rw,emergency_ro", "rw,shutdown"])
    def test_a_driver_that_has_given_up(self, tmp_path: Path, super_options: str) -> None:
        found = probe(tmp_path, mounted("vfat", "rw", super_options)).facts(STICK)
        assert (found.is_read_only, found.read_only_by) == (True, ReadOnlyBy.ERRORS)

    @pytest.mark.parametrize("at", ["sdb", "sdb/sdb1"])
    def test_a_switch(self, tmp_path: Path, at: str) -> None:
        (tmp_path / "devices" / "sdb" / "sdb1").mkdir(parents=True)
        (tmp_path / "dev" / "block").mkdir(parents=True)
        (tmp_path / "dev" / "block" / "8:17").symlink_to("../../devices/sdb/sdb1")
        for name in ("sdb", "sdb/sdb1"):
            (tmp_path / "devices" / name / "ro").write_text("1\n" if name == at else "0\n")
        found = probe(tmp_path, mounted("vfat", "ro", "ro")).facts(STICK)
        assert (found.is_read_only, found.read_only_by) == (True, ReadOnlyBy.SWITCH)
        assert probe(tmp_path, mounted("vfat")).facts(STICK).is_read_only is False

    def test_a_medium_for_writing(self, tmp_path: Path) -> None:
        assert probe(tmp_path, mounted("vfat", "rw,noexec", "rw,errors=remount-ro")).facts(STICK).is_read_only is False


class TestBootSector:
    @pytest.mark.parametrize(
        ("kind", "clusters"),
        [("fat12", 4084), ("fat16", 4085), ("fat16", 65_524), ("fat32", 65_525), ("fat32", 2_000_000)],
    )
    def test_which_fat_it_is_is_told_by_the_number_of_clusters(self, kind: str, clusters: int) -> None:
        found = parse_boot_sector(fat_sector(kind, clusters=clusters, per_cluster=8, label="STICK"))
        assert found is not None
        assert (found.file_system, found.cluster, found.label) == (kind, 4096, "STICK")
        assert found.root_entries == (None if kind == "fat32" else 512)

    def test_no_name_is_no_label(self) -> None:
        found = parse_boot_sector(fat_sector("fat32", label="NO NAME"))
        assert found is not None
        assert found.label == ""

    def test_exfat_and_ntfs(self) -> None:
        exfat, ntfs = parse_boot_sector(exfat_sector(cluster_shift=6)), parse_boot_sector(ntfs_sector())
        assert exfat is not None
        assert ntfs is not None
        assert (exfat.file_system, exfat.cluster) == ("exfat", 32_768)
        assert (ntfs.file_system, ntfs.cluster, ntfs.is_marked) == ("ntfs", 4096, None)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            bytes(512),
            b"\xff" * 512,
            fat_sector("fat32")[:511],
            bytes(510) + b"\x55\xaa",
            exfat_sector(cluster_shift=40),
            fat_sector("fat16", clusters=70_000),
            fat_sector("fat32", clusters=0),
        ],
    )
    def test_anything_else_is_none_of_them(self, data: bytes) -> None:
        assert parse_boot_sector(data) is None

    def test_the_tables_second_entry_tells_what_windows_left(self) -> None:
        for kind in ("fat16", "fat32"):
            assert fat_says_dirty(kind, fat_table(kind, clean=True)) is False
            assert fat_says_dirty(kind, fat_table(kind, clean=False)) is True
            assert fat_says_dirty(kind, b"") is None
        assert fat_says_dirty("fat12", bytes(8)) is None


class TestDirty:
    """The driver for FAT sets the mark itself while it may write: then only what Windows left can be told."""

    def read(self, sysfs: Path, *, marked: bool, clean: bool, super_options: str) -> bool | None:
        sector = fat_sector("fat32", dirty=marked)
        return facts(sysfs, "vfat", super_options, at0=sector, at16384=fat_table("fat32", clean=clean)).is_dirty

    def test_mounted_for_reading(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, marked=True, clean=True, super_options="ro") is True
        assert self.read(tmp_path, marked=False, clean=True, super_options="ro") is False
        assert self.read(tmp_path, marked=False, clean=False, super_options="ro") is True

    def test_mounted_for_writing(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, marked=True, clean=True, super_options="rw") is None
        assert self.read(tmp_path, marked=False, clean=True, super_options="rw") is False
        assert self.read(tmp_path, marked=True, clean=False, super_options="rw") is True

    def test_exfat(self, tmp_path: Path) -> None:
        assert facts(tmp_path, "exfat", at0=exfat_sector(dirty=True)).is_dirty is True
        assert facts(tmp_path, "exfat", at0=exfat_sector()).is_dirty is False
        assert facts(tmp_path, "fuseblk", at0=exfat_sector(dirty=True)).is_dirty is None
        assert facts(tmp_path, "fuseblk", "ro", at0=exfat_sector(dirty=True)).is_dirty is True
        assert facts(tmp_path, "fuseblk", at0=exfat_sector()).is_dirty is False

    def test_who_may_not_read_the_device_does_not_know(self, tmp_path: Path) -> None:
        found = facts(tmp_path, "vfat")
        assert (found.is_dirty, found.file_system, found.label, found.cluster) == (None, "fat", None, 4096)


class TestExt:
    def test_the_superblock(self, tmp_path: Path) -> None:
        found = facts(tmp_path, "ext4", at1024=ext_superblock("torizon-update"))
        assert (found.label, found.errors, found.is_dirty, found.free_files) == ("torizon-update", 0, False, 100)
        assert facts(tmp_path, "ext4", at1024=ext_superblock(errors=7)).errors == 7
        assert facts(tmp_path, "ext4", at1024=ext_superblock(state=3)).errors == 1

    def test_the_drivers_own_count_is_for_everybody_to_read(self, tmp_path: Path) -> None:
        (tmp_path / "devices" / "sdb1").mkdir(parents=True)
        (tmp_path / "dev" / "block").mkdir(parents=True)
        (tmp_path / "dev" / "block" / "8:17").symlink_to("../../devices/sdb1")
        (tmp_path / "fs" / "ext4" / "sdb1").mkdir(parents=True)
        (tmp_path / "fs" / "ext4" / "sdb1" / "errors_count").write_text("2\n")
        assert facts(tmp_path, "ext4").errors == 2
        (tmp_path / "fs" / "ext4" / "sdb1" / "errors_count").write_text("many\n")
        assert facts(tmp_path, "ext4").errors is None

    @pytest.mark.parametrize("data", [b"", bytes(1024), b"\xff" * 1024])
    def test_anything_else_is_none(self, data: bytes) -> None:
        assert parse_superblock(data) is None


class TestRoom:
    def test_a_program_that_says_there_is_nothing_at_all_does_not_know(self, tmp_path: Path) -> None:
        found = probe(tmp_path, mounted("fuse.fusefat", source="fusefat"), room=replace(ROOM, total=0)).facts(STICK)
        assert (found.free, found.total, found.cluster, found.file_system) == (None, None, None, "fat")

    def test_only_some_file_systems_limit_the_number_of_files(self, tmp_path: Path) -> None:
        assert probe(tmp_path, mounted("vfat")).facts(STICK).free_files is None
        assert probe(tmp_path, mounted("ext4")).facts(STICK).free_files == 100

    def test_statvfs_that_fails_is_nothing_known(self, tmp_path: Path) -> None:
        assert probe(tmp_path, mounted("vfat"), room=None).facts(STICK).free is None
