"""Names inside images: which ones can be the names of files at all, and how many there may be."""

from __future__ import annotations

import threading

from lockstick.media.images.source import damaged

__all__ = ["MOST_NAMES", "NEVER_ON_FAT", "Allowance", "is_name", "text_of"]

MOST_NAMES = 500_000
"""The most names in one image: an operating-system commit has a tenth of it."""

NEVER_ON_FAT = frozenset('\\:*?"<>|') | {chr(code) for code in range(32)} | {"\x7f"}
"""What FAT has in no name; a system that meets it makes of it what it likes."""

_LONGEST = 255


def is_name(name: str) -> bool:
    """Say whether a text can be the name of one file: one segment that leads nowhere else."""
    return name not in ("", ".", "..") and "/" not in name and "\x00" not in name and len(name) <= _LONGEST


def text_of(raw: bytes) -> str:
    """A name as the rest of the program has it: what is not UTF-8 is kept, as the system's own names are."""
    return raw.decode("utf-8", "surrogateescape")


class Allowance:
    """Counts the names in an image, each folder once however often it is read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: set[int] = set()
        self._left = MOST_NAMES

    def take(self, folder: int, names: int) -> None:
        """Count the names of a folder.

        Args:
            folder: What tells it from others.
            names: How many names it has.

        Raises:
            OSError: There are more in the image than it may have.
        """
        with self._lock:
            if folder in self._counted:
                return
            self._counted.add(folder)
            self._left -= 1 + names
            if self._left < 0:
                raise damaged(f"it holds more than {MOST_NAMES} names")
