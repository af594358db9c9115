"""Drives on Windows: one call of PowerShell's storage cmdlets, none of which needs an administrator."""

from __future__ import annotations

import base64
import html
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockstick.errors import MediaError
from lockstick.media.drives.loose import flag, items, number, read_json, text
from lockstick.media.model import Drive, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from lockstick.media.running import Ran, Run

__all__ = ["POWERSHELL", "SCRIPT", "WindowsFinder", "complaint", "powershell", "read_drives"]

Facts = dict[str, Any]

POWERSHELL = r"WindowsPowerShell\v1.0\powershell.exe"
"""Windows' own PowerShell, below the system folder."""

SCRIPT = r"""
$ErrorActionPreference = 'SilentlyContinue'
$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
$drives = @(Get-CimInstance Win32_DiskDrive |
  Select-Object Index, Model, InterfaceType, MediaType, SerialNumber, PNPDeviceID, Size)
$partitions = @(Get-Partition |
  Select-Object DiskNumber, PartitionNumber, DriveLetter, AccessPaths, Size, Type, IsBoot, IsSystem, IsReadOnly)
$shell = New-Object -ComObject Shell.Application
$keys = 'DEVPKEY_Device_Parent', 'DEVPKEY_Device_RemovalPolicy'
@{
  system = $env:SystemDrive
  disks = @(Get-Disk | Select-Object Number, FriendlyName, Manufacturer, Model, SerialNumber, Location, BusType, Size,
    IsBoot, IsSystem, IsReadOnly, OperationalStatus)
  drives = $drives
  partitions = $partitions
  volumes = @(Get-Volume | Select-Object DriveLetter, Path, FileSystem, FileSystemType, FileSystemLabel, DriveType,
    Size, SizeRemaining)
  logical = @(Get-CimInstance Win32_LogicalDisk -Filter 'DriveType=2 or DriveType=3' |
    Select-Object DeviceID, VolumeSerialNumber)
  paging = @(Get-CimInstance Win32_PageFileUsage | Select-Object Name)
  plugs = @($drives | ForEach-Object {
    $of = @{}; $where = $null
    Get-PnpDeviceProperty -InstanceId $_.PNPDeviceID -KeyName $keys | ForEach-Object { $of[$_.KeyName] = $_.Data }
    $parent = [string]$of['DEVPKEY_Device_Parent']
    $where = Get-PnpDeviceProperty -InstanceId $parent -KeyName DEVPKEY_Device_LocationInfo
    @{ Index = $_.Index; Parent = $parent; Removal = $of['DEVPKEY_Device_RemovalPolicy']; Location = $where.Data }
  })
  locks = @($partitions | Where-Object { [int]$_.DriveLetter } | ForEach-Object {
    $of = $null
    $of = $shell.NameSpace("$($_.DriveLetter):").Self.ExtendedProperty('System.Volume.BitLockerProtection')
    @{ Letter = [string]$_.DriveLetter; Protection = $of }
  })
} | ConvertTo-Json -Depth 5 -Compress
"""

_BUSES = {
    "1394": "ieee1394",
    "atapi": "optical",
    # As numbers, where the cmdlets' own views of them are not loaded (MSFT_Disk).
    "2": "optical",
    "4": "ieee1394",
    "7": "usb",
    "11": "sata",
    "12": "sd",
    "13": "mmc",
    "14": "virtual",
    "15": "file backed virtual",
    "16": "spaces",
    "17": "nvme",
}
_CARDS = {"sd", "mmc"}
_SURPRISE = 3  # CM_REMOVAL_POLICY_EXPECT_SURPRISE_REMOVAL: it may be pulled
_LOCKED = 6
_PROTECTED = {1, 3, 4, 5, _LOCKED}
_FILE_SYSTEMS = {"unknown": ""}
_NO_MEDIUM = {"no media", "53264"}
_LETTER = re.compile(r"[A-Za-z]")
_UNWANTED = {"reserved", "system", "recovery", "extended"}
_LONGEST_PATH = 4096
_LONGEST_COMPLAINT = 200
_MOST_COMPLAINTS = 10_000
_CLIXML_ERROR = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
_CLIXML_ESCAPE = re.compile(r"_x[0-9A-Fa-f]{4}_")


