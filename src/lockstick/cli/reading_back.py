"""Whether what ``build`` has written is read back before it becomes visible."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.disk.tree import Tree

__all__ = ["way_to_read_back"]


def way_to_read_back(output: Path, *, wanted: bool | None, say: Callable[[str], None]) -> Callable[[Path], Tree] | None:
    """Choose how the result is read back.

    Args:
        output: The folder that becomes the lockbox; it need not exist.
        wanted: What the user said; None to decide by the drive that the folder is on.
        say: Told that it is done where the user did not say so.

    Returns:
        What opens a folder past the system's memory; None if nothing is read back.
    """
    if wanted is False or (wanted is None and not _is_on_stick(output)):
        return None
    from lockstick.media.readback import PastCacheTree

    if wanted is None:
        say(f"{output} is on a removable drive: everything is read back from it before it becomes visible.")
    return PastCacheTree


def _is_on_stick(output: Path) -> bool:
    from lockstick.errors import LockstickError
    from lockstick.media.drives import drive_of, find_drives

    folder = output.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        if folder.stat().st_dev == Path(folder.anchor).stat().st_dev:
            return False  # the running system's own disk; nobody needs to be asked
        found = drive_of(folder, find_drives())
    except (LockstickError, OSError):
        return False
    return found is not None and found[0].is_removable and not found[0].is_system
