"""A loop device as slow as a stick: the kernel holds back what goes to it and comes from it (Linux, root)."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["throttled"]

_GROUPS = Path("/sys/fs/cgroup/blkio")


@contextmanager
def throttled(device: str, *, read: int = 0, write: int = 0) -> Iterator[bool]:
    """Let a block device take and give so many bytes a second.

    Args:
        device: The device: ``/dev/loop3``.
        read: Bytes a second; 0 for as many as it can.
        write: The same.

    Yields:
        True if that worked; False on systems without the means (the first version of Linux's control groups).
    """
    number = Path("/sys/class/block", Path(device).name, "dev")
    names = {"read": read, "write": write}
    limits = {_GROUPS / f"blkio.throttle.{name}_bps_device": rate for name, rate in names.items() if rate}
    try:
        which = number.read_text().strip()
        for file, rate in limits.items():
            file.write_text(f"{which} {rate}\n")
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        for file in limits:
            file.write_text(f"{which} 0\n")
