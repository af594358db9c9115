from __future__ import annotations

import plistlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.media.drives import is_locked, reason_against
from lockstick.media.drives.ioreg import read_usb_disks
from lockstick.media.drives.macos import MacFinder, read_drives
from lockstick.media.plists import read_plist
from lockstick.media.running import Ran
from media.drives.machine import RECORDED, by_device, mac, saying, volumes

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM = "the running system lives on it"

OFFERED = {
    "no-stick": [],
    "one-stick": ["disk4"],
    "two-alike": ["disk4", "disk5"],
    "without-serial": ["disk4"],
    "empty-card-reader": [],
    "encrypted": ["disk4"],
    "two-partitions": ["disk4"],
    "internal-sd-reader": ["disk4"],
    "no-partition-table": ["disk2"],
    "external-system": ["disk5"],
    "hostile-label": ["disk4"],
}


@pytest.mark.parametrize("name", sorted(path.name for path in (RECORDED / "macos").iterdir() if path.is_dir()))
def test_what_is_offered_of_each_recorded_mac(name: str) -> None:
    drives = mac(name).find()
    assert [drive.device for drive in drives if not reason_against(drive)] == OFFERED[name]


def test_a_stick_is_described_by_what_a_person_recognises() -> None:
    drive = by_device(mac("one-stick").find())["disk4"]
    assert (drive.vendor, drive.model, drive.serial) == ("SanDisk", "Ultra", "4C530001230914115092")
    assert (drive.size, drive.bus, drive.port) == (30_784_094_208, "usb", "0x02100000")
    assert (drive.is_removable, drive.is_system, drive.has_medium, drive.is_read_only) == (True, False, True, False)
    (volume,) = drive.volumes
    assert (volume.device, volume.mounted_at) == ("disk4s1", (Path("/Volumes/PLANT-A"),))
    assert (volume.file_system, volume.label, volume.free) == ("fat32", "PLANT-A", 30_746_869_760)
    assert volume.uuid == "0E239BC6-F960-3107-89CF-1C97F78BB46B"
    assert not volume.is_read_only
    assert not volume.is_encrypted


def test_two_alike_are_told_apart_by_serial_and_port() -> None:
    drives = by_device(mac("two-alike").find())
    one, other = drives["disk4"], drives["disk5"]
    assert (one.vendor, one.model, one.size) == (other.vendor, other.model, other.size)
    assert (one.serial, one.port) == ("4C530001230914115092", "0x02100000")
    assert (other.serial, other.port) == ("4C530001310914114573", "0x01130000")


def test_a_stick_without_a_serial_number_has_a_port() -> None:
    drive = by_device(mac("without-serial").find())["disk4"]
    assert (drive.serial, drive.port, drive.model) == ("", "0x02100000", "Flash Disk")


def test_the_system_is_on_the_disk_below_its_container() -> None:
    drives = by_device(mac("no-stick").find())
    assert drives.keys() == {"disk0"}
    assert drives["disk0"].is_system
    assert not drives["disk0"].is_removable
    assert [volume.label for volume in drives["disk0"].volumes][:1] == ["Macintosh HD"]


def test_an_encrypted_stick_is_locked_and_its_helper_partition_is_left_out() -> None:
    (volume,) = by_device(mac("encrypted").find())["disk4"].volumes
    assert (volume.device, volume.file_system, volume.label) == ("disk5s1", "apfs", "PLANT-A")
    assert is_locked(volume)
    assert volume.free is None


def test_a_stick_with_two_partitions_has_two_volumes() -> None:
    drive = by_device(mac("two-partitions").find())["disk4"]
    assert [(one.device, one.label, one.file_system, one.mounted_at) for one in drive.volumes] == [
        ("disk4s2", "OEL9", "exfat", (Path("/Volumes/OEL9"),)),
        ("disk4s3", "", "", ()),
    ]


def test_a_card_in_the_macs_own_reader_is_offered_and_its_switch_is_seen() -> None:
    drive = by_device(mac("internal-sd-reader").find())["disk4"]
    assert (drive.bus, drive.is_removable, drive.is_read_only) == ("mmc", True, True)
    assert drive.volumes[0].is_read_only


def test_a_stick_without_a_partition_table_is_one_volume() -> None:
    (volume,) = by_device(mac("no-partition-table").find())["disk2"].volumes
    assert (volume.device, volume.file_system, volume.label) == ("disk2", "fat32", "NO NAME")


