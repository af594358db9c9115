"""Who is at work in a store, and with what: how several runs share one store.

Every run has a pair of files under ``sessions``: a lock, which the operating system lets go of when the run
dies, and a list of what it fetches and what it uses. A list whose lock is free belongs to a dead run and
counts for nothing. All of it is read and written under the store's own lock, which is held for moments only.

One pair for a run instead of a lock for an entry: a lockbox may have thousands of packages, and systems give
a process a few hundred open files.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from lockstick.disk.lock import try_lock
from lockstick.disk.plainfile import read_plain
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError
from lockstick.transfer.store.folders import clear
from lockstick.transfer.store.places import is_digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Claims", "Others"]

_LOCK = ".lock"
_LIST = ".json"
# A lockbox has at most 8 MiB of targets, and each takes more room there than its digest does here, twice.
_CAP = 16 * 1024 * 1024


@dataclass(frozen=True)
class Others:
    """What the other live runs do.

    Attributes:
        fetching: Digests that one of them fetches.
        using: Digests that one of them uses.
    """

    fetching: frozenset[str]
    using: frozenset[str]


class Claims:
    """What one run fetches and uses. Every method is called while the store's lock is held.

    Args:
        folder: The store's folder of sessions.

    Raises:
        MediaError: The disk refused.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fetching: frozenset[str] = frozenset()
        self.using: frozenset[str] = frozenset()
        for number in count(1):
            lock = folder / f"{number}{_LOCK}"
            _make_way(lock)
            held = try_lock(lock)
            if held is not None:
                self._fd, self._lock, self._list = held, lock, lock.with_suffix(_LIST)
                break
        try:
            # At once: it replaces a dead run's, and tells a disk that cannot take it before anything is claimed.
            self._write()
        except BaseException:
            self.end()
            raise

    @property
    def name(self) -> str:
        """A name that no other live run in this store has."""
        return self._lock.stem

    def set(self, fetching: frozenset[str], using: frozenset[str]) -> None:
        """Say what this run does from now on.

        Raises:
            MediaError: The disk refused.
        """
        if (fetching, using) == (self.fetching, self.using):
            return
        before = self.fetching, self.using
        self.fetching, self.using = fetching, using
        try:
            self._write()
        except BaseException:
            self.fetching, self.using = before
            raise

    def _write(self) -> None:
        document = {"fetching": sorted(self.fetching), "using": sorted(self.using)}
        try:
            clear(self._list)
            self._list.write_text(json.dumps(document), encoding="ascii")
        except OSError as error:
            raise media_error(error, self._list, "written") from error

    def others(self) -> Others:
        """Say what other live runs do, and tidy up after dead ones.

        Raises:
            MediaError: The disk refused.
        """
        return read_claims(self._folder, besides=self._lock)

    def end(self) -> None:
        """Claim nothing any more."""
        for path in (self._list, self._lock):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        os.close(self._fd)
        with suppress(OSError):
            self._lock.unlink(missing_ok=True)  # for systems that keep the name of an open file


def _make_way(lock: Path) -> None:
    """Remove what no run has made: it would keep every run out of the store."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(lock.lstat().st_mode):
            clear(lock)


def read_claims(folder: Path, *, besides: Path | None = None) -> Others:
    """Read what live runs do; the store's lock is held.

    Args:
        folder: The store's folder of sessions.
        besides: The lock of the run that asks.

    Returns:
        What they do.

    Raises:
        MediaError: The disk refused.
    """
    fetching: set[str] = set()
    using: set[str] = set()
    for lock in folder.glob(f"*{_LOCK}"):
        if lock == besides:
            continue
        try:
            held = try_lock(lock)
        except MediaError:
            continue  # a link, or something else that no run has made
        listed = lock.with_suffix(_LIST)
        if held is not None:
            for path in (listed, lock):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            os.close(held)
            continue
        one, two = _read(listed)
        fetching |= one
        using |= two
    return Others(frozenset(fetching), frozenset(using))


def _read(path: Path) -> tuple[set[str], set[str]]:
    try:
        document = json.loads(read_plain(path, _CAP))
        return _digests(document["fetching"]), _digests(document["using"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        # Not written yet or not by us; at worst something is fetched twice, or pruned and fetched again.
        return set(), set()


def _digests(listed: Iterable[str]) -> set[str]:
    return {digest for digest in listed if is_digest(digest)}
