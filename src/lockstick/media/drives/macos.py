"""Drives on macOS: diskutil, and the registry for what USB devices say of themselves.

A reader without a card is not to be seen: macOS knows no disk then.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockstick.errors import MediaError
from lockstick.media.drives.ioreg import UsbDevice, read_usb_disks
from lockstick.media.drives.loose import flag, items, members, number, text
from lockstick.media.model import Drive, Volume
from lockstick.media.plists import read_plist

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from lockstick.media.running import Run

__all__ = ["MacFinder", "read_drives"]

Facts = dict[str, Any]

_DISK = re.compile(r"disk[0-9]{1,4}(s[0-9]{1,4})*")
_WHOLE = re.compile(r"disk[0-9]+")
_LONGEST_PATH = 4096
_BUSES = {
    "usb": "usb",
    "secure digital": "mmc",
    "sata": "sata",
    "pci-express": "pcie",
    "apple fabric": "nvme",
    "firewire": "ieee1394",
    "disk image": "image",
}
_FILE_SYSTEMS = {"msdos": "fat", "hfs": "hfs+", "ufsd_ntfs": "ntfs"}
_FAT = re.compile(r"FAT[ _]?(12|16|32)")
_CONTENTS = {"Apple_HFS": "hfs+", "Apple_HFSX": "hfs+", "Apple_APFS": "apfs"}
_UNWANTED = {"EFI", "Apple_Boot", "Apple_Free", "Apple_APFS_ISC", "Apple_APFS_Recovery", "Apple_partition_map"}
_POOLED = {"Apple_CoreStorage", "Apple_RAID", "Apple_RAID_Offline"}


class MacFinder:
    """Finds drives on macOS.

    Args:
        run: The seam to programs.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def find(self) -> tuple[Drive, ...]:
        """List all drives; see :class:`lockstick.media.drives.finder.DriveFinder`."""
        listing = read_plist(self._list())
        if not isinstance(listing, dict):
            raise MediaError(
                "the drives of this machine cannot be listed",
                why="diskutil says nothing that can be read",
                remedy="Run 'diskutil list' to see what is the matter.",
            )
        usb = self._run(("ioreg", "-a", "-l", "-r", "-c", "IOUSBHostDevice")).out
        return read_drives(listing, info=self._info, usb=read_usb_disks(usb))

    def pulse(self) -> Hashable:
        """What changes with the drives: the list of them, which says what is mounted where, too."""
        return self._list()

    def _list(self) -> str:
        ran = self._run(("diskutil", "list", "-plist"))
        if ran.is_missing:
            raise MediaError("the drives of this machine cannot be listed", why="there is no program 'diskutil'")
        return ran.out

    def _info(self, device: str) -> Facts:
        # Names come out of the listing; one that is no name of a disk might be an option to the program.
        if not _DISK.fullmatch(device):
            return {}
        return members(read_plist(self._run(("diskutil", "info", "-plist", device)).out))


def read_drives(listing: Facts, *, info: Callable[[str], Facts], usb: Mapping[str, UsbDevice]) -> tuple[Drive, ...]:
    """Put together what macOS says.

    Args:
        listing: What ``diskutil list -plist`` says.
        info: What ``diskutil info -plist DEVICE`` says of a device.
        usb: The USB devices that hold disks.

    Returns:
        All drives.
    """
    disks = [disk for disk in items(listing.get("AllDisksAndPartitions")) if isinstance(disk, dict)]
    containers = [disk for disk in disks if items(disk.get("APFSPhysicalStores"))]
    physical = [disk for disk in disks if disk not in containers and text(disk.get("DeviceIdentifier"))]
    system = _system_disks(physical, containers)
    drives = []
    for disk in physical:
        device = text(disk.get("DeviceIdentifier"))
        facts = info(device)
        if text(facts.get("VirtualOrPhysical")) == "Virtual" and text(facts.get("BusProtocol")) != "Disk Image":
            continue
        drives.append(_drive(disk, facts, containers, info, usb.get(device, UsbDevice()), is_system=device in system))
    return tuple(drives)


def _drive(
    disk: Facts,
    facts: Facts,
    containers: list[Facts],
    info: Callable[[str], Facts],
    usb: UsbDevice,
    *,
    is_system: bool,
) -> Drive:
    device = text(disk.get("DeviceIdentifier"))
    protocol = text(facts.get("BusProtocol")).lower()
    bus = _BUSES.get(protocol, protocol)
    is_external = "Internal" in facts and not flag(facts["Internal"])
    is_loose = any(flag(facts.get(key)) for key in ("RemovableMedia", "RemovableMediaOrExternalDevice"))
    size = number(facts.get("Size")) or number(facts.get("TotalSize")) or number(disk.get("Size")) or 0
    is_removable = (is_external or is_loose) and bus != "image"
    volumes = [_volume(one, info) for one in _volumes(disk, containers)] if is_removable else _seen(disk, containers)
    return Drive(
        device=device,
        vendor=usb.vendor,
        model=text(facts.get("MediaName")) or usb.model,
        serial=usb.serial,
        size=size,
        bus=bus,
        port=usb.port,
        is_removable=is_removable,
        is_system=is_system,
        has_medium=size > 0,
        is_read_only="WritableMedia" in facts and not flag(facts["WritableMedia"]),
        volumes=tuple(volumes),
    )


