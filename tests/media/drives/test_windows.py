from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from lockstick.errors import MediaError
from lockstick.media.drives import is_locked, reason_against
from lockstick.media.drives.windows import SCRIPT, WindowsFinder, powershell, read_drives
from lockstick.media.running import Ran
from media.drives.machine import RECORDED, by_device, windows

SYSTEM = "the running system lives on it"
FIXED = "it cannot be taken out"

OFFERED = {
    "no-stick": [],
    "one-stick": ["PHYSICALDRIVE1"],
    "two-alike": ["PHYSICALDRIVE1", "PHYSICALDRIVE2"],
    "without-serial": ["PHYSICALDRIVE1"],
    "empty-card-reader": [],
    "encrypted": ["PHYSICALDRIVE1", "PHYSICALDRIVE2"],
    "two-partitions": ["PHYSICALDRIVE1"],
    "internal-sd-reader": ["PHYSICALDRIVE1"],
    "other-shapes": ["PHYSICALDRIVE1"],
    "system-on-usb": [],
    "hostile-label": ["PHYSICALDRIVE1"],
}


def document(name: str) -> Any:
    return json.loads((RECORDED / "windows" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(path.stem for path in (RECORDED / "windows").glob("*.json")))
def test_what_is_offered_of_each_recorded_machine(name: str) -> None:
    drives = windows(name).find()
    assert [drive.device for drive in drives if not reason_against(drive)] == OFFERED[name]


@pytest.mark.parametrize("name", ["one-stick", "other-shapes"])
def test_a_stick_is_described_by_what_a_person_recognises(name: str) -> None:
    drive = by_device(windows(name).find())["PHYSICALDRIVE1"]
    assert (drive.vendor, drive.model, drive.serial) == ("SanDisk", "Ultra", "4C530001230914115092")
    assert (drive.size, drive.bus, drive.port) == (30_765_219_840, "usb", "Port_#0003.Hub_#0001")
    assert (drive.is_removable, drive.is_system, drive.has_medium, drive.is_read_only) == (True, False, True, False)
    (volume,) = drive.volumes
    assert (volume.device, volume.mounted_at) == ("E:", (Path("E:\\"),))
    assert (volume.file_system, volume.label, volume.uuid) == ("fat32", "PLANT-A", "4E21-0000")
    assert (volume.size, volume.free) == (30_764_171_264, 30_746_869_760)
    assert not volume.is_encrypted


def test_two_alike_are_told_apart_by_serial_and_port() -> None:
    drives = by_device(windows("two-alike").find())
    one, other = drives["PHYSICALDRIVE1"], drives["PHYSICALDRIVE2"]
    assert (one.vendor, one.model, one.size) == (other.vendor, other.model, other.size)
    assert (one.serial, one.port) == ("4C530001230914115092", "Port_#0003.Hub_#0001")
    assert (other.serial, other.port) == ("4C530001310914114573", "Port_#0001.Hub_#0004")


def test_an_instance_that_windows_made_up_is_no_serial_number() -> None:
    drive = by_device(windows("without-serial").find())["PHYSICALDRIVE1"]
    assert (drive.serial, drive.port) == ("", "Port_#0003.Hub_#0001")


def test_a_reader_without_a_card_has_no_medium() -> None:
    drives = by_device(windows("empty-card-reader").find())
    for device in ("PHYSICALDRIVE1", "PHYSICALDRIVE2"):
        assert reason_against(drives[device]) == "there is no card or disc in it"
        assert drives[device].volumes == ()


def test_bitlocker_locked_and_unlocked() -> None:
    drives = by_device(windows("encrypted").find())
    (locked,), (unlocked,) = drives["PHYSICALDRIVE1"].volumes, drives["PHYSICALDRIVE2"].volumes
    assert (locked.file_system, locked.mounted_at, locked.free, is_locked(locked)) == ("bitlocker", (), None, True)
    assert (unlocked.file_system, unlocked.mounted_at) == ("ntfs", (Path("F:\\"),))
    assert unlocked.is_encrypted
    assert not is_locked(unlocked)


def test_a_stick_with_two_partitions_has_two_volumes() -> None:
    drive = by_device(windows("two-partitions").find())["PHYSICALDRIVE1"]
    assert [(one.device, one.label, one.file_system) for one in drive.volumes] == [
        ("E:", "Ventoy", "exfat"),
        ("F:", "VTOYEFI", "fat"),
    ]


def test_a_card_in_its_own_reader_is_offered_and_soldered_flash_is_not() -> None:
    drives = by_device(windows("internal-sd-reader").find())
    assert (drives["PHYSICALDRIVE1"].bus, reason_against(drives["PHYSICALDRIVE1"])) == ("mmc", "")
    assert (drives["PHYSICALDRIVE2"].bus, reason_against(drives["PHYSICALDRIVE2"])) == ("mmc", FIXED)


def test_what_windows_runs_from_and_pages_to_is_never_offered() -> None:
    drives = by_device(windows("system-on-usb").find())
    assert reason_against(drives["PHYSICALDRIVE1"]) == SYSTEM
    assert reason_against(drives["PHYSICALDRIVE2"]) == SYSTEM


def test_a_disk_of_which_windows_does_not_say_whether_it_is_its_own_is_the_systems() -> None:
    said = document("one-stick")
    for key in ("IsBoot", "IsSystem"):
        without = json.loads(json.dumps(said))
        without["disks"][1][key] = None
        assert reason_against(by_device(read_drives(without))["PHYSICALDRIVE1"]) == SYSTEM


def test_where_no_system_is_to_be_seen_every_drive_may_be_the_systems() -> None:
    said = document("one-stick")
    del said["disks"][0]
    said["partitions"] = [part for part in said["partitions"] if part["DiskNumber"] == 1]
    (drive,) = read_drives(said)
    assert reason_against(drive) == SYSTEM


def test_a_mount_in_a_folder_counts_and_a_volume_without_any_is_not_mounted() -> None:
    said = document("one-stick")
    part = said["partitions"][-1]
    part["DriveLetter"], part["AccessPaths"] = "\0", ["C:\\stick\\", "\\\\?\\Volume{1}\\"]
    (volume,) = by_device(read_drives(said))["PHYSICALDRIVE1"].volumes
    assert volume.mounted_at == (Path("C:\\stick\\"),)
    part["AccessPaths"] = ["\\\\?\\Volume{1}\\"]
    (volume,) = by_device(read_drives(said))["PHYSICALDRIVE1"].volumes
    assert (volume.mounted_at, volume.device) == ((), "\\\\?\\Volume{1}\\")


def test_a_hostile_label_is_kept_as_it_is() -> None:
    drive = by_device(windows("hostile-label").find())["PHYSICALDRIVE1"]
    assert drive.volumes[0].label == "\x1b]0;owned\x07 \u202e"
    assert drive.is_read_only


def test_the_script_reaches_powershell_unchanged_whatever_is_in_it() -> None:
    *_, option, encoded = powershell(SCRIPT)
    assert option == "-EncodedCommand"
    assert base64.b64decode(encoded).decode("utf-16-le") == SCRIPT
    assert len(encoded) < 32_000 - 200  # what Windows takes for a command line, without the rest of it


def test_a_byte_order_mark_is_no_error() -> None:
    said = "\ufeff" + json.dumps(document("one-stick"))
    assert len(WindowsFinder(lambda _: Ran(code=0, out=said)).find()) == 2


@pytest.mark.parametrize("ran", [Ran(code=1, out="", err="Get-Disk : Access denied"), Ran(code=0, out="[1]")])
def test_a_powershell_that_says_nothing_readable_is_an_error_in_words(ran: Ran) -> None:
    with pytest.raises(MediaError) as told:
        WindowsFinder(lambda _: ran).find()
    assert (ran.err or "nothing at all") in told.value.why


def test_no_powershell_is_said_in_words() -> None:
    with pytest.raises(MediaError) as told:
        WindowsFinder(lambda _: Ran(code=None)).find()
    assert "PowerShell is not there" in told.value.why


@pytest.mark.parametrize("name", ["disks", "drives", "partitions", "volumes", "logical", "paging", "plugs", "locks"])
@pytest.mark.parametrize("value", [None, 5, "x", [None, [], "x"], {"Count": 1, "value": 3}, [{"Number": {}}], [{}]])
def test_whatever_powershell_says_no_traceback_comes_of_it(name: str, value: object) -> None:
    said = document("two-partitions")
    said[name] = value
    for drive in read_drives(said):
        assert drive.device.startswith("PHYSICALDRIVE")


def test_the_pulse_is_what_the_letters_say() -> None:
    letters = [("C", 1)]
    finder = WindowsFinder(lambda _: Ran(code=None), letters=lambda: tuple(letters))
    before = finder.pulse()
    letters.append(("E", 2))
    assert finder.pulse() != before


def test_a_complaint_in_xml_is_told_in_words() -> None:
    err = (
        '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
        '<S S="Error">Get-Disk : Access to a CIM resource was not available_x000D__x000A_</S>'
        '<S S="Error">to &lt;the client&gt;._x000D__x000A_</S></Objs>'
    )
    with pytest.raises(MediaError) as told:
        WindowsFinder(lambda _: Ran(code=1, err=err)).find()
    assert told.value.why.endswith("but: Get-Disk : Access to a CIM resource was not available to <the client>.")


def test_what_one_drive_says_is_not_kept_for_the_next_one() -> None:
    # A call that fails leaves the variable as it was, so each round of a loop begins with nothing in it.
    for variable in ("$of", "$where"):
        rounds = SCRIPT.split("ForEach-Object {")
        uses = [one for one in rounds if f"{variable} = $shell" in one or f"{variable} = Get-Pnp" in one]
        assert uses
        assert all(f"{variable} = $null" in "".join(rounds[: rounds.index(one) + 1]) for one in uses)
