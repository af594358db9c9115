"""What macOS says, from the output of its programs as they are known to print it."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.media.preflight import ReadOnlyBy
from lockstick.media.preflight.probes.macos import MacProbe, parse_info, parse_mounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.media.preflight import Facts

SAMPLES = Path(__file__).with_name("samples")
STICK = Path("/Volumes/STICK")


def facts(folder: Path = STICK, **changes: Any) -> Facts:
    asked: list[str] = []

    def run(command: Sequence[str]) -> bytes | None:
        if command[0] == "/sbin/mount":
            return (SAMPLES / "macos.mount").read_bytes()
        asked.append(command[-1])
        name = {"/dev/disk4s1": "macos-fat32.plist", "/dev/disk3s1s1": "macos-apfs.plist"}.get(command[-1])
        if name is None:
            return None
        return plistlib.dumps(plistlib.loads((SAMPLES / name).read_bytes()) | changes)

    return MacProbe(run=run, room=lambda _: (8192, 10**9, 10**8), may_write=lambda _: True).facts(folder)


def test_a_stick() -> None:
    found = facts()
    assert (found.mount_point, found.device, found.file_system, found.label) == (
        STICK,
        "/dev/disk4s1",
        "fat32",
        "STICK",
    )
    assert (found.cluster, found.total, found.free) == (8192, 10**9, 10**8)
    assert found.is_read_only is False
    assert found.is_dirty is None
    assert found.is_mount_point is True
    assert found.outer == Path("/")


def test_a_folder_of_the_disk_where_a_stick_should_be() -> None:
    found = facts(Path("/Volumes/GONE"))
    assert (found.mount_point, found.is_mount_point) == (Path("/"), False)


def test_the_sealed_disk_of_the_system_says_nothing_of_the_folders_that_can_be_written_to() -> None:
    found = facts(Path("/Applications/lockbox"))
    assert (found.is_mount_point, found.is_read_only) == (False, None)


def test_a_switch_and_an_option() -> None:
    assert facts(WritableMedia=False, WritableVolume=False).read_only_by is ReadOnlyBy.SWITCH
    assert facts(WritableVolume=False).read_only_by is ReadOnlyBy.OPTION
    assert facts(WritableVolume=False).is_read_only is True


@pytest.mark.parametrize(("name", "is_case_sensitive"), [("APFS", False), ("Case-sensitive APFS", True)])
def test_apfs_may_or_may_not_tell_case(name: str, *, is_case_sensitive: bool) -> None:
    said = parse_info(plistlib.dumps({"FilesystemType": "apfs", "FilesystemName": name}))
    assert said == {"file_system": "apfs", "is_case_sensitive": is_case_sensitive}


def test_names_with_blanks_and_brackets() -> None:
    found = {str(mount.point): mount for mount in parse_mounts((SAMPLES / "macos.mount").read_bytes())}
    assert found["/Volumes/Kim's on (old) stick"].kind == "exfat"
    assert "read-only" in found["/Volumes/Kim's on (old) stick"].options


def test_a_volume_that_diskutil_knows_nothing_of() -> None:
    found = facts(Path("/Volumes/Kim's on (old) stick"))
    assert (found.file_system, found.is_read_only, found.label) == ("exfat", True, None)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"<plist><dict><key>a</key>", plistlib.dumps([1]), b"bplist00\xff"])
def test_a_list_of_nonsense_says_nothing(data: bytes) -> None:
    assert parse_info(data) == {}
    assert parse_mounts(data) == ()
