"""What is in a store, entries and unfinished downloads alike."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.disk.space import allocated
from lockstick.disk.trouble import media_error
from lockstick.errors import NotFoundError, UsageError
from lockstick.transfer.store.index import Use, read_index
from lockstick.transfer.store.places import is_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.transfer.store.places import Places

__all__ = ["Kept", "find", "kept_in"]

_PART = ".part"
_SHORTEST = 8


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One file that a store keeps.

    Attributes:
        digest: The SHA-256 that its bytes have, or will have when they are all there.
        path: Where it is.
        length: How many bytes it has; of a download that is not finished, how many it takes, as room is set aside.
        used: When it was last used, in seconds since 1970.
        names: What it was called; unproven, and from anybody.
        is_complete: False for a download that is not finished.
    """

    digest: str
    path: Path
    length: int
    used: float
    names: tuple[str, ...]
    is_complete: bool


def kept_in(places: Places) -> list[Kept]:
    """List what a store keeps; the bytes are not looked at.

    Args:
        places: The store's places; it need not exist.

    Returns:
        Everything, the latest use first.

    Raises:
        MediaError: A folder of it cannot be read.
    """
    uses = read_index(places.index)
    found = [*_entries(places, uses), *_partials(places, uses)]
    return sorted(found, key=lambda one: (-one.used, one.digest))


def find(places: Places, start: str) -> Kept:
    """Find an entry by its digest, or the beginning of it.

    Args:
        places: The store's places.
        start: The digest, or at least its first eight digits.

    Returns:
        The entry.

    Raises:
        UsageError: The text is no beginning of a digest, or of more than one.
        NotFoundError: There is no such entry.
    """
    start = start.lower()
    if len(start) < _SHORTEST or not is_digest(start + "0" * (64 - len(start))):
        raise UsageError(
            f"{start!r} is not a SHA-256 digest", remedy="Give the digest, or at least its first eight hex digits."
        )
    found = [one for one in kept_in(places) if one.is_complete and one.digest.startswith(start)]
    if len(found) > 1:
        raise UsageError(f"{len(found)} entries begin with {start}", remedy="Give more digits.")
    if not found:
        raise NotFoundError(
            f"the store {places.folder} has no entry {start}", remedy="'lockstick store list' shows what it has."
        )
    return found[0]


def _entries(places: Places, uses: dict[str, Use]) -> Iterator[Kept]:
    for folder in _scan(places.entries):
        if not folder.is_dir(follow_symlinks=False):
            continue
        for file in _scan(folder.path):
            if is_digest(file.name) and (status := _plain(file)) is not None:
                use = uses.get(file.name, Use(used=status.st_mtime))
                yield Kept(
                    digest=file.name,
                    path=places.entry(file.name),
                    length=status.st_size,
                    used=use.used,
                    names=use.names,
                    is_complete=True,
                )


def _partials(places: Places, uses: dict[str, Use]) -> Iterator[Kept]:
    for file in _scan(places.partials):
        digest = file.name.removesuffix(_PART)
        if file.name.endswith(_PART) and is_digest(digest) and (status := _plain(file)) is not None:
            yield Kept(
                digest=digest,
                path=places.partial(digest),
                length=allocated(places.partial(digest)),
                used=status.st_mtime,
                names=uses[digest].names if digest in uses else (),
                is_complete=False,
            )


def _scan(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise media_error(error, Path(folder), "listed") from error


def _plain(file: os.DirEntry[str]) -> os.stat_result | None:
    try:
        status = file.stat(follow_symlinks=False)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None
