"""A shared store as a shelf of a build: asked before the origins, filled afterwards, never in the way.

Whatever it does, the lockbox is built: its failures are messages, each once.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lockstick.errors import DistrustError, LockstickError, MediaError, UsageError
from lockstick.lockbox.plan import stored_digest
from lockstick.lockbox.sources import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lockstick.progress import Observer
    from lockstick.transfer.shared.model import SharedStore
    from lockstick.trust.expected import ExpectedPackage

__all__ = ["SharedShelf"]

_ASKING = 8
# Each holds a part of a large file in memory.
_FILLING = 2


class SharedShelf:
    """A shared store for one build; see :class:`lockstick.lockbox.sources.Shelf`.

    Args:
        store: The store; it stays the caller's to close.
        observer: Told once if it cannot be read, and once if it cannot be filled.
    """

    def __init__(self, store: SharedStore, observer: Observer) -> None:
        self._store = store
        self._observer = observer
        self._given: set[str] = set()
        self._guard = threading.Lock()
        self._is_checked = False
        self._is_out = False

    @property
    def name(self) -> str:
        """What to call it towards people."""
        return self._store.name

    def sources(self, packages: Sequence[ExpectedPackage]) -> Sequence[Source | None]:
        """Say where the bytes of packages are; every call gives fresh addresses.

        Args:
            packages: The packages.

        Returns:
            For each of them an address, or None.
        """
        if packages and not self._is_usable():
            return [None for _ in packages]
        with ThreadPoolExecutor(_ASKING, "lockstick-ask") as pool:
            return list(pool.map(self._source, packages))

    def stock(self, files: Sequence[tuple[ExpectedPackage, Path]]) -> None:
        """Put the bytes of packages there, unless the store has given them, or has them.

        Args:
            files: Packages, each with a file of its proven bytes.
        """
        wanted = {digest: (package, path) for package, path in files if (digest := stored_digest(package))}
        wanted = {digest: one for digest, one in wanted.items() if digest not in self._given}
        if not wanted or not self._is_usable():
            return
        with ThreadPoolExecutor(_FILLING, "lockstick-fill") as pool:
            filled = list(pool.map(self._fill, wanted, (path for _, path in wanted.values())))
        if count := sum(filled):
            self._observer.message(f"{count} package(s) were put into {self.name}.")

    def _is_usable(self) -> bool:
        if not self._is_checked:
            self._is_checked = True
            try:
                self._store.check()
            except LockstickError as error:
                self._give_up(f"{self.name} is not used: {error}. {error.remedy}")
        return not self._is_out

    def _source(self, package: ExpectedPackage) -> Source | None:
        digest = stored_digest(package)
        if not digest or self._is_out:
            return None
        try:
            url = self._store.offer(digest, package.length)
        except LockstickError as error:
            self._give_up(f"{self.name} is not used: {error}. {error.remedy}")
            return None
        if url is None:
            return None
        with self._guard:
            self._given.add(digest)
        return Source(url=url, authority=None)

    def _fill(self, digest: str, path: Path) -> bool:
        if self._is_out:
            return False
        try:
            return self._store.fill(digest, path)
        except (DistrustError, MediaError, UsageError) as error:  # about this file alone
            self._observer.message(f"{error}. {error.remedy}")
            return False
        except LockstickError as error:
            self._give_up(f"{self.name} is not filled: {error}. {error.remedy}")
            return False

    def _give_up(self, message: str) -> None:
        with self._guard:
            if self._is_out:
                return
            self._is_out = True
        self._observer.message(message)
