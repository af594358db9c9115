"""What a target is, and where its files lie."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Target", "emptied", "folder", "split"]


@dataclass(frozen=True)
class Target:
    """A reader under test.

    Attributes:
        run: Takes bytes and returns; what it may raise beyond that is nothing.
        seeds: Gives the inputs to start from, one of them sound.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]


@cache
def folder() -> Path:
    """A folder of this process; made once, as making one for every run would be most of the run.

    It goes with the process, or with the folder of temporary files that whoever started it has made for it: a
    process that searches by coverage ends without a farewell.
    """
    made = Path(tempfile.mkdtemp(prefix="lockstick-fuzz-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def emptied(name: str) -> Path:
    """An empty folder below :func:`folder`."""
    place = folder() / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def split(data: bytes, choices: int) -> tuple[int, bytes]:
    """Take the first byte as a choice: which part of something sound the others replace."""
    return (data[0] % choices if data else 0), data[1:]