def test_a_system_started_from_outside_is_never_offered_and_no_disk_image_is() -> None:
    drives = by_device(mac("external-system").find())
    assert drives["disk4"].is_removable
    assert reason_against(drives["disk4"]) == SYSTEM
    assert (drives["disk7"].bus, drives["disk7"].is_removable) == ("image", False)


def test_where_no_system_is_to_be_seen_every_drive_may_be_the_systems() -> None:
    listing = read_plist((RECORDED / "macos" / "one-stick" / "list.plist").read_text())
    listing["AllDisksAndPartitions"] = [
        disk for disk in listing["AllDisksAndPartitions"] if not disk.get("APFSPhysicalStores")
    ]
    drives = read_drives(listing, info=lambda _: {"Internal": False}, usb={})
    assert {reason_against(drive) for drive in drives} == {SYSTEM}


@pytest.mark.parametrize("content", ["Apple_CoreStorage", "Apple_RAID"])
def test_a_member_of_a_pool_may_be_the_systems(content: str) -> None:
    listing = {
        "AllDisksAndPartitions": [
            {"DeviceIdentifier": "disk1", "Partitions": [{"Content": content, "DeviceIdentifier": "disk1s2"}]},
            {"DeviceIdentifier": "disk2", "MountPoint": "/"},
            {"DeviceIdentifier": "disk3", "Partitions": [{"Content": "DOS_FAT_32", "DeviceIdentifier": "disk3s1"}]},
        ]
    }
    drives = read_drives(listing, info=lambda _: {"Internal": False}, usb={})
    assert [drive.is_system for drive in drives] == [True, True, False]


def test_a_label_that_makes_its_own_xml_invalid_is_read_all_the_same() -> None:
    (volume,) = by_device(mac("hostile-label").find())["disk4"].volumes
    assert volume.label == "\ufffd]0;owned\ufffd&"


def test_a_name_that_is_none_of_a_disk_never_becomes_an_argument() -> None:
    asked: list[str] = []
    listing = {"AllDisksAndPartitions": [{"DeviceIdentifier": name} for name in ("-h", "disk4;x", "/", "disk4")]}

    def diskutil(argv: Sequence[str]) -> Ran:
        asked.append(argv[-1])
        return Ran(code=0, out=plistlib.dumps(listing).decode() if argv[1] == "list" else "")

    MacFinder(saying(diskutil=diskutil)).find()
    assert asked == ["-plist", "disk4"]


@pytest.mark.parametrize("said", ["", "nonsense", "<plist><dict><key>a</key>", "bplist00\x00", "<plist/>"])
def test_a_diskutil_that_says_nothing_readable_is_an_error_in_words(said: str) -> None:
    with pytest.raises(MediaError, match="cannot be listed"):
        MacFinder(saying(diskutil=Ran(code=1, out=said))).find()


def test_no_diskutil_is_said_in_words() -> None:
    with pytest.raises(MediaError, match="cannot be listed"):
        MacFinder(saying()).find()


def test_xml_that_would_grow_is_not_read() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a0 "a">{entities}]><plist><string>&a11;</string></plist>'
    assert read_plist(bomb) is None


@pytest.mark.parametrize("value", [None, 5, "x", [], {"AllDisksAndPartitions": {"DeviceIdentifier": ["disk1"]}}])
def test_whatever_diskutil_says_no_traceback_comes_of_it(value: object) -> None:
    listing = value if isinstance(value, dict) else {"AllDisksAndPartitions": value}
    assert read_drives(listing, info=lambda _: {"Size": "x", "Internal": 7, "MediaName": {}}, usb={}) == ()


def test_the_pulse_changes_with_the_listing() -> None:
    assert mac("no-stick").pulse() != mac("one-stick").pulse()
    assert mac("one-stick").pulse() == mac("one-stick").pulse()


def test_a_registry_without_end_is_cut_off() -> None:
    node: dict[str, object] = {"BSD Name": "disk9"}
    for _ in range(200):
        node = {"IORegistryEntryChildren": [node]}
    tree = plistlib.dumps([{"locationID": 5, "USB Product Name": "x", "IORegistryEntryChildren": [node]}]).decode()
    assert read_usb_disks(tree) == {}


def test_every_volume_of_every_recording_has_a_device() -> None:
    for place in (RECORDED / "macos").iterdir():
        assert "" not in volumes(mac(place.name).find())
