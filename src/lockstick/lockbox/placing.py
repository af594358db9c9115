"""Bringing bytes from the store to their places in the output, beside the fetching of others.

A slow stick is written to while the line brings the next package. Every file gets its name when it is
complete, proven and flushed.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from lockstick.disk.durable import flush_folders, publish
from lockstick.disk.hashing import known_digests
from lockstick.lockbox.proof import Measured
from lockstick.transfer.store.transplant import Damaged, Interrupted, transplant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from lockstick.lockbox.plan import PlannedPackage
    from lockstick.progress import Observer, Phase
    from lockstick.transfer.store.content import Session
    from lockstick.transfer.store.passage import Passage

__all__ = ["Batch", "Placer"]

_MOST_THREADS = 4


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The packages of a build that have the same bytes.

    Attributes:
        digest: The digest of the bytes in the store.
        packages: Each with the place that it goes to.
    """

    digest: str
    packages: Sequence[tuple[PlannedPackage, Path]]

    @property
    def length(self) -> int:
        """How many bytes one of them has."""
        return self.packages[0][0].length

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(planned.package.target for planned, _ in self.packages)


class Placer:
    """Threads that bring bytes to their places. Use as a context.

    Args:
        session: The session in the store.
        aside: A folder on the output's file system for files that are not finished.
        passage: How bytes get from the store to the output.
        observer: Told of the progress, once :meth:`announce` was called.

    Attributes:
        placed: What was placed, by target name.
    """

    def __init__(self, session: Session, aside: Path, *, passage: Passage, observer: Observer) -> None:
        self._session = session
        self._aside = aside
        self._passage = passage
        self._observer = observer
        self._pool = ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1), "lockstick-place")
        self._jobs: set[Future[None]] = set()
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._is_telling = False
        self._waiting: dict[str, int] = {}
        self._flying: dict[str, int] = {}
        self._folders: set[Path] = set()
        self.placed: dict[str, Measured] = {}
        self._damaged: list[Batch] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)
        flush_folders(self._folders)

    def announce(self, phase: Phase) -> None:
        """Tell the observer of what is left to be placed, and of every piece from now on, until it is drained.

        Args:
            phase: What to call it.
        """
        with self._guard:
            if not self._waiting:
                return
            self._is_telling = True
            self._observer.phase(phase, total_bytes=sum(self._waiting.values()), files=len(self._waiting))
            for name, done in self._flying.items():
                self._observer.file_started(name, length=self._waiting[name], offset=done)

    def submit(self, batch: Batch, *, is_fresh: bool) -> None:
        """Have some packages placed, soon.

        Args:
            batch: The packages.
            is_fresh: True if this build has just fetched their bytes, and thereby proven them.

        Raises:
            LockstickError: Something that was submitted before could not be placed.
        """
        self._raise()
        # Looked at now, as it may wait for long: what is touched meanwhile is proven again.
        fresh = self._session.seal(batch.digest) if is_fresh else None
        with self._guard:
            self._waiting.update(dict.fromkeys(batch.names, batch.length))
            self._jobs.add(self._pool.submit(self._work, batch, fresh=fresh))

    def drain(self) -> tuple[Batch, ...]:
        """Wait until everything is placed, and its names are durable.

        Returns:
            What could not be placed, because the store's bytes were damaged; they are no longer there.

        Raises:
            LockstickError: Something could not be placed.
        """
        with self._guard:
            pending, self._jobs = self._jobs, set()
        while pending:
            # A timeout, because a wait without one cannot be interrupted on every system.
            _, pending = wait(pending, timeout=0.5)
            self._raise()
        self._raise()
        flush_folders(self._folders)
        with self._guard:
            self._is_telling = False
            damaged, self._damaged = tuple(self._damaged), []
        return damaged

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self, batch: Batch, *, fresh: os.stat_result | None) -> None:
        try:
            for planned, place in batch.packages:
                self._place(batch.digest, planned, place, fresh=fresh)
            self._session.note(batch.digest, batch.names)
        except Interrupted:
            return
        except Damaged as found:
            try:
                self._session.discard(batch.digest, found.seen)
            except BaseException as error:  # noqa: BLE001 - it is raised again, in the caller's thread
                self._fail(error)
                return
            self._observer.message(
                f"The store's copy of {batch.names[0]} is damaged ({found}); it was removed and is fetched again."
            )
            with self._guard:
                self._damaged.append(batch)
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)
        finally:
            with self._guard:
                for name in batch.names:
                    self._waiting.pop(name, None)
                    self._flying.pop(name, None)

    def _fail(self, error: BaseException) -> None:
        with self._guard:
            self._failure = self._failure or error
        self._stop.set()

    def _place(self, digest: str, planned: PlannedPackage, place: Path, *, fresh: os.stat_result | None) -> None:
        package = planned.package
        if package.target in self.placed:
            return
        aside = self._aside / f"{planned.partial.stem}.placing"
        self._start(package.target)
        transplant(
            self._session.store.places.entry(digest),
            aside,
            length=package.length,
            digests=known_digests(package.hashes),
            passage=self._passage,
            fresh=fresh,
            stopped=self._stop.is_set,
            advanced=partial(self._advance, package.target),
        )
        publish(aside, place)
        with self._guard:
            self._folders.add(place.parent)
            self.placed[package.target] = Measured(length=package.length, digests=dict(package.hashes))
            del self._waiting[package.target], self._flying[package.target]
            if self._is_telling:
                self._observer.file_finished(package.target)

    def _start(self, name: str) -> None:
        with self._guard:
            self._flying[name] = 0
            if self._is_telling:
                self._observer.file_started(name, length=self._waiting[name])

    def _advance(self, name: str, count: int) -> None:
        with self._guard:
            self._flying[name] += count
            if self._is_telling:
                self._observer.advanced(name, count)
