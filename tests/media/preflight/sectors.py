"""First sectors and superblocks, made field by field as the specifications have them."""

from __future__ import annotations

import struct

__all__ = ["exfat_sector", "ext_superblock", "fat_sector", "fat_table", "ntfs_sector"]


def fat_sector(
    kind: str, *, clusters: int = 100_000, per_cluster: int = 8, label: str = "STICK", dirty: bool = False
) -> bytes:
    """fatgen103: the BPB of FAT12 and FAT16, or that of FAT32."""
    is_32 = kind == "fat32"
    reserved, tables, table = (32, 2, 1000) if is_32 else (1, 2, 200)
    root_entries = 0 if is_32 else 512
    total = reserved + tables * table + root_entries * 32 // 512 + clusters * per_cluster
    head = b"\xeb\x58\x90mkfs.fat" + struct.pack(
        "<HBHBHHBHHHII",
        512,
        per_cluster,
        reserved,
        tables,
        root_entries,
        0,
        0xF8,
        0 if is_32 else table,
        32,
        8,
        0,
        total,
    )
    if is_32:
        head += struct.pack("<IHHIHH12x", table, 0, 0, 2, 1, 6)
    head += struct.pack("<BBBI", 0x80, int(dirty), 0x29, 0x1234ABCD)
    head += label.ljust(11).encode() + kind.upper().ljust(8).encode()
    return head.ljust(510, b"\0") + b"\x55\xaa"


def fat_table(kind: str, *, clean: bool) -> bytes:
    if kind == "fat16":
        return struct.pack("<HH", 0xFFF8, 0xFFFF if clean else 0x7FFF)
    return struct.pack("<II", 0x0FFFFFF8, 0x0FFFFFFF if clean else 0x07FFFFFF)


def exfat_sector(*, cluster_shift: int = 3, dirty: bool = False) -> bytes:
    head = b"\xeb\x76\x90EXFAT   " + bytes(53)
    head += struct.pack("<QQIIIIIIHHBBBBB", 0, 131_072, 128, 128, 256, 16_000, 5, 0x1234ABCD, 0x100, 2 * dirty,
                        9, cluster_shift, 1, 0x80, 0)  # fmt: skip
    return head.ljust(510, b"\0") + b"\x55\xaa"


def ntfs_sector() -> bytes:
    return (b"\xeb\x52\x90NTFS    " + struct.pack("<HB", 512, 8)).ljust(510, b"\0") + b"\x55\xaa"


def ext_superblock(label: str = "", *, errors: int = 0, state: int = 1) -> bytes:
    block = bytearray(1024)
    struct.pack_into("<I", block, 24, 2)
    struct.pack_into("<HH", block, 56, 0xEF53, state)
    block[120:136] = label.encode().ljust(16, b"\0")
    struct.pack_into("<I", block, 0x194, errors)
    return bytes(block)
