"""What is known about a medium before a byte is written to it.

Whatever could not be found out is None, and is said to be unknown; nothing here is ever a guess.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Entry, Place
    from lockstick.media.model import Drive, Volume

__all__ = ["Contents", "Facts", "FoundLockbox", "Medium", "Platform", "ReadOnlyBy", "Wishes"]


class Platform(enum.Enum):
    """The system that writes: some names and paths are its own limits, not the medium's."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


class ReadOnlyBy(enum.Enum):
    """What makes a medium read-only.

    Attributes:
        SWITCH: The drive or its switch: the system may not write to the device at all.
        OPTION: Whoever mounted it said so, or the file system is one that nobody writes to.
        ERRORS: The system itself, after it had met errors.
        UNKNOWN: It is not known.
    """

    SWITCH = "switch"
    OPTION = "option"
    ERRORS = "errors"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class FoundLockbox:
    """A folder that a device would take for a lockbox: it holds a folder ``metadata`` (lockbox-format 1.5).

    Attributes:
        place: The folder below the mount; empty for the mount itself.
        names: The lockboxes in it, in the order in which a device tries them (lockbox-format 1.7): it takes the first.
    """

    place: Place
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What lies on a medium already.

    Attributes:
        top: What lies right below the mount.
        lockboxes: The lockboxes: in the mount itself and one level down.
        litter: Places of files that systems and interrupted programs leave behind, at the top and in the lockboxes'
            folders of metadata.
        unfinished: Folders with an unfinished run of ours in them.
        foreign: Folders one level down that hold something, but no lockbox.
        is_whole: False if there was too much to look at all of it, or not everything could be read.
    """

    top: tuple[Entry, ...] = ()
    lockboxes: tuple[FoundLockbox, ...] = ()
    litter: tuple[Place, ...] = ()
    unfinished: tuple[Place, ...] = ()
    foreign: tuple[str, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a platform says about the folder that the user named and the file system that it is in.

    Attributes:
        mount: The folder that the user named.
        platform: The system that writes.
        mount_point: Where the file system is mounted that the folder is in.
        file_system: One of ``fat12``, ``fat16``, ``fat32``, ``fat`` (it is not known which), ``exfat``, ``ntfs``,
            ``ext4``, ``apfs`` and so on in lower case; empty if not known.
        driver: The system's name for who serves it: ``vfat``, ``msdos``, ``fuseblk``; empty if not known.
        device: The system's name of the volume; empty if it has none or it is not known.
        cluster: The size in bytes of the pieces in which it gives out room.
        total: Its size in bytes.
        free: Bytes that this user may still write.
        free_files: How many more files and folders it takes, where their number is limited.
        root_entries: How many entries its top folder can have, where that is limited (FAT12 and FAT16).
        is_read_only: True if it cannot be written to.
        read_only_by: Why, if so.
        is_dirty: True if it was not taken out properly the last time.
        errors: How many errors the file system has noted about itself.
        options: How it is mounted, as the system says it.
        label: Its label; empty if it has none.
        may_write: Whether this user may write into the folder.
        is_case_sensitive: Whether it tells ``a`` from ``A``.
        mounted_inside: Other file systems that are mounted somewhere below the folder.
        outer: Where the file system is mounted that the mount point itself lies in; None for the topmost or unknown.
        hidden: How many other file systems are mounted at the same place, below this one.
    """

    mount: Path
    platform: Platform
    mount_point: Path | None = None
    file_system: str = ""
    driver: str = ""
    device: str = ""
    cluster: int | None = None
    total: int | None = None
    free: int | None = None
    free_files: int | None = None
    root_entries: int | None = None
    is_read_only: bool | None = None
    read_only_by: ReadOnlyBy = ReadOnlyBy.UNKNOWN
    is_dirty: bool | None = None
    errors: int | None = None
    options: tuple[str, ...] | None = None
    label: str | None = None
    may_write: bool | None = None
    is_case_sensitive: bool | None = None
    mounted_inside: tuple[Path, ...] = ()
    outer: Path | None = None
    hidden: int = 0

    @property
    def is_mount_point(self) -> bool | None:
        """Whether the folder is where a file system is mounted, and not a folder in one; None if not known."""
        return None if self.mount_point is None else self.mount_point == self.mount


@dataclass(frozen=True, kw_only=True)
class Medium(Facts):
    """All that is known: what the platform says, the drive, and what lies there.

    Attributes:
        drive: The drive that it is on; None if not known.
        volume: The volume of that drive; None if not known.
        contents: What lies there.
        outer_drive: The drive that holds the folder which it is mounted at, if that is known.
        sticks: Where drives that can be taken out are mounted, this one included.
    """

    contents: Contents
    drive: Drive | None = None
    volume: Volume | None = None
    outer_drive: Drive | None = None
    sticks: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user wants of the stick.

    Attributes:
        label: The label that the devices look for; None if the user did not say.
        i_know: True if the user has said that a place that is no removable drive is meant.
        folder: The folder on the stick that the devices look at.
    """

    label: str | None = None
    i_know: bool = False
    folder: str = "update"
