"""The board: who fetches what next. Every decision is taken here, under one lock; the workers only ask.

The rules for what a worker gets, in this order:

1. The next piece of the file it was at, so that a file's bytes come in order and over one connection.
2. The largest file that nobody has begun.
3. The next piece of a file that others are at, if its server gives parts.
4. Half of what is left of the longest piece that others are at.
5. Nothing for now; and nothing for good once all is there.

A file is taken whole where there are enough other files for everybody. Nobody gets anything from an origin whose
budget is used up.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from lockstick.transfer.budget import Budget
from lockstick.transfer.job import Claim, Job, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockstick.transfer.line import Line
    from lockstick.transfer.policy import Policy

__all__ = ["Board"]

_PIECE_SECONDS = 2.0
_WORTH_SPLITTING_SECONDS = 0.1
_WORTH_SPLITTING_BYTES = 1 << 20
_TICK = 0.25
_QUICK_LOOK = 0.1
_MANY_A_SECOND = 200
_MANY, _SMALL, _FEW = 50, 128 << 10, 2
_BUSY = 0.7
_BATCH_FILES = 256 if sys.platform == "linux" else 64  # elsewhere a process may have no more open than that
_BATCH_BYTES = 16 << 20


class Board:
    """Hands out work to several threads.

    Args:
        jobs: The files, the largest first.
        policy: Numbers of connections, sizes of pieces.
        clock: Seconds from any start, never going backwards.
        processor: Seconds of processor time that this process has used.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        policy: Policy,
        clock: Callable[[], float],
        processor: Callable[[], float] = time.process_time,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._open: list[Job] = []
        self._proven: list[Job] = []
        self._proven_bytes = 0
        self._proven_since = 0.0
        self._unfinished = len(jobs)
        self._changed = threading.Condition(threading.Lock())
        self._is_stopped = False
        # Many small files begin with few connections: on a near server more would only wait for each other here.
        are_small = len(jobs) > _MANY and sum(job.download.length for job in jobs) < len(jobs) * _SMALL
        start = _FEW if are_small else policy.start_connections
        budgets = {job.origin: Budget(start, policy.connections) for job in jobs}
        for job in jobs:
            job.budget = budgets[job.origin]
        self._budgets = tuple(budgets.values())
        # By origin, as an origin without room must not cost a look at each of its files; the next one last.
        self._waiting: dict[Budget, list[Job]] = {budget: [] for budget in self._budgets}
        for job in reversed(jobs):
            self._waiting[job.budget].append(job)
        self._processor = processor
        self._used = processor()
        self._done = 0
        self._began_at = self._ticked_at = clock()
        self._rate_of_one = 0.0

    @property
    def allowed(self) -> int:
        """How many connections there may be now, over all origins."""
        with self._changed:
            return sum(budget.allowed for budget in self._budgets)

    def take(self, last: Job | None) -> Job | None:
        """Give a worker the file to be at next, and count its connection; wait while there is nothing.

        Whoever gets a file must :meth:`leave` it.

        Args:
            last: The file it was at.

        Returns:
            A file that has something for it to do; None when all is there, or the run is stopped.
        """
        with self._changed:
            while self._unfinished and not self._is_stopped:
                job = self._next(last)
                if job is not None:
                    job.budget.active += 1
                    if job.state is State.WAITING:
                        job.state = State.OPENING
                    return job
                # Waking everybody for every file would cost more than the files. So only great news are told, and
                # who waits looks for himself now and then.
                self._changed.wait(_TICK)
            return None

    def leave(self, job: Job) -> None:
        """Give back the connection that was counted by :meth:`take`."""
        with self._changed:
            job.budget.active -= 1

    def opened(self, job: Job) -> None:
        """Learn that a file's pieces can be had."""
        with self._changed:
            job.state = State.OPEN
            self._open.append(job)

    def claim(self, job: Job, line: Line) -> Claim | None:
        """Give a worker a piece of the file it is at; None when there is none for it."""
        with self._changed:
            if job.state is not State.OPEN or job.starts_over or self._is_stopped:
                return None
            if job.claims and not job.takes_ranges:
                return None
            for first, end in job.unclaimed():
                piece = Claim(job, first, min(end, first + self._piece(job)), line)
                job.claims.append(piece)
                return piece
            half = self._split(job, line)
            if half is not None:
                job.claims.append(half)
            return half

    def release(self, claim: Claim) -> None:
        """Learn that a worker is done with a piece, or gives it up."""
        with self._changed:
            claim.job.claims.remove(claim)
            if claim.left > 0:
                self._changed.notify_all()

    def advance(self, claim: Claim, count: int) -> None:
        """Learn that bytes of a piece are in their place."""
        with self._changed:
            # Under the lock: who looks for gaps must not see it moved on and its bytes not there yet.
            claim.position += count
            claim.job.bytes_fetched += count
            claim.job.budget.came += count

    def takes_ranges(self, job: Job) -> None:
        """Learn that a file can be fetched in several pieces."""
        with self._changed:
            if not job.takes_ranges and not job.is_whole:
                job.takes_ranges = True
                self._changed.notify_all()

    def take_all(self, claim: Claim) -> bool:
        """Make a piece the whole rest of the file; False if others are at it too."""
        with self._changed:
            if claim.job.claims != [claim]:
                return False
            claim.end = claim.job.download.length
            claim.job.takes_ranges = False  # here, as nobody may come along before the file begins at zero
            return True

    def start_over(self, job: Job) -> None:
        """Make sure that everybody leaves a file, and that it begins at zero then."""
        with self._changed:
            job.starts_over = True
            job.takes_ranges = False
            for claim in job.claims:
                if claim.line is not None:
                    claim.line.cut()

    def settle(self, job: Job) -> bool:
        """Say whether the caller is to settle a file: nobody is at it, and it is complete or must start over."""
        with self._changed:
            if job.state is not State.OPEN or job.claims:
                return False
            if not job.starts_over and not job.opened.is_complete:
                return False
            job.state = State.SETTLING
            return True

    def reopened(self, job: Job) -> None:
        """Learn that a file was made to start over."""
        with self._changed:
            job.starts_over = False
            job.state = State.OPEN
            self._changed.notify_all()

    def proven(self, job: Job) -> list[Job]:
        """Learn that a small file is proven; give the batch that is to be flushed and published now, if it is time."""
        with self._changed:
            job.state = State.PROVEN
            self._done += 1
            self._open.remove(job)
            if not self._proven:
                self._proven_since = self._clock()
            self._proven.append(job)
            self._proven_bytes += job.download.length
            is_last = len(self._proven) == self._unfinished
            if len(self._proven) >= _BATCH_FILES or self._proven_bytes >= _BATCH_BYTES or is_last:
                return self._take_proven()
            return []

    def take_proven(self, *, is_over: bool = False) -> list[Job]:
        """Give all files that have waited long enough to be flushed and published, or all if the run is over."""
        with self._changed:
            if self._proven and (is_over or self._clock() - self._proven_since >= _TICK):
                return self._take_proven()
            return []

    def done(self, jobs: Sequence[Job]) -> None:
        """Learn that files have their names."""
        with self._changed:
            for job in jobs:
                if job in self._open:
                    self._open.remove(job)
                self._done += job.state is not State.PROVEN
                job.state = State.DONE
                self._unfinished -= 1
            if not self._unfinished:
                self._changed.notify_all()

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def crowded(self, job: Job) -> bool:
        """Learn that a server has too many requests; say whether the worker that heard it is one too many."""
        with self._changed:
            budget = job.budget
            budget.crowded(self._clock())
            return budget.active > budget.allowed

    def trouble(self, job: Job) -> None:
        """Learn that a connection failed."""
        with self._changed:
            job.budget.trouble(self._clock())

    def tick(self) -> None:
        """Look how fast it goes; to be called a few times a second."""
        with self._changed:
            now = self._clock()
            elapsed = now - self._ticked_at
            # The first looks are quick ones, as a short run has no time to find its speed.
            if elapsed < (_QUICK_LOOK if now - self._began_at < _TICK else _TICK):
                return
            self._ticked_at = now
            is_busy = self._look_busy(elapsed)
            for budget in self._budgets:
                rate = budget.came / elapsed
                budget.came = 0
                if is_busy:
                    budget.busy(now)
                    continue
                if budget.active:
                    self._rate_of_one = rate / budget.active
                before = budget.allowed
                budget.observe(now, rate)
                if budget.allowed > before:
                    self._changed.notify_all()

    def _look_busy(self, elapsed: float) -> bool:
        """Whether many small files kept a processor busy since the last look."""
        used, self._used = self._processor() - self._used, self._processor()
        done, self._done = self._done, 0
        return done > elapsed * _MANY_A_SECOND and used > elapsed * _BUSY

    def _take_proven(self) -> list[Job]:
        batch, self._proven, self._proven_bytes = self._proven, [], 0
        return batch

    def _next(self, last: Job | None) -> Job | None:
        if last is not None and self._has_room(last) and self._has_piece(last):
            return last
        queues = [queue for queue in self._waiting.values() if queue and self._has_room(queue[-1])]
        if queues:
            return max(queues, key=lambda queue: queue[-1].download.length).pop()
        helped = [job for job in self._open if self._has_room(job) and self._has_piece(job)]
        if helped:
            return max(helped, key=lambda job: sum(end - first for first, end in job.unclaimed()))
        split = [(claim.left, job) for job in self._open if self._has_room(job) for claim in self._splittable(job)]
        return max(split, key=lambda one: one[0])[1] if split else None

    def _has_room(self, job: Job) -> bool:
        budget = job.budget
        return budget.active < budget.allowed

    def _has_piece(self, job: Job) -> bool:
        if job.state is not State.OPEN or job.starts_over:
            return False
        return not job.claims or (job.takes_ranges and bool(job.unclaimed()))

    def _piece(self, job: Job) -> int:
        """How many bytes to give away at once."""
        policy, length = self._policy, job.download.length
        free = sum(max(0, budget.allowed - budget.active) for budget in self._budgets)
        if job.is_whole or policy.connections == 1 or length < 2 * policy.min_piece:
            return length
        waiting = sum(len(queue) for queue in self._waiting.values())
        if waiting and waiting >= free:
            return length
        # The fewer bytes are left, the smaller the pieces, so that all connections end at about the same time.
        fair = sum(end - first for first, end in job.unclaimed()) / (2 * job.budget.allowed)
        wanted = min(fair, self._rate_of_one * _PIECE_SECONDS or fair)
        return int(min(policy.max_piece, max(policy.min_piece, wanted)))

    def _splittable(self, job: Job) -> list[Claim]:
        if not job.takes_ranges or job.starts_over or job.state is not State.OPEN:
            return []
        least = 2 * max(_WORTH_SPLITTING_BYTES, int(self._rate_of_one * _WORTH_SPLITTING_SECONDS))
        return [claim for claim in job.claims if claim.left > least]

    def _split(self, job: Job, line: Line) -> Claim | None:
        claims = self._splittable(job)
        if not claims:
            return None
        longest = max(claims, key=lambda claim: claim.left)
        middle = longest.position + longest.left // 2
        half = Claim(job, middle, longest.end, line)
        longest.end = middle
        return half
