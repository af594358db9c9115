from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.media.drives import is_locked, reason_against
from lockstick.media.running import Ran
from media.drives.machine import FREE, RECORDED, by_device, linux, saying, volumes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.media.model import Drive

SYSTEM = "the running system lives on it"
FIXED = "it cannot be taken out"
EMPTY = "there is no card or disc in it"


def found(name: str, room: Path) -> tuple[Drive, ...]:
    return linux(name, room).find()


def offered(drives: Sequence[Drive]) -> list[str]:
    return [drive.device for drive in drives if not reason_against(drive)]


OFFERED = {
    "no-stick": [],
    "one-stick": ["/dev/sda"],
    "two-alike": ["/dev/sda", "/dev/sdb"],
    "without-serial": ["/dev/sda", "/dev/sdb"],
    "empty-card-reader": [],
    "encrypted": ["/dev/sda", "/dev/sdb"],
    "encrypted-unlocked": ["/dev/sda"],
    "two-partitions": ["/dev/sda"],
    "internal-sd-reader": ["/dev/mmcblk0"],
    "emmc": ["/dev/mmcblk1"],
    "raspberry-pi": ["/dev/sda"],
    "lsblk-2.31": ["/dev/sdb", "/dev/mmcblk0"],
    "live-system": ["/dev/sdb"],
    "pools": ["/dev/sdd", "/dev/sdg"],
    "thunderbolt": ["/dev/nvme1n1"],
    "hostile-label": ["/dev/sda"],
    "no-udev": [],
}


@pytest.mark.parametrize("name", sorted(path.name for path in (RECORDED / "linux").iterdir() if path.is_dir()))
def test_what_is_offered_of_each_recorded_machine(name: str, tmp_path: Path) -> None:
    assert offered(found(name, tmp_path)) == OFFERED[name]


def test_a_stick_is_described_by_what_a_person_recognises(tmp_path: Path) -> None:
    drive = by_device(found("one-stick", tmp_path))["/dev/sda"]
    assert (drive.vendor, drive.model, drive.serial) == ("SanDisk", "Ultra", "4C530001230914115092")
    assert (drive.size, drive.bus, drive.port) == (30_765_219_840, "usb", "1-2")
    assert (drive.is_removable, drive.is_system, drive.has_medium, drive.is_read_only) == (True, False, True, False)
    (volume,) = drive.volumes
    assert (volume.device, volume.mounted_at) == ("/dev/sda1", (Path("/media/ann/PLANT-A"),))
    assert (volume.file_system, volume.label, volume.uuid) == ("fat32", "PLANT-A", "4E21-0000")
    assert (volume.size, volume.free) == (30_764_171_264, 30_746_869_760)
    assert not volume.is_read_only
    assert not volume.is_encrypted


def test_two_alike_are_told_apart_by_serial_and_port(tmp_path: Path) -> None:
    one, other, _ = found("two-alike", tmp_path)
    assert (one.vendor, one.model, one.size) == (other.vendor, other.model, other.size)
    assert (one.serial, one.port) == ("4C530001230914115092", "1-2")
    assert (other.serial, other.port) == ("4C530001310914114573", "1-1.3")


def test_a_serial_number_that_udev_made_up_is_none(tmp_path: Path) -> None:
    one, other, _ = found("without-serial", tmp_path)
    assert (one.serial, other.serial) == ("", "")
    assert (one.port, other.port) == ("1-2", "1-1.4")


def test_a_serial_number_that_udev_made_up_is_none_without_sysfs_either(tmp_path: Path) -> None:
    finder = linux("without-serial", tmp_path)
    (tmp_path / "sys" / "block" / "sda").unlink()
    assert by_device(finder.find())["/dev/sda"].serial == ""


def test_a_reader_without_a_card_has_no_medium(tmp_path: Path) -> None:
    drives = by_device(found("empty-card-reader", tmp_path))
    for device in ("/dev/sda", "/dev/sdb"):
        assert not drives[device].has_medium
        assert drives[device].volumes == ()
        assert reason_against(drives[device]) == EMPTY


def test_an_encrypted_stick_is_locked(tmp_path: Path) -> None:
    known = volumes(found("encrypted", tmp_path))
    assert [(known[device].file_system, is_locked(known[device])) for device in ("/dev/sda1", "/dev/sdb1")] == [
        ("luks", True),
        ("bitlocker", True),
    ]


def test_an_unlocked_one_shows_what_is_in_it(tmp_path: Path) -> None:
    drive = by_device(found("encrypted-unlocked", tmp_path))["/dev/sda"]
    (volume,) = drive.volumes
    assert volume.mounted_at == (Path("/media/ann/PLANT-A"),)
    assert (volume.file_system, volume.is_encrypted, is_locked(volume)) == ("ext4", True, False)


