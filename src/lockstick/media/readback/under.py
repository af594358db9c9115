"""What a block device is made of on Linux, where it is no drive: memory, or files of this computer.

A stick is mostly a drive. But a device may also be a file that looks like one (loop), memory that does (zram), or stand
on others (encryption, several drives in one). Whoever reads such a device past its own cache may get bytes of this
computer's memory all the same: those of the file below it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SYSFS", "Ground", "grounds_of"]

SYSFS = Path("/sys/dev/block")
"""All block devices by their numbers, see sysfs(5)."""

_MEMORY = ("zram", "ram", "pmem")
_DEEPEST = 8


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a device stands on, other than a drive.

    Attributes:
        device: What the device is called.
        file: The file that it is; None if it is memory.
        is_direct: True if the kernel reads that file past its cache by itself.
    """

    device: str
    file: Path | None = None
    is_direct: bool = False


def grounds_of(device: Path, sysfs: Path = SYSFS) -> tuple[Ground, ...]:
    """Find out what a block device stands on.

    Args:
        device: The device.
        sysfs: All block devices by their numbers.

    Returns:
        The files and the memory below it; nothing for a drive, or where the system does not say.
    """
    try:
        number = device.stat().st_rdev
    except OSError:
        return ()
    return tuple(_below(sysfs / f"{os.major(number)}:{os.minor(number)}", _DEEPEST))


def _below(node: Path, depth: int) -> Iterator[Ground]:
    if depth == 0:
        return
    try:
        node = node.resolve()
        if (node / "partition").exists():
            node = node.parent
        name = node.name
        if name.rstrip("0123456789") in _MEMORY:
            yield Ground(device=name)
        if (node / "loop").is_dir():
            # The kernel ends it with a line feed; a name may hold one, too.
            file = os.fsdecode((node / "loop" / "backing_file").read_bytes().removesuffix(b"\n"))
            is_direct = (node / "loop" / "dio").read_text().strip() == "1"
            yield Ground(device=name, file=Path(file), is_direct=is_direct)
        slaves = sorted((node / "slaves").iterdir()) if (node / "slaves").is_dir() else []
    except OSError:
        return
    for slave in slaves:
        yield from _below(slave, depth - 1)
