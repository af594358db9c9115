"""Facts and estimates held against real file systems."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.errors import MediaError, UsageError
from lockstick.media.load import Load, LoadFile, load_of
from lockstick.media.model import Drive, Volume
from lockstick.media.preflight import Facts, Platform, ReadOnlyBy, Wishes, check, look_at, probe_of
from lockstick.media.preflight.cost import room_for
from lockstick.media.preflight.filesystems import family_of
from lockstick.media.preflight.probes.bootsector import SECTOR, fat_says_dirty, parse_boot_sector
from lockstick.media.preflight.probes.linux import linux_probe
from media.ground import exfat, ext4, fat32
from media.ground.mounting import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.preflight import Medium
    from media.ground import Stick

MIB = 1 << 20
CLEAN = Wishes()
STICKS = {"ext4": ext4, "exfat": exfat, "fat32": fat32}


@contextmanager
def a_stick(kind: str, folder: Path) -> Iterator[Stick]:
    with STICKS[kind](folder / kind, 64 * MIB) as stick:
        yield stick


def medium(stick: Stick) -> Medium:
    return look_at(stick.mount, [], probe_of("linux"))


def checks(stick: Stick, load: Load | None = None) -> set[str]:
    return {remark.check for remark in check(medium(stick), load or Load(), CLEAN)}


def fill(folder: Path) -> None:
    """A folder like a lockbox's: some large files, many small ones, folders in folders, and one with many names."""
    for number in range(40):
        place = folder / "images" / "ostree" / "objects" / f"{number:02x}"
        place.mkdir(parents=True)
        for file in range(20):
            (place / f"{number * 20 + file:062x}.filez").write_bytes(b"x" * (1 + number * file * 7))
    (folder / "metadata").mkdir()
    for number in range(120):
        (folder / "metadata" / f"{number:064x}.json").write_bytes(b"x" * 300)
    for number in range(3):
        (folder / "images" / f"package-{number}").write_bytes(bytes(5 * MIB + number))


def estimate(source: Path, cluster: int, kind: str) -> int:
    return room_for(load_of(FolderTree(source), ("update",)).files, cluster, family_of(kind))


def used(mount: Path) -> int:
    os.sync()
    found = os.statvfs(mount)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@pytest.mark.parametrize("kind", ["ext4", "exfat"])
def test_facts_of_a_real_stick(tmp_path: Path, kind: str) -> None:
    with a_stick(kind, tmp_path) as stick:
        found = medium(stick)
        assert (found.platform, found.mount_point, found.is_mount_point) == (Platform.LINUX, stick.mount, True)
        assert found.file_system == kind
        assert found.device == stick.device
        assert found.cluster == 4096 or kind == "ext4"
        assert found.free is not None
        assert 40 * MIB < found.free < 64 * MIB
        assert found.label == (None if kind == "exfat" else "")  # exFAT has it in its top folder
        assert (found.is_read_only, found.may_write) == (False, True)
        # The driver in FUSE sets its own mark, at a time of its choice.
        assert found.is_dirty is False or (kind == "exfat" and found.is_dirty is None)
        assert checks(stick) <= {"drive-unknown", "file-system", "dirty-unknown"}


def test_a_program_that_tells_no_room_leads_to_notes(tmp_path: Path) -> None:
    with a_stick("fat32", tmp_path) as stick:
        assert checks(stick) == {"drive-unknown", "space-unknown", "dirty-unknown"}


@pytest.mark.parametrize("kind", ["ext4", "exfat"])
def test_a_stick_for_reading_only(tmp_path: Path, kind: str) -> None:
    with a_stick(kind, tmp_path) as stick:
        stick.protect()
        assert medium(stick).read_only_by is ReadOnlyBy.OPTION
        assert "read-only" in checks(stick)


def test_a_stick_whose_switch_is_set(tmp_path: Path) -> None:
    with a_stick("exfat", tmp_path) as stick:
        stick.eject()
        subprocess.run(["blockdev", "--setro", stick.device], check=True)
        try:
            stick.insert(read_only=True)
            assert medium(stick).read_only_by is ReadOnlyBy.SWITCH
        finally:
            stick.eject()
            subprocess.run(["blockdev", "--setrw", stick.device], check=True)


def test_a_file_system_that_gave_up_after_errors(tmp_path: Path) -> None:
    with a_stick("ext4", tmp_path) as stick:
        stick.eject()
        subprocess.run(["mount", "-o", "errors=remount-ro", stick.device, stick.mount], check=True)
        trigger = Path("/sys/fs/ext4") / Path(stick.device).name / "trigger_fs_error"
        if not trigger.exists():
            pytest.skip("this kernel does not make errors on demand")
        trigger.write_text("a test")
        found = medium(stick)
        assert (found.is_read_only, found.read_only_by, found.errors) == (True, ReadOnlyBy.ERRORS, 1)
        stick.eject()
        stick.insert()
        assert "file-system-errors" in checks(stick)
        assert "read-only" not in checks(stick)


