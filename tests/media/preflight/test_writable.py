"""Whether it can be written to, and whether it is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstick.media.preflight import Platform, ReadOnlyBy
from lockstick.media.remarks import Weight
from media.preflight.ground import said, stick


@pytest.mark.parametrize(
    ("by", "message", "remedy"),
    [
        (ReadOnlyBy.SWITCH, "write-protected", "switch"),
        (ReadOnlyBy.OPTION, "mounted read-only", "remount,rw"),
        (ReadOnlyBy.ERRORS, "after errors", "fsck.fat -a /dev/sdb1"),
        (ReadOnlyBy.UNKNOWN, "is read-only", "switch"),
    ],
)
def test_a_medium_that_is_read_only_is_refused_with_what_helps(by: ReadOnlyBy, message: str, remedy: str) -> None:
    remark = said(stick(is_read_only=True, read_only_by=by))["read-only"]
    assert remark.weight is Weight.ERROR
    assert message in remark.message
    assert remedy in remark.remedy


def test_a_folder_that_this_user_may_not_write_to_is_refused() -> None:
    assert said(stick(may_write=False))["not-permitted"].weight is Weight.ERROR
    assert "not-permitted" not in said(stick(may_write=None))
    assert "not-permitted" not in said(stick(may_write=False, is_read_only=True))  # the other reason comes first


def test_a_fresh_ext4_which_belongs_to_root_is_answered_with_the_command() -> None:
    mine = stick(may_write=False, file_system="ext4", mount=Path("/media/kim/A STICK"))
    assert said(mine)["not-permitted"].remedy == "Give it to this user, once: sudo chown $USER '/media/kim/A STICK'"
    assert "sudo chown" not in said(stick(may_write=False))["not-permitted"].remedy, "FAT has no owners to change"


def test_waiting_for_every_byte_is_a_note() -> None:
    assert said(stick(options=("rw", "sync", "utf8")))["slow-mount"].weight is Weight.NOTE
    assert said(stick(options=("rw", "noexec", "nosuid", "flush", "async", "utf8"))) == {}


def test_a_stick_that_was_pulled_out_is_a_warning() -> None:
    remark = said(stick(is_dirty=True))["dirty"]
    assert remark.weight is Weight.WARNING
    assert "fsck.fat -a /dev/sdb1" in remark.remedy


@pytest.mark.parametrize(
    ("platform", "file_system", "command"),
    [
        (Platform.LINUX, "exfat", "fsck.exfat -p /dev/sdb1"),
        (Platform.LINUX, "ext4", "e2fsck -f /dev/sdb1"),
        (Platform.LINUX, "udf", "fsck /dev/sdb1"),
        (Platform.MACOS, "fat32", "diskutil repairVolume /dev/sdb1"),
        (Platform.WINDOWS, "fat32", "chkdsk /media/kim/STICK /f"),
    ],
)
def test_the_command_that_repairs_is_the_systems_own(platform: Platform, file_system: str, command: str) -> None:
    assert command in said(stick(platform=platform, file_system=file_system, is_dirty=True))["dirty"].remedy


def test_what_cannot_be_told_is_a_note_where_it_matters() -> None:
    assert said(stick(is_dirty=None))["dirty-unknown"].weight is Weight.NOTE
    assert "dirty-unknown" not in said(stick(is_dirty=None, file_system="ext4"))
    assert "dirty-unknown" not in said(stick(is_dirty=None, is_read_only=True))


def test_errors_that_the_file_system_has_noted_are_a_warning() -> None:
    assert said(stick(file_system="ext4", errors=3))["file-system-errors"].weight is Weight.WARNING
    assert said(stick(file_system="ext4", errors=0)) == {}