def _volumes(disk: Facts, containers: list[Facts]) -> list[Facts]:
    """What of a disk has a file system, or might have one."""
    found: list[Facts] = []
    partitions = [one for one in items(disk.get("Partitions")) if isinstance(one, dict)]
    for part in partitions:
        device = text(part.get("DeviceIdentifier"))
        inside = [volume for one in containers if device in _stores(one) for volume in items(one.get("APFSVolumes"))]
        if inside:
            found.extend(volume for volume in inside if isinstance(volume, dict))
        elif text(part.get("Content")) not in _UNWANTED:
            found.append(part)
    if not partitions and (text(disk.get("MountPoint")) or text(disk.get("VolumeName"))):
        found.append(disk)  # a stick without a partition table
    return found


def _seen(disk: Facts, containers: list[Facts]) -> list[Volume]:
    """The volumes of a drive that is not offered: what the listing says is enough, asking would take long."""
    return [_volume(one, lambda _: {}) for one in _volumes(disk, containers)]


def _volume(seen: Facts, info: Callable[[str], Facts]) -> Volume:
    device = text(seen.get("DeviceIdentifier"))
    facts = info(device)
    mounted = text(facts.get("MountPoint"), _LONGEST_PATH) or text(seen.get("MountPoint"), _LONGEST_PATH)
    kind = _file_system(facts) or _CONTENTS.get(text(seen.get("Content")), "")
    fat = _FAT.search(text(seen.get("Content")))
    if not kind and fat:
        kind = f"fat{fat[1]}"
    if not kind and "CapacityInUse" in seen:
        kind = "apfs"  # only volumes in a container have that
    free = number(facts.get("APFSContainerFree")) if kind == "apfs" else number(facts.get("FreeSpace"))
    return Volume(
        device=device,
        mounted_at=(Path(mounted),) if mounted else (),
        file_system=kind,
        label=text(facts.get("VolumeName")) or text(seen.get("VolumeName")),
        uuid=text(facts.get("VolumeUUID")) or text(seen.get("VolumeUUID")),
        size=number(facts.get("Size")) or number(seen.get("Size")) or 0,
        free=free if mounted else None,
        is_read_only=bool(mounted) and "WritableVolume" in facts and not flag(facts["WritableVolume"]),
        is_encrypted=any(flag(facts.get(key)) for key in ("Encryption", "FileVault", "Locked")),
    )


def _file_system(facts: Facts) -> str:
    kind = text(facts.get("FilesystemType")).lower()
    fat = _FAT.search(f"{text(facts.get('FilesystemName'))} {text(facts.get('FilesystemUserVisibleName'))}")
    if kind == "msdos" and fat:
        return f"fat{fat[1]}"
    return _FILE_SYSTEMS.get(kind, kind)


def _system_disks(physical: list[Facts], containers: list[Facts]) -> frozenset[str]:
    """The disks that the running system lives on. In doubt all of them."""
    found = {_whole(store) for one in containers if _is_used(one) for store in _stores(one)}
    found |= {text(disk.get("DeviceIdentifier")) for disk in physical if _is_used(disk)}
    # What lies on a Core Storage group or a RAID is a disk of its own here, and its members are not named.
    pooled = {
        text(disk.get("DeviceIdentifier"))
        for disk in physical
        if any(text(members(part).get("Content")) in _POOLED for part in items(disk.get("Partitions")))
    }
    everything = {text(disk.get("DeviceIdentifier")) for disk in physical}
    return frozenset(found | pooled if found else everything)


def _is_used(disk: Facts) -> bool:
    parts = [disk, *items(disk.get("Partitions")), *items(disk.get("APFSVolumes"))]
    for part in parts:
        snapshots = [
            text(members(one).get("SnapshotMountPoint")) for one in items(members(part).get("MountedSnapshots"))
        ]
        if any(_is_system_place(place) for place in (text(members(part).get("MountPoint")), *snapshots)):
            return True
    return False


def _is_system_place(place: str) -> bool:
    return place == "/" or place.startswith(("/System/", "/private/")) or place in {"/Users", "/nix", "/Library"}


def _stores(container: Facts) -> list[str]:
    stores = (members(one) for one in items(container.get("APFSPhysicalStores")))
    return [text(one.get("DeviceIdentifier")) or text(one.get("APFSPhysicalStore")) for one in stores]


def _whole(device: str) -> str:
    found = _WHOLE.match(device)
    return found[0] if found else device