class WindowsFinder:
    """Finds drives on Windows.

    Args:
        run: The seam to programs.
        letters: What there is to say of drive letters without starting a program; see :meth:`pulse`.
    """

    def __init__(self, run: Run, *, letters: Callable[[], Hashable] | None = None) -> None:
        self._run = run
        self._letters = letters or _letters

    def find(self) -> tuple[Drive, ...]:
        """List all drives; see :class:`lockstick.media.drives.finder.DriveFinder`."""
        ran = self._run(powershell(SCRIPT))
        if ran.is_missing:
            raise MediaError("the drives of this machine cannot be listed", why="Windows PowerShell is not there")
        document = read_json(ran.out.removeprefix("\ufeff"))
        if not isinstance(document, dict):
            raise MediaError(
                "the drives of this machine cannot be listed",
                why=f"PowerShell says nothing that can be read, but: {complaint(ran) or 'nothing at all'}",
                remedy="Open PowerShell and run 'Get-Disk' to see what is the matter.",
            )
        return read_drives(document)

    def pulse(self) -> Hashable:
        """What changes with the drives: letters, and the volumes behind them. PowerShell would take seconds."""
        return self._letters()


def powershell(script: str) -> tuple[str, ...]:
    """The arguments that run a script in Windows' own PowerShell, whatever the user's profile says."""
    # Encoded, so that no quoting on the way changes it.
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    return (POWERSHELL, "-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)


def complaint(ran: Ran) -> str:
    """What PowerShell complained of, in a line or two.

    Args:
        ran: How it ended. With an encoded command it complains in XML.

    Returns:
        The beginning of it.
    """
    said = ran.err[:_MOST_COMPLAINTS]
    parts = _CLIXML_ERROR.findall(said) if said.startswith("#< CLIXML") else [said]
    return " ".join(html.unescape(_CLIXML_ESCAPE.sub(" ", "".join(parts))).split())[:_LONGEST_COMPLAINT]


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What PowerShell said, by what it is about."""

    drives: dict[int, Facts]
    plugs: dict[int, Facts]
    partitions: dict[int, list[Facts]]
    volumes: dict[str, Facts]
    serials: dict[str, str]
    locks: dict[str, int]
    system_letters: frozenset[str]


def read_drives(document: Facts) -> tuple[Drive, ...]:
    """Put together what Windows says.

    Args:
        document: What :data:`SCRIPT` writes.

    Returns:
        All drives.
    """
    said = _sorted(document)
    disks = [(index, disk) for disk in _rows(document, "disks") if (index := number(disk.get("Number"))) is not None]
    system = {index for index, disk in disks if _is_system(disk, said.partitions.get(index, []), said)}
    # No system anywhere is no answer.
    return tuple(_drive(index, disk, said, is_system=index in system or not system) for index, disk in disks)


def _drive(index: int, disk: Facts, said: _Said, *, is_system: bool) -> Drive:
    drive, plug = said.drives.get(index, {}), said.plugs.get(index, {})
    said_bus = text(disk.get("BusType")).lower()
    bus = _BUSES.get(said_bus, said_bus)
    media = text(drive.get("MediaType")).lower()
    is_loose = media.startswith("removable") or number(plug.get("Removal")) == _SURPRISE
    size = number(disk.get("Size")) or 0
    status = {text(one).lower() for one in items(disk.get("OperationalStatus"))}
    vendor, model = text(disk.get("Manufacturer")), text(disk.get("Model"))
    return Drive(
        device=f"PHYSICALDRIVE{index}",
        vendor=vendor if not vendor.startswith("(") else "",
        model=model or text(disk.get("FriendlyName")) or text(drive.get("Model")),
        serial=_serial(disk, plug),
        size=size,
        bus="mmc" if bus in _CARDS else bus,
        port=text(plug.get("Location")) or text(disk.get("Location")),
        is_removable=bus in {"usb", "ieee1394"} or (is_loose and bus not in {"virtual", "file backed virtual"}),
        is_system=is_system,
        has_medium=size > 0 and not status & _NO_MEDIUM,
        is_read_only=flag(disk.get("IsReadOnly")),
        volumes=tuple(
            _volume(part, said)
            for part in said.partitions.get(index, [])
            if _letter(part) or text(part.get("Type")).lower() not in _UNWANTED
        ),
    )


def _volume(part: Facts, said: _Said) -> Volume:
    letter = _letter(part)
    paths = [text(path, _LONGEST_PATH) for path in items(part.get("AccessPaths"))]
    places = [path for path in paths if path and not path.startswith("\\\\?\\")]
    names = [f"{letter}:" if letter else "", *paths]
    volume = next((said.volumes[name] for name in names if name in said.volumes), {})
    protection = said.locks.get(letter, 0)
    is_locked = protection == _LOCKED
    kind = text(volume.get("FileSystem") or volume.get("FileSystemType")).lower()
    return Volume(
        device=f"{letter}:" if letter else next((path for path in paths if path), ""),
        mounted_at=() if is_locked else tuple(Path(place) for place in places or ([f"{letter}:\\"] if letter else [])),
        file_system="bitlocker" if is_locked else _FILE_SYSTEMS.get(kind, kind),
        label=text(volume.get("FileSystemLabel")),
        uuid=said.serials.get(letter, ""),
        size=number(part.get("Size")) or number(volume.get("Size")) or 0,
        free=None if is_locked or not number(volume.get("Size")) else number(volume.get("SizeRemaining")),
        is_read_only=flag(part.get("IsReadOnly")),
        is_encrypted=protection in _PROTECTED,
    )


def _is_system(disk: Facts, partitions: list[Facts], said: _Said) -> bool:
    """Say whether Windows lives on a disk. In doubt it does."""
    for one in (disk, *partitions):
        for key in ("IsBoot", "IsSystem"):
            if flag(one.get(key)) or (one is disk and not isinstance(one.get(key), bool)):
                return True
    return any(_letter(part) in said.system_letters for part in partitions if _letter(part))


def _serial(disk: Facts, plug: Facts) -> str:
    """The serial number; Windows makes up an instance for a stick without one, with ``&`` in it."""
    device, _, instance = text(plug.get("Parent")).rpartition("\\")
    if device.upper().startswith("USB\\"):
        return "" if "&" in instance else instance
    return text(disk.get("SerialNumber")).rstrip(".").strip()


def _sorted(document: Facts) -> _Said:
    partitions: dict[int, list[Facts]] = {}
    for part in _rows(document, "partitions"):
        index = number(part.get("DiskNumber"))
        if index is not None:
            partitions.setdefault(index, []).append(part)
    volumes: dict[str, Facts] = {}
    for volume in _rows(document, "volumes"):
        for name in (f"{_letter(volume)}:" if _letter(volume) else "", text(volume.get("Path"), _LONGEST_PATH)):
            if name:
                volumes[name] = volume
    paging = [text(one.get("Name")) for one in _rows(document, "paging")]
    system = [text(document.get("system")), *paging]
    return _Said(
        drives=_by_index(document, "drives"),
        plugs=_by_index(document, "plugs"),
        partitions=partitions,
        volumes=volumes,
        serials={text(one.get("DeviceID"))[:1].upper(): _volume_serial(one) for one in _rows(document, "logical")},
        locks={text(one.get("Letter")).upper(): number(one.get("Protection")) or 0 for one in _rows(document, "locks")},
        system_letters=frozenset(place[:1].upper() for place in system if place[1:2] == ":"),
    )


def _by_index(document: Facts, name: str) -> dict[int, Facts]:
    return {index: row for row in _rows(document, name) if (index := number(row.get("Index"))) is not None}


def _rows(document: Facts, name: str) -> list[Facts]:
    """The objects of a list; ConvertTo-Json writes one alone as itself, and some lists as an object with a count."""
    value = document.get(name)
    if isinstance(value, dict) and "value" in value and "Count" in value:
        value = value["value"]
    return [row for row in items(value) if isinstance(row, dict)]


def _letter(row: Facts) -> str:
    letter = row.get("DriveLetter")
    return letter.upper() if isinstance(letter, str) and _LETTER.fullmatch(letter) else ""


def _volume_serial(logical: Facts) -> str:
    """The serial number of a volume as people know it: ``4E21-0000``."""
    serial = text(logical.get("VolumeSerialNumber"))
    return f"{serial[:4]}-{serial[4:]}" if re.fullmatch(r"[0-9A-Fa-f]{8}", serial) else serial


def _letters() -> Hashable:
    found: list[tuple[str, int | None]] = []
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only

        kernel = ctypes.windll.kernel32
        mask = kernel.GetLogicalDrives()
        for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
            # Only drives of this machine: a share on the network might keep everybody waiting.
            if mask >> place & 1 and kernel.GetDriveTypeW(f"{letter}:\\") in {2, 3}:
                try:
                    found.append((letter, os.stat(f"{letter}:\\").st_dev))  # noqa: PTH116 - a Path does no better
                except OSError:
                    found.append((letter, None))
    return tuple(found)
