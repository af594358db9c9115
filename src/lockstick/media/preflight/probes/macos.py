"""What macOS says of a folder and the file system that it is in: ``mount``, ``diskutil info`` and statvfs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from lockstick.errors import MediaError
from lockstick.media.plists import read_plist
from lockstick.media.preflight.facts import Facts, Platform, ReadOnlyBy
from lockstick.media.running import run_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.media.running import Run

__all__ = ["MacProbe", "macos_probe", "parse_info", "parse_mounts"]

_LINE = re.compile(r"(?P<source>.*?) on (?P<point>/.*) \((?P<options>[^()]*)\)")
_SEALED = "sealed"
_TYPES = {"msdos": "fat", "hfs": "hfs+", "ufsd_NTFS": "ntfs", "tuxera_ntfs": "ntfs"}
_NAMES = {"MS-DOS FAT12": "fat12", "MS-DOS FAT16": "fat16", "MS-DOS FAT32": "fat32"}


@dataclass(frozen=True, kw_only=True)
class MacMount:
    """One line of ``mount``.

    Attributes:
        source: What is mounted.
        point: Where.
        kind: The driver, which comes first among the options.
        options: The other options.
    """

    source: str
    point: PurePosixPath
    kind: str
    options: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MacProbe:
    """Asks macOS.

    Attributes:
        run: The seam to programs.
        room: Says the cluster's size, bytes in all and bytes free; None if it fails.
        may_write: Whether this user may write into a folder.
    """

    run: Run
    room: Callable[[Path], tuple[int, int, int] | None]
    may_write: Callable[[Path], bool]

    def facts(self, folder: Path) -> Facts:
        """Say what is known of a folder; see :class:`lockstick.media.preflight.probes.seam.Probe`."""
        known: dict[str, Any] = {"mount": folder, "platform": Platform.MACOS, "may_write": self.may_write(folder)}
        mounts = parse_mounts(self._said("mount"))
        own = _holder(PurePosixPath(folder), mounts)
        if own is not None:
            known |= _mounted(PurePosixPath(folder), own, mounts)
            if _SEALED in own.options:
                # Folders that people write to only seem to lie there; they are on another volume.
                known |= {"is_read_only": None, "read_only_by": ReadOnlyBy.UNKNOWN}
            elif own.source.startswith("/dev/"):
                # What diskutil knows of the volume is more exact than the driver's name.
                known |= parse_info(self._said("diskutil", "info", "-plist", own.source))
        room = self.room(folder)
        if room is not None and room[1]:
            known |= {"cluster": room[0], "total": room[1], "free": room[2]}
        return Facts(**known)

    def _said(self, *argv: str) -> str:
        try:
            ran = self.run(argv)
        except MediaError:
            return ""  # it does not end; what it would have said is not known then
        return ran.out if ran.is_fine else ""


def parse_mounts(text: str) -> tuple[MacMount, ...]:
    """Read what ``mount`` prints; lines that are not as they should be are passed over."""
    found = []
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match is not None:
            kind, *options = [option.strip() for option in match["options"].split(",")]
            found.append(
                MacMount(source=match["source"], point=PurePosixPath(match["point"]), kind=kind, options=tuple(options))
            )
    return tuple(found)


def parse_info(text: str) -> dict[str, Any]:
    """Read what ``diskutil info -plist`` prints.

    Args:
        text: A property list.

    Returns:
        Facts by the names that :class:`Facts` has for them; empty if it cannot be read.
    """
    said = read_plist(text)
    if not isinstance(said, dict):
        return {}
    known: dict[str, Any] = {}
    name = said.get("FilesystemName")
    kind = said.get("FilesystemType")
    if isinstance(kind, str) and kind:
        known["file_system"] = _NAMES.get(str(name), _TYPES.get(kind, kind.lower()))
    if isinstance(name, str) and kind in {"apfs", "hfs"}:
        known["is_case_sensitive"] = "case-sensitive" in name.lower()
    label = said.get("VolumeName")
    if isinstance(label, str):
        known["label"] = label
    # A device that is not writable has a switch or has given up; a volume that is not was mounted so.
    if said.get("WritableMedia") is False:
        known |= {"is_read_only": True, "read_only_by": ReadOnlyBy.SWITCH}
    elif said.get("WritableVolume") is False:
        known |= {"is_read_only": True, "read_only_by": ReadOnlyBy.OPTION}
    elif said.get("WritableVolume") is True:
        known["is_read_only"] = False
    return known


def _mounted(folder: PurePosixPath, own: MacMount, mounts: tuple[MacMount, ...]) -> dict[str, Any]:
    outer = None if own.point == own.point.parent else _holder(own.point.parent, mounts)
    is_read_only = "read-only" in own.options
    return {
        "mount_point": Path(own.point),
        "file_system": _TYPES.get(own.kind, own.kind),
        "driver": own.kind,
        "device": own.source if own.source.startswith("/dev/") else "",
        "options": own.options,
        "is_read_only": is_read_only,
        "read_only_by": ReadOnlyBy.OPTION if is_read_only else ReadOnlyBy.UNKNOWN,
        "mounted_inside": tuple(
            Path(other.point) for other in mounts if other.point != folder and other.point.is_relative_to(folder)
        ),
        "outer": None if outer is None else Path(outer.point),
        "hidden": sum(other.point == own.point for other in mounts) - 1,
    }


def _holder(folder: PurePosixPath, mounts: tuple[MacMount, ...]) -> MacMount | None:
    holders = [mount for mount in mounts if folder.is_relative_to(mount.point)]
    return max(reversed(holders), key=lambda mount: len(mount.point.parts), default=None)


def macos_probe() -> MacProbe:
    """Ask the running system."""
    return MacProbe(run=run_program, room=_room, may_write=lambda folder: os.access(folder, os.W_OK | os.X_OK))


def _room(folder: Path) -> tuple[int, int, int] | None:
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_frsize, found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
