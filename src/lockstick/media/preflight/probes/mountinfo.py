"""What Linux says about what is mounted where: ``/proc/self/mountinfo`` (proc(5))."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

__all__ = ["Mount", "Place", "parse_mountinfo", "place_of"]

_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")
_LEAST_BEFORE, _LEAST_AFTER = 6, 2
_AUTOMOUNTER = "autofs"


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One line.

    Attributes:
        number: Its major and minor number, as in ``8:17``.
        point: Where it is mounted.
        options: How it is mounted there.
        kind: The driver.
        source: What is mounted: mostly a device.
        super_options: How the file system itself is set, wherever it is mounted.
    """

    number: str
    point: PurePosixPath
    options: tuple[str, ...]
    kind: str
    source: str
    super_options: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a folder lies among the mounts.

    Attributes:
        mount: The file system that it is in.
        inside: What is mounted below the folder.
        outer: The mount that the mount point itself lies in; None at the top.
        hidden: How many file systems this one hides, as it is mounted over them.
    """

    mount: Mount
    inside: tuple[Mount, ...]
    outer: Mount | None
    hidden: int


def parse_mountinfo(data: bytes) -> tuple[Mount, ...]:
    """Read the table; lines that are not as they should be are passed over."""
    found = (_line(line) for line in data.split(b"\n"))
    return tuple(mount for mount in found if mount is not None)


def _line(line: bytes) -> Mount | None:
    before, dash, after = line.partition(b" - ")
    first, then = before.split(b" "), after.split(b" ")
    if not dash or len(first) < _LEAST_BEFORE or len(then) < _LEAST_AFTER:
        return None
    point = _text(first[4])
    if not point.startswith("/"):
        return None
    return Mount(
        number=_text(first[2]),
        point=PurePosixPath(point),
        options=tuple(_text(first[5]).split(",")),
        kind=_text(then[0]),
        source=_text(then[1]),
        super_options=tuple(_text(then[2]).split(",")) if len(then) > _LEAST_AFTER else (),
    )


def _text(field: bytes) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda found: bytes([int(found[1], 8)]), field))


def place_of(folder: PurePosixPath, mounts: tuple[Mount, ...]) -> Place | None:
    """Find the file system that a folder is in.

    Args:
        folder: An absolute path without links.
        mounts: The table, in its order: what was mounted later is on top.

    Returns:
        Where it is; None if the table does not say.
    """
    own = _holder(folder, mounts)
    if own is None:
        return None
    outer = None if own.point == own.point.parent else _holder(own.point.parent, mounts)
    same = [mount for mount in mounts if mount.point == own.point and mount.kind != _AUTOMOUNTER]
    inside = tuple(
        mount
        for mount in mounts
        if mount.kind != _AUTOMOUNTER and mount.point != folder and mount.point.is_relative_to(folder)
    )
    return Place(mount=own, inside=inside, outer=outer, hidden=max(0, len(same) - 1))


def _holder(folder: PurePosixPath, mounts: tuple[Mount, ...]) -> Mount | None:
    found: Mount | None = None
    for mount in mounts:
        if folder.is_relative_to(mount.point) and (found is None or len(mount.point.parts) >= len(found.point.parts)):
            found = mount
    return found
