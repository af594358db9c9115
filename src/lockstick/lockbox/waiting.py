"""For how long the builds that share a store have got nowhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Silence"]


class Silence:
    """Counts the seconds in which no unfinished download of a store has changed.

    All of them count, not only those that somebody waits for: theirs may not have had its turn yet.

    Args:
        partials: The store's folder of unfinished downloads.
    """

    def __init__(self, partials: Path) -> None:
        self._partials = partials
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self._seconds = 0.0

    def after(self, seconds: float) -> float:
        """Look again.

        Args:
            seconds: How long ago the last look was.

        Returns:
            For how many seconds nothing has changed.
        """
        seen = _look(self._partials)
        self._seconds = self._seconds + seconds if seen == self._seen else 0.0
        self._seen = seen
        return self._seconds


def _look(folder: Path) -> frozenset[tuple[str, int, int]]:
    found: set[tuple[str, int, int]] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                found.add((entry.name, status.st_size, status.st_mtime_ns))
    except OSError:
        return frozenset()  # something went away just now, which is a change as well
    return frozenset(found)
