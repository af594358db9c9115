"""The drives of this machine: finding them, telling which may be written to, noticing when they come and go."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.media.drives.belonging import drive_of
from lockstick.media.drives.finder import DriveFinder
from lockstick.media.drives.offering import is_locked, reason_against
from lockstick.media.running import Run, run_program

if TYPE_CHECKING:
    from lockstick.media.model import Drive

__all__ = ["DriveFinder", "drive_of", "find_drives", "finder_for", "is_locked", "reason_against"]


def finder_for(platform: str = sys.platform, run: Run = run_program) -> DriveFinder:
    """Give the finder of a platform.

    Args:
        platform: As in ``sys.platform``.
        run: The seam to programs.

    Returns:
        The finder.

    Raises:
        MediaError: There is none for this platform.
    """
    # Each platform's module is imported where it is needed; the others may lack what it stands on.
    if platform == "linux":
        from lockstick.media.drives.linux import LinuxFinder  # noqa: PLC0415

        return LinuxFinder(run)
    if platform == "darwin":
        from lockstick.media.drives.macos import MacFinder  # noqa: PLC0415

        return MacFinder(run)
    if platform == "win32":
        from lockstick.media.drives.windows import WindowsFinder  # noqa: PLC0415

        return WindowsFinder(run)
    raise MediaError(
        f"drives cannot be listed on {platform}",
        why="Lockstick knows the drives of Linux, macOS and Windows",
        remedy="Name the folder where the stick is mounted; nothing else needs the list.",
    )


def find_drives(finder: DriveFinder | None = None) -> tuple[Drive, ...]:
    """List all drives of this machine: those that are offered, and those that never are.

    Args:
        finder: The seam to the drives; that of this platform by default.

    Returns:
        The drives.

    Raises:
        MediaError: The system cannot be asked.
    """
    return (finder or finder_for()).find()
