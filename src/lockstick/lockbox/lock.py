"""A lock that keeps a second run out of a folder."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockstick.errors import UsageError
from lockstick.transfer.lock import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["take_lock"]

_REMEDY = "Wait until it has ended, or choose another output folder."


@contextmanager
def take_lock(path: Path, *, busy: str, remedy: str = _REMEDY) -> Iterator[None]:
    """Hold a lock file.

    Args:
        path: The file; it is made if need be. Whoever holds the lock may remove it.
        busy: What to say if somebody else holds it.
        remedy: What to do then.

    Yields:
        Nothing, while the lock is held.

    Raises:
        UsageError: If somebody else holds it.
        MediaError: If the file cannot be made.
    """
    fd = try_lock(path)
    if fd is None:
        raise UsageError(busy, remedy=remedy)
    try:
        yield
    finally:
        os.close(fd)
