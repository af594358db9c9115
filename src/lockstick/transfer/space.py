"""Whether everything wanted fits, asked before the first byte is fetched."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.transfer.disk import media_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lockstick.transfer.model import Download

__all__ = ["check_space"]


def check_space(downloads: Iterable[Download], free_bytes: Callable[[Path], int]) -> None:
    """Return when the bytes still missing fit on the file systems they go to.

    Args:
        downloads: What is wanted; bytes that already lie in the partial files are not counted again.
        free_bytes: How many bytes can still be written below an existing folder.

    Raises:
        MediaError: They do not fit, or the file system cannot be asked.
    """
    missing: defaultdict[int, int] = defaultdict(int)
    folders: dict[int, Path] = {}
    for download in downloads:
        folder = _existing(download.partial.parent)
        try:
            device = folder.stat().st_dev
        except OSError as error:
            raise media_error(error, folder, "read") from error
        folders.setdefault(device, folder)
        missing[device] += max(0, download.length - _size(download.partial))
    for device, folder in folders.items():
        try:
            free = free_bytes(folder)
        except OSError as error:
            raise media_error(error, folder, "read") from error
        if missing[device] > free:
            raise MediaError(
                f"there is not enough room in {folder}",
                why=f"{missing[device]} bytes are still to be fetched and {free} bytes are free",
                remedy=f"Free at least {missing[device] - free} bytes there, or choose another folder.",
            )


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
