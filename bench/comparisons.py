"""Who runs against whom, on what. A further comparison is one more function here and one more call in run.py."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from machine import processors
from measuring import BrokenContestantError, Contestant, Result, Sample, race
from rehearsal import LOCKBOX, Cloud
from rivals import curl_then_openssl, openssl_digests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rivals import Item

__all__ = [
    "CURL",
    "SEQUENTIAL",
    "SLOW_ROUNDS",
    "Comparison",
    "Goal",
    "Ground",
    "build_command",
    "check_bytes",
    "compare_build",
    "compare_judging",
    "compare_start",
    "compare_verify",
]

_HERE = Path(__file__).parent
_MB = 1_000_000
SLOW_ROUNDS = 2
"""Rounds of whoever is slow enough that more of them would only cost time."""
SEQUENTIAL = "one after another into memory"
CURL = "curl --parallel, then openssl"
_OPENSSL = "openssl dgst on all cores"
_PYTHON = "python -c pass"
_JUDGING = "lockstick's judgement"
_LEAST = "json.loads and one canonical encoding"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all comparisons of one run share.

    Attributes:
        folder: Where everything is written.
        lockstick: How to call the program.
        rounds: How many rounds count.
        tools: Which other programs there are.
        has_store: Whether the program can keep what it fetched in a content store.
        environment: The environment of every process.
        say: Told what is going on.
    """

    folder: Path
    lockstick: Sequence[str]
    rounds: int
    tools: Mapping[str, str]
    has_store: bool
    environment: Mapping[str, str]
    say: Callable[[str], None]

    def once(self, command: Sequence[str]) -> None:
        """Run something that is needed but not measured."""
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(self.environment))


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Something we want to reach; measured, never asserted."""

    what: str
    limit: float
    measured: float
    unit: str = ""
    at_least: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether it is."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One group of rows: the first result is ours, the others are what it is held against.

    Attributes:
        title: What was done.
        results: Who needed what.
        goals: What we wanted.
        left_out: Who could not take part, and why.
        notes: What else must be known to read it.
        are_rivals: Whether the results are held against each other at all.
    """

    title: str
    results: Sequence[Result]
    goals: Sequence[Goal] = ()
    left_out: Sequence[str] = ()
    notes: Sequence[str] = ()
    are_rivals: bool = True


def build_command(ground: Ground, cloud: Cloud, output: Path, *, store: str = "none") -> list[str]:
    """How to call ``lockstick build``; by default without a content store, or only the first round would fetch."""
    command = [*ground.lockstick, "build", LOCKBOX, "--credentials", str(cloud.credentials), "--output", str(output)]
    return [*command, "--store", store] if ground.has_store else command


def compare_build(ground: Ground, cloud: Cloud, *, output: Path, files: str) -> Comparison:
    """``lockstick build`` against a simple script and against curl with openssl.

    Args:
        ground: What all comparisons share.
        cloud: Where to fetch from.
        output: Where Lockstick's result of the last round stays.
        files: What is fetched, in words.
    """
    theirs = ground.folder / "other"
    simple = [sys.executable, str(_HERE / "sequential.py"), "--lockbox", str(cloud.credentials), LOCKBOX, str(theirs)]
    contestants = [
        Contestant(
            name="lockstick build", command=build_command(ground, cloud, output), output=output, keeps_output=True
        ),
        Contestant(name=SEQUENTIAL, command=simple, output=theirs, most_rounds=SLOW_ROUNDS),
    ]
    missing = [name for name in ("curl", "openssl", "xargs") if name not in ground.tools]
    if not missing:
        fetched = [(item, item.url) for item in cloud.wanted]
        command = curl_then_openssl(ground.folder / "curl.conf", fetched, theirs, token=cloud.token)
        contestants.append(Contestant(name=CURL, command=command, output=theirs))
    results = race(
        contestants,
        rounds=ground.rounds,
        environment=ground.environment,
        check=lambda contestant: check_bytes(contestant, cloud.wanted),
        say=ground.say,
    )
    wall = results[0].ratio(results[1], lambda sample: sample.wall)
    return Comparison(
        title=f"fetch {files}",
        results=results,
        goals=[
            Goal(what=f"wall time against {SEQUENTIAL}", limit=0.6, measured=wall),
            Goal(what="peak memory", limit=120, measured=results[0].peak / _MB, unit=" MB"),
        ],
        left_out=[f"{CURL}: {' and '.join(missing)} not found"] if missing else [],
    )


