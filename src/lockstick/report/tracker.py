"""What is known of a run at this moment: the phase, its bytes, and the files in flight.

A :class:`Tracker` is an observer that only counts. Whoever shows progress asks it for a :class:`Snapshot` now and
then. It believes nothing twice:

1. What a file contributes is replaced when the file is announced again in the same phase, so what lay there is
   counted once.
2. Done is never more than the total, and the share is never 100 % before the phase is over.
3. A file is in flight from its announcement until it is finished, also after its last byte: proving and flushing
   take their time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.report.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.progress import Phase

__all__ = ["Flight", "Snapshot", "Tracker", "share"]

_ALMOST = 99


def share(done: int, total: int | None) -> int | None:
    """How much of something that is not over yet is done, in per cent.

    Args:
        done: Bytes.
        total: Bytes; None or 0 where it is not known.

    Returns:
        0 to 99, or None.
    """
    if not total:
        return None
    return min(max(done, 0) * 100 // total, _ALMOST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flight:
    """One file in flight.

    Attributes:
        name: What it is called.
        length: Its length in bytes, or 0 if it is not known.
        done: How many of them are done.
        rate: Bytes per second, or None.
        age: For how many seconds it has been in flight.
        attempt: Which attempt is waited for, or 0.
        resumes_in: In how many seconds it will be made.
    """

    name: str
    length: int
    done: int
    rate: float | None
    age: float
    attempt: int
    resumes_in: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What is known at one moment.

    Attributes:
        phase: The phase that was announced.
        elapsed: Seconds since then.
        total: How many bytes it will handle, or None if that is not known.
        done: How many of them are done; never more than the total.
        files: How many files it will handle, or None.
        finished: How many of them are finished.
        rate: Bytes per second, or None.
        eta: How many seconds the rest will take, or None as long as it is too early to say.
        stalled: For how many seconds nothing came, if that is worth saying; else 0.
        flights: The files in flight, the largest first, in an order that does not change.
    """

    phase: Phase
    elapsed: float
    total: int | None
    done: int
    files: int | None
    finished: int
    rate: float | None
    eta: float | None
    stalled: float
    flights: tuple[Flight, ...]

    @property
    def doing(self) -> Phase:
        """What is really going on: a phase of fetching whose bytes have all come is flushing them."""
        if self.phase == "fetching" and self.total and self.done >= self.total:
            return "flushing"
        return self.phase

    @property
    def percent(self) -> int | None:
        """How much of the phase is done: 0 to 99, or None if its total is not known."""
        return share(self.done, self.total)


class _File:
    """One file of this phase."""

    __slots__ = ("attempt", "came", "done", "done_then", "due", "length", "pace", "serial", "started")

    def __init__(self, length: int, done: int, serial: int, now: float) -> None:
        self.length = length
        self.done = done
        self.came = 0
        self.serial = serial
        self.started = now
        self.pace = Pace(now)
        self.attempt = 0
        self.due = 0.0
        self.done_then = 0


class Tracker:
    """An observer that counts. Every method may be called from any thread.

    Args:
        clock: Seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._phase: Phase | None = None
        self._begin(None, None)

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        """Begin to count anew."""
        with self._lock:
            self._phase = name
            self._begin(total_bytes, files)

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        """Take a file up; what it contributed before in this phase counts no longer."""
        with self._lock:
            before = self._flights.pop(name, None)
            if name in self._settled:
                self._done -= self._settled.pop(name)
                self._finished -= 1
            self._done += offset - (0 if before is None else before.done)
            self._serial += 1
            file = _File(length, offset, self._serial, self._clock())
            if before is not None:  # it did not start now, and what came shows how fast it is
                file.started, file.pace, file.came, file.serial = (
                    before.started,
                    before.pace,
                    before.came,
                    before.serial,
                )
            self._flights[name] = file

    def advanced(self, name: str, count: int) -> None:
        """Count bytes. Called for every block, so this does nothing else."""
        with self._lock:
            self._done += count
            if count > 0:
                self._came += count
            file = self._flights.get(name)
            if file is not None:
                file.done += count
                if count > 0:
                    file.came += count

    def file_finished(self, name: str) -> None:
        """Let a file go; its bytes stay."""
        with self._lock:
            file = self._flights.pop(name, None)
            if file is not None:
                self._settled[name] = file.done
            self._finished += 1

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:  # noqa: ARG002 - the protocol's
        """Note that a file waits."""
        with self._lock:
            file = self._flights.get(name)
            if file is not None:
                file.attempt, file.due, file.done_then = attempt, self._clock() + delay, file.done

    def message(self, text: str) -> None:
        """Nothing to count."""

    def snapshot(self) -> Snapshot | None:
        """Say what is known now. The speed is measured from one call to the next.

        Returns:
            The state of the current phase; None before the first phase.
        """
        with self._lock:
            if self._phase is None:
                return None
            now = self._clock()
            self._pace.sample(now, self._came)
            done = max(self._done, 0) if self._total is None else min(max(self._done, 0), self._total)
            left = 0 if self._total is None else self._total - done
            return Snapshot(
                phase=self._phase,
                elapsed=now - self._began,
                total=self._total,
                done=done,
                files=self._files,
                finished=self._finished if self._files is None else min(self._finished, self._files),
                rate=self._pace.rate,
                eta=self._pace.eta(left) if left else None,
                stalled=self._pace.stalled if left else 0.0,
                flights=tuple(
                    _flight(name, file, now)
                    for name, file in sorted(self._flights.items(), key=lambda item: (-item[1].length, item[1].serial))
                ),
            )

    def _begin(self, total: int | None, files: int | None) -> None:
        self._total, self._files = total, files
        self._began = self._clock()
        self._pace = Pace(self._began)
        self._done = self._came = self._finished = self._serial = 0
        self._flights: dict[str, _File] = {}
        self._settled: dict[str, int] = {}


def _flight(name: str, file: _File, now: float) -> Flight:
    file.pace.sample(now, file.came)
    waits = file.attempt > 0 and now < file.due and file.done == file.done_then
    return Flight(
        name=name,
        length=file.length,
        done=min(max(file.done, 0), file.length) if file.length else max(file.done, 0),
        rate=file.pace.rate,
        age=now - file.started,
        attempt=file.attempt if waits else 0,
        resumes_in=file.due - now if waits else 0.0,
    )
