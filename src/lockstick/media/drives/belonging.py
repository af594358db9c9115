"""The drive that a folder lies on, and the folder of a drive."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lockstick.media.model import Drive, Volume

__all__ = ["called", "drive_of", "mount_point"]


def called(name: Path, drives: Sequence[Drive]) -> tuple[Path, ...]:
    """Find the sticks that a user may have meant with something that is not a folder.

    Args:
        name: A device (``/dev/sdb1``), a label, or a folder that is called like a label.
        drives: All drives; those of the running system are nobody's stick.

    Returns:
        Where they are mounted.
    """
    names = {str(name).casefold(), name.name.casefold()} - {""}
    found = (
        place
        for drive, volume in _volumes(drives)
        if not drive.is_system and names & {one.casefold() for one in (drive.device, volume.device, volume.label)}
        for place in volume.mounted_at
    )
    return tuple(dict.fromkeys(found))


def drive_of(
    folder: Path,
    drives: Sequence[Drive],
    *,
    is_mount: Callable[[Path], bool] = os.path.ismount,
    device_of: Callable[[Path], int | None] | None = None,
) -> tuple[Drive, Volume] | None:
    """Say on which drive and volume a folder lies.

    Args:
        folder: A mount point or a folder below one; the part of it that is not there yet does not matter.
        drives: All drives, the system's too.
        is_mount: Whether something is mounted in a folder.
        device_of: The device number of a folder; None if it cannot be asked.

    Returns:
        The drive and the volume; None if it lies on none of them: a share on the network, memory, an image.
    """
    device_of = device_of or _device
    place = mount_point(folder, is_mount)
    known = list(_volumes(drives))
    for drive, volume in known:
        if place in volume.mounted_at:
            return drive, volume
    # Links to a mount, and folders of a volume that are shown in a second place.
    number = device_of(place)
    if number is None:
        return None
    for drive, volume in known:
        if any(device_of(mounted) == number for mounted in volume.mounted_at):
            return drive, volume
    return None


def mount_point(folder: Path, is_mount: Callable[[Path], bool] = os.path.ismount) -> Path:
    """Where the file system that a folder lies on is mounted.

    Args:
        folder: The folder; it need not exist.
        is_mount: Whether something is mounted in a folder.

    Returns:
        The mount point: the nearest folder above, or the folder itself.
    """
    place = folder.resolve()
    while place != place.parent and not is_mount(place):
        place = place.parent
    return place


def _volumes(drives: Sequence[Drive]) -> Iterator[tuple[Drive, Volume]]:
    for drive in drives:
        for volume in drive.volumes:
            yield drive, volume


def _device(folder: Path) -> int | None:
    try:
        return os.stat(folder).st_dev  # noqa: PTH116 - a Path would do no better
    except (OSError, ValueError):
        return None
