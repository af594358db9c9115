from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError
from lockstick.media.drives import find_drives
from lockstick.media.drives.ejecting import eject, users_of
from lockstick.media.model import Drive, Volume
from lockstick.media.running import Ran
from media.drives.machine import saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lockstick.media.running import Run

STICK = Drive(
    device="/dev/sda",
    bus="usb",
    is_removable=True,
    volumes=(
        Volume(device="/dev/sda1", mounted_at=(Path("/media/ann/A"),)),
        Volume(device="/dev/sda2", mounted_at=(Path("/media/ann/A/inner"),)),
        Volume(device="/dev/sda3"),
    ),
)
FINE = Ran(code=0)
# As udisksctl 2.9.4 and util-linux 2.38 say it.
NO_DAEMON = Ran(
    code=1, err="Error connecting to the udisks daemon: Error calling StartServiceByName for org.freedesktop.UDisks2\n"
)
BUSY = Ran(
    code=1,
    err="Error unmounting /dev/sda1: GDBus.Error:org.freedesktop.UDisks2.Error.DeviceBusy: "
    "Error unmounting /dev/sda1: target is busy\n",
)


class Desk:
    """Programs that note what they are asked."""

    def __init__(self, **answers: Ran | Callable[[Sequence[str]], Ran]) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._run = saying(**answers)

    def __call__(self, argv: Sequence[str]) -> Ran:
        self.asked.append(tuple(argv))
        return self._run(argv)


# --- Linux -------------------------------------------------------------------------------------


def test_udisks_unmounts_the_inner_volume_first_and_switches_the_power_off() -> None:
    desk = Desk(udisksctl=FINE)
    assert eject(STICK, run=desk, platform="linux")
    option = ("--no-user-interaction", "--block-device")
    assert desk.asked == [
        ("udisksctl", "unmount", *option, "/dev/sda2"),
        ("udisksctl", "unmount", *option, "/dev/sda1"),
        ("udisksctl", "power-off", *option, "/dev/sda"),
    ]


@pytest.mark.parametrize("udisksctl", [Ran(code=None), NO_DAEMON])
def test_without_udisks_umount_does_it_and_the_kernel_lets_go(udisksctl: Ran, tmp_path: Path) -> None:
    desk = Desk(udisksctl=udisksctl, umount=FINE)
    device = tmp_path / "block" / "sda" / "device"
    device.mkdir(parents=True)
    assert eject(STICK, run=desk, platform="linux", sys_root=tmp_path)
    assert [asked[1:] for asked in desk.asked if asked[0] == "umount"] == [("/media/ann/A/inner",), ("/media/ann/A",)]
    assert (device / "delete").read_text() == "1"


def test_what_is_unmounted_but_keeps_its_power_may_be_pulled_all_the_same(tmp_path: Path) -> None:
    assert not eject(STICK, run=Desk(umount=FINE), platform="linux", sys_root=tmp_path)


def test_a_card_in_the_machines_own_reader_keeps_its_reader(tmp_path: Path) -> None:
    desk = Desk(udisksctl=FINE)
    assert not eject(replace(STICK, bus="mmc"), run=desk, platform="linux", sys_root=tmp_path)
    assert not any("power-off" in asked for asked in desk.asked)


def test_a_drive_that_somebody_still_has_open_keeps_its_power(tmp_path: Path) -> None:
    def udisksctl(argv: Sequence[str]) -> Ran:
        return FINE if argv[1] == "unmount" else Ran(code=1, err="Error powering off drive: The drive in use\n")

    device = tmp_path / "block" / "sda" / "device"
    device.mkdir(parents=True)
    assert not eject(STICK, run=Desk(udisksctl=udisksctl), platform="linux", sys_root=tmp_path)
    assert not (device / "delete").exists()


UNLOCKED = replace(
    STICK, volumes=(Volume(device="/dev/mapper/luks-1", mounted_at=(Path("/media/ann/A"),), is_encrypted=True),)
)