def test_exfat_that_was_pulled_out(tmp_path: Path) -> None:
    with a_stick("exfat", tmp_path) as stick:
        stick.eject()
        with Path(stick.device).open("r+b", buffering=0) as device:
            sector = bytearray(device.read(SECTOR))
            sector[106] |= 2
            device.seek(0)
            device.write(sector)
        stick.insert(read_only=True)
        assert medium(stick).is_dirty is True


def test_a_stick_that_is_full(tmp_path: Path) -> None:
    with a_stick("ext4", tmp_path) as stick:
        free = medium(stick).free or 0
        (stick.mount / "photos").write_bytes(bytes(free - 2 * MIB))
        assert "space" in checks(stick, Load(files=(LoadFile(place=("update", "fw"), size=3 * MIB),)))
        assert "space" not in checks(stick, Load(files=(LoadFile(place=("update", "fw"), size=MIB),)))


def test_inodes_of_a_real_stick(tmp_path: Path) -> None:
    with a_stick("ext4", tmp_path) as stick:
        left = medium(stick).free_files or 0
        files = tuple(LoadFile(place=("update", f"{number}"), size=0) for number in range(left))
        assert "file-count" in checks(stick, Load(files=files))
        assert "file-count" not in checks(stick, Load(files=files[: left // 2]))


@pytest.mark.parametrize("kind", ["ext4", "exfat", "fat32"])
def test_names_that_collide_here_collide_there(tmp_path: Path, kind: str) -> None:
    both = Load(files=tuple(LoadFile(place=("update", name), size=1) for name in ("Fw", "fw")))
    with a_stick(kind, tmp_path) as stick:
        for name in ("Fw", "fw"):
            (stick.mount / name).write_bytes(b"x")
        are_one = len([found for found in stick.mount.iterdir() if found.name.lower() == "fw"]) == 1
        assert are_one == ("names-collide" in checks(stick, both))
        assert are_one == (kind != "ext4")


@pytest.mark.parametrize("kind", ["exfat", "fat32"])
@pytest.mark.parametrize("name", ["a:b", "a?b", "a|b"])
def test_names_that_are_refused_here_are_refused_there(tmp_path: Path, kind: str, name: str) -> None:
    with a_stick(kind, tmp_path) as stick:
        assert "name-characters" in checks(stick, Load(files=(LoadFile(place=("update", name), size=1),)))
        with pytest.raises(OSError, match=re.escape(name)):
            (stick.mount / name).write_bytes(b"x")


def test_the_folder_of_a_stick_that_is_not_there(tmp_path: Path) -> None:
    with a_stick("ext4", tmp_path) as stick:
        stick.eject()
        assert "no-mount-point" in checks(stick)
        with pytest.raises(MediaError, match="there is no folder"):
            look_at(stick.mount / "gone", [], probe_of("linux"))
        (stick.mount / "file").touch()
        with pytest.raises(UsageError, match="is a file"):
            look_at(stick.mount / "file", [], probe_of("linux"))


def test_a_stick_inside_a_stick(tmp_path: Path) -> None:
    with a_stick("ext4", tmp_path) as outer, a_stick("exfat", outer.mount) as inner:
        found = medium(inner)
        assert found.outer == outer.mount
        assert medium(outer).mounted_inside == (inner.mount,)
        volume = Volume(device=outer.device, mounted_at=(outer.mount,))
        drives = [Drive(device=outer.device, is_removable=True, volumes=(volume,))]
        assert look_at(tmp_path, drives, probe_of("linux")).sticks == (outer.mount,)
        remarks = {one.check for one in check(look_at(inner.mount, drives, probe_of("linux")), Load(), CLEAN)}
        assert "nested-mount" in remarks


@pytest.mark.parametrize("kind", ["ext4", "exfat"])
def test_the_estimate_is_no_less_than_a_real_file_system_takes_and_little_more(tmp_path: Path, kind: str) -> None:
    fill(tmp_path / "source")
    with a_stick(kind, tmp_path) as stick:
        cluster = medium(stick).cluster or 0
        before = used(stick.mount)
        fill(stick.mount / "update")
        taken = used(stick.mount) - before
        assert taken > 15 * MIB
        assert taken <= estimate(tmp_path / "source", cluster, kind) <= 1.05 * taken


@pytest.mark.parametrize("cluster", [512, 16 * 1024])
def test_the_estimate_holds_for_small_and_large_clusters(tmp_path: Path, cluster: int) -> None:
    fill(tmp_path / "source")
    with a_stick("exfat", tmp_path) as stick:
        stick.eject()
        subprocess.run(["mkfs.exfat", "-c", str(cluster), stick.device], check=True, capture_output=True)
        stick.insert()
        assert medium(stick).cluster == cluster
        before = used(stick.mount)
        fill(stick.mount / "update")
        taken = used(stick.mount) - before
        assert taken <= estimate(tmp_path / "source", cluster, "exfat") <= 1.05 * taken


def test_the_estimate_is_no_less_than_a_real_fat_takes_and_little_more(tmp_path: Path) -> None:
    fill(tmp_path / "source")
    need("fsck.fat")
    with a_stick("fat32", tmp_path) as stick:
        fill(stick.mount / "update")
        stick.eject()
        said = subprocess.run(["fsck.fat", "-n", stick.image], capture_output=True, text=True, check=False).stdout
        (clusters,) = re.findall(r"(\d+)/\d+ clusters", said)
        sector = parse_boot_sector(stick.image.read_bytes()[:SECTOR])
        assert sector is not None
        taken = (int(clusters) - 1) * sector.cluster  # the top folder has had one before
        assert taken > 15 * MIB
        assert taken <= estimate(tmp_path / "source", sector.cluster, "fat32") <= 1.05 * taken


@pytest.mark.parametrize(
    ("size", "options", "file_system", "cluster"),
    [
        (2 * MIB, ("-F", "12", "-s", "4"), "fat12", 2048),
        (32 * MIB, ("-F", "16", "-s", "8"), "fat16", 4096),
        (64 * MIB, ("-F", "32", "-s", "1"), "fat32", 512),
        (300 * MIB, ("-F", "32", "-s", "8"), "fat32", 4096),
    ],
)
def test_the_first_sector_as_a_real_program_makes_it(
    tmp_path: Path, size: int, options: tuple[str, ...], file_system: str, cluster: int
) -> None:
    need("mkfs.fat", "fsck.fat")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.fat", *options, "-n", "STICK", image], check=True, capture_output=True)
    found = parse_boot_sector(image.read_bytes()[:SECTOR])
    assert found is not None
    assert (found.file_system, found.cluster, found.label, found.is_marked) == (file_system, cluster, "STICK", False)
    if file_system == "fat12":
        return
    # What is taken for the mark is what the program takes for it, in both places.
    data = bytearray(image.read_bytes())
    assert fat_says_dirty(file_system, bytes(data[found.table_at : found.table_at + 8])) is False
    place = found.table_at + (3 if file_system == "fat16" else 7)
    for at, bit in ((0x41 if file_system == "fat32" else 0x25, 1), (place, 0x80 if file_system == "fat16" else 0x08)):
        changed = bytearray(data)
        changed[at] ^= bit
        image.write_bytes(changed)
        said = subprocess.run(["fsck.fat", "-n", image], capture_output=True, text=True, check=False).stdout
        is_ours = parse_boot_sector(bytes(changed[:SECTOR]))
        assert is_ours is not None
        assert is_ours.is_marked or fat_says_dirty(file_system, bytes(changed[found.table_at : found.table_at + 8]))
        assert "irty bit is set" in said


def test_a_drive_is_found_by_its_device_too(tmp_path: Path) -> None:
    class Made:
        def facts(self, folder: Path) -> Facts:
            return Facts(mount=folder, platform=Platform.LINUX, mount_point=folder, device="/dev/sdb1", label="OLD")

    volumes = (Volume(device="/dev/sdb2"), Volume(device="/dev/sdb1", is_read_only=True, file_system="exfat"))
    found = look_at(tmp_path, [Drive(device="/dev/sdb", volumes=volumes)], Made())
    assert (found.volume, found.file_system, found.label) == (volumes[1], "exfat", "OLD")
    assert (found.is_read_only, found.read_only_by, found.total) == (True, ReadOnlyBy.UNKNOWN, None)


def test_every_platform_has_a_probe_and_no_other(tmp_path: Path) -> None:
    for platform, meant in (("linux", Platform.LINUX), ("darwin", Platform.MACOS)):
        found = probe_of(platform).facts(tmp_path)
        assert (found.platform, found.may_write) == (meant, True)
        assert found.free
    with pytest.raises(UsageError, match="plan9"):
        probe_of("plan9")


def test_what_may_not_be_looked_at_says_nothing(tmp_path: Path) -> None:
    probe = linux_probe()
    assert probe.read(str(tmp_path / "gone"), 0, 512) is None
    assert probe.read(str(tmp_path), 0, 512) is None
    assert probe.room(tmp_path / "gone") is None
    assert probe_of("darwin").facts(tmp_path / "gone").free is None


def test_a_drive_adds_what_it_knows(tmp_path: Path) -> None:
    class Made:
        def facts(self, folder: Path) -> Facts:
            return Facts(mount=folder, platform=Platform.LINUX, mount_point=folder, file_system="fat", label="OLD")

    volume = Volume(device="/dev/sdb1", mounted_at=(tmp_path,), file_system="fat16", label="NEW", size=9, free=5)
    found = look_at(tmp_path, [Drive(device="/dev/sdb", is_read_only=True, volumes=(volume,))], Made())
    assert (found.file_system, found.label, found.total, found.free) == ("fat16", "NEW", 9, 5)
    assert (found.is_read_only, found.read_only_by) == (True, ReadOnlyBy.SWITCH)
    assert look_at(tmp_path, [], Made()).drive is None
