"""The engine: many files at once, the largest first, until all are there or one cannot be had."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush_all, flush_folders
from lockstick.disk.space import check_space
from lockstick.disk.trouble import media_error
from lockstick.errors import DistrustError, LockstickError
from lockstick.progress import SILENT, Observer
from lockstick.transfer.attempts import Attempts
from lockstick.transfer.board import Board
from lockstick.transfer.gates import Gates
from lockstick.transfer.hops import Road
from lockstick.transfer.job import Claim, Job, State
from lockstick.transfer.limiter import Limiter
from lockstick.transfer.line import Line
from lockstick.transfer.model import Fetched
from lockstick.transfer.network import ClientFactory, Network, client_factory
from lockstick.transfer.origins import check_url, origin_of, safe_url
from lockstick.transfer.partial import Partial
from lockstick.transfer.policy import Policy
from lockstick.transfer.setbacks import Stopped, WrongBody
from lockstick.transfer.surroundings import Surroundings
from lockstick.transfer.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lockstick.transfer.model import Download

__all__ = ["fetch_all"]

_TICK = 0.05
_SMALL = 1 << 20


def _ignore(_: Fetched) -> None:
    """What is told to nobody."""


def fetch_all(
    downloads: Iterable[Download],
    *,
    policy: Policy | None = None,
    observer: Observer = SILENT,
    clients: ClientFactory | None = None,
    surroundings: Surroundings | None = None,
    finished: Callable[[Fetched], None] = _ignore,
) -> tuple[Fetched, ...]:
    """Fetch files to disk, several at once; continue what earlier runs left.

    Each file appears under its destination when it is complete, all its digests hold and it is flushed. When
    one file cannot be had, or the caller is interrupted, the others stop: what they have is flushed and kept
    for the next run, and what was finished stays.

    Args:
        downloads: What is wanted. No two may share a destination or a partial file.
        policy: How patient to be.
        observer: Told of everything, from several threads.
        clients: The way to the network; by default as the environment has proxies and certificate authorities.
        surroundings: Time, chance and free space.
        finished: Told of every file as soon as it has its name, from a thread of the engine; what it raises ends the
            run.

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
    network = clients or client_factory()
    run = _Run(
        wanted,
        policy=policy or Policy(),
        observer=observer,
        network=network,
        surroundings=surroundings or Surroundings(),
        finished=finished,
    )
    return run.fetch()


def _refuse_sharing(wanted: tuple[Download, ...]) -> None:
    paths = [path for download in wanted for path in (download.destination, download.partial)]
    if len(set(paths)) != len(paths):
        raise ValueError("two downloads share a destination or a partial file")


def _job(index: int, download: Download) -> Job:
    url = check_url(download.url)
    return Job(index, download, url, origin_of(url))