def test_what_was_unlocked_is_locked_again_before_the_power_goes(tmp_path: Path) -> None:
    (tmp_path / "block" / "luks-1" / "slaves" / "sda1").mkdir(parents=True)
    desk = Desk(udisksctl=FINE)
    assert eject(UNLOCKED, run=desk, platform="linux", sys_root=tmp_path)
    assert [asked[1] for asked in desk.asked if asked[0] == "udisksctl"] == ["unmount", "lock", "power-off"]
    assert desk.asked[-2][-1] == "/dev/sda1"
    closing = Desk(umount=FINE, cryptsetup=FINE)
    (tmp_path / "block" / "sda" / "device").mkdir(parents=True)
    assert eject(UNLOCKED, run=closing, platform="linux", sys_root=tmp_path)
    assert ("cryptsetup", "close", "luks-1") in closing.asked


def test_what_cannot_be_locked_again_keeps_its_power(tmp_path: Path) -> None:
    (tmp_path / "block" / "sda" / "device").mkdir(parents=True)
    assert not eject(UNLOCKED, run=Desk(umount=FINE), platform="linux", sys_root=tmp_path)
    assert not (tmp_path / "block" / "sda" / "device" / "delete").exists()


def test_fuse_is_unmounted_by_its_own_program() -> None:
    denied = Ran(code=32, err="umount: /media/ann/A: must be superuser to unmount.\n")
    desk = Desk(umount=denied, fusermount3=FINE)
    assert not eject(replace(STICK, bus="loop", is_removable=False), run=desk, platform="linux")
    assert ("fusermount3", "-u", "/media/ann/A") in desk.asked


def test_busy_names_who_keeps_it_so() -> None:
    listed = Ran(code=0, out="p4711\ncbash\nfcwd\np4712\ncvlc\np1\nca\np2\ncb\np3\ncc\n")
    desk = Desk(udisksctl=BUSY, umount=FINE, lsof=listed)
    with pytest.raises(MediaError) as told:
        eject(STICK, run=desk, platform="linux")
    assert told.value.why == "it is in use by bash (4711), vlc (4712), a (1) and 2 more"
    assert "Close what uses it" in told.value.remedy
    assert not any(asked[0] == "umount" for asked in desk.asked), "a busy one is not tried again by other means"


def test_without_lsof_fuser_says_who() -> None:
    assert users_of(Path("/x"), Desk(fuser=Ran(code=0, out="  4711  4712"))) == ("process 4711", "process 4712")
    assert users_of(Path("/x"), Desk()) == ()


@pytest.mark.parametrize(
    ("complaint", "why"),
    [
        ("umount: /media/ann/A: not mounted.", "it is not mounted any more"),
        ("umount: /media/ann/A: must be superuser to unmount.", "this user may not do that"),
        ("umount: something else", "something else"),
    ],
)
def test_complaints_in_words(complaint: str, why: str) -> None:
    with pytest.raises(MediaError) as told:
        eject(STICK, run=Desk(umount=Ran(code=32, err=complaint)), platform="linux")
    assert why in told.value.why


def test_no_program_at_all_is_said_in_words() -> None:
    with pytest.raises(MediaError) as told:
        eject(STICK, run=Desk(), platform="linux")
    assert "no program" in told.value.why


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_systems_own_drive_is_never_ejected(platform: str) -> None:
    desk = Desk(udisksctl=FINE, diskutil=FINE, umount=FINE)
    with pytest.raises(MediaError, match="not ejected"):
        eject(replace(STICK, is_system=True), run=desk, platform=platform)
    assert desk.asked == []


def test_a_folder_stands_for_the_drive_below_it(tmp_path: Path) -> None:
    mount = tmp_path.resolve()
    stick = Drive(device="disk4", is_removable=True, volumes=(Volume(device="disk4s1", mounted_at=(Path("/"),)),))
    desk = Desk(diskutil=FINE)
    assert eject(mount, run=desk, platform="darwin", drives=(stick,))
    assert desk.asked == [("diskutil", "eject", "disk4")]


def test_a_folder_on_no_drive_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="on no drive"):
        eject(tmp_path, run=Desk(), platform="linux", drives=())


# --- a real mount ------------------------------------------------------------------------------


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Path]:
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("a loop-mounted file system needs Linux, root and mkfs.ext4")
    image, folder = tmp_path / "image", tmp_path / "stick"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this machine does not mount for us: {mounted.stderr.strip()}")
    yield folder
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


