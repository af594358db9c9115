"""What the system's programs say of drives: labels, names and serial numbers were chosen by strangers."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from families.target import Target, split
from lockstick.errors import LockstickError
from lockstick.media.drives.blkid import read_blkid
from lockstick.media.drives.linux import read_drives as read_linux
from lockstick.media.drives.lsblk import read_lsblk
from lockstick.media.drives.macos import MacFinder
from lockstick.media.drives.swaps import read_swaps
from lockstick.media.drives.sysfs import Hardware
from lockstick.media.drives.udisks import read_objects
from lockstick.media.drives.windows import WindowsFinder
from lockstick.media.mounttable import parse_mountinfo
from lockstick.media.running import Ran
from lockstick.report.drives import drives_json, drives_text
from media.drives.machine import RECORDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.media.model import Drive

__all__ = ["TARGETS"]


def linux_drives(data: bytes) -> None:
    """What lsblk says, with a sound list of mounts; and the same bytes from udisks2 and blkid."""
    text = data.decode("utf-8", "replace")
    mounts = _recorded("linux", "live-system", "mountinfo")
    nodes = read_lsblk(text)
    if nodes is not None:
        found = read_linux(
            nodes,
            mounts=parse_mountinfo(mounts.encode()),
            swaps=("/media/ann/swap",),
            hardware=lambda name: Hardware(backing_file=f"/run/{name}" if name.startswith("loop") else ""),
            free_bytes=lambda _: None,
            known=read_objects(text),
        )
        _told(found)
    read_objects(text)
    read_blkid(text)


def linux_mounts(data: bytes) -> None:
    """What the kernel says of mounts and swap: names in it were chosen by whoever mounts."""
    mounts = parse_mountinfo(data)
    nodes = read_lsblk(_recorded("linux", "live-system", "lsblk.json")) or ()
    swaps = read_swaps(data)
    _told(
        read_linux(
            nodes,
            mounts=mounts,
            swaps=swaps,
            hardware=lambda _: Hardware(backing_file=mounts[0].source if mounts else ""),
            free_bytes=lambda _: None,
            known={},
        )
    )


def mac_drives(data: bytes) -> None:
    """What diskutil and ioreg say: the first byte says which of the three answers the others replace."""
    choice, rest = split(data, 3)
    text = rest.decode("utf-8", "replace")
    sound = (
        _recorded("macos", "encrypted", "list.plist"),
        _recorded("macos", "encrypted", "info/disk4.plist"),
        _recorded("macos", "encrypted", "ioreg.plist"),
    )
    listing, info, registry = (text if place == choice else one for place, one in enumerate(sound))

    def run(argv: Sequence[str]) -> Ran:
        if argv[0] == "ioreg":
            return Ran(code=0, out=registry)
        return Ran(code=0, out=listing if argv[1] == "list" else info)

    with suppress(LockstickError):
        _told(MacFinder(run).find())


def windows_drives(data: bytes) -> None:
    """What PowerShell says."""
    text = data.decode("utf-8", "replace")
    with suppress(LockstickError):
        _told(WindowsFinder(lambda _: Ran(code=0, out=text)).find())


def _told(drives: Sequence[Drive]) -> None:
    """It can be told, and does nothing to a terminal."""
    json.dumps(drives_json(drives, {})).encode("ascii")
    for line in drives_text(drives, {}):
        if not line.isprintable():
            raise AssertionError(f"not printable: {line!r}")


@cache
def _recorded(*names: str) -> str:
    return Path(RECORDED, *names).read_text(encoding="utf-8")


def _linux_seeds() -> list[bytes]:
    places = sorted((RECORDED / "linux").glob("*/lsblk.json"))
    others = [RECORDED / "linux" / "udisks2.json", RECORDED / "linux" / "no-udev" / "blkid"]
    return [place.read_bytes() for place in (*places, *others)]


def _mac_seeds() -> list[bytes]:
    kinds = ("list.plist", "info/disk4.plist", "ioreg.plist")
    found = [
        (index, place / name) for index, name in enumerate(kinds) for place in sorted((RECORDED / "macos").iterdir())
    ]
    return [bytes([index]) + place.read_bytes() for index, place in found if place.exists()]


TARGETS = {
    "linux_drives": Target(linux_drives, _linux_seeds),
    "linux_mounts": Target(
        linux_mounts, lambda: [place.read_bytes() for place in sorted((RECORDED / "linux").glob("*/mountinfo"))]
    ),
    "mac_drives": Target(mac_drives, _mac_seeds),
    "windows_drives": Target(
        windows_drives, lambda: [place.read_bytes() for place in sorted((RECORDED / "windows").glob("*.json"))]
    ),
}
