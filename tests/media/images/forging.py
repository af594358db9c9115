"""Images made byte by byte, for what no program would write."""

from __future__ import annotations

import struct

__all__ = ["fat32_by_hand", "head", "long_name", "short", "small_file", "squashfs_by_hand"]


def head(kind: int) -> bytes:
    """The beginning of an inode; its number is for :func:`squashfs_by_hand` to fill in."""
    return struct.pack("<4H2I", kind, 0o755, 0, 0, 0, 1)


def squashfs_by_hand(
    entries: list[tuple[bytes, int, int]], given: list[bytes], *, block: bytes = b"", said: int = 0
) -> bytes:
    """An image whose root lists (name, index of an inode, kind); the root itself is inode 0."""
    listing = b""
    places, inodes = [], list(given)
    at = 32  # after the root's own inode
    for index, inode in enumerate(inodes):
        places.append(at)
        at += len(inode)
        inodes[index] = inode[:12] + struct.pack("<I", index + 2) + inode[16:]
    for name, number, kind in entries:
        where = 0 if number == 0 else places[number - 1]
        listing += struct.pack("<3I", 0, 0, number + 1) + struct.pack("<HhHH", where, 0, kind, len(name) - 1) + name
    root = head(1) + struct.pack("<2I2HI", 0, 1, said or len(listing) + 3, 0, 0)
    table = root + b"".join(inodes)
    inode_at = 96 + len(block)
    inode_block = struct.pack("<H", 0x8000 | len(table)) + table
    folder_block = struct.pack("<H", 0x8000 | len(listing)) + listing
    folder_at = inode_at + len(inode_block)
    used = folder_at + len(folder_block)
    numbers = (2, 0, 131_072, 0, 1, 17, 0, 0, 4, 0, 0, used, used, used, inode_at, folder_at, used, used)
    return b"hsqs" + struct.pack("<4I6H8Q", *numbers) + block + inode_block + folder_block


def small_file(size: int, start: int, *sizes: int) -> bytes:
    return head(2) + struct.pack("<4I", start, 0xFFFF_FFFF, 0, size) + struct.pack(f"<{len(sizes)}I", *sizes)


def short(name: bytes, *, cluster: int = 0, size: int = 0, attributes: int = 0x20) -> bytes:
    """An entry of a FAT's folder."""
    return name.ljust(11) + struct.pack("<B8xH4xHI", attributes, 0, cluster, size)


def long_name(name: str, alias: bytes) -> list[bytes]:
    """The entries that give the next one, with a short name, a long one."""
    total = 0
    for byte in alias:
        total = ((total >> 1 | total << 7) + byte) & 0xFF
    letters = name.encode("utf-16-le", "surrogatepass")
    if len(letters) % 26:
        letters = (letters + b"\x00\x00").ljust(-(-len(letters) // 26) * 26, b"\xff")
    pieces = [letters[at : at + 26] for at in range(0, len(letters), 26)]
    parts = [
        bytes([number]) + one[:10] + bytes([0x0F, 0, total]) + one[10:22] + bytes(2) + one[22:]
        for number, one in enumerate(pieces, 1)
    ]
    parts[-1] = bytes([len(parts) | 0x40]) + parts[-1][1:]
    return parts[::-1]


def fat32_by_hand(folders: dict[int, list[bytes]], links: dict[int, int], data: dict[int, bytes]) -> bytes:
    """A FAT32 of 60 clusters of 512 bytes; the outermost folder is cluster 2."""
    boot = bytearray(512)
    boot[:3], boot[510:] = b"\xeb\x3c\x90", b"\x55\xaa"
    struct.pack_into("<HBHBHHBH", boot, 11, 512, 1, 1, 1, 0, 62, 0xF8, 0)
    struct.pack_into("<I", boot, 36, 1)
    struct.pack_into("<I", boot, 44, 2)
    table = bytearray(512)
    for cluster, following in links.items():
        struct.pack_into("<I", table, cluster * 4, following)
    clusters = data | {cluster: b"".join(items) for cluster, items in folders.items()}
    return bytes(boot + table) + b"".join(clusters.get(number, b"").ljust(512, b"\x00") for number in range(2, 62))