def test_a_real_mount_is_busy_while_a_file_is_open_and_then_goes(stick: Path) -> None:
    (stick / "held").write_text("x")
    with (stick / "held").open() as held:
        assert held.read() == "x"
        with pytest.raises(MediaError) as told:
            eject(stick)
        assert stick.is_mount()
    assert told.value.why.startswith("it is in use")
    if shutil.which("lsof") or shutil.which("fuser"):
        assert str(os.getpid()) in told.value.why
    assert not eject(stick)
    assert not stick.is_mount()


def test_a_drive_that_is_not_mounted_needs_nothing(stick: Path) -> None:
    drive = next(one for one in find_drives() if any(stick in volume.mounted_at for volume in one.volumes))
    eject(stick)
    with pytest.raises(MediaError, match="cannot be ejected"):
        eject(drive)
    assert not eject(replace(drive, volumes=()))


# --- macOS -------------------------------------------------------------------------------------


MAC = Drive(
    device="disk4",
    bus="usb",
    is_removable=True,
    volumes=(Volume(device="disk4s1", mounted_at=(Path("/Volumes/PLANT-A"),)),),
)


def test_a_mac_ejects_the_whole_disk() -> None:
    desk = Desk(diskutil=Ran(code=0, out="Disk disk4 ejected\n"))
    assert eject(MAC, run=desk, platform="darwin")
    assert desk.asked == [("diskutil", "eject", "disk4")]


def test_a_mac_says_who_keeps_it_busy() -> None:
    said = (
        "Unmount of disk4 failed: at least one volume could not be unmounted\n"
        "Unmount was dissented by PID 501 (/bin/zsh)\n"
    )
    desk = Desk(diskutil=Ran(code=1, err=said), lsof=Ran(code=0, out="p501\nczsh\n"))
    with pytest.raises(MediaError) as told:
        eject(MAC, run=desk, platform="darwin")
    assert told.value.why == "it is in use by zsh (501)"


def test_a_mac_disk_by_an_odd_name_is_not_handed_to_a_program() -> None:
    desk = Desk(diskutil=FINE)
    with pytest.raises(MediaError, match="cannot be ejected"):
        eject(replace(MAC, device="force"), run=desk, platform="darwin")
    assert desk.asked == []


# --- Windows -----------------------------------------------------------------------------------


WINDOWS = Drive(device="PHYSICALDRIVE2", bus="usb", is_removable=True)


def answering(out: str, asked: list[str], err: str = "") -> Run:
    def run(argv: Sequence[str]) -> Ran:
        asked.append(base64.b64decode(argv[-1]).decode("utf-16-le"))
        return Ran(code=0, out=out, err=err)

    return run


def test_windows_is_asked_to_eject_the_disk_by_its_number() -> None:
    asked: list[str] = []
    assert eject(WINDOWS, run=answering(json.dumps({"code": 0, "veto": 0, "name": ""}), asked), platform="win32")
    assert "'Index=2'" in asked[0]
    assert "%d" not in asked[0]


def test_a_veto_of_windows_is_told_with_its_name() -> None:
    said = json.dumps({"code": 23, "veto": 6, "name": "STORAGE\\Volume\\x"})
    with pytest.raises(MediaError) as told:
        eject(WINDOWS, run=answering(said, []), platform="win32")
    assert told.value.why == "it is in use (Windows names STORAGE\\Volume\\x)"


@pytest.mark.parametrize(
    ("out", "err", "why"),
    [
        ('{"code":13}', "", "Windows says 13"),
        ("", "Get-CimInstance : Access denied", "Get-CimInstance : Access denied"),
        ("[]", "", "PowerShell says nothing"),
    ],
)
def test_other_answers_of_windows_in_words(out: str, err: str, why: str) -> None:
    with pytest.raises(MediaError) as told:
        eject(WINDOWS, run=answering(out, [], err), platform="win32")
    assert told.value.why == why


def test_a_windows_disk_by_an_odd_name_never_reaches_a_script() -> None:
    asked: list[str] = []
    with pytest.raises(MediaError, match="cannot be ejected"):
        eject(replace(WINDOWS, device="PHYSICALDRIVE1'; x"), run=answering("", asked), platform="win32")
    assert asked == []


def test_another_platform_is_told_to_do_it_by_hand() -> None:
    with pytest.raises(MediaError, match="on haiku"):
        eject(STICK, run=Desk(), platform="haiku")
