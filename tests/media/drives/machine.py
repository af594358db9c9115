"""Machines as they were recorded: what their programs say, and what lies in /proc and /sys."""

from __future__ import annotations

import json
import plistlib
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.media.drives.linux import LinuxFinder
from lockstick.media.drives.macos import MacFinder
from lockstick.media.drives.windows import WindowsFinder
from lockstick.media.running import Ran

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockstick.media.model import Drive, Volume
    from lockstick.media.running import Run

RECORDED = Path(__file__).parent / "recorded"

FREE = 12_345_678
"""What a recorded machine says of the room on a mount where its lsblk does not."""


def linux(name: str, room: Path, run: Run | None = None) -> LinuxFinder:
    """The finder of a recorded Linux machine.

    Args:
        name: The folder of the recording.
        room: An empty folder.
        run: What its programs say, instead of what they said.
    """
    folder = RECORDED / "linux" / name
    proc, sys = room / "proc", room / "sys"
    (proc / "self").mkdir(parents=True)
    for recorded, place in (("mountinfo", proc / "self" / "mountinfo"), ("swaps", proc / "swaps")):
        if (folder / recorded).exists():
            place.write_bytes((folder / recorded).read_bytes())
    (sys / "block").mkdir(parents=True)
    if (folder / "sys.json").exists():
        grow(sys, json.loads((folder / "sys.json").read_text()))
    return LinuxFinder(run or answering(folder), proc=proc, sys=sys, free_bytes=lambda _: FREE)


def answering(folder: Path) -> Run:
    """Programs that say what was recorded."""

    def run(argv: Sequence[str]) -> Ran:
        if argv[0] == "lsblk":
            return Ran(code=0, out=(folder / "lsblk.json").read_text(encoding="utf-8"))
        if argv[0] == "blkid" and (folder / "blkid").exists():
            said = (folder / "blkid").read_text().split("\n\n")
            mine = [part for part in said if f"DEVNAME={argv[-1]}\n" in part]
            return Ran(code=0 if mine else 2, out="".join(mine))
        return Ran(code=None)

    return run


def grow(sys: Path, tree: dict[str, dict[str, str]]) -> None:
    """Make a piece of sysfs."""
    for name, text in tree["files"].items():
        (sys / name).parent.mkdir(parents=True, exist_ok=True)
        (sys / name).write_text(text)
    for name, target in tree["links"].items():
        place = sys / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (place.parent / target).resolve().mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def by_device(drives: Sequence[Drive]) -> dict[str, Drive]:
    return {drive.device: drive for drive in drives}


def volumes(drives: Sequence[Drive]) -> dict[str, Volume]:
    return {volume.device: volume for drive in drives for volume in drive.volumes}


def saying(**answers: Ran | Callable[[Sequence[str]], Ran]) -> Run:
    """Programs that say what a test wants, by their names; others are not there."""

    def run(argv: Sequence[str]) -> Ran:
        answer = answers.get(argv[0].partition(".")[0].replace("-", "_"), Ran(code=None))
        return answer if isinstance(answer, Ran) else answer(argv)

    return run


def mac(name: str) -> MacFinder:
    """The finder of a recorded Mac."""
    folder = RECORDED / "macos" / name

    def diskutil(argv: Sequence[str]) -> Ran:
        if argv[1] == "list":
            return Ran(code=0, out=(folder / "list.plist").read_text(encoding="utf-8"))
        place = folder / "info" / f"{argv[3]}.plist"
        if place.exists():
            return Ran(code=0, out=place.read_text(encoding="utf-8"))
        error = {"Error": True, "ErrorMessage": f"Could not find disk: {argv[3]}", "ExitCode": 1}
        return Ran(code=1, out=plistlib.dumps(error).decode())

    ioreg = Ran(code=0, out=(folder / "ioreg.plist").read_text(encoding="utf-8"))
    return MacFinder(saying(diskutil=diskutil, ioreg=ioreg))


def windows(name: str) -> WindowsFinder:
    """The finder of a recorded Windows machine."""
    out = (RECORDED / "windows" / f"{name}.json").read_text(encoding="utf-8")
    return WindowsFinder(lambda _: Ran(code=0, out=out))
