"""Whether everything wanted fits, asked before the first byte is fetched."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lockstick.disk.sizes import size
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Room", "Wanted", "allocated", "check_space", "is_same_disk"]

_BLOCK = 512  # what st_blocks counts, whatever the file system's own blocks are (POSIX)


class Wanted(Protocol):
    """What is to be known of a file that is wanted."""

    @property
    def partial(self) -> Path:
        """Where its bytes gather while it is unfinished."""

    @property
    def length(self) -> int:
        """How many bytes it has in the end."""


@dataclass(frozen=True)
class Room:
    """Room that is needed for one file, for those who have no other value that says so.

    Attributes:
        partial: Where its bytes gather; what is there already is not counted again.
        length: How many bytes it has in the end.
    """

    partial: Path
    length: int


def is_same_disk(one: Path, other: Path) -> bool:
    """Say whether two places are on one file system; they need not exist yet."""
    try:
        return _existing(one).stat().st_dev == _existing(other).stat().st_dev
    except OSError:
        return False


def check_space(downloads: Iterable[Wanted], free_bytes: Callable[[Path], int], *, shown: Path | None = None) -> None:
    """Return when the bytes still missing fit on the file systems they go to.

    Args:
        downloads: What is wanted; bytes that already lie in the partial files are not counted again.
        free_bytes: How many bytes can still be written below an existing folder.
        shown: The folder to name in an error, where people know another one than the partial files'.

    Raises:
        MediaError: They do not fit, or the file system cannot be asked.
    """
    missing: defaultdict[int, int] = defaultdict(int)
    folders: dict[int, Path] = {}
    devices: dict[Path, int] = {}
    for download in downloads:
        parent = download.partial.parent
        if parent not in devices:
            folder = _existing(parent)
            try:
                devices[parent] = folder.stat().st_dev
            except OSError as error:
                raise media_error(error, folder, "read") from error
            folders.setdefault(devices[parent], folder)
        device = devices[parent]
        missing[device] += max(0, download.length - allocated(download.partial))
    for device, folder in folders.items():
        try:
            free = free_bytes(folder)
        except OSError as error:
            raise media_error(error, folder, "read") from error
        if missing[device] > free:
            raise MediaError(
                f"there is not enough room in {shown or folder}",
                why=f"{size(missing[device])} are still to be written and {size(free)} are free",
                remedy=f"Free at least {size(missing[device] - free)} there, or choose another folder.",
            )


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def allocated(path: Path) -> int:
    """How many bytes of room a file takes already; 0 if there is none.

    A partial file may have holes, and may have room set aside beyond its end, so its size says neither.
    """
    try:
        status = path.stat()
    except OSError:
        return 0
    blocks = getattr(status, "st_blocks", None)
    return status.st_size if blocks is None else blocks * _BLOCK
