"""The files that the engine and its rivals fetch: made once, hashed while they are made, described in one list."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Stock", "Stored", "in_words", "made", "write_list"]

_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One file on the server."""

    name: str
    length: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Stock:
    """A folder of files that a server gives away.

    Attributes:
        folder: Where they are.
        items: What they are called and what they are made of.
    """

    folder: Path
    items: tuple[Stored, ...]

    @property
    def length(self) -> int:
        """Bytes in all."""
        return sum(item.length for item in self.items)

    @property
    def in_words(self) -> str:
        """How many of which size."""
        return f"{len(self.items)} x {in_words(self.items[0].length)}"

    def first(self, count: int) -> Stock:
        """Give the same folder with only some of its files."""
        return Stock(folder=self.folder, items=self.items[:count])


def in_words(size: int) -> str:
    """Write a number of bytes with the largest unit that leaves it whole."""
    for factor, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} B"


@contextmanager
def made(folder: Path, *, count: int, size: int) -> Iterator[Stock]:
    """Fill a new folder with files of one size while the block runs.

    Every byte is by chance; no more than a piece of them is ever in memory.
    """
    folder.mkdir(parents=True)
    try:
        yield Stock(
            folder=folder, items=tuple(_make_file(folder / f"file-{number:05d}.bin", size) for number in range(count))
        )
    finally:
        shutil.rmtree(folder)


def write_list(path: Path, items: Sequence[Stored], *, base: str) -> Path:
    """Write the list that the programs read: name, address, length and digest of each file."""
    path.write_text(json.dumps([{**asdict(item), "url": f"{base}/{item.name}"} for item in items]))
    return path


def _make_file(path: Path, size: int) -> Stored:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, size, _PIECE):
            piece = os.urandom(min(_PIECE, size - start))
            digest.update(piece)
            file.write(piece)
    return Stored(name=path.name, length=size, sha256=digest.hexdigest())
