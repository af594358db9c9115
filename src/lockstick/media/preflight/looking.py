"""Gathering what is known about the place that a user named: the platform, the drives, and what lies there."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from lockstick.disk.tree import FolderTree
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError, UsageError
from lockstick.media.preflight.contents import look_inside
from lockstick.media.preflight.facts import Facts, Medium, ReadOnlyBy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lockstick.media.model import Drive, Volume
    from lockstick.media.preflight.probes.seam import Probe

__all__ = ["look_at"]

_FATS = frozenset({"fat12", "fat16", "fat32"})


def look_at(mount: Path, drives: Sequence[Drive], probe: Probe) -> Medium:
    """Find out what is known about the place where a stick is said to be mounted.

    Args:
        mount: The folder that the user named.
        drives: All drives of this machine, the system's own too; none if they could not be listed.
        probe: The seam to the platform.

    Returns:
        What is known. Nothing is written, and what could not be found out is None.

    Raises:
        MediaError: There is no such folder, or it cannot be looked at.
        UsageError: It is a file.
    """
    facts = probe.facts(_folder(mount))
    found = _on(facts, facts.mount_point, drives)
    outer = None if facts.outer is None else _on(None, facts.outer, drives)
    medium = Medium(
        **{field.name: getattr(facts, field.name) for field in fields(Facts)},
        contents=look_inside(FolderTree(facts.mount)),
        outer_drive=None if outer is None else outer[0],
        sticks=_sticks(drives),
    )
    return medium if found is None else _with_drive(medium, *found)


def _folder(mount: Path) -> Path:
    try:
        place = mount.resolve(strict=True)
        is_folder = place.is_dir()
    except FileNotFoundError:
        raise MediaError(
            f"there is no folder {mount}",
            why="a stick that is not mounted has none",
            remedy="Put the stick in, mount it, and name the folder where it is; 'lockstick drives' lists them.",
        ) from None
    except OSError as error:
        raise media_error(error, mount, "read") from error
    if not is_folder:
        raise UsageError(f"{mount} is a file", remedy="Name the folder where the stick is mounted.")
    return place


def _on(facts: Facts | None, point: Path | None, drives: Sequence[Drive]) -> tuple[Drive, Volume] | None:
    if point is None:
        return None
    volumes = [(drive, volume) for drive in drives for volume in drive.volumes]
    for drive, volume in volumes:
        if point in volume.mounted_at:
            return drive, volume
    if facts is not None and facts.device:
        for drive, volume in volumes:
            if volume.device == facts.device:
                return drive, volume
    return None


def _sticks(drives: Sequence[Drive]) -> tuple[Path, ...]:
    offered = (drive for drive in drives if drive.is_removable and not drive.is_system)
    return tuple(point for drive in offered for volume in drive.volumes for point in volume.mounted_at)


def _with_drive(medium: Medium, drive: Drive, volume: Volume) -> Medium:
    """Add what the list of drives knows, where it knows better."""
    changes: dict[str, object] = {"drive": drive, "volume": volume}
    if not medium.file_system or (medium.file_system == "fat" and volume.file_system in _FATS):
        changes["file_system"] = volume.file_system
    # A FAT keeps a copy of its label in the first sector, which renaming often leaves as it was.
    if volume.label or medium.label is None:
        changes["label"] = volume.label
    if medium.free is None:
        changes["free"] = volume.free
    if medium.total is None and volume.size:
        changes["total"] = volume.size
    if drive.is_read_only and medium.is_read_only:
        changes["read_only_by"] = ReadOnlyBy.SWITCH
    elif drive.is_read_only or (volume.is_read_only and medium.is_read_only is None):
        changes["is_read_only"] = True
        changes["read_only_by"] = ReadOnlyBy.SWITCH if drive.is_read_only else ReadOnlyBy.UNKNOWN
    return replace(medium, **changes)  # type: ignore[arg-type]
