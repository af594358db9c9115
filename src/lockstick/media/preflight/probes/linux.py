"""What Linux says of a folder and the file system that it is in, without the rights of root if need be."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from lockstick.media.mounttable import parse_mountinfo, plain_name, read_mountinfo
from lockstick.media.preflight.facts import Facts, Platform, ReadOnlyBy
from lockstick.media.preflight.probes.bootsector import SECTOR, fat_says_dirty, parse_boot_sector
from lockstick.media.preflight.probes.mountplace import place_of
from lockstick.media.preflight.probes.superblock import SUPERBLOCK_AT, SUPERBLOCK_SIZE, parse_superblock

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.media.mounttable import Mount
    from lockstick.media.preflight.probes.bootsector import BootSector
    from lockstick.media.preflight.probes.mountplace import Place

__all__ = ["LinuxProbe", "Room", "linux_probe"]

_EXT = frozenset({"ext2", "ext3", "ext4"})
_LIMITED_FILES = _EXT | {"f2fs"}
_NEVER_WRITTEN = frozenset({"squashfs", "iso9660", "erofs", "cramfs", "romfs"})
_BY_ERRORS = frozenset({"emergency_ro", "shutdown"})


@dataclass(frozen=True, kw_only=True)
class Room:
    """What statvfs says.

    Attributes:
        cluster: The size of the pieces in which room is given out.
        total: Bytes in all.
        free: Bytes that this user may still write.
        free_files: How many more files it takes.
        is_read_only: Whether it is mounted read-only.
    """

    cluster: int
    total: int
    free: int
    free_files: int
    is_read_only: bool


@dataclass(frozen=True, kw_only=True)
class LinuxProbe:
    """Asks Linux.

    Attributes:
        mountinfo: Gives the table of mounts.
        room: Says what statvfs says; None if it fails.
        read: Reads bytes of a device from a place on: the device, the place, how many; None if it may not.
        may_write: Whether this user may write into a folder.
        sysfs: Where ``/sys`` is.
    """

    mountinfo: Callable[[], bytes]
    room: Callable[[Path], Room | None]
    read: Callable[[str, int, int], bytes | None]
    may_write: Callable[[Path], bool]
    sysfs: Path

    def facts(self, folder: Path) -> Facts:
        """Say what is known of a folder; see :class:`lockstick.media.preflight.probes.seam.Probe`."""
        known: dict[str, Any] = {
            "mount": folder,
            "platform": Platform.LINUX,
            "may_write": self.may_write(folder),
        }
        room = self.room(folder)
        place = place_of(PurePosixPath(folder), parse_mountinfo(self.mountinfo()))
        if place is not None:
            known |= self._mounted(place)
        if room is not None:
            known |= _said_of_room(room, known)
        return Facts(**known)

    def _mounted(self, place: Place) -> dict[str, Any]:
        mount = place.mount
        device = mount.source if mount.source.startswith("/") else ""
        is_read_only, by = self._read_only(mount)
        known: dict[str, Any] = {
            "mount_point": Path(mount.point),
            "file_system": plain_name(mount.driver),
            "driver": mount.driver,
            "device": device,
            "options": tuple(dict.fromkeys((*mount.options, *mount.super_options))),
            "is_read_only": is_read_only,
            "read_only_by": by,
            "mounted_inside": tuple(Path(other.point) for other in place.inside),
            "outer": None if place.outer is None else Path(place.outer.point),
            "hidden": place.hidden,
        }
        if known["file_system"] in _EXT:
            return known | self._ext(mount, device)
        if device and known["file_system"] in {"fat", "exfat", "ntfs", ""}:
            return known | self._boot(mount, device)
        return known

    def _boot(self, mount: Mount, device: str) -> dict[str, Any]:
        data = self.read(device, 0, SECTOR)
        sector = None if data is None else parse_boot_sector(data)
        if sector is None:
            return {}
        known: dict[str, Any] = {"file_system": sector.file_system, "root_entries": sector.root_entries}
        if sector.cluster:
            known["cluster"] = sector.cluster
        if sector.label is not None:
            known["label"] = sector.label
        table = self.read(device, sector.table_at, 8) if sector.table_at else None
        return known | {"is_dirty": _is_dirty(mount, sector, table)}

    def _ext(self, mount: Mount, device: str) -> dict[str, Any]:
        known: dict[str, Any] = {}
        data = self.read(device, SUPERBLOCK_AT, SUPERBLOCK_SIZE) if device else None
        block = None if data is None else parse_superblock(data)
        if block is not None:
            known |= {"label": block.label, "errors": block.errors}
        # What the running driver has counted is newer, and everybody may read it.
        count = _number(self.sysfs / "fs" / "ext4" / self._name(mount) / "errors_count")
        if count is not None:
            known["errors"] = max(count, known.get("errors", 0))
        # A file system with a journal puts itself in order when it is mounted, and is in order while it is.
        return known | {"is_dirty": False}

    def _read_only(self, mount: Mount) -> tuple[bool, ReadOnlyBy]:
        if _BY_ERRORS & set(mount.super_options):
            return True, ReadOnlyBy.ERRORS
        if not mount.is_read_only:
            return False, ReadOnlyBy.UNKNOWN
        block = self.sysfs / "dev" / "block" / mount.number
        with suppress(OSError):
            block = block.resolve()
        if mount.driver not in _NEVER_WRITTEN and (_number(block / "ro") == 1 or _number(block.parent / "ro") == 1):
            return True, ReadOnlyBy.SWITCH
        # Whoever mounts read-only says so in both places; a driver that gives up says so only in the second.
        if "ro" in mount.super_options and "rw" in mount.options:
            return True, ReadOnlyBy.ERRORS
        return True, ReadOnlyBy.OPTION

    def _name(self, mount: Mount) -> str:
        try:
            return (self.sysfs / "dev" / "block" / mount.number).resolve().name
        except OSError:
            return mount.number


def _is_dirty(mount: Mount, sector: BootSector, table: bytes | None) -> bool | None:
    by_table = None if table is None else fat_says_dirty(sector.file_system, table)
    if by_table:
        return True
    if sector.is_marked is None:
        return None
    if sector.is_marked and "rw" in mount.super_options and mount.driver != "exfat":
        # The drivers for FAT, and the one for exFAT in FUSE, set the mark while they are at work, so it says nothing.
        # The kernel's own for exFAT takes it away again with the next flush, unless it was there before.
        return None
    return sector.is_marked


def _said_of_room(room: Room, known: dict[str, Any]) -> dict[str, Any]:
    if not room.total:
        return {}  # some drivers in FUSE do not know, and say nothing is there
    said: dict[str, Any] = {"total": room.total, "free": room.free}
    if room.cluster and "cluster" not in known:
        said["cluster"] = room.cluster
    if known.get("file_system") in _LIMITED_FILES:
        said["free_files"] = room.free_files
    if "is_read_only" not in known:
        said["is_read_only"] = room.is_read_only
    return said


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def linux_probe() -> LinuxProbe:
    """Ask the running system."""
    return LinuxProbe(
        mountinfo=read_mountinfo,
        room=_room,
        read=_read,
        may_write=lambda folder: os.access(folder, os.W_OK | os.X_OK),
        sysfs=Path("/sys"),
    )


def _room(folder: Path) -> Room | None:
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return Room(
        cluster=found.f_frsize,
        total=found.f_blocks * found.f_frsize,
        free=found.f_bavail * found.f_frsize,
        free_files=found.f_favail,
        is_read_only=bool(found.f_flag & os.ST_RDONLY),
    )


def _read(device: str, start: int, length: int) -> bytes | None:
    try:
        fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        return os.pread(fd, length, start)
    except OSError:
        return None
    finally:
        os.close(fd)