def compare_verify(ground: Ground, cloud: Cloud, *, lockbox: Path, files: str) -> Comparison:
    """``lockstick verify`` against openssl over the same files, all of them in the page cache."""
    images = lockbox / "images"
    contestants = [
        Contestant(
            name="lockstick verify", command=[*ground.lockstick, "verify", str(lockbox), "--trust", str(cloud.trust)]
        )
    ]
    missing = [name for name in ("openssl", "xargs") if name not in ground.tools]
    if not missing:
        contestants.append(Contestant(name=_OPENSSL, command=openssl_digests(images, len(cloud.wanted))))
    results = race(contestants, rounds=ground.rounds, environment=ground.environment, say=ground.say)
    goals = []
    if len(results) > 1:
        wall = results[0].ratio(results[1], lambda sample: sample.wall)
        goals.append(Goal(what=f"wall time against {_OPENSSL}", limit=1.1, measured=wall))
    return Comparison(
        title=f"verify {files}, in the page cache",
        results=results,
        goals=goals,
        left_out=[f"{_OPENSSL}: {' and '.join(missing)} not found"] if missing else [],
    )


def compare_judging(ground: Ground, *, targets: int) -> Comparison:
    """The judgement of a lockbox whose image repository lists many targets, without starting a program or a disk.

    Args:
        ground: What all comparisons share.
        targets: How many targets the repository lists; 20,000 make the largest document that devices read.
    """
    ground.say(f"judging a repository with {targets} targets")
    command = [sys.executable, str(_HERE / "judging.py"), str(targets), str(ground.rounds)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(ground.environment), check=False)
    if done.returncode:
        raise BrokenContestantError(f"{_JUDGING} ended with code {done.returncode}: {done.stderr.strip()}")
    told = json.loads(done.stdout)
    results = [
        Result(name=name, samples=tuple(Sample(**sample) for sample in told["samples"][key]))
        for name, key in ((_JUDGING, "judgement"), (_LEAST, "least"))
    ]
    wall = results[0].ratio(results[1], lambda sample: sample.wall)
    return Comparison(
        title=f"judge {targets} targets, {told['bytes'] / _MB:.1f} MB",
        results=results,
        goals=[Goal(what=f"wall time against {_LEAST}", limit=3, measured=wall)],
    )


def compare_start(ground: Ground, *, rounds: int) -> Comparison:
    """``lockstick --help`` against an empty Python."""
    contestants = [
        Contestant(name="lockstick --help", command=[*ground.lockstick, "--help"]),
        Contestant(name=_PYTHON, command=[sys.executable, "-c", "pass"]),
    ]
    results = race(contestants, rounds=rounds, environment=ground.environment, say=ground.say)
    wall = results[0].ratio(results[1], lambda sample: sample.wall)
    return Comparison(
        title=f"start ({rounds} rounds)",
        results=results,
        goals=[Goal(what=f"wall time against {_PYTHON}", limit=5, measured=wall)],
    )


def check_bytes(contestant: Contestant, items: Sequence[Item]) -> None:
    """Look whether every file is there with the signed bytes, so that nobody measures a failure."""
    if contestant.output is None:
        return
    images = contestant.output / "images"
    folder = images if images.is_dir() else contestant.output
    with ThreadPoolExecutor(processors()) as pool:
        digests = pool.map(_sha256, [folder / item.name for item in items])
        wrong = [item.name for item, digest in zip(items, digests, strict=True) if digest != item.sha256]
    if wrong:
        raise BrokenContestantError(f"{contestant.name} did not write what was signed: {', '.join(wrong[:3])}")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
