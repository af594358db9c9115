"""Drives on Linux: lsblk, sysfs, and udisks2 or blkid where they are there for what lsblk does not know.

It works without root and without udisks2. What lsblk calls removable is not enough: sticks that claim to be fixed
disks are, and so are drives behind a USB port; eMMC that is soldered in claims to be hot-pluggable, and is not.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.media.drives.blkid import fill_in
from lockstick.media.drives.lsblk import COLUMNS, Node, read_lsblk, unknown_column
from lockstick.media.drives.swaps import read_swaps
from lockstick.media.drives.sysfs import Hardware, block_sizes, hardware_of
from lockstick.media.drives.systemdisks import SWAP, system_disks
from lockstick.media.drives.udisks import Known, ask
from lockstick.media.model import Drive, Volume
from lockstick.media.mounttable import Mount, parse_mountinfo, plain_name, read_mountinfo

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from lockstick.media.running import Run

__all__ = ["LinuxFinder", "read_drives"]

_CAP = 16 * 1024 * 1024
_UNWANTED = re.compile(r"(ram|zram|mtdblock|nbd|fd)[0-9]+|mmcblk[0-9]+(boot[0-9]+|rpmb|gp[0-9]+)")
"""Drives that nobody means: memory, flash without a controller, and the hidden parts of an eMMC."""

_BUSES = (("mmcblk", "mmc"), ("nvme", "nvme"), ("vd", "virtio"), ("xvd", "xen"), ("loop", "loop"))
_ENCRYPTED = {"crypto_luks": "luks", "bitlocker": "bitlocker"}
_FAT = {"FAT12": "fat12", "FAT16": "fat16", "FAT32": "fat32"}
_EXTENDED = {"0x5", "0xf", "0x85"}
_NUMBER = re.compile(r"0x[0-9a-fA-F]{4}")
_MADE_UP = re.compile(r"-[0-9]+:[0-9]+$")


class LinuxFinder:
    """Finds drives on Linux.

    Args:
        run: The seam to programs.
        proc: Where procfs is mounted.
        sys: Where sysfs is mounted.
        free_bytes: Free bytes of a mount, for versions of lsblk that do not tell.
    """

    def __init__(
        self,
        run: Run,
        *,
        proc: Path = Path("/proc"),
        sys: Path = Path("/sys"),
        free_bytes: Callable[[Path], int | None] | None = None,
    ) -> None:
        self._run = run
        self._proc = proc
        self._sys = sys
        self._free_bytes = free_bytes or _free_bytes

    def find(self) -> tuple[Drive, ...]:
        """List all drives; see :class:`lockstick.media.drives.finder.DriveFinder`."""
        nodes = fill_in(self._ask_lsblk(), self._run)
        return read_drives(
            nodes,
            mounts=parse_mountinfo(self._mountinfo()),
            swaps=read_swaps(_read(self._proc / "swaps")),
            hardware=lambda name: hardware_of(name, self._sys),
            free_bytes=self._free_bytes,
            known=ask(self._run),
        )

    def pulse(self) -> Hashable:
        """What changes with the drives: the kernel's list of them, and the mounts. No program is run for it."""
        return block_sizes(self._sys), self._mountinfo()

    def _mountinfo(self) -> bytes:
        return read_mountinfo(self._proc / "self" / "mountinfo")

    def _ask_lsblk(self) -> tuple[Node, ...]:
        columns = list(COLUMNS)
        while True:
            # All: a reader without a card is empty, and is not listed otherwise.
            ran = self._run(("lsblk", "--json", "--bytes", "--all", "--output", ",".join(columns)))
            unknown = unknown_column(ran.err) if not ran.is_fine else None
            if unknown not in columns:
                break
            columns.remove(unknown)
        if ran.is_missing:
            raise MediaError(
                "the drives of this machine cannot be listed",
                why="there is no program 'lsblk'",
                remedy="Install the package util-linux.",
            )
        nodes = read_lsblk(ran.out)
        # A drive that goes while it looks makes lsblk complain; what it found is true all the same.
        if nodes is None:
            raise MediaError(
                "the drives of this machine cannot be listed",
                why=f"lsblk says nothing that can be read, but: {ran.err.strip()[:200] or 'nothing at all'}",
                remedy="Install a newer util-linux (2.27 or later), or run 'lsblk --json' to see what is the matter.",
            )
        return nodes


