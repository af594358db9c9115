"""The engine alone, against the tools that people would reach for instead, on lines of three kinds."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from comparisons import CURL, SEQUENTIAL, SLOW_ROUNDS, Comparison, Goal, Ground, build_command, check_bytes
from distance import faraway
from measuring import Contestant, Result, race
from rivals import aria2, curl_then_openssl
from stock import write_list
from webserver import through_python, web_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal import Cloud
    from stock import Stock

__all__ = ["compare_again", "compare_distant", "compare_engine", "compare_metered"]

_HERE = Path(__file__).parent
_MB = 1_000_000
_ENGINE = "lockstick's engine"
_ARIA2 = "aria2c with checksums"
_SYNCED = f"{CURL}, then sync"
_SMALL = 1 << 20
_METERED_RATE = 20 * _MB
_METERED_CONNECTIONS = (4, 8, 16)
_ROUND_TRIP = 0.08


def compare_engine(ground: Ground, stock: Stock) -> Comparison:
    """The engine against curl with openssl, and against aria2, from a server on loopback.

    Args:
        ground: What all comparisons share.
        stock: What is fetched.
    """
    with web_server(stock.folder, has_nginx="nginx" in ground.tools, folder=_new(ground, "server")) as port:
        contestants, left_out = _contestants(ground, stock, f"http://127.0.0.1:{port}", is_near=True)
        results = race(
            contestants,
            rounds=ground.rounds,
            environment=ground.environment,
            check=lambda contestant: check_bytes(contestant, stock.items),
            say=ground.say,
        )
    notes = [] if "nginx" in ground.tools else ["nginx not found; a plain server in Python served everybody"]
    return Comparison(
        title=f"engine: {stock.in_words}", results=results, goals=_goals(results), left_out=left_out, notes=notes
    )


def compare_metered(ground: Ground, stock: Stock) -> Comparison:
    """How much of a line the engine uses that gives each connection so much and no more; one round each.

    Args:
        ground: What all comparisons share.
        stock: What is fetched.
    """
    output, told = ground.folder / "metered", ground.folder / "told"
    results: list[Result] = []
    goals: list[Goal] = []
    with through_python(stock.folder, rate=_METERED_RATE) as port:
        listed = write_list(ground.folder / "list.json", stock.items, base=f"http://127.0.0.1:{port}")
        for connections in _METERED_CONNECTIONS:
            command = [*_engine(listed, output), "--connections", str(connections), "--told", str(told)]
            results += race(
                [Contestant(name=f"{_ENGINE}, {connections} connections", command=command, output=output)],
                rounds=1,
                warms_up=False,
                environment=ground.environment,
                check=lambda contestant: check_bytes(contestant, stock.items),
                say=ground.say,
            )
            goals.append(
                Goal(
                    what=f"share of {connections} x {_METERED_RATE // _MB} MB/s",
                    limit=0.95,
                    measured=stock.length / float(told.read_text()) / (connections * _METERED_RATE),
                    at_least=True,
                )
            )
    return Comparison(
        title=f"{stock.in_words}, {_METERED_RATE // _MB} MB/s a connection",
        results=results,
        goals=goals,
        are_rivals=False,
    )


def compare_distant(ground: Ground, stock: Stock) -> Comparison:
    """Many small files from far away; one round, and one after another only for a tenth of them.

    Args:
        ground: What all comparisons share.
        stock: What is fetched.
    """
    tenth = stock.first(max(1, len(stock.items) // 10))
    output = ground.folder / "other"
    away = faraway(stock.folder, round_trip=_ROUND_TRIP, tools=ground.tools, folder=_new(ground, "server"))
    with away as server:
        base = f"http://127.0.0.1:{server.port}"
        contestants, left_out = _contestants(ground, stock, base, is_near=False)
        listed = write_list(ground.folder / "tenth.json", tenth.items, base=base)
        slow = Contestant(name=SEQUENTIAL, command=_sequential(listed, output), output=output)
        results: list[Result] = []
        for contestant, items in (*((one, stock.items) for one in contestants), (slow, tenth.items)):
            results += race(
                [replace(contestant, command=[*server.inside, *contestant.command])],
                rounds=1,
                warms_up=False,
                environment=ground.environment,
                check=lambda one, items=items: check_bytes(one, items),  # type: ignore[misc]
                say=ground.say,
            )
    factor = len(stock.items) / len(tenth.items)
    results[-1] = _scaled(results[-1], factor)
    wall = results[-1].ratio(results[0], lambda sample: sample.wall)
    return Comparison(
        title=f"{stock.in_words}, {_ROUND_TRIP * 1000:g} ms of round trip",
        results=results,
        goals=[Goal(what=f"times faster than {SEQUENTIAL}", limit=5, measured=wall, at_least=True)],
        left_out=left_out,
        notes=[
            f"{SEQUENTIAL}: only {len(tenth.items)} of the files, its values times {factor:g}",
            f"the distance is made by {server.how}",
        ],
    )


def compare_again(ground: Ground, cloud: Cloud, *, lockbox: Path, files: str) -> Comparison:
    """A second build of one lockbox from the content store, against copying and verifying what is there.

    Args:
        ground: What all comparisons share.
        cloud: Where the lockbox is from.
        lockbox: A folder in which it was built.
        files: What is in it, in words.
    """
    title = f"build {files} again, from the store"
    if not ground.has_store:
        return Comparison(title=title, results=[], left_out=["all: this lockstick build has no --store"])
    if "cp" not in ground.tools:
        return Comparison(title=title, results=[], left_out=["all: cp not found"])
    ours, theirs = ground.folder / "again", ground.folder / "copied"
    build = build_command(ground, cloud, ours, store=str(ground.folder / "store"))
    copy = 'cp -r "$1/." "$2" && shift 2 && exec "$@"'
    verify = [*ground.lockstick, "verify", str(theirs), "--trust", str(cloud.trust)]
    results = race(
        [
            # The warm-up fills the store.
            Contestant(name="lockstick build --store", command=build, output=ours),
            Contestant(
                name="cp -r, then lockstick verify",
                command=["sh", "-c", copy, "sh", str(lockbox), str(theirs), *verify],
                output=theirs,
            ),
        ],
        rounds=ground.rounds,
        environment=ground.environment,
        check=lambda contestant: check_bytes(contestant, cloud.wanted),
        say=ground.say,
    )
    wall = results[0].ratio(results[1], lambda sample: sample.wall)
    return Comparison(
        title=title,
        results=results,
        goals=[Goal(what=f"wall time against {results[1].name}", limit=1.2, measured=wall)],
    )


def _new(ground: Ground, name: str) -> Path:
    number = sum(1 for _ in ground.folder.glob(f"{name}-*"))
    return ground.folder / f"{name}-{number}"


def _engine(listed: Path, output: Path) -> list[str]:
    return [sys.executable, str(_HERE / "engine.py"), str(listed), str(output)]


def _sequential(listed: Path, output: Path) -> list[str]:
    return [sys.executable, str(_HERE / "sequential.py"), "--list", str(listed), str(output)]


def _contestants(ground: Ground, stock: Stock, base: str, *, is_near: bool) -> tuple[list[Contestant], list[str]]:
    """Everybody who can take part, and who cannot; near, also those who would take too long far away."""
    output = ground.folder / "other"
    listed = write_list(ground.folder / "list.json", stock.items, base=base)
    fetched = [(item, f"{base}/{item.name}") for item in stock.items]
    contestants = [Contestant(name=_ENGINE, command=_engine(listed, output), output=output)]
    left_out: list[str] = []
    missing = [name for name in ("curl", "openssl", "xargs") if name not in ground.tools]
    if missing:
        left_out.append(f"{CURL}: {' and '.join(missing)} not found")
    else:
        curl = curl_then_openssl(ground.folder / "curl.conf", fetched, output)
        contestants.append(Contestant(name=CURL, command=curl, output=output))
    if "aria2c" not in ground.tools:
        left_out.append(f"{_ARIA2}: aria2c not found")
    else:
        are_small = stock.items[0].length < _SMALL
        at_once = (16 if is_near else 50) if are_small else 8
        split = 1 if are_small else 4
        command = aria2(ground.folder / "aria2.txt", fetched, output, at_once=at_once, split=split)
        contestants.append(Contestant(name=_ARIA2, command=command, output=output))
    if is_near:
        if not missing:
            synced = curl_then_openssl(ground.folder / "curl.conf", fetched, output, syncs=True)
            contestants.append(Contestant(name=_SYNCED, command=synced, output=output))
        slow = Contestant(name=SEQUENTIAL, command=_sequential(listed, output), output=output, most_rounds=SLOW_ROUNDS)
        contestants.append(slow)
    return contestants, left_out


def _goals(results: Sequence[Result]) -> list[Goal]:
    ours = results[0]
    goals = [Goal(what="peak memory", limit=120, measured=ours.peak / _MB, unit=" MB")]
    rivals = [result for result in results if result.name in (CURL, _ARIA2)]
    if rivals:
        better = min(rivals, key=lambda result: result.median(lambda sample: sample.wall))
        wall = ours.ratio(better, lambda sample: sample.wall)
        cpu = ours.ratio(better, lambda sample: sample.cpu)
        goals[:0] = [
            Goal(what=f"wall time against the better, {better.name},", limit=1.0, measured=wall),
            Goal(what=f"processor time against {better.name}", limit=1.5, measured=cpu),
        ]
    return goals


def _scaled(result: Result, factor: float) -> Result:
    return replace(
        result,
        samples=tuple(replace(sample, wall=sample.wall * factor, cpu=sample.cpu * factor) for sample in result.samples),
    )
