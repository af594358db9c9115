"""What file systems can hold, as far as a check needs to know.

Sources: Microsoft's FAT specification (fatgen103) and exFAT specification (7.7.3 names, 7.3 label), the naming rules of
Windows ("Naming Files, Paths, and Namespaces"), the Linux drivers' own limits, Apple's APFS reference.
"""

from __future__ import annotations

import enum
import unicodedata
from dataclasses import dataclass
from functools import cache

__all__ = ["Family", "Folding", "Traits", "family_of", "fold", "traits_of"]

_GIB = 1 << 30


class Family(enum.Enum):
    """File systems that keep their books alike."""

    FAT = "fat"
    EXFAT = "exfat"
    NTFS = "ntfs"
    EXT = "ext"
    APPLE = "apple"
    OTHER = "other"


class Folding(enum.Enum):
    """Which names are one name to a file system.

    Attributes:
        NONE: Those of the same bytes.
        CASE: Those that differ in case only.
        CASE_AND_FORM: Those that differ in case, or in how their accents are encoded.
        FORM: Those that differ in how their accents are encoded.
    """

    NONE = "none"
    CASE = "case"
    CASE_AND_FORM = "case-and-form"
    FORM = "form"


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a file system can hold.

    Attributes:
        shown: Its name for people.
        family: Whom it keeps its books like.
        largest_file: The most bytes that a file can have; None if no lockbox comes near.
        forbidden: Characters that no name may have, besides the slash and NUL.
        forbids_controls: True if control characters are forbidden too.
        strips_ends: True if dots and spaces at the end of a name get lost.
        has_reserved_names: True if names like ``CON`` cannot be opened where Windows reads it.
        longest_name: How long a name may be.
        counts_bytes: True if that counts bytes of UTF-8, False for units of UTF-16.
        folding: Which names are one.
        longest_label: How long a label may be: characters, or bytes where names count in bytes; None if not known.
        upper_label: True if labels are in capital letters.
    """

    shown: str
    family: Family
    largest_file: int | None = None
    forbidden: frozenset[str] = frozenset()
    forbids_controls: bool = False
    strips_ends: bool = False
    has_reserved_names: bool = False
    longest_name: int = 255
    counts_bytes: bool = True
    folding: Folding = Folding.NONE
    longest_label: int | None = None
    upper_label: bool = False


_WINDOWS_FORBIDDEN = frozenset('"*:<>?\\|')


def _microsoft(
    shown: str, family: Family, *, label: int, largest: int | None = None, upper_label: bool = False
) -> Traits:
    return Traits(
        shown=shown,
        family=family,
        largest_file=largest,
        forbidden=_WINDOWS_FORBIDDEN,
        forbids_controls=True,
        strips_ends=True,
        has_reserved_names=True,
        counts_bytes=False,
        folding=Folding.CASE,
        longest_label=label,
        upper_label=upper_label,
    )


def _ext(shown: str) -> Traits:
    return Traits(shown=shown, family=Family.EXT, longest_label=16)


_TRAITS = {
    "fat12": _microsoft("FAT12", Family.FAT, label=11, largest=4 * _GIB - 1, upper_label=True),
    "fat16": _microsoft("FAT16", Family.FAT, label=11, largest=2 * _GIB - 1, upper_label=True),
    "fat32": _microsoft("FAT32", Family.FAT, label=11, largest=4 * _GIB - 1, upper_label=True),
    "fat": _microsoft("FAT", Family.FAT, label=11, largest=4 * _GIB - 1, upper_label=True),
    "exfat": _microsoft("exFAT", Family.EXFAT, label=11),
    "ntfs": _microsoft("NTFS", Family.NTFS, label=32),
    "refs": _microsoft("ReFS", Family.NTFS, label=32),
    "ext2": _ext("ext2"),
    "ext3": _ext("ext3"),
    "ext4": _ext("ext4"),
    "xfs": Traits(shown="XFS", family=Family.OTHER, longest_label=12),
    "btrfs": Traits(shown="Btrfs", family=Family.OTHER, longest_label=255),
    "f2fs": Traits(shown="F2FS", family=Family.OTHER),
    "apfs": Traits(shown="APFS", family=Family.APPLE, folding=Folding.CASE_AND_FORM),
    "hfs+": Traits(shown="HFS+", family=Family.APPLE, counts_bytes=False, folding=Folding.CASE_AND_FORM),
    "udf": Traits(shown="UDF", family=Family.OTHER, longest_name=254),
}
_UNKNOWN = Traits(shown="unknown", family=Family.OTHER)


def traits_of(file_system: str, *, is_case_sensitive: bool | None = None) -> Traits:
    """Say what a file system can hold.

    Args:
        file_system: Its name as in :class:`lockstick.media.preflight.facts.Facts`.
        is_case_sensitive: Whether this one tells ``a`` from ``A``, if that is known.

    Returns:
        What it can hold; for one that is not known, the limits that all systems share.
    """
    return _traits(file_system, is_case_sensitive)


@cache
def _traits(file_system: str, is_case_sensitive: bool | None) -> Traits:  # noqa: FBT001 - a cache takes no keywords well
    found = _TRAITS.get(file_system)
    if found is None:
        return _UNKNOWN if not file_system else Traits(shown=file_system, family=Family.OTHER)
    if found.folding is Folding.CASE_AND_FORM and is_case_sensitive:
        values = {name: getattr(found, name) for name in found.__dataclass_fields__}
        return Traits(**{**values, "folding": Folding.FORM})
    return found


def family_of(file_system: str) -> Family:
    """Say whom a file system keeps its books like."""
    return traits_of(file_system).family


def fold(name: str, folding: Folding) -> str:
    """Give what all names that are one name to a file system have in common.

    Args:
        name: One segment of a path.
        folding: Which names are one.

    Returns:
        A text that is equal for names that are one.
    """
    if folding is Folding.NONE:
        return name
    if folding is Folding.CASE:
        if name.isascii():
            return name.upper()
        # As the tables of FAT, exFAT and NTFS do it: each character by itself, never into two.
        return "".join(upper if len(upper := character.upper()) == 1 else character for character in name)
    decomposed = unicodedata.normalize("NFD", name)
    return decomposed if folding is Folding.FORM else unicodedata.normalize("NFD", decomposed.casefold())
