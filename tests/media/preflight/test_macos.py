"""What macOS says, from the output of its programs as they are known to print it."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.errors import MediaError
from lockstick.media.preflight import ReadOnlyBy
from lockstick.media.preflight.probes.macos import MacProbe, parse_info, parse_mounts
from lockstick.media.running import Ran

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.media.preflight import Facts

SAMPLES = Path(__file__).with_name("samples")
STICK = Path("/Volumes/STICK")


def facts(folder: Path = STICK, **changes: Any) -> Facts:
    asked: list[str] = []

    def run(command: Sequence[str]) -> Ran:
        if command[0] == "mount":
            return Ran(code=0, out=(SAMPLES / "macos.mount").read_text(encoding="utf-8"))
        asked.append(command[-1])
        name = {"/dev/disk4s1": "macos-fat32.plist", "/dev/disk3s1s1": "macos-apfs.plist"}.get(command[-1])
        if name is None:
            return Ran(code=1, out="no such disk")
        said = plistlib.loads((SAMPLES / name).read_bytes()) | changes
        return Ran(code=0, out=plistlib.dumps(said).decode())

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
    said = parse_info(plistlib.dumps({"FilesystemType": "apfs", "FilesystemName": name}).decode())
    assert said == {"file_system": "apfs", "is_case_sensitive": is_case_sensitive}


def test_names_with_blanks_and_brackets() -> None:
    found = {str(mount.point): mount for mount in parse_mounts((SAMPLES / "macos.mount").read_text(encoding="utf-8"))}
    assert found["/Volumes/Kim's on (old) stick"].kind == "exfat"
    assert "read-only" in found["/Volumes/Kim's on (old) stick"].options


def test_a_volume_that_diskutil_knows_nothing_of() -> None:
    found = facts(Path("/Volumes/Kim's on (old) stick"))
    assert (found.file_system, found.is_read_only, found.label) == ("exfat", True, None)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "<plist><dict><key>a</key>", plistlib.dumps([1]).decode(), "bplist00"]
)
def test_a_list_of_nonsense_says_nothing(text: str) -> None:
    assert parse_info(text) == {}
    assert parse_mounts(text) == ()


def test_a_label_that_no_parser_of_lists_takes_hides_nothing_else() -> None:
    said = plistlib.dumps({"FilesystemType": "exfat", "VolumeName": "LABEL"}).decode().replace("LABEL", "A\x01B")
    assert parse_info(said) == {"file_system": "exfat", "label": "A\ufffdB"}


def test_a_label_that_seems_to_be_two_lines_is_one() -> None:
    (found,) = parse_mounts("/dev/disk4s1 on /Volumes/A\u2028B (msdos, local)\n")
    assert str(found.point) == "/Volumes/A\u2028B"


def test_a_program_that_does_not_end_leaves_facts_unknown() -> None:
    def run(_: Sequence[str]) -> Ran:
        raise MediaError("the program does not end")

    found = MacProbe(run=run, room=lambda _: None, may_write=lambda _: True).facts(STICK)
    assert (found.mount_point, found.file_system, found.total) == (None, "", None)