def read_drives(
    nodes: Sequence[Node],
    *,
    mounts: Sequence[Mount],
    swaps: Sequence[str],
    hardware: Callable[[str], Hardware],
    free_bytes: Callable[[Path], int | None],
    known: Mapping[str, Known],
) -> tuple[Drive, ...]:
    """Put together what lsblk and the kernel say.

    Args:
        nodes: What lsblk says.
        mounts: All mounts.
        swaps: What memory is swapped to.
        hardware: What the kernel says of a drive, by its name.
        free_bytes: Free bytes of a mount.
        known: What udisks2 knows of drives, by their names.

    Returns:
        All drives.
    """
    soldered = {node.name.partition("boot")[0] for node in nodes if re.fullmatch(r"mmcblk[0-9]+boot[0-9]+", node.name)}
    system = system_disks(nodes, mounts, swaps, lambda name: hardware(name).backing_file)
    view = _View(mounts, free_bytes)
    drives = []
    for node in nodes:
        if _UNWANTED.fullmatch(node.name) or (node.kind == "loop" and not node.size):
            continue
        found = _Found(node=node, hardware=hardware(node.name), known=known.get(node.name, Known()))
        drives.append(_drive(found, view, is_system=node.name in system, is_soldered=node.name in soldered))
    return tuple(drives)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """All that is known of one drive, by who said so."""

    node: Node
    hardware: Hardware
    known: Known


def _drive(found: _Found, view: _View, *, is_system: bool, is_soldered: bool) -> Drive:
    node, hardware, known = found.node, found.hardware, found.known
    bus = "optical" if node.kind == "rom" else node.transport or hardware.bus or known.bus or _bus_of(node.name)
    if bus == "mmc" or node.name.startswith("mmcblk"):
        bus = "mmc"
        is_removable = not is_soldered and hardware.card.upper() == "SD"
    else:
        is_loose = node.is_removable or node.is_hotplug or hardware.is_external or known.is_removable
        is_removable = is_loose or bus in {"usb", "ieee1394"}
    # A loop device is no hardware, whatever it claims.
    is_removable = is_removable and bus != "loop"
    return Drive(
        device=node.path,
        vendor="" if _NUMBER.fullmatch(node.vendor) else node.vendor or hardware.vendor or known.vendor,
        model=node.model or hardware.model or known.model,
        serial=_serial(found),
        size=node.size,
        bus=bus,
        port=hardware.port,
        is_removable=is_removable,
        is_system=is_system,
        has_medium=node.size > 0,
        is_read_only=node.is_read_only,
        volumes=tuple(view.volumes(node)),
    )


class _View:
    """Volumes as they are mounted."""

    def __init__(self, mounts: Sequence[Mount], free_bytes: Callable[[Path], int | None]) -> None:
        self._free_bytes = free_bytes
        self._knows = bool(mounts)
        self._by_device: dict[str, list[Mount]] = {}
        for mount in mounts:
            for key in {mount.number, mount.source}:
                self._by_device.setdefault(key, []).append(mount)

    def volumes(self, node: Node) -> list[Volume]:
        """The file systems on a device: those of what lies on it, or its own."""
        children = (child for child in node.children if child.partition_type not in _EXTENDED)
        found = [volume for child in children for volume in self.volumes(child)]
        mounts = self._mounts(node)
        has_own = bool(node.file_system) or node.kind not in {"disk", "loop", "rom"}
        if mounts or (has_own and not found):
            found.insert(0, self._volume(node, mounts))
        if node.file_system.lower() in _ENCRYPTED:
            return [replace(one, is_encrypted=True) for one in found]
        return found

    def _mounts(self, node: Node) -> list[Mount]:
        if not self._knows:
            places = (place for place in node.mounted_at if place != SWAP)
            return [Mount(number=node.number, point=PurePosixPath(one), driver="", source=node.path) for one in places]
        found: dict[PurePosixPath, Mount] = {}
        for key in (node.number, node.path, f"/dev/{node.name}"):
            for mount in self._by_device.get(key, ()):
                found.setdefault(mount.point, mount)
        return list(found.values())

    def _volume(self, node: Node, mounts: Sequence[Mount]) -> Volume:
        places = tuple(Path(mount.point) for mount in mounts)
        free = node.free
        if free is None and places:
            free = self._free_bytes(places[0])
        kind = _file_system(node) or next((plain_name(one.driver) for one in mounts if one.driver), "")
        return Volume(
            device=node.path,
            mounted_at=places,
            file_system=kind,
            label=node.label,
            uuid=node.uuid,
            size=node.size,
            free=free,
            is_read_only=node.is_read_only or (bool(mounts) and all(one.is_read_only for one in mounts)),
        )


def _file_system(node: Node) -> str:
    kind = node.file_system.lower()
    if kind == "vfat" and node.version in _FAT:
        return _FAT[node.version]
    return _ENCRYPTED.get(kind) or plain_name(kind)


def _bus_of(name: str) -> str:
    return next((bus for start, bus in _BUSES if name.startswith(start)), "")


def _serial(found: _Found) -> str:
    """The serial number; where a stick has none, udev makes up one of its names, alike for all of the kind."""
    if found.hardware.bus == "usb":
        return found.hardware.serial
    said = (found.node.serial, found.hardware.serial, found.known.serial)
    return next((one for one in said if one and not _MADE_UP.search(one)), "")


def _free_bytes(place: Path) -> int | None:
    try:
        found = os.statvfs(place)
    except (OSError, ValueError):
        return None
    return found.f_bavail * found.f_frsize


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_CAP)
    except OSError:
        return b""
