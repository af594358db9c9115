"""Real file systems, mounted for a test and taken away after it."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Guard", "Stick", "exfat", "ext4", "fat32", "is_mounted", "need", "squashfs", "unmount"]

_SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN of Linux: _IOR('X', 125, __u32)
_WITHOUT_FLUSHING = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH
_TRIES = 20

# What is mounted goes even if the tests are killed: a shell waits for the end of its input, which then comes.
_GUARD = """
trap '' INT TERM HUP
read -r word && [ "$word" = done ] && exit 0
for mount in "$1"; do while umount -l "$mount" 2>/dev/null; do :; done; done
[ -z "$2" ] || losetup -d "$2"
"""


class Stick:
    """A file system on a medium of its own.

    Attributes:
        mount: Where it is mounted.
        kind: ``ext4``, ``squashfs``, ``exfat``, ``fat32``.
        image: The file that stands for the hardware.
        device: The block device of it; empty if a program reads the image itself (FAT32).
    """

    def __init__(self, kind: str, folder: Path, device: str, mount_command: Sequence[str | Path]) -> None:
        self.kind = kind
        self.mount = folder / "mount"
        self.image = folder / "image"
        self.device = device
        self._mount_command = mount_command

    def insert(self, *, read_only: bool = False, option: str = "") -> None:
        """Mount it (again), with an option of the file system if need be."""
        command = list(self._mount_command)
        if option:
            command[1:1] = ["-o", option]
        if read_only and self.kind == "fat32":
            command[command.index("rw+")] = "ro"
        elif read_only:
            command[1:1] = ["-o", "ro"]
        done = _run(*command, self.mount)
        if done.returncode:
            pytest.skip(f"this machine does not mount {self.kind} for us: {done.stderr.strip()}")
        if not _becomes(self.mount, mounted=True):
            pytest.skip(f"{self.kind} did not appear at its mount point: {done.stderr.strip()}")

    def eject(self) -> None:
        """Unmount it as it should be done."""
        unmount(self.mount)
        self._settle()

    def yank(self) -> None:
        """Take it out in the middle: from now on whoever uses it gets errors, and nothing more is written to it."""
        if self.kind == "ext4":
            fd = os.open(self.mount, os.O_RDONLY)
            try:
                fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
            finally:
                os.close(fd)
        _run("umount", "-f", self.mount)
        unmount(self.mount, by_force=True)
        self._settle()

    def _settle(self) -> None:
        """Wait until no program has the image open: unmounting does not wait for the one that reads it itself."""
        end = time.monotonic() + 10
        while not self.device and _is_open(self.image) and time.monotonic() < end:
            time.sleep(0.02)

    def protect(self) -> None:
        """Slide its switch: from now on it is read-only."""
        self.eject()
        self.insert(read_only=True)


class Guard:
    """Sees to it that a mount does not outlive the tests, however they end."""

    def __init__(self, mount: Path, device: str = "") -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", mount, device],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """All is unmounted already."""
        self._shell.communicate(b"done\n")


@contextmanager
def ext4(folder: Path, size: int) -> Iterator[Stick]:
    """Mount an ext4 file system of so many bytes (its own structures included) on a loop device."""
    need("mkfs.ext4")
    with _on_loop("ext4", folder, size, ["mkfs.ext4", "-q", "-m", "0"], ["mount", "-t", "ext4"]) as stick:
        with suppress(OSError):
            (stick.mount / "lost+found").rmdir()
        yield stick


@contextmanager
def exfat(folder: Path, size: int) -> Iterator[Stick]:
    """Mount an exFAT file system of so many bytes over FUSE on a loop device."""
    need("mkfs.exfat", "mount.exfat-fuse", "/dev/fuse")
    with _on_loop("exfat", folder, size, ["mkfs.exfat"], ["mount.exfat-fuse"]) as stick:
        yield stick


@contextmanager
def fat32(folder: Path, size: int) -> Iterator[Stick]:
    """Mount a FAT32 file system of so many bytes (40 MiB at least) over FUSE; a program reads the image itself.

    That program (fusefat 0.1a) empties a folder that is renamed: only an empty one may be.
    """
    need("mkfs.fat", "fusefat", "/dev/fuse")
    folder.mkdir(parents=True)
    image, mount = folder / "image", folder / "mount"
    mount.mkdir()
    _make(image, size, ["mkfs.fat", "-F", "32"])
    guard = Guard(mount)
    stick = Stick("fat32", folder, "", ["fusefat", "-o", "rw+", image])
    try:
        stick.insert()
        yield stick
    finally:
        unmount(mount, by_force=True)
        guard.dismiss()


@contextmanager
def squashfs(folder: Path, content: Path) -> Iterator[Stick]:
    """Pack a folder into a squashfs and mount that on a loop device: read-only by nature."""
    need("mksquashfs")
    folder.mkdir(parents=True)
    done = _run("mksquashfs", content, folder / "image", "-quiet", "-no-progress")
    assert not done.returncode, done.stderr
    with _looped(folder, "squashfs", ["mount", "-t", "squashfs", "-r"]) as stick:
        yield stick


@contextmanager
def _on_loop(
    kind: str, folder: Path, size: int, make: Sequence[str | Path], mount_command: Sequence[str]
) -> Iterator[Stick]:
    folder.mkdir(parents=True)
    _make(folder / "image", size, make)
    with _looped(folder, kind, mount_command) as stick:
        yield stick


@contextmanager
def _looped(folder: Path, kind: str, mount_command: Sequence[str]) -> Iterator[Stick]:
    need("losetup")
    mount, image = folder / "mount", folder / "image"
    mount.mkdir()
    device = _attach(image)
    guard = Guard(mount, device)
    stick = Stick(kind, folder, device, [*mount_command, device])
    try:
        stick.insert()
        yield stick
    finally:
        unmount(mount, by_force=True)
        _run("losetup", "-d", device)
        guard.dismiss()


def _attach(image: Path) -> str:
    """Find a free loop device; other tests look for one at the same time."""
    problem = ""
    for _ in range(_TRIES):
        done = _run("losetup", "--find", "--show", image)
        if not done.returncode:
            return done.stdout.strip()
        problem = done.stderr.strip()
        time.sleep(0.1)
    pytest.skip(f"this machine has no loop device for us: {problem}")


def _make(image: Path, size: int, command: Sequence[str | Path]) -> None:
    with image.open("wb") as file:
        file.truncate(size)
    done = _run(*command, image)
    assert not done.returncode, done.stderr


def need(*tools: str) -> None:
    """Skip the test unless this machine has these programs (or devices), and lets us mount."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting for a test needs Linux and root")
    for tool in tools:
        if not (Path(tool).exists() if tool.startswith("/") else shutil.which(tool, path=_SBIN)):
            pytest.skip(f"this machine has no {tool} (sh tests/install.sh installs what the tests can use)")


def unmount(mount: Path, *, by_force: bool = False) -> None:
    """Unmount, with some patience for those who still look at it.

    Args:
        mount: Where it is mounted; it is no mistake if it is not.
        by_force: Let it go even while it is in use.
    """
    for _ in range(_TRIES):
        if not is_mounted(mount):
            return
        done = _run("umount", mount)
        if not done.returncode:
            continue
        time.sleep(0.1)
        if by_force:
            _run("umount", "-l", mount)
    assert not is_mounted(mount), f"{mount} could not be unmounted"


def is_mounted(mount: Path) -> bool:
    """Say whether something is mounted there, without touching it: it may be dead."""
    wanted = str(mount).replace(" ", r"\040")
    return any(line.split()[4] == wanted for line in Path("/proc/self/mountinfo").read_text().splitlines())


def _is_open(file: Path) -> bool:
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == file:
                return True
    return False


def _becomes(mount: Path, *, mounted: bool) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if is_mounted(mount) is mounted:
            return True
        time.sleep(0.02)
    return False


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": _SBIN, "LC_ALL": "C"}
    # Into files, not pipes: a program that stays in the background would keep those open.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run(command, stdout=out, stderr=err, check=False, env=environment, timeout=60)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, out.read(), err.read())
