"""What Linux says about what is mounted where: ``/proc/self/mountinfo`` (proc(5)).

Every part of this room that asks where a folder lies asks here. The names in the table are those that strangers gave
their sticks: only a line feed ends a line and only a blank ends a field, whatever else Unicode calls a blank.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MOUNTINFO", "Mount", "by_point", "covering", "parse_mountinfo", "plain_name", "read_mountinfo", "unescaped"]

MOUNTINFO = Path("/proc/self/mountinfo")

_CAP = 16 * 1024 * 1024
_MOST_LINES = 20_000
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")
_PLAIN = {
    "vfat": "fat",
    "msdos": "fat",
    "fuse.fusefat": "fat",
    "fuse.exfat": "exfat",
    "fuse.exfat-fuse": "exfat",
    "ntfs3": "ntfs",
    "ntfs-3g": "ntfs",
    "fuse.ntfs-3g": "ntfs",
    "fuse.ntfs": "ntfs",
    "hfsplus": "hfs+",
}
_LEAST_BEFORE, _LEAST_AFTER = 6, 2


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One line.

    Attributes:
        number: Its major and minor number, as in ``8:17``; ``0:...`` if no block device is behind it.
        point: Where it is mounted.
        driver: The file system as the kernel names it.
        source: What is mounted, as whoever mounted it named it: mostly a device.
        options: How it is mounted there.
        super_options: How the file system itself is set, wherever it is mounted.
    """

    number: str
    point: PurePosixPath
    driver: str
    source: str
    options: tuple[str, ...] = ()
    super_options: tuple[str, ...] = ()

    @property
    def is_read_only(self) -> bool:
        """True if it cannot be written to."""
        return "ro" in self.options or "ro" in self.super_options


def read_mountinfo(place: Path = MOUNTINFO) -> bytes:
    """Read the table.

    Args:
        place: Where it is.

    Returns:
        Its bytes; none if it cannot be read.
    """
    try:
        with place.open("rb") as file:
            return file.read(_CAP)
    except OSError:
        return b""


def parse_mountinfo(data: bytes) -> tuple[Mount, ...]:
    """Take the table apart.

    Args:
        data: Its bytes.

    Returns:
        The mounts, in its order: what was mounted later is on top. Lines that make no sense are passed over.
    """
    found = (_line(line) for line in data.split(b"\n")[:_MOST_LINES])
    return tuple(mount for mount in found if mount is not None)


def by_point(mounts: Iterable[Mount]) -> dict[PurePosixPath, Mount]:
    """The mounts by where they are; of several in one place the last, which hides the others."""
    return {mount.point: mount for mount in mounts}


def covering(folder: PurePosixPath, points: Mapping[PurePosixPath, Mount]) -> Mount | None:
    """Say on which mount a folder or a file lies.

    Args:
        folder: An absolute path without links.
        points: The mounts, as :func:`by_point` gives them.

    Returns:
        The innermost one; None if the table does not say.
    """
    return next((points[one] for one in (folder, *folder.parents) if one in points), None)


def plain_name(driver: str) -> str:
    """A file system as this room calls it (:mod:`lockstick.media.model`).

    Args:
        driver: What Linux or one of its programs calls it.

    Returns:
        The name; empty where a program serves it (FUSE) and does not say what it is.
    """
    return _PLAIN.get(driver, "" if driver.startswith("fuse") else driver)


def unescaped(field: bytes) -> str:
    """Undo the kernel's escapes, which stand for bytes."""
    return os.fsdecode(_ESCAPE.sub(lambda found: bytes([int(found[1], 8)]), field).replace(b"\0", b""))


def _line(line: bytes) -> Mount | None:
    before, dash, after = line.partition(b" - ")
    first, then = before.split(b" "), after.split(b" ")
    if not dash or len(first) < _LEAST_BEFORE or len(then) < _LEAST_AFTER:
        return None
    point = unescaped(first[4])
    if not point.startswith("/"):
        return None
    return Mount(
        number=unescaped(first[2]),
        point=PurePosixPath(point),
        driver=unescaped(then[0]),
        source=unescaped(then[1]),
        options=_options(first[5]),
        super_options=_options(then[2]) if len(then) > _LEAST_AFTER else (),
    )


def _options(field: bytes) -> tuple[str, ...]:
    return tuple(unescaped(option) for option in field.split(b","))
