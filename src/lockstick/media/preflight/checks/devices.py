"""Checks of what a device can do with the stick: its file system, encryption, and label."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lockstick.media.preflight.catalogue import CHECKS
from lockstick.media.preflight.checks.place import NETWORK, NO_MEDIUM
from lockstick.media.preflight.facts import Platform
from lockstick.media.preflight.filesystems import Family, traits_of
from lockstick.media.preflight.lengths import utf8_length, utf16_length
from lockstick.media.remarks import Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.load import Load
    from lockstick.media.preflight.facts import Medium, Wishes
    from lockstick.media.preflight.filesystems import Traits
    from lockstick.media.remarks import Remark

__all__ = ["check_devices"]

_READ_BY_ALL = frozenset({"fat12", "fat16", "fat32", "fat", "ext2", "ext3", "ext4"})
_COUNTS_BYTES = frozenset({Family.EXT, Family.OTHER})
_CRYPTED = ("/dev/mapper/luks-", "/dev/mapper/veracrypt", "/dev/mapper/tcrypt-")


def check_devices(medium: Medium, load: Load, wishes: Wishes) -> Iterator[Remark]:
    """Say what keeps a device from finding a lockbox on the stick.

    Args:
        medium: What is known of it.
        load: What is to lie on it.
        wishes: What the user wants.

    Yields:
        Remarks.
    """
    del load
    yield from _check_file_system(medium)
    is_encrypted = medium.volume is not None and medium.volume.is_encrypted
    if is_encrypted or medium.device.startswith(_CRYPTED):
        yield CHECKS["encrypted"].says(
            medium.mount,
            "it is encrypted, and a device has no key for it",
            "Take a stick that is not encrypted: a lockbox is proven by its signatures.",
        )
    yield from _check_twins(medium)
    if wishes.label is not None:
        yield from _check_label(medium, wishes.label)


def _check_file_system(medium: Medium) -> Iterator[Remark]:
    if medium.driver in NETWORK | NO_MEDIUM or medium.is_mount_point is False:
        return  # what is wrong with those is said elsewhere
    if not medium.file_system:
        is_fuse = medium.driver.startswith("fuse")
        by = f" (a program serves it: {medium.driver})" if is_fuse else ""
        yield CHECKS["file-system-unknown"].says(
            medium.mount,
            f"it is not known which file system it has{by}, so its limits are not known",
            "See to it that the devices can read it; FAT32 is what most take.",
        )
        return
    if medium.file_system in _READ_BY_ALL:
        return
    shown = traits_of(medium.file_system).shown
    if medium.file_system == "exfat":
        yield CHECKS["file-system"].says(
            medium.mount,
            "not every device reads exFAT: Linux does so from 5.7 on, if it was built with it",
            "Try it with one device of each kind; FAT32 and ext4 are the safer choice.",
            Weight.NOTE,
        )
        return
    yield CHECKS["file-system"].says(
        medium.mount,
        f"devices hardly ever read {shown}",
        "Format the stick with FAT32, or with ext4 if a file is larger than 4 GiB; this removes all that is on it.",
    )


def _check_label(medium: Medium, wanted: str) -> Iterator[Remark]:
    traits = traits_of(medium.file_system)
    limit = traits.longest_label
    length = utf8_length(wanted) if traits.family in _COUNTS_BYTES else utf16_length(wanted)
    if limit is not None and length > limit and medium.label != wanted:
        yield CHECKS["label-impossible"].says(
            medium.mount,
            f"the label {wanted!r} has {length} characters, and {traits.shown} holds {limit}",
            "Format the stick with a file system that holds it (ext4: 16), or have the devices look for a shorter one "
            "(offline_updates_source in their settings).",
        )
        return
    check = CHECKS["label"]
    if medium.label is None:
        yield check.says(
            medium.mount,
            f"its label is not known; the devices look for {wanted!r}",
            "Look it up, and change it if need be.",
            Weight.NOTE,
        )
    elif medium.label != wanted:
        has = f"its label is {medium.label!r}" if medium.label else "it has no label"
        hint = ""
        if medium.label.upper() == wanted.upper():
            hint = "; Linux on a device tells capital letters from small ones"
            if traits.upper_label and wanted != wanted.upper():
                hint += ", and Windows writes labels of FAT in capital letters"
        yield check.says(
            medium.mount,
            f"{has}, and the devices look for {wanted!r}{hint}",
            _relabel(medium, traits, wanted),
        )


def _check_twins(medium: Medium) -> Iterator[Remark]:
    if not medium.label or medium.drive is None or medium.volume is None:
        return
    others = [one.device for one in medium.drive.volumes if one != medium.volume and one.label == medium.label]
    if others:
        yield CHECKS["label-twice"].says(
            medium.mount,
            f"another file system on this drive ({others[0]}) has the label {medium.label!r}, too; systems that mount "
            "by label give one of them another name",
            "Change the label of the other one, or format the drive with one file system.",
        )


def _relabel(medium: Medium, traits: Traits, wanted: str) -> str:
    if medium.platform is Platform.WINDOWS:
        return f"Change it: label {medium.mount.drive or medium.mount} {wanted}"
    if medium.platform is Platform.MACOS:
        # The mount is called after the label, which a stranger chose; people paste what they are told to.
        return f"Change it: diskutil rename {shlex.quote(str(medium.mount))} {shlex.quote(wanted)}"
    words = f"{shlex.quote(medium.device or 'DEVICE')} {shlex.quote(wanted)}"
    programs = {
        Family.FAT: f"fatlabel {words}",
        Family.EXFAT: f"exfatlabel {words}",
        Family.EXT: f"e2label {words}",
        Family.NTFS: f"ntfslabel {words}",
    }
    command = programs.get(traits.family)
    return f"Unmount it and change it: {command}" if command else "Unmount it and change it, then mount it again."