def test_a_stick_with_two_partitions_has_two_volumes(tmp_path: Path) -> None:
    drive = by_device(found("two-partitions", tmp_path))["/dev/sda"]
    assert [(one.label, one.file_system, one.free) for one in drive.volumes] == [
        ("Ventoy", "exfat", 41_860_202_496),
        ("VTOYEFI", "fat16", None),
    ]


def test_a_card_in_the_machines_own_reader_is_offered(tmp_path: Path) -> None:
    drive = by_device(found("internal-sd-reader", tmp_path))["/dev/mmcblk0"]
    assert (drive.bus, drive.model, drive.port, drive.is_removable) == ("mmc", "SU32G", "mmc0", True)


def test_soldered_flash_is_not_removable_though_it_claims_to_be_pluggable(tmp_path: Path) -> None:
    drives = by_device(found("emmc", tmp_path))
    assert not drives["/dev/mmcblk0"].is_removable
    assert "/dev/mmcblk0boot0" not in drives
    assert drives["/dev/mmcblk1"].is_removable


def test_a_card_of_unknown_kind_is_not_offered(tmp_path: Path) -> None:
    finder = linux("internal-sd-reader", tmp_path)
    for kind in (tmp_path / "sys").rglob("type"):
        kind.unlink()
    assert reason_against(by_device(finder.find())["/dev/mmcblk0"]) == FIXED


def test_flash_with_hidden_boot_parts_is_soldered_whatever_its_kind_says(tmp_path: Path) -> None:
    finder = linux("emmc", tmp_path)
    for kind in (tmp_path / "sys").rglob("type"):
        kind.write_text("SD\n")
    # The system is on it too; that it is soldered is what is looked at here.
    assert not by_device(finder.find())["/dev/mmcblk0"].is_removable


def test_a_stick_that_claims_to_be_a_fixed_disk_is_offered(tmp_path: Path) -> None:
    drive = by_device(found("raspberry-pi", tmp_path))["/dev/sda"]
    assert reason_against(drive) == ""
    assert drive.volumes[0].mounted_at == (Path("/mnt/fit"),)


def test_the_card_that_the_system_runs_from_is_never_offered(tmp_path: Path) -> None:
    drive = by_device(found("raspberry-pi", tmp_path))["/dev/mmcblk0"]
    assert drive.is_removable
    assert reason_against(drive) == SYSTEM


def test_an_old_lsblk_writes_everything_as_text(tmp_path: Path) -> None:
    drives = by_device(found("lsblk-2.31", tmp_path))
    stick = drives["/dev/sdb"]
    assert (stick.serial, stick.size, stick.is_read_only) == ("4C530001230914115092", 30_765_219_840, False)
    assert (stick.volumes[0].file_system, stick.volumes[0].free) == ("fat", FREE)
    assert reason_against(drives["/dev/sda"]) == SYSTEM
    assert reason_against(drives["/dev/sr0"]) == "it is for discs"
    assert [volume.device for volume in drives["/dev/mmcblk0"].volumes] == [
        "/dev/mmcblk0p1",
        "/dev/mmcblk0p2",
        "/dev/mmcblk0p5",
    ]


def test_columns_that_an_old_lsblk_does_not_know_are_not_asked_for(tmp_path: Path) -> None:
    text = (RECORDED / "linux" / "lsblk-2.31" / "lsblk.json").read_text()
    asked: list[list[str]] = []

    def lsblk(argv: Sequence[str]) -> Ran:
        columns = argv[-1].split(",")
        asked.append(columns)
        for place, column in enumerate(columns):
            if column in {"PATH", "FSVER", "FSAVAIL", "MOUNTPOINTS"}:
                # As util-linux writes it: the rest of the list follows.
                return Ran(code=1, err=f"lsblk: unknown column: {','.join(columns[place:])}\n")
        return Ran(code=0, out=text)

    assert offered(linux("lsblk-2.31", tmp_path, saying(lsblk=lsblk)).find()) == OFFERED["lsblk-2.31"]
    assert len(asked) == 5
    assert "MOUNTPOINT" in asked[-1]


def test_a_complaint_that_does_not_change_is_not_asked_for_ever(tmp_path: Path) -> None:
    complaint = Ran(code=1, err="lsblk: unknown column: NAME\n")
    with pytest.raises(MediaError) as told:
        linux("no-stick", tmp_path, saying(lsblk=complaint)).find()
    assert "unknown column: NAME" in told.value.why


