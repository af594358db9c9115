"""What the computer still remembers of a file: read from its cache without asking the medium."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

from lockstick.disk.tree import FolderTree
from lockstick.media.readback.residency import resident

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Place

__all__ = ["remembered"]


def remembered(root: Path, place: Place, offset: int, length: int) -> bytes | None:
    """Read a part of a file from the system's cache alone.

    Args:
        root: The folder that the file lies below.
        place: The file.
        offset: Where to begin.
        length: How many bytes.

    Returns:
        The bytes; None if not all of them are in the cache, or the system does not tell.
    """
    try:
        with FolderTree(root).open(place) as file:
            size = os.fstat(file.fileno()).st_size
            begin = offset - offset % mmap.PAGESIZE
            end = min(offset + length, size)
            pages = -(-(end - begin) // mmap.PAGESIZE)
            if end <= begin or (resident(file.fileno(), begin, end - begin, size=size) or 0) < pages:
                return None
            file.seek(offset)
            return file.read(length)
    except OSError:
        return None