class _Run:
    """One call of :func:`fetch_all`."""

    def __init__(
        self,
        wanted: tuple[Download, ...],
        *,
        policy: Policy,
        observer: Observer,
        network: Network,
        surroundings: Surroundings,
        finished: Callable[[Fetched], None],
    ) -> None:
        self._wanted = wanted
        self._policy = policy
        self._observer = observer
        self._surroundings = surroundings
        self._network = network
        self._finished = finished
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._failure: BaseException | None = None
        self._results: dict[int, Fetched] = {}
        order = sorted(range(len(wanted)), key=lambda index: -wanted[index].length)
        self._jobs = [_job(index, wanted[index]) for index in order]
        self._board = Board(self._jobs, policy=policy, clock=surroundings.clock)
        self._limiter = Limiter(policy.limit_rate, surroundings.clock)
        self._road = Road(policy=policy, surroundings=surroundings, gates=Gates(surroundings.clock), stop=self._stop)

    def fetch(self) -> tuple[Fetched, ...]:
        """Do it all; see :func:`fetch_all`."""
        check_space(self._wanted, self._surroundings.free_bytes)
        total = sum(download.length for download in self._wanted)
        self._observer.phase("fetching", total_bytes=total, files=len(self._wanted))
        most = self._policy.connections
        if len(self._wanted) == 1 and total < 2 * self._policy.min_piece:
            most = 1
        try:
            with Watchdog(self._policy) as watchdog, ThreadPoolExecutor(most, "lockstick-fetch") as pool:
                try:
                    started = 0
                    pending: set[Future[None]] = set()
                    while pending or not started:
                        # No more workers than there may be connections: whoever only waits costs time, too.
                        wanted = min(most, self._board.allowed)
                        pending |= {pool.submit(self._work, number, watchdog) for number in range(started, wanted)}
                        started = max(started, wanted)
                        # A timeout, because a wait without one cannot be interrupted on every system.
                        _, pending = wait(pending, timeout=_TICK)
                        self._board.tick()
                        self._publish(self._board.take_proven())
                except BaseException:
                    self._wind_up()
                    raise
        finally:
            self._close()
            flush_folders(self._wanted[index].destination.parent for index in self._results)
        if self._failure is not None:
            raise self._failure
        return tuple(self._results[index] for index in range(len(self._wanted)))

    def _work(self, number: int, watchdog: Watchdog) -> None:
        """One worker: ask the board what to do next, do it, and again."""
        try:
            with Line(self._network, policy=self._policy, clock=self._surroundings.clock) as line:
                with self._lock:
                    self._lines.append(line)
                watchdog.watch(line)
                job: Job | None = None
                while (job := self._board.take(job)) is not None:
                    try:
                        self._turn(job, number, line)
                    finally:
                        self._board.leave(job)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the caller's thread
            with self._lock:
                self._failure = self._failure or error
            self._wind_up()

    def _turn(self, job: Job, number: int, line: Line) -> None:
        """Open the file if nobody has, fetch one piece of it, and settle it if that was the last one."""
        if job.state is State.OPENING:
            self._open(job)
        claim = self._board.claim(job, line)
        if claim is not None:
            try:
                self._fetch(claim, number, line)
            finally:
                self._board.release(claim)
        if self._board.settle(job):
            self._settle(job)

    def _open(self, job: Job) -> None:
        job.partial = Partial(
            job.download, policy=self._policy, clock=self._surroundings.clock, check=lambda: self._road.rest(0)
        )
        self._observer.file_started(job.download.name, length=job.download.length, offset=job.partial.size)
        self._board.opened(job)

    def _fetch(self, claim: Claim, number: int, line: Line) -> None:
        attempts = Attempts(
            claim,
            worker=number,
            line=line,
            road=self._road,
            board=self._board,
            limiter=self._limiter,
            observer=self._observer,
        )
        try:
            attempts.run()
        except WrongBody as wrong:
            self._take_wrong(claim.job, wrong)
            self._board.start_over(claim.job)
        else:
            if not claim.job.starts_over:
                claim.job.opened.catch_up()

    def _settle(self, job: Job) -> None:
        """Prove and publish a complete file, or make it begin at zero."""
        partial = job.opened
        if not job.starts_over:
            try:
                partial.prove()
            except WrongBody as wrong:
                self._take_wrong(job, wrong)
            else:
                if job.download.length <= _SMALL:
                    self._publish(self._board.proven(job))
                else:
                    self._publish([job])
                return
        thrown = job.restart()
        if thrown:
            self._observer.advanced(job.download.name, -thrown)
        self._board.reopened(job)

    def _take_wrong(self, job: Job, wrong: WrongBody) -> None:
        """Forgive a wrong body once."""
        name = job.download.name
        if job.was_wrong:
            job.opened.discard()
            raise DistrustError(
                f"{name} is not what was signed",
                why=f"signed: {wrong.expected}; {job.served_by or safe_url(job.download.url)} sent twice: "
                f"{wrong.actual}",
            ) from wrong
        job.was_wrong = True
        self._observer.retrying(name, attempt=1, delay=0.0, reason=f"the bytes are not what was signed: {wrong}")

    def _publish(self, jobs: Sequence[Job]) -> None:
        """Flush proven files and give them their names."""
        if len(jobs) > 1:
            try:
                flush_all([job.opened.fd for job in jobs])
            except OSError as error:
                raise media_error(error, jobs[0].download.partial.parent, "flushed") from error
        for job in jobs:
            download, partial = job.download, job.opened
            partial.publish(is_flushed=len(jobs) > 1)
            fetched = Fetched(
                name=download.name,
                destination=download.destination,
                length=download.length,
                digests=download.digests,
                bytes_fetched=job.bytes_fetched,
                resumed_from=partial.resumed_from,
            )
            self._results[job.index] = fetched
            job.forget()
            self._observer.file_finished(download.name)
            self._finished(fetched)
        self._board.done(jobs)

    def _wind_up(self) -> None:
        self._stop.set()
        self._board.stop()
        with self._lock:
            lines = tuple(self._lines)
        for line in lines:
            line.hang_up()

    def _close(self) -> None:
        """Give proven files their names, and keep what is there of those that were not finished."""
        try:
            self._publish(self._board.take_proven(is_over=True))
        except LockstickError as error:
            self._failure = self._failure or error
        for job in self._jobs:
            if job.partial is None or job.index in self._results:
                continue
            try:
                job.partial.close()
            except LockstickError as error:
                # A full disk is why we are here, more often than not; the journal before this one still holds.
                self._failure = self._failure or error
