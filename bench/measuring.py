"""Measuring whole processes: time on the clock, processor time, and memory at its highest.

What a process and everything it started and waited for used comes from the operating system when it ends, so
there is nothing to sample and no disturbance. This needs ``wait4``, which Windows does not have.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["BrokenContestantError", "Contestant", "Result", "Sample", "own_peak", "race"]

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class BrokenContestantError(Exception):
    """A contestant failed or wrote something else; there is nothing to measure."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of processor time, user and system, children included.
        peak: Bytes of memory that the largest single process held at once. Never less than :func:`own_peak`
            says: a process inherits that much from the one that starts it.
    """

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way of doing something.

    Attributes:
        name: What the table calls it.
        command: The program and its arguments.
        output: The folder that it fills, emptied before every run; None if it writes nothing.
        keeps_output: Whether the folder stays after the last run.
        most_rounds: In how many rounds it takes part, without a warm-up; None for all of them.
        prepare: Called before every run, outside the measured time; None to prepare nothing.
    """

    name: str
    command: Sequence[str]
    output: Path | None = None
    keeps_output: bool = False
    most_rounds: int | None = None
    prepare: Callable[[], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one contestant needed, round by round."""

    name: str
    samples: tuple[Sample, ...]

    def median(self, of: Callable[[Sample], float]) -> float:
        """Give the median over the rounds."""
        return statistics.median(of(sample) for sample in self.samples)

    @property
    def peak(self) -> int:
        """The highest memory of all rounds, in bytes."""
        return max(sample.peak for sample in self.samples)

    def ratio(self, other: Result, of: Callable[[Sample], float]) -> float:
        """Give the median of the rounds' ratios, this one's over the other's.

        Runs of one round follow each other closely, so that a disturbance of the machine touches both. Where one
        did not take part in all rounds, only those of both count.
        """
        pairs = zip(self.samples, other.samples, strict=False)
        return statistics.median(of(mine) / of(theirs) for mine, theirs in pairs)


def own_peak() -> int:
    """Bytes of memory that this process held at its highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def race(
    contestants: Sequence[Contestant],
    *,
    rounds: int,
    environment: Mapping[str, str],
    warms_up: bool = True,
    check: Callable[[Contestant], None] = lambda contestant: None,  # noqa: ARG005 - nothing to check by default
    say: Callable[[str], None],
) -> list[Result]:
    """Let contestants run in turns: A B C, A B C, and so on, usually after one round that does not count.

    Args:
        contestants: Who takes part.
        rounds: How many rounds count.
        environment: The environment of every process.
        warms_up: Whether there is a round before that does not count.
        check: Called after every run, outside the measured time; raises if the result is wrong.
        say: Told what is going on.

    Returns:
        One result for each contestant, in order.

    Raises:
        BrokenContestantError: A program failed, or its result is wrong.
    """
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for number in range(0 if warms_up else 1, rounds + 1):
        for contestant in contestants:
            if contestant.most_rounds is not None and not 0 < number <= contestant.most_rounds:
                continue
            say(f"{contestant.name}: {f'round {number} of {rounds}' if number else 'warm-up'}")
            if contestant.prepare is not None:
                contestant.prepare()
            sample = _run_one(contestant, environment)
            check(contestant)
            if contestant.output is not None and not contestant.keeps_output:
                shutil.rmtree(contestant.output)
            if number:
                samples[contestant.name].append(sample)
    return [Result(name=name, samples=tuple(taken)) for name, taken in samples.items()]


def _run_one(contestant: Contestant, environment: Mapping[str, str]) -> Sample:
    if contestant.output is not None:
        shutil.rmtree(contestant.output, ignore_errors=True)
        contestant.output.mkdir(parents=True)
        # Or whoever comes next and asks for durability waits for the bytes of whoever came before.
        os.sync()
    with tempfile.TemporaryFile() as complaints:
        started = time.perf_counter()
        process = subprocess.Popen(
            contestant.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=dict(environment),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            complaints.seek(0)
            text = complaints.read(4000).decode(errors="replace").strip()
            raise BrokenContestantError(f"{contestant.name} ended with code {process.returncode}: {text}")
    return Sample(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss * _RSS_UNIT)
