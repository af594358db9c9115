"""Whether the folder that was named is a stick."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lockstick.media.model import Drive
from lockstick.media.preflight import Contents, FoundLockbox, Platform, Wishes, check
from lockstick.media.remarks import Weight
from media.preflight.ground import BOX, DRIVE, MOUNT, said, stick

KNOWS = Wishes(i_know=True)
BUILT_IN = replace(DRIVE, is_removable=False)
SYSTEM = Drive(device="/dev/nvme0n1", is_system=True)


def test_an_empty_folder_where_a_stick_should_be_mounted_is_refused() -> None:
    classic = stick(mount_point=Path("/"), drive=SYSTEM, volume=None, file_system="ext4", driver="ext4")
    found = said(classic)
    assert found["no-mount-point"].weight is Weight.ERROR
    assert "--i-know" in found["no-mount-point"].remedy
    assert "drives" in found["no-mount-point"].remedy
    assert "system-disk" not in found
    assert said(classic, wishes=KNOWS)["no-mount-point"].weight is Weight.WARNING


def test_the_place_where_the_stick_really_is_is_proposed() -> None:
    left = stick(mount_point=Path("/"), drive=SYSTEM, volume=None, sticks=(Path("/media/kim/STICK1"),))
    assert "Did you mean /media/kim/STICK1?" in said(left)["no-mount-point"].remedy


def test_a_folder_on_a_stick_is_answered_with_the_top_of_the_stick() -> None:
    inner = stick(mount=MOUNT / "update")
    assert f"Did you mean {MOUNT}?" in said(inner)["no-mount-point"].remedy


def test_the_disk_of_the_running_system_is_refused_whatever_the_user_says() -> None:
    for wishes in (Wishes(), KNOWS):
        home = stick(mount=Path("/home"), mount_point=Path("/home"), drive=SYSTEM)
        assert said(home, wishes=wishes)["system-disk"].weight is Weight.ERROR
        top = stick(mount=Path("/"), mount_point=Path("/"), drive=None)
        assert said(top, wishes=wishes)["system-disk"].weight is Weight.ERROR


@pytest.mark.parametrize(
    ("platform", "folder", "is_refused"),
    [
        (Platform.LINUX, "/etc", True),
        (Platform.LINUX, "/usr/share/update", True),
        (Platform.LINUX, "/media/kim/usr", False),
        (Platform.LINUX, "/srv", False),
        (Platform.MACOS, "/private/etc", True),
        (Platform.MACOS, "/System/Volumes", True),
        (Platform.MACOS, "/private/tmp/usr", False),
        (Platform.WINDOWS, "/Windows/System32", True),
        (Platform.WINDOWS, "/Users/you/windows", False),
    ],
)
def test_a_folder_of_the_running_system_is_refused_whatever_the_user_says(
    *, platform: Platform, folder: str, is_refused: bool
) -> None:
    found = said(stick(platform=platform, mount=Path(folder), mount_point=Path("/"), drive=SYSTEM), wishes=KNOWS)
    assert ("system-disk" in found) is is_refused
    assert not is_refused or found["system-disk"].weight is Weight.ERROR
    other = said(stick(platform=platform, mount=Path(folder), mount_point=Path("/"), drive=BUILT_IN), wishes=KNOWS)
    assert "system-disk" not in other, "a folder of that name on another disk can be meant"


def test_the_folder_of_a_lockbox_is_no_place_for_another_one_whatever_the_user_says() -> None:
    lockbox = Contents(lockboxes=(FoundLockbox(place=(), names=("line-a",)),))
    inner = MOUNT / "update"
    for drive in (DRIVE, BUILT_IN, SYSTEM):
        remark = said(stick(mount=inner, contents=lockbox, drive=drive), wishes=KNOWS)["no-mount-point"]
        assert remark.weight is Weight.ERROR
        assert remark.remedy == f"Name the folder above it: {MOUNT}"
    assert "no-mount-point" not in said(stick(contents=lockbox)), "a stick may have one at its top"


def test_a_drive_that_is_built_in_is_refused_unless_it_is_meant() -> None:
    remark = said(stick(drive=BUILT_IN))["not-removable"]
    assert remark.weight is Weight.ERROR
    assert "Acme Thumb" in remark.message
    assert "--i-know" in remark.remedy
    meant = said(stick(drive=BUILT_IN), wishes=KNOWS)["not-removable"]
    assert meant.weight is Weight.WARNING
    assert meant.remedy.startswith("Nothing, if this is the place that you mean"), "it was said already"


def test_an_image_that_is_mounted_is_called_what_it_is() -> None:
    remark = said(stick(drive=Drive(device="/dev/loop7", bus="loop")))["not-removable"]
    assert remark.weight is Weight.ERROR
    assert "image in a file" in remark.message
    assert "/dev/loop7" in remark.message


def test_a_drive_that_is_not_known_is_a_note() -> None:
    found = said(stick(drive=None, volume=None))
    assert {name: remark.weight for name, remark in found.items()} == {"drive-unknown": Weight.NOTE}


def test_nothing_known_of_the_place_is_never_a_refusal() -> None:
    nothing = stick(
        mount_point=None, drive=None, volume=None, file_system="", driver="", device="", cluster=None, total=None,
        free=None, is_read_only=None, is_dirty=None, options=None, label=None, may_write=None,
    )  # fmt: skip
    found = check(nothing, BOX, Wishes(label="STICK"))
    assert {remark.weight for remark in found} == {Weight.NOTE}
    assert {remark.check for remark in found} == {"space-unknown", "drive-unknown", "file-system-unknown", "label"}


@pytest.mark.parametrize("driver", ["nfs4", "cifs", "9p", "fuse.sshfs", "remote"])
def test_a_share_on_a_network_is_refused_unless_it_is_meant(driver: str) -> None:
    share = stick(driver=driver, file_system=driver, drive=None)
    assert {name: remark.weight for name, remark in said(share).items()} == {"network-share": Weight.ERROR}
    assert said(share, wishes=KNOWS)["network-share"].weight is Weight.WARNING


def test_a_file_system_in_memory_is_refused_unless_it_is_meant() -> None:
    memory = stick(driver="tmpfs", file_system="tmpfs", drive=None)
    assert {name: remark.weight for name, remark in said(memory).items()} == {"no-medium": Weight.ERROR}
    assert said(memory, wishes=KNOWS)["no-medium"].weight is Weight.WARNING


def test_another_file_system_where_the_lockbox_goes_is_refused() -> None:
    crossed = stick(mounted_inside=(MOUNT / "update" / "images",))
    assert said(crossed)["nested-mount"].weight is Weight.ERROR
    assert "nested-mount" not in said(stick(mounted_inside=(MOUNT / "photos",)))


def test_a_stick_inside_a_stick_is_worth_a_second_look() -> None:
    inner = stick(outer=Path("/media/kim/OTHER"), outer_drive=DRIVE)
    assert said(inner)["nested-mount"].weight is Weight.WARNING
    assert "nested-mount" not in said(stick(outer=Path("/"), outer_drive=SYSTEM))


def test_a_stick_over_a_stick_is_worth_a_second_look() -> None:
    assert said(stick(hidden=1))["nested-mount"].weight is Weight.WARNING
    assert "nested-mount" not in said(stick(hidden=0))