@pytest.mark.parametrize("name", ["live-system", "pools", "raspberry-pi", "no-stick"])
def test_without_any_word_of_mounts_every_drive_may_be_the_systems(name: str, tmp_path: Path) -> None:
    document = json.loads((RECORDED / "linux" / name / "lsblk.json").read_text())

    def silence(devices: list[dict[str, object]]) -> None:
        for device in devices:
            device.pop("mountpoint", None)
            device.pop("mountpoints", None)
            silence(device.get("children", []))  # type: ignore[arg-type]

    silence(document["blockdevices"])
    finder = linux(name, tmp_path, saying(lsblk=Ran(code=0, out=json.dumps(document))))
    (tmp_path / "proc" / "self" / "mountinfo").unlink()
    assert {reason_against(drive) for drive in finder.find()} == {SYSTEM}


def test_without_mountinfo_the_mounts_that_lsblk_tells_are_believed(tmp_path: Path) -> None:
    finder = linux("one-stick", tmp_path)
    (tmp_path / "proc" / "self" / "mountinfo").unlink()
    drives = by_device(finder.find())
    assert drives["/dev/nvme0n1"].is_system
    assert drives["/dev/sda"].volumes[0].mounted_at == (Path("/media/ann/PLANT-A"),)
    assert reason_against(drives["/dev/sda"]) == ""


def test_a_live_system_lives_on_its_stick(tmp_path: Path) -> None:
    drives = by_device(found("live-system", tmp_path))
    assert reason_against(drives["/dev/sda"]) == SYSTEM


def test_a_live_system_lives_on_its_stick_wherever_that_is_mounted(tmp_path: Path) -> None:
    # Only the chain tells: / is an overlay, a layer of it a loop device, the file behind that on the stick.
    finder = linux("live-system", tmp_path)
    for place in (tmp_path / "proc" / "self" / "mountinfo", tmp_path / "sys/devices/virtual/block/loop0/loop"):
        file = place if place.is_file() else place / "backing_file"
        file.write_text(file.read_text().replace("/run/live", "/media/odd"))
    assert reason_against(by_device(finder.find())["/dev/sda"]) == SYSTEM


def test_all_members_of_the_systems_pools_are_the_systems(tmp_path: Path) -> None:
    drives = found("pools", tmp_path)
    reasons = {drive.device: reason_against(drive) for drive in drives}
    assert reasons == {
        "/dev/sda": SYSTEM,  # shown as mounted
        "/dev/sdb": SYSTEM,  # the other half of the same btrfs
        "/dev/sdc": SYSTEM,  # a pool with /var/lib
        "/dev/sdd": "",  # a pool that a person uses
        "/dev/sde": SYSTEM,  # both halves of a mirror
        "/dev/sdf": SYSTEM,
        "/dev/sdg": "",
    }


@pytest.mark.parametrize("swap", ["/dev/sda1", "/media/ann/PLANT-A/swapfile"])
def test_a_stick_with_swap_on_it_is_the_systems(swap: str, tmp_path: Path) -> None:
    finder = linux("one-stick", tmp_path)
    with (tmp_path / "proc" / "swaps").open("a") as file:
        file.write(f"{swap} file 102396 0 -2\n")
    assert reason_against(by_device(finder.find())["/dev/sda"]) == SYSTEM


@pytest.mark.parametrize(
    ("place", "is_theirs"),
    [
        *[
            (place, True)
            for place in ("/", "/boot/efi", "/usr", "/var/lib/docker", "/home", "/nix/store", "/run/live/m")
        ],
        *[
            (place, False)
            for place in ("/mnt/x", "/media/ann/stick", "/stick", "/run/media/ann/x", "/bootleg", "/run/x")
        ],
    ],
)
def test_where_the_system_keeps_its_files(place: str, is_theirs: bool, tmp_path: Path) -> None:  # noqa: FBT001
    finder = linux("one-stick", tmp_path)
    mountinfo = tmp_path / "proc" / "self" / "mountinfo"
    mountinfo.write_text(mountinfo.read_text().replace("/media/ann/PLANT-A", place))
    assert by_device(finder.find())["/dev/sda"].is_system is is_theirs


def test_a_drive_behind_thunderbolt_is_removable(tmp_path: Path) -> None:
    drives = by_device(found("thunderbolt", tmp_path))
    assert reason_against(drives["/dev/nvme1n1"]) == ""
    assert reason_against(drives["/dev/nvme0n1"]) == SYSTEM


def test_a_hostile_label_is_kept_as_it_is_and_the_mount_is_the_true_one(tmp_path: Path) -> None:
    drive = by_device(found("hostile-label", tmp_path))["/dev/sda"]
    (volume,) = drive.volumes
    assert volume.label == "\x1b]0;owned\x07\u202e\\x1b[2J"
    assert volume.mounted_at == (Path("/media/ann/\x1b]0;owned x"),)
    assert drive.is_read_only
    assert volume.is_read_only


