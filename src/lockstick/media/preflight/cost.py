"""How much room files and folders take on a file system: by its clusters, with its own books.

A model, held against the real thing by tests: never below what a file system takes, and few per cent above it.
Sources: fatgen103 (directory entries), the exFAT specification 7 (directory entries), the ext4 disk layout
(directory blocks, extents).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lockstick.media.preflight.filesystems import Family
from lockstick.media.preflight.lengths import utf8_length, utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockstick.disk.tree import Place
    from lockstick.media.load import LoadFile

__all__ = ["fat_entries", "folders_of", "room_for", "room_of_files"]

_ENTRY = 32  # bytes of one directory entry, in FAT as in exFAT
_LONG_NAME = 13  # UTF-16 units in each entry of a long name
_EXFAT_NAME = 15
_MIB = 1 << 20
_EXTENT_BLOCK_FOR = 64 * _MIB  # an ext4 file in few stretches needs no block of extents; this allows for some more
_WITHOUT_EXTENT_BLOCK = _MIB
_EXT_ENTRY = 8
_EXT_TAIL = 12 + 24  # the checksum at a directory block's end, and its own two names
_NTFS_RECORD = 1024
_NTFS_INDEX = 4096
_OTHER_RECORD = 1024
_TEMPORARY = 8  # a file may carry a longer name while it is written, as in ".part"


def fat_entries(name: str) -> int:
    """How many directory entries a name takes on FAT at most: a short one, and one for each 13 units."""
    return 1 + -(-utf16_length(name) // _LONG_NAME)


def folders_of(places: Iterable[Place]) -> dict[Place, set[str]]:
    """List the folders that files lie in.

    Args:
        places: The files' places.

    Returns:
        The names in each folder, by the folder's place; the empty place is the top.
    """
    folders: defaultdict[Place, set[str]] = defaultdict(set)
    for place in places:
        for depth in range(len(place)):
            if place[depth] in folders[place[:depth]]:
                continue
            folders[place[:depth]].add(place[depth])
    return dict(folders)


def room_of_files(sizes: Iterable[int], cluster: int, family: Family) -> int:
    """How many bytes the contents of files take.

    Args:
        sizes: Their lengths in bytes.
        cluster: The size of the pieces in which room is given out.
        family: Whom the file system keeps its books like.

    Returns:
        Bytes, a multiple of the cluster.
    """
    total = 0
    for size in sizes:
        total += _up(size, cluster)
        if family is Family.EXT and size > _WITHOUT_EXTENT_BLOCK:
            total += cluster * -(-size // _EXTENT_BLOCK_FOR)
        elif family is Family.NTFS:
            total += _NTFS_RECORD
        elif family in {Family.APPLE, Family.OTHER}:
            total += _OTHER_RECORD
    return total


def room_for(files: Iterable[LoadFile], cluster: int, family: Family, *, beside: int = 0) -> int:
    """How many bytes of room files and the folders that they lie in take.

    Args:
        files: The files; what lies there already is not counted again.
        cluster: The size of the pieces in which room is given out.
        family: Whom the file system keeps its books like.
        beside: Bytes that the run needs besides.

    Returns:
        Bytes.
    """
    files = tuple(files)
    # What lies there of an unfinished file has clusters of its own; the last of them is not full.
    total = room_of_files((file.size for file in files if not file.is_kept), cluster, family)
    total -= sum(file.there // cluster * cluster for file in files if file.there and not file.is_kept)
    folders = folders_of(file.place for file in files)
    total += sum(_folder(names, cluster, family) for place, names in folders.items() if place)
    # The top folder is there, but may have to grow; and the hidden folder of work is one more.
    top = folders.get((), set()) | {".lockstick", "lockstick-receipt.json"}
    total += _folder(top, cluster, family) + _folder({"journal.json"}, cluster, family)
    return total + (_up(beside, cluster) + cluster if beside else 0)


def _folder(names: Iterable[str], cluster: int, family: Family) -> int:
    if family is Family.FAT:
        return _up((2 + sum(fat_entries(name + "." * _TEMPORARY) for name in names)) * _ENTRY, cluster)
    if family is Family.EXFAT:
        entries = sum(2 + -(-(utf16_length(name) + _TEMPORARY) // _EXFAT_NAME) for name in names)
        return _up(entries * _ENTRY, cluster)
    if family is Family.EXT:
        entries = sum(_EXT_ENTRY + _up(utf8_length(name) + _TEMPORARY, 4) for name in names)
        # Blocks of a large folder are split when they are full, so half of each may be empty; and there is an index.
        return cluster if entries + _EXT_TAIL <= cluster else _up(2 * entries, cluster) + 2 * cluster
    if family is Family.NTFS:
        entries = sum(100 + 2 * utf16_length(name) for name in names)
        return _NTFS_RECORD + _up(2 * entries, max(cluster, _NTFS_INDEX))
    return _up(sum(64 + 2 * utf8_length(name) for name in names), cluster) + cluster


def _up(size: int, cluster: int) -> int:
    return -(-size // cluster) * cluster
