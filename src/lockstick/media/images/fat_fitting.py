"""Whether FAT32 can hold a lockbox, and how large the image must be for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.sizes import size as in_words
from lockstick.disk.tree import EntryKind, shown_in
from lockstick.errors import UsageError
from lockstick.media.images.names import NEVER_ON_FAT

if TYPE_CHECKING:
    from lockstick.media.images.contents import Contents, Packed

__all__ = ["SECTOR", "Geometry", "check_fits", "geometry"]

SECTOR = 512

_LARGEST_FILE = (4 << 30) - 1
_BASIC = 0xFFFF  # mtools writes no characters beyond
_LONGEST_NAME = 255
_ANOTHER_WAY = "Take --format squashfs or --format tar, or write onto a stick with exFAT."

_ENTRY, _LETTERS = 32, 13
_FEWEST_CLUSTERS = 65_525 + 16  # with fewer, some readers take it for a FAT16
_MOST_SECTORS = 0xFFFF_FFFF
_RESERVED = 32 * SECTOR
_TABLES, _LINK = 2, 4
_ALIGNED = 1 << 20
_SLACK = 1 << 20
# As mkfs.fat chooses: bytes up to which a cluster has so many sectors.
_CLUSTERS = ((260 << 20, 1), (8 << 30, 8), (16 << 30, 16), (32 << 30, 32), (_MOST_SECTORS * SECTOR, 64))


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How large a file system is.

    Attributes:
        size: Its bytes, a multiple of a mebibyte.
        per_cluster: How many sectors make a cluster.
    """

    size: int
    per_cluster: int


def check_fits(contents: Contents) -> None:
    """Return if FAT32 can hold the files.

    Args:
        contents: What goes into the image.

    Raises:
        UsageError: It cannot, for a file's size or a name; what to do instead is said.
    """
    folded: dict[tuple[str, ...], Packed] = {}
    for one in contents.names:
        why = _obstacle(one)
        other = folded.setdefault(tuple(part.casefold() for part in one.place), one)
        if other is not one:
            why = f"it differs from {other.place[-1]!r} in capitals only, and FAT32 does not tell them apart"
        if why:
            raise UsageError(
                f"{shown_in(contents.tree, one.place)} cannot be put into a FAT32 image", why=why, remedy=_ANOTHER_WAY
            )


def _obstacle(one: Packed) -> str:
    name = one.place[-1]
    if one.kind is EntryKind.LINK:
        return "FAT32 knows no links"
    if one.size > _LARGEST_FILE:
        return f"it has {in_words(one.size)}, and a file on FAT32 has less than 4 GiB"
    if not NEVER_ON_FAT.isdisjoint(name) or name[-1] in " .":
        return "FAT32 does not know such names"
    if any(ord(letter) > _BASIC or "\ud800" <= letter <= "\udfff" for letter in name):
        return "a character in its name cannot be written there"
    return "its name is too long" if len(name) > _LONGEST_NAME else ""


def geometry(contents: Contents, wanted: int | None) -> Geometry:
    """How large the file system must be.

    Args:
        contents: What goes into it.
        wanted: How large it is to be; None for as large as needed.

    Returns:
        Its size.

    Raises:
        UsageError: It does not fit into that, or into any FAT32.
    """
    for most, per_cluster in _CLUSTERS:
        needed = _needed(contents, per_cluster)
        size = needed if wanted is None else max(wanted // _ALIGNED * _ALIGNED, _ALIGNED)
        if size <= most:
            break
    else:
        raise UsageError("the lockbox is too large for a FAT32 image", why=in_words(contents.size), remedy=_ANOTHER_WAY)
    if size < needed:
        raise UsageError(
            f"the lockbox does not fit into an image of {in_words(size)}",
            why=f"it needs {needed >> 20} MiB on FAT32",
            remedy="Leave --size out, or name a larger one.",
        )
    return Geometry(size=size, per_cluster=per_cluster)


def _needed(contents: Contents, per_cluster: int) -> int:
    cluster = per_cluster * SECTOR
    listings: Counter[tuple[str, ...]] = Counter()
    clusters = 2  # the outermost folder, and the one in it
    for one in contents.names:
        clusters += -(-one.size // cluster)
        listings[one.place[:-1]] += _ENTRY * (1 + -(-len(one.place[-1]) // _LETTERS))
    folders = sum(one.kind is EntryKind.FOLDER for one in contents.names)
    clusters += folders + sum(size // cluster + 1 for size in listings.values())
    clusters = max(clusters + _SLACK // cluster, _FEWEST_CLUSTERS)
    # Nothing begins anywhere but at a multiple of a cluster.
    size = _RESERVED + _TABLES * (clusters + 2) * _LINK + clusters * cluster + 4 * cluster
    return -(-size // _ALIGNED) * _ALIGNED
