"""What is mounted where, as Linux says it (proc(5), ``/proc/PID/mountinfo``, ``/proc/swaps``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Mount", "by_place", "covering", "read_mounts", "read_swaps"]

_MOST_LINES = 20_000
_LEAST_FIELDS = 6
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One mount.

    Attributes:
        device: Its device number, as in ``8:17``; ``0:...`` if no block device is behind it.
        place: Where it is.
        file_system: The type as the kernel names it.
        source: What is mounted, as whoever mounted it named it.
        options: The options of the file system.
        is_read_only: True if it cannot be written to.
    """

    device: str
    place: str
    file_system: str
    source: str
    options: tuple[str, ...] = ()
    is_read_only: bool = False


def read_mounts(text: str) -> tuple[Mount, ...]:
    """Read ``mountinfo``.

    Args:
        text: Its text.

    Returns:
        The mounts, in its order; lines that make no sense are left out.
    """
    found = (_mount(line) for line in text.split("\n")[:_MOST_LINES])
    return tuple(mount for mount in found if mount is not None)


def read_swaps(text: str) -> tuple[str, ...]:
    """Read ``swaps``.

    Args:
        text: Its text.

    Returns:
        The devices and files that memory is swapped to.
    """
    lines = text.split("\n")[1:_MOST_LINES]
    return tuple(_plain(line.split()[0]) for line in lines if line.startswith("/"))


def by_place(mounts: Sequence[Mount]) -> dict[str, Mount]:
    """The mounts by where they are; of several on one place the last, which hides the others."""
    return {mount.place: mount for mount in mounts}


def covering(path: str, places: Mapping[str, Mount]) -> Mount | None:
    """Say on which mount a path lies.

    Args:
        path: An absolute path.
        places: The mounts, as :func:`by_place` gives them.

    Returns:
        The innermost one; None if there is none.
    """
    folders = (PurePosixPath(path), *PurePosixPath(path).parents)
    return next((places[str(folder)] for folder in folders if str(folder) in places), None)


def _mount(line: str) -> Mount | None:
    fields = line.split(" ")
    if "-" not in fields[_LEAST_FIELDS:]:
        return None
    dash = fields.index("-", _LEAST_FIELDS)
    if len(fields) < dash + 4:
        return None
    own, options = fields[5].split(","), fields[dash + 3].split(",")
    return Mount(
        device=fields[2],
        place=_plain(fields[4]),
        file_system=fields[dash + 1],
        source=_plain(fields[dash + 2]),
        options=tuple(_plain(option) for option in options),
        is_read_only="ro" in own or "ro" in options,
    )


def _plain(escaped: str) -> str:
    """Undo the kernel's escapes; they stand for bytes."""
    if "\\" not in escaped:
        return escaped
    raw = _ESCAPED.sub(lambda match: chr(int(match[1], 8) & 0xFF), escaped)
    return raw.replace("\0", "")
