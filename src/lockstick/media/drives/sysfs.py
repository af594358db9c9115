"""What the Linux kernel itself says of a drive's hardware: port, names, kind of card (``/sys``, sysfs(5))."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Hardware", "block_sizes", "hardware_of"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._!-]{0,63}")
_USB_DEVICE = re.compile(r"[0-9]+-[0-9]+(\.[0-9]+)*")
_MMC_HOST = re.compile(r"mmc[0-9]+")
_CAP = 4096
_DEEPEST = 64


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What the kernel says of a drive.

    Attributes:
        port: The USB port (``1-2.3``: bus 1, port 2, port 3 of the hub there), or the slot of a card (``mmc0``).
        bus: ``usb`` or ``mmc``; empty if neither.
        vendor: Who made it.
        model: What it is called.
        serial: Its serial number.
        card: ``SD``, ``MMC`` (soldered in, as a rule) or ``SDIO``; empty if it is no card.
        is_external: True if it is behind a port that the firmware says is open to people (Thunderbolt).
        backing_file: The file behind a loop device.
    """

    port: str = ""
    bus: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    card: str = ""
    is_external: bool = False
    backing_file: str = ""


def hardware_of(name: str, root: Path = Path("/sys")) -> Hardware:
    """Look up a drive.

    Args:
        name: The kernel's name of it: ``sdb``, ``mmcblk0``.
        root: Where sysfs is mounted.

    Returns:
        What is known; everything is empty if the kernel has no such drive.
    """
    # A slash in a kernel name is an exclamation mark in sysfs.
    name = name.replace("/", "!")
    place = root / "block" / name
    if not _NAME.fullmatch(name) or not place.exists():
        return Hardware()
    above = list(_above(place.resolve(), root.resolve()))
    for folder in above:
        if _USB_DEVICE.fullmatch(folder.name):
            return Hardware(
                port=folder.name,
                bus="usb",
                vendor=_read(folder / "manufacturer"),
                model=_read(folder / "product"),
                serial=_read(folder / "serial"),
                is_external=_read(folder / "removable") == "removable",
            )
    device = place / "device"
    for folder in above:
        if _MMC_HOST.fullmatch(folder.name):
            return Hardware(
                port=folder.name,
                bus="mmc",
                model=_read(device / "name"),
                serial=_read(device / "serial").removeprefix("0x"),
                card=_read(device / "type"),
            )
    return Hardware(
        is_external=any(_read(folder / "removable") == "removable" for folder in above),
        backing_file=_read(place / "loop" / "backing_file"),
    )


def block_sizes(root: Path = Path("/sys")) -> tuple[tuple[str, str], ...]:
    """All drives and their sizes, cheaply: it changes when one comes or goes, and when a card is put in.

    Args:
        root: Where sysfs is mounted.

    Returns:
        Names and sizes as the kernel writes them, sorted.
    """
    try:
        names = sorted(entry.name for entry in (root / "block").iterdir())
    except OSError:
        return ()
    return tuple((name, _read(root / "block" / name / "size")) for name in names)


def _above(place: Path, root: Path) -> Iterator[Path]:
    """The folders above a device, the nearest first."""
    for _, folder in zip(range(_DEEPEST), place.parents, strict=False):
        if folder == root:
            return
        yield folder


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_CAP).decode("utf-8", "replace").replace("\0", "").strip()
    except OSError:
        return ""
