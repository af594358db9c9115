"""What a device can do with the stick."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from lockstick.media.preflight import Platform, Wishes
from lockstick.media.remarks import Weight
from media.preflight.ground import DRIVE, VOLUME, said, stick


@pytest.mark.parametrize("file_system", ["fat12", "fat16", "fat32", "fat", "ext2", "ext3", "ext4"])
def test_file_systems_that_devices_read(file_system: str) -> None:
    assert said(stick(file_system=file_system)) == {}


@pytest.mark.parametrize("file_system", ["ntfs", "apfs", "hfs+", "btrfs", "xfs", "refs", "udf"])
def test_file_systems_that_devices_hardly_ever_read(file_system: str) -> None:
    remark = said(stick(file_system=file_system))["file-system"]
    assert remark.weight is Weight.WARNING
    assert "FAT32" in remark.remedy


def test_exfat_is_a_note() -> None:
    assert said(stick(file_system="exfat"))["file-system"].weight is Weight.NOTE


def test_a_program_that_serves_who_knows_what_is_named() -> None:
    remark = said(stick(file_system="", driver="fuse.strange"))["file-system-unknown"]
    assert remark.weight is Weight.NOTE
    assert "fuse.strange" in remark.message


def test_an_encrypted_stick_is_a_warning() -> None:
    assert said(stick(volume=replace(VOLUME, is_encrypted=True)))["encrypted"].weight is Weight.WARNING
    assert "encrypted" in said(stick(volume=None, drive=None, device="/dev/mapper/luks-0815"))
    assert "encrypted" not in said(stick(device="/dev/mapper/vg-stick"))


def test_a_label_that_the_devices_do_not_look_for_is_refused() -> None:
    remark = said(stick(), wishes=Wishes(label="UPDATES"))["label"]
    assert remark.weight is Weight.ERROR
    assert "'STICK'" in remark.message
    assert "fatlabel /dev/sdb1 UPDATES" in remark.remedy
    assert said(stick(), wishes=Wishes(label="STICK")) == {}
    assert "has no label" in said(stick(label=""), wishes=Wishes(label="STICK"))["label"].message


def test_nobody_asked_for_a_label() -> None:
    assert said(stick(label="whatever")) == {}
    assert said(stick(label="")) == {}


def test_case_matters_to_a_device() -> None:
    message = said(stick(label="STICK"), wishes=Wishes(label="stick"))["label"].message
    assert "capital letters" in message
    assert "Windows writes" in message
    assert "Windows" not in said(stick(label="stick"), wishes=Wishes(label="STICK"))["label"].message


def test_two_file_systems_of_one_label_on_one_drive_are_warned_of() -> None:
    twin, other = replace(VOLUME, device="/dev/sdb2"), replace(VOLUME, device="/dev/sdb2", label="DATA")
    remark = said(stick(drive=replace(DRIVE, volumes=(VOLUME, twin))))["label-twice"]
    assert remark.weight is Weight.WARNING
    assert "/dev/sdb2" in remark.message
    assert said(stick(drive=replace(DRIVE, volumes=(VOLUME, other)))) == {}
    assert said(stick(label="", drive=replace(DRIVE, volumes=(VOLUME, twin)))) == {}


def test_a_label_that_is_not_known_is_a_note() -> None:
    assert said(stick(label=None), wishes=Wishes(label="STICK"))["label"].weight is Weight.NOTE


@pytest.mark.parametrize("file_system", ["fat32", "exfat"])
def test_the_customary_label_does_not_fit_fat(file_system: str) -> None:
    remark = said(stick(file_system=file_system), wishes=Wishes(label="torizon-update"))["label-impossible"]
    assert remark.weight is Weight.ERROR
    assert "14 characters" in remark.message
    assert "holds 11" in remark.message
    assert "offline_updates_source" in remark.remedy


@pytest.mark.parametrize("file_system", ["ext4", "ntfs", ""])
def test_other_file_systems_hold_it(file_system: str) -> None:
    found = said(stick(file_system=file_system), wishes=Wishes(label="torizon-update"))
    assert "label-impossible" not in found
    assert "label" in found


@pytest.mark.parametrize(
    ("platform", "command"),
    [(Platform.WINDOWS, "label "), (Platform.MACOS, "diskutil rename"), (Platform.LINUX, "fatlabel")],
)
def test_the_command_that_changes_a_label_is_the_systems_own(platform: Platform, command: str) -> None:
    assert command in said(stick(platform=platform), wishes=Wishes(label="OTHER"))["label"].remedy


@pytest.mark.parametrize("label", ['x"; touch y; "', "$(touch y)", "`touch y`", "it's"])
def test_a_label_that_a_stranger_chose_is_one_word_of_the_command(label: str) -> None:
    """On a Mac the mount is called after the label, and people paste what they are told to."""
    mounted = stick(platform=Platform.MACOS, mount=PurePosixPath("/Volumes") / label)
    remedy = said(mounted, wishes=Wishes(label="OTHER"))["label"].remedy
    assert shlex.split(remedy.removeprefix("Change it: ")) == ["diskutil", "rename", f"/Volumes/{label}", "OTHER"]
