"""Sticks and loads made up for the checks: a medium that nothing stands against, and how it may differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockstick.disk.tree import Entry, EntryKind
from lockstick.media.load import Load, LoadFile
from lockstick.media.model import Drive, Volume
from lockstick.media.preflight import Contents, Medium, Platform, Wishes, check

if TYPE_CHECKING:
    from lockstick.media.remarks import Remark

GIB = 1 << 30
MOUNT = Path("/media/kim/STICK")
VOLUME = Volume(device="/dev/sdb1", mounted_at=(MOUNT,), file_system="fat32", label="STICK", size=8 * GIB)
DRIVE = Drive(device="/dev/sdb", vendor="Acme", model="Thumb", size=8 * GIB, is_removable=True, volumes=(VOLUME,))


def stick(**changes: Any) -> Medium:
    """A stick that will do, but for what is said to be different."""
    sound: dict[str, Any] = {
        "mount": MOUNT,
        "platform": Platform.LINUX,
        "mount_point": MOUNT,
        "file_system": "fat32",
        "driver": "vfat",
        "device": "/dev/sdb1",
        "cluster": 4096,
        "total": 8 * GIB,
        "free": 7 * GIB,
        "is_read_only": False,
        "is_dirty": False,
        "options": ("rw", "utf8", "shortname=mixed"),
        "label": "STICK",
        "may_write": True,
        "contents": Contents(),
        "drive": DRIVE,
        "volume": VOLUME,
    }
    return Medium(**{**sound, **changes})


def file(place: str, size: int = 10, there: int | None = None) -> LoadFile:
    return LoadFile(place=tuple(place.split("/")), size=size, there=there)


def load(*places: str) -> Load:
    """Files of ten bytes."""
    return Load(files=tuple(file(place) for place in places))


BOX = load("update/metadata/director/box.json", "update/images/fw-1.bin")


def folder(name: str) -> Entry:
    return Entry(name=name, kind=EntryKind.FOLDER)


def said(medium: Medium, what: Load = BOX, wishes: Wishes | None = None) -> dict[str, Remark]:
    """What is said, by the check that says it; each check says one thing here."""
    found = check(medium, what, wishes or Wishes())
    assert len({remark.check for remark in found}) == len(found), found
    return {remark.check: remark for remark in found}
