"""The first sector of FAT, exFAT and NTFS: which it is, its clusters, and whether it was left in good order.

Sources: fatgen103 (FAT), the exFAT specification 3.1, the Linux drivers for the dirty bits of FAT, which no
specification has: bit 0 at 0x25 or 0x41 (set by Windows and Linux while mounted), and the upper bits of the second
entry of the table (Windows).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SECTOR", "BootSector", "fat_says_dirty", "parse_boot_sector"]

SECTOR = 512
"""How many bytes of a volume's beginning are looked at."""

_SIGNATURE = b"\x55\xaa"
_FAT12_CLUSTERS, _FAT16_CLUSTERS = 4085, 65_525  # below these (fatgen103, page 14)
_EXFAT_DIRTY = 2  # VolumeFlags bit 1
_FAT_DIRTY = 1
_EXTENDED = (0x28, 0x29)
_MOST_SECTOR_SHIFT, _LEAST_SECTOR_SHIFT, _MOST_CLUSTER_SHIFT = 12, 9, 25
_FAT_SECTORS = (512, 1024, 2048, 4096)


@dataclass(frozen=True, kw_only=True)
class BootSector:
    """What the sector says.

    Attributes:
        file_system: ``fat12``, ``fat16``, ``fat32``, ``exfat`` or ``ntfs``.
        cluster: The cluster's size in bytes; 0 if it makes no sense.
        label: The label that it has a copy of, on FAT; None if it has none.
        root_entries: How many entries the top folder has; None if it is not limited.
        is_marked: Whether it is marked as not put in order; None if there is no such mark.
        table_at: Where the first table begins on FAT, in bytes; 0 elsewhere.
    """

    file_system: str
    cluster: int
    label: str | None = None
    root_entries: int | None = None
    is_marked: bool | None = None
    table_at: int = 0


def parse_boot_sector(data: bytes) -> BootSector | None:
    """Read the first sector of a volume.

    Args:
        data: Its bytes.

    Returns:
        What it says; None if it is none of these file systems.
    """
    if len(data) < SECTOR or data[510:512] != _SIGNATURE:
        return None
    if data[3:11] == b"EXFAT   ":
        return _exfat(data)
    if data[3:11] == b"NTFS    ":
        return _ntfs(data)
    return _fat(data)


def fat_says_dirty(file_system: str, table: bytes) -> bool | None:
    """Say what the second entry of FAT's table says, which Windows writes.

    Args:
        file_system: Which FAT it is.
        table: The first bytes of the table.

    Returns:
        Whether the volume was left in disorder; None for FAT12, which does not tell.
    """
    if file_system == "fat16" and len(table) >= 4:  # noqa: PLR2004 - two entries
        return not int.from_bytes(table[2:4], "little") & 0x8000
    if file_system == "fat32" and len(table) >= 8:  # noqa: PLR2004 - two entries
        return not int.from_bytes(table[4:8], "little") & 0x0800_0000
    return None


def _exfat(data: bytes) -> BootSector | None:
    sector, cluster = data[108], data[109]
    if not _LEAST_SECTOR_SHIFT <= sector <= _MOST_SECTOR_SHIFT or sector + cluster > _MOST_CLUSTER_SHIFT:
        return None
    flags = int.from_bytes(data[106:108], "little")
    return BootSector(file_system="exfat", cluster=1 << (sector + cluster), is_marked=bool(flags & _EXFAT_DIRTY))


def _ntfs(data: bytes) -> BootSector:
    sector, count = int.from_bytes(data[11:13], "little"), data[13]
    # Above 0x80 it is a power of two, as a negative number.
    per_cluster = count if count <= 0x80 else 1 << min(256 - count, 12)  # noqa: PLR2004 - as the format has it
    return BootSector(file_system="ntfs", cluster=sector * per_cluster)


def _fat(data: bytes) -> BootSector | None:
    sector, per_cluster = int.from_bytes(data[11:13], "little"), data[13]
    reserved, tables = int.from_bytes(data[14:16], "little"), data[16]
    if sector not in _FAT_SECTORS or not per_cluster or per_cluster & (per_cluster - 1) or not reserved or not tables:
        return None
    root_entries = int.from_bytes(data[17:19], "little")
    total = int.from_bytes(data[19:21], "little") or int.from_bytes(data[32:36], "little")
    short_table = int.from_bytes(data[22:24], "little")
    table = short_table or int.from_bytes(data[36:40], "little")
    used = reserved + tables * table + -(-root_entries * 32 // sector)
    if not table or total <= used:
        return None
    clusters = (total - used) // per_cluster
    is_32 = not short_table
    kind = "fat32" if is_32 else "fat12" if clusters < _FAT12_CLUSTERS else "fat16"
    if not is_32 and clusters >= _FAT16_CLUSTERS:
        return None
    at = 0x40 if is_32 else 0x24  # the drive's number; behind it the mark, a signature, and the label
    has_more = data[at + 2] in _EXTENDED
    return BootSector(
        file_system=kind,
        cluster=sector * per_cluster,
        label=_label(data[at + 7 : at + 18]) if has_more and data[at + 2] == _EXTENDED[1] else None,
        root_entries=None if is_32 else root_entries,
        is_marked=bool(data[at + 1] & _FAT_DIRTY) if has_more else None,
        table_at=reserved * sector,
    )


def _label(raw: bytes) -> str:
    text = raw.decode("cp437", "replace").rstrip(" \0")
    return "" if text == "NO NAME" else text
