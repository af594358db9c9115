"""Checks of room: bytes, numbers of files, sizes of files and folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.sizes import size
from lockstick.media.preflight.catalogue import CHECKS
from lockstick.media.preflight.checks.words import first_few, path
from lockstick.media.preflight.cost import fat_entries, folders_of, room_for, room_of_files
from lockstick.media.preflight.filesystems import Family, traits_of
from lockstick.media.remarks import Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.media.load import Load
    from lockstick.media.preflight.facts import Medium, Wishes
    from lockstick.media.remarks import Remark

__all__ = ["check_room"]

_MOST_ENTRIES = 65_536  # of 32 bytes each in a folder on FAT (fatgen103, page 26)
_LABEL = 1
_OURS = (".lockstick", "lockstick-receipt.json")
_TRASH = (".Trashes", "$RECYCLE.BIN", ".Trash-0", ".Trash-1000", "RECYCLER")
_LARGEST_CLUSTER = {Family.FAT: 64 * 1024, Family.EXFAT: 128 * 1024}
_USUAL_CLUSTER = 4096


def check_room(medium: Medium, load: Load, wishes: Wishes) -> Iterator[Remark]:
    """Say what does not fit.

    Args:
        medium: What is known of the stick.
        load: What is to lie on it.
        wishes: What the user wants.

    Yields:
        Remarks.
    """
    yield from _check_sizes(medium, load)
    yield from _check_folders(medium, load, wishes)
    yield from _check_space(medium, load)
    yield from _check_count(medium, load)


def _check_space(medium: Medium, load: Load) -> Iterator[Remark]:
    check, unknown = CHECKS["space"], CHECKS["space-unknown"]
    family = traits_of(medium.file_system).family
    if medium.free is None:
        yield unknown.says(
            medium.mount,
            "it is not known how much room is free",
            f"See to it that {size(room_for(load.files, _USUAL_CLUSTER, family, beside=load.bytes_beside))} are free.",
        )
        return
    # Without the cluster's size only bytes that are needed in any case can refuse it.
    cluster = medium.cluster or 1
    needed = room_for(load.files, cluster, family, beside=load.bytes_beside)
    missing = needed - medium.free
    if missing > 0:
        to_gain = room_of_files((file.size for file in load.obsolete), cluster, Family.FAT)
        if to_gain >= missing:
            yield check.says(
                medium.mount,
                f"there is room for it only once the lockbox that is there has made room: {size(missing)} are missing",
                "Nothing, if the stick may be without a lockbox until the run is through; else take another one.",
                Weight.WARNING,
            )
            return
        yield check.says(
            medium.mount,
            f"there is not enough room: {size(needed)} are needed, {size(medium.free)} are free, {_missing(missing)}",
            _how_to_make_room(medium, missing),
        )
        return
    if medium.cluster is None:
        most = room_for(load.files, _LARGEST_CLUSTER.get(family, _USUAL_CLUSTER), family, beside=load.bytes_beside)
        if most > medium.free:
            yield unknown.says(
                medium.mount,
                f"it is not known in what pieces room is given out; up to {size(most)} may be needed and "
                f"{size(medium.free)} are free",
                "Free some more room to be sure.",
            )


def _missing(count: int) -> str:
    return f"{size(count)} are missing" if count >= 1000 else f"{count} bytes are missing"  # noqa: PLR2004 - a unit


def _how_to_make_room(medium: Medium, missing: int) -> str:
    trash = [entry.name for entry in medium.contents.top if entry.name in _TRASH]
    if trash:
        return f"Free at least {size(missing)} on it ({' and '.join(trash)}: what was deleted lies there still)."
    return f"Free at least {size(missing)} on it, or take a larger one."


def _check_count(medium: Medium, load: Load) -> Iterator[Remark]:
    if medium.free_files is None:
        return
    new = [file for file in load.files if file.there is None]
    needed = len(new) + len(folders_of(file.place for file in load.files)) + len(_OURS)
    if needed > medium.free_files:
        yield CHECKS["file-count"].says(
            medium.mount,
            f"it takes {medium.free_files} more files and folders, and {needed} are needed",
            "Remove files from it, or format it with room for more of them (mkfs.ext4 -N).",
        )


def _check_sizes(medium: Medium, load: Load) -> Iterator[Remark]:
    traits = traits_of(medium.file_system)
    largest = traits.largest_file
    if largest is None:
        return
    found = [
        (
            path(file.place),
            f"it has {size(file.size)}, and {traits.shown} cannot hold files of more than {size(largest)}",
        )
        for file in load.files
        if file.size > largest
    ]
    for subject, message in first_few(found):
        yield CHECKS["file-size"].says(
            subject,
            message,
            "Format the stick with ext4, or with exFAT if the devices read it; this removes all that is on it.",
        )


def _check_folders(medium: Medium, load: Load, wishes: Wishes) -> Iterator[Remark]:
    if traits_of(medium.file_system).family is not Family.FAT:
        return
    check = CHECKS["folder-size"]
    folders = folders_of(file.place for file in load.files)
    for place, names in folders.items():
        entries = 2 + sum(fat_entries(name) for name in names)
        if place and entries > _MOST_ENTRIES:
            yield check.says(
                path(place),
                f"{len(names)} names take {entries} entries, and a folder on FAT has {_MOST_ENTRIES}",
                "Format the stick with ext4, or with exFAT if the devices read it; this removes all that is on it.",
            )
    if medium.root_entries is None:
        return
    there = {entry.name for entry in medium.contents.top}
    wanted = there | set(folders.get((), ())) | set(_OURS) | {wishes.folder}
    needed = _LABEL + sum(fat_entries(name) for name in wanted)
    if needed > medium.root_entries:
        yield check.says(
            medium.mount,
            f"its top folder has room for {medium.root_entries} entries, and {needed} are needed",
            "Move or remove files at its top; or format it with FAT32, which has no such limit.",
        )
