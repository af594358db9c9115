"""What Linux swaps memory to (proc(5), ``/proc/swaps``)."""

from __future__ import annotations

from lockstick.media.mounttable import unescaped

__all__ = ["read_swaps"]

_MOST_LINES = 20_000


def read_swaps(data: bytes) -> tuple[str, ...]:
    """Read ``swaps``.

    Args:
        data: Its bytes.

    Returns:
        The devices and files that memory is swapped to.
    """
    lines = data.split(b"\n")[1:_MOST_LINES]
    return tuple(unescaped(line.split()[0]) for line in lines if line.startswith(b"/"))