def test_blkid_knows_file_systems_where_there_is_no_udev(tmp_path: Path) -> None:
    known = volumes(found("no-udev", tmp_path))
    assert [(one.file_system, one.label, one.mounted_at, is_locked(one)) for one in known.values()] == [
        ("exfat", "STICK", (Path("/media/stick"),), False),
        ("luks", "", (), True),
        ("btrfs", "pool", (Path("/media/pool"),), False),
        ("btrfs", "pool", (), False),
        ("ext4", "second", (Path("/media/second"),), False),
        ("ext4", "", (Path("/"), Path("/run/netns")), False),
    ]


def test_blkid_is_not_asked_where_lsblk_knows(tmp_path: Path) -> None:
    lsblk = Ran(code=0, out=(RECORDED / "linux" / "one-stick" / "lsblk.json").read_text())

    def blkid(argv: Sequence[str]) -> Ran:
        raise AssertionError(argv)

    assert linux("one-stick", tmp_path, saying(lsblk=lsblk, blkid=blkid)).find()


def test_no_lsblk_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as told:
        linux("no-stick", tmp_path, saying()).find()
    assert "there is no program 'lsblk'" in told.value.why
    assert "util-linux" in told.value.remedy


@pytest.mark.parametrize("said", ["", "nonsense", "[]", "{", "[" * 100_000])
def test_an_lsblk_that_says_nothing_readable_is_an_error_in_words(said: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as told:
        linux("no-stick", tmp_path, saying(lsblk=Ran(code=1, out=said, err="lsblk: unrecognized option"))).find()
    assert "unrecognized option" in told.value.why


@pytest.mark.parametrize(
    "device",
    [
        None,
        7,
        {},
        {"name": None},
        {"name": "sda", "size": "huge", "children": {"name": "sda1"}, "mountpoints": "x", "rm": []},
        {"name": "sda", "size": -1, "type": 5, "label": {"a": 1}, "mountpoints": [1, None, {"a": 1}], "children": [[]]},
        {"name": "../../etc", "kname": "a/../../b", "size": 10**40, "fsavail": 1.5, "fstype": "\x00\ud800"},
        {"name": "s" * 100_000, "label": "l" * 100_000, "mountpoint": "/" + "m" * 100_000},
    ],
)
def test_whatever_lsblk_says_no_traceback_comes_of_it(device: object, tmp_path: Path) -> None:
    said = json.dumps({"blockdevices": [device]})
    for drive in linux("no-stick", tmp_path, saying(lsblk=Ran(code=0, out=said))).find():
        assert len(drive.device) < 300
        assert all(len(volume.label) <= 256 for volume in drive.volumes)


def test_a_tree_without_end_is_cut_off(tmp_path: Path) -> None:
    device: dict[str, object] = {"name": "a0", "type": "disk", "size": 1}
    for level in range(1, 100):
        device = {"name": f"a{level}", "type": "disk", "size": 1, "fstype": "", "children": [device]}
    many = [device, *({"name": f"b{index}", "size": 1, "type": "disk"} for index in range(10_000))]
    drives = linux("no-stick", tmp_path, saying(lsblk=Ran(code=0, out=json.dumps({"blockdevices": many})))).find()
    assert len(drives) < 4096


def test_the_pulse_changes_when_a_stick_a_card_or_a_mount_comes(tmp_path: Path) -> None:
    finder = linux("one-stick", tmp_path)
    seen = [finder.pulse()]
    sys, mountinfo = tmp_path / "sys", tmp_path / "proc" / "self" / "mountinfo"
    (sys / "block" / "sdz").mkdir()
    seen.append(finder.pulse())
    (sys / "block" / "sdz" / "size").write_text("2048\n")
    seen.append(finder.pulse())
    mountinfo.write_text(mountinfo.read_text() + "900 30 8:1 / /mnt/b rw - vfat /dev/sda1 rw\n")
    seen.append(finder.pulse())
    assert len(set(seen)) == 4
    assert finder.pulse() == seen[-1]


def test_a_machine_full_of_containers_is_no_hold_up(tmp_path: Path) -> None:
    finder = linux("one-stick", tmp_path)
    mountinfo = tmp_path / "proc" / "self" / "mountinfo"
    with mountinfo.open("a") as file:
        for one in range(1500):
            layers = ":".join(f"/var/lib/docker/overlay2/l/{one}-{layer}" for layer in range(30))
            place = f"/var/lib/docker/overlay2/{one}/merged"
            file.write(f"{1000 + one} 30 0:{100 + one} / {place} rw - overlay overlay rw,lowerdir={layers}\n")
    began = time.process_time()
    assert offered(finder.find()) == ["/dev/sda"]
    assert time.process_time() - began < 5
