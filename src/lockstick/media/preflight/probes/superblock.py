"""The superblock of ext2, ext3 and ext4: its label, and the errors that it has noted (ext4 disk layout)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SUPERBLOCK_AT", "SUPERBLOCK_SIZE", "Superblock", "parse_superblock"]

SUPERBLOCK_AT = 1024
SUPERBLOCK_SIZE = 1024
_MAGIC = 0xEF53
_HAS_ERRORS = 2
_MOST_SHIFT = 6


@dataclass(frozen=True, kw_only=True)
class Superblock:
    """What it says.

    Attributes:
        label: The label; empty if there is none.
        block: The size of a block in bytes.
        errors: How many errors were noted; at least 1 if it is marked as having some.
    """

    label: str
    block: int
    errors: int


def parse_superblock(data: bytes) -> Superblock | None:
    """Read a superblock.

    Args:
        data: Its bytes.

    Returns:
        What it says; None if it is none.
    """
    if len(data) < SUPERBLOCK_SIZE or int.from_bytes(data[56:58], "little") != _MAGIC:
        return None
    shift = int.from_bytes(data[24:28], "little")
    if shift > _MOST_SHIFT:
        return None
    is_marked = bool(int.from_bytes(data[58:60], "little") & _HAS_ERRORS)
    counted = int.from_bytes(data[0x194:0x198], "little")
    return Superblock(
        label=data[120:136].partition(b"\0")[0].decode("utf-8", "replace"),
        block=1024 << shift,
        errors=max(counted, int(is_marked)),
    )
