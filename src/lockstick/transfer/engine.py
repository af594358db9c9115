"""The engine: many files at once, the largest first, until all are there or one cannot be had."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from lockstick.progress import SILENT, Observer
from lockstick.transfer.disk import flush_folders
from lockstick.transfer.gates import Gates
from lockstick.transfer.hops import Road
from lockstick.transfer.line import ClientFactory, Line, Watchdog, client_factory
from lockstick.transfer.onefile import fetch_file
from lockstick.transfer.policy import Policy
from lockstick.transfer.setbacks import GaveWay, Stopped
from lockstick.transfer.space import check_space
from lockstick.transfer.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockstick.transfer.model import Download, Fetched

__all__ = ["fetch_all"]


def fetch_all(
    downloads: Iterable[Download],
    *,
    policy: Policy | None = None,
    observer: Observer = SILENT,
    clients: ClientFactory | None = None,
    surroundings: Surroundings | None = None,
) -> tuple[Fetched, ...]:
    """Fetch files to disk, several at once; continue what earlier runs left.

    Each file appears under its destination when it is complete, all its digests hold and it is flushed. When
    one file cannot be had, or the caller is interrupted, the others stop: what they have is flushed and kept
    for the next run, and what was finished stays.

    Args:
        downloads: What is wanted. No two may share a destination or a partial file.
        policy: How patient to be.
        observer: Told of everything, from several threads.
        clients: Makes one HTTP client for each connection; by default as the environment has proxies and
            certificate authorities.
        surroundings: Time, chance and free space.

    Returns:
        What was fetched, in the order of ``downloads``.

    Raises:
        TransferError: Attempts are used up; or an address, redirect or answer is not acceptable.
        DistrustError: A server sent other bytes than were signed: more of them, or twice wrong ones.
        NotAllowedError: Credentials are missing or were refused (401, 403).
        NotFoundError: The server does not have it (404, 410, 417).
        MediaError: The disk is full, or fails; or there is not enough room, and nothing was started.
        LockstickError: Whatever an authority raises.
        ValueError: Two downloads share a file.
    """
    wanted = tuple(downloads)
    _refuse_sharing(wanted)
    if not wanted:
        return ()
    run = _Run(wanted, policy or Policy(), observer, clients, surroundings or Surroundings())
    return run.fetch()


def _refuse_sharing(wanted: tuple[Download, ...]) -> None:
    paths = [path for download in wanted for path in (download.destination, download.partial)]
    if len(set(paths)) != len(paths):
        raise ValueError("two downloads share a destination or a partial file")


class _Run:
    """One call of :func:`fetch_all`."""

    def __init__(
        self,
        wanted: tuple[Download, ...],
        policy: Policy,
        observer: Observer,
        clients: ClientFactory | None,
        surroundings: Surroundings,
    ) -> None:
        self._wanted = wanted
        self._policy = policy
        self._observer = observer
        self._surroundings = surroundings
        self._clients = clients
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._working = min(policy.connections, len(wanted))
        self._failure: BaseException | None = None
        self._results: dict[int, Fetched] = {}
        self._queue = deque(sorted(range(len(wanted)), key=lambda index: -wanted[index].length))
        self._road = Road(policy=policy, surroundings=surroundings, gates=Gates(surroundings.clock), stop=self._stop)

    def fetch(self) -> tuple[Fetched, ...]:
        """Do it all; see :func:`fetch_all`."""
        check_space(self._wanted, self._surroundings.free_bytes)
        total = sum(download.length for download in self._wanted)
        self._observer.phase("fetching", total_bytes=total, files=len(self._wanted))
        clients = self._clients or client_factory()
        workers = self._working
        try:
            with Watchdog(self._policy) as watchdog, ThreadPoolExecutor(workers, "lockstick-fetch") as pool:
                try:
                    pending = {pool.submit(self._work, clients, watchdog) for _ in range(workers)}
                    while pending:
                        # A timeout, because a wait without one cannot be interrupted on every system.
                        _, pending = wait(pending, timeout=0.5)
                except BaseException:
                    self._wind_up()
                    raise
        finally:
            flush_folders(self._wanted[index].destination.parent for index in self._results)
        if self._failure is not None:
            raise self._failure
        return tuple(self._results[index] for index in range(len(self._wanted)))

    def _work(self, clients: ClientFactory, watchdog: Watchdog) -> None:
        """One worker: take the largest file nobody has taken, fetch it, and again."""
        try:
            with Line(clients(), policy=self._policy, clock=self._surroundings.clock) as line:
                with self._lock:
                    self._lines.append(line)
                watchdog.watch(line)
                while (index := self._take()) is not None:
                    try:
                        self._results[index] = fetch_file(
                            self._wanted[index],
                            line=line,
                            road=self._road,
                            observer=self._observer,
                            may_leave=self._has_company,
                        )
                    except GaveWay:
                        if self._retire(index):
                            return
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the caller's thread
            with self._lock:
                self._failure = self._failure or error
            self._wind_up()

    def _take(self) -> int | None:
        with self._lock:
            if self._queue and not self._stop.is_set():
                return self._queue.popleft()
            self._working -= 1
            return None

    def _has_company(self) -> bool:
        return self._working > 1

    def _retire(self, index: int) -> bool:
        """Put a file back and leave, so that a server with too many requests gets fewer; the last one stays."""
        with self._lock:
            self._queue.append(index)
            if self._working > 1:
                self._working -= 1
                return True
            return False

    def _wind_up(self) -> None:
        self._stop.set()
        with self._lock:
            lines = tuple(self._lines)
        for line in lines:
            line.hang_up()
