"""Checks of whether it can be written to at all, and of its soundness."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lockstick.media.preflight.catalogue import CHECKS
from lockstick.media.preflight.facts import Platform, ReadOnlyBy
from lockstick.media.preflight.filesystems import Family, traits_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.load import Load
    from lockstick.media.preflight.facts import Medium, Wishes
    from lockstick.media.remarks import Remark

__all__ = ["check_writable"]

_READ_ONLY = {
    ReadOnlyBy.SWITCH: (
        "the drive is write-protected",
        "Slide its switch; if it has none, the drive has given up writing: take another one.",
    ),
    ReadOnlyBy.OPTION: (
        "it is mounted read-only",
        "Mount it for writing: take it out and put it in again, or 'mount -o remount,rw'.",
    ),
    ReadOnlyBy.ERRORS: (
        "the system has made it read-only after errors",
        "Eject it and have it checked ({repair}); if that finds errors again, take another one.",
    ),
    ReadOnlyBy.UNKNOWN: (
        "it is read-only",
        "See whether it has a switch, and how it is mounted; or take another one.",
    ),
}
_SLOW = frozenset({"sync", "dirsync", "synchronous"})
_WITH_MARK = frozenset({Family.FAT, Family.EXFAT, Family.NTFS})


def check_writable(medium: Medium, load: Load, wishes: Wishes) -> Iterator[Remark]:
    """Say what stands against writing, and what speaks for damage.

    Args:
        medium: What is known of the stick.
        load: What is to lie on it.
        wishes: What the user wants.

    Yields:
        Remarks.
    """
    del load, wishes
    repair = _repair(medium)
    if medium.is_read_only:
        message, remedy = _READ_ONLY[medium.read_only_by]
        yield CHECKS["read-only"].says(medium.mount, message, remedy.format(repair=repair))
    elif medium.may_write is False:
        yield CHECKS["not-permitted"].says(
            medium.mount,
            "this user may not write there",
            _permit(medium),
        )
    if _SLOW & set(medium.options or ()):
        yield CHECKS["slow-mount"].says(
            medium.mount,
            "it is mounted so that every write waits for the medium (sync)",
            "Nothing; it takes longer. Mounted without sync it is as safe, as Lockstick flushes what it writes.",
        )
    if medium.is_dirty:
        yield CHECKS["dirty"].says(
            medium.mount,
            "it was pulled out without being ejected, or something is writing to it right now",
            f"Eject it and have it checked ({repair}), then run the same command again.",
        )
    elif medium.is_dirty is None and traits_of(medium.file_system).family in _WITH_MARK and not medium.is_read_only:
        yield CHECKS["dirty-unknown"].says(
            medium.mount,
            "it cannot be told here whether it was ejected properly the last time",
            f"If it was pulled out while in use, eject it and have it checked ({repair}).",
        )
    if medium.errors:
        yield CHECKS["file-system-errors"].says(
            medium.mount,
            f"the file system has noted {medium.errors} error(s) about itself",
            f"Eject it and have it checked ({repair}); if errors come back, take another one.",
        )


def _permit(medium: Medium) -> str:
    """How this user gets the right to write; a new ext4 belongs to root, wherever it is mounted."""
    if traits_of(medium.file_system).family is Family.EXT:
        return f"Give it to this user, once: sudo chown $USER {shlex.quote(str(medium.mount))}"
    return "Mount it for this user (FAT, exFAT: uid=, umask=; desktops do so), or correct the folder's permissions."


def _repair(medium: Medium) -> str:
    """The command that checks a volume, as this system has it."""
    if medium.platform is Platform.WINDOWS:
        return f"chkdsk {str(medium.mount).rstrip('/').rstrip(chr(92))} /f"
    if medium.platform is Platform.MACOS:
        return f"diskutil repairVolume {medium.device or medium.mount}"
    programs = {
        Family.FAT: "fsck.fat -a",
        Family.EXFAT: "fsck.exfat -p",
        Family.EXT: "e2fsck -f",
        Family.NTFS: "ntfsfix",
    }
    program = programs.get(traits_of(medium.file_system).family, "fsck")
    return f"{program} {medium.device}".rstrip()
