"""How fast, how frugal: Lockstick against other ways of doing the same, on this machine, in one run.

Everybody fetches the same files from the same server on loopback, taking turns. Times are medians; a ratio is the
median of Lockstick's value over the other's, round by round. The goals are measured, not asserted: the exit code
is 0 whether they are reached or not, and 1 only if something does not work at all.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from comparisons import (
    Comparison,
    Ground,
    build_command,
    compare_build,
    compare_judging,
    compare_start,
    compare_verify,
)
from engine_rows import compare_again, compare_distant, compare_engine, compare_metered
from machine import describe, load, tools
from measuring import BrokenContestantError, own_peak
from rehearsal import serve
from stick_rows import compare_sticks, made_boxes, why_not
from stock import in_words, made
from table import as_document, as_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from rehearsal import Cloud

_FACTORS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_BUSY = 0.5
_ENGINE_PARTS = ("engine-files", "engine-big", "engine-small", "metered", "distant")
_STICK_PARTS = ("sticks", "slow-sticks")
_PARTS = ("build", "verify", "again", "big", *_ENGINE_PARTS, *_STICK_PARTS, "judge", "start")


def _size(text: str) -> int:
    match = re.fullmatch(r"([0-9]+)\s*(|B|[KMG]iB)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 4096, 16KiB or 1GiB")
    return int(match.group(1)) * _FACTORS[match.group(2)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=8, help="how many files (default: 8)")
    parser.add_argument("--size", type=_size, default="128MiB", help="size of each (default: 128MiB)")
    parser.add_argument("--big", type=_size, default="1GiB", help="size of the one big file (default: 1GiB)")
    parser.add_argument("--small-files", type=int, default=2000, help="how many small files (default: 2000)")
    parser.add_argument("--small", type=_size, default="16KiB", help="size of each small file (default: 16KiB)")
    parser.add_argument(
        "--stick-size", type=_size, default="128MiB", help="size of each of ten files (default: 128MiB)"
    )
    parser.add_argument("--targets", type=int, default=20_000, help="targets of the judged repository (default: 20000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--starts", type=int, default=20, help="rounds of starting the program (default: 20)")
    parser.add_argument("--quick", action="store_true", help="an eighth of it, three rounds: a first impression")
    parser.add_argument(
        "--only", choices=(*_PARTS, "engine"), action="append", help="only this (repeatable); engine: all five of it"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document with every single run")
    parser.add_argument("--dir", type=Path, help="make the temporary folder in here (default: the system's)")
    options = parser.parse_args()
    if options.quick:
        parser.set_defaults(size=16 << 20, big=128 << 20, small_files=250, stick_size=16 << 20, rounds=3)
        options = parser.parse_args()
    numbers = [options.files, options.size, options.big, options.small_files, options.small, options.stick_size]
    if min(*numbers, options.targets, options.rounds, options.starts) < 1:
        parser.error("every number must be at least 1")
    return options


def _environment(home: Path) -> dict[str, str]:
    """This environment without anything that would make one contestant behave differently here than elsewhere."""
    home.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOCKSTICK_", "XDG_")) and not name.lower().endswith("_proxy")
    }
    return {**kept, "HOME": str(home)}


def _help(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def _measure(ground: Ground, options: argparse.Namespace) -> list[Comparison]:
    comparisons = []
    total = in_words(options.files * options.size)
    files = f"{options.files} x {in_words(options.size)}"
    output = ground.folder / "lockbox"

    def cloud(name: str, count: int, size: int) -> AbstractContextManager[Cloud]:
        ground.say(f"a cloud with {count} x {in_words(size)} is made")
        folder = ground.folder / name
        return serve(folder, lockstick=ground.lockstick, count=count, size=size, environment=ground.environment)

    wanted = set(options.only or _PARTS)
    if "engine" in wanted:
        wanted.update(_ENGINE_PARTS)
    if wanted & {"build", "verify", "again"}:
        with cloud("cloud", options.files, options.size) as several:
            if "build" in wanted:
                comparisons.append(compare_build(ground, several, output=output, files=files))
            else:
                ground.once(build_command(ground, several, output))
            if "verify" in wanted:
                comparisons.append(compare_verify(ground, several, lockbox=output, files=f"{files} = {total}"))
            if "again" in wanted:
                comparisons.append(compare_again(ground, several, lockbox=output, files=files))
    if "big" in wanted:
        with cloud("big-cloud", 1, options.big) as big:
            comparisons.append(compare_build(ground, big, output=output, files=f"1 x {in_words(options.big)}"))
    comparisons += _measure_engine(ground, options, wanted)
    comparisons += _measure_sticks(ground, options, wanted)
    if "judge" in wanted:
        comparisons.append(compare_judging(ground, targets=options.targets))
    if "start" in wanted:
        comparisons.append(compare_start(ground, rounds=options.starts))
    return comparisons


def _measure_engine(ground: Ground, options: argparse.Namespace, wanted: set[str]) -> Iterator[Comparison]:
    kinds = (
        (options.files, options.size, {"engine-files": compare_engine, "metered": compare_metered}),
        (1, options.big, {"engine-big": compare_engine, "metered": compare_metered}),
        (options.small_files, options.small, {"engine-small": compare_engine, "distant": compare_distant}),
    )
    for count, size, parts in kinds:
        if wanted & parts.keys():
            ground.say(f"{count} x {in_words(size)} are made")
            with made(ground.folder / "stock", count=count, size=size) as stock:
                for part in parts:
                    if part in wanted:
                        yield parts[part](ground, stock)


def _measure_sticks(ground: Ground, options: argparse.Namespace, wanted: set[str]) -> Iterator[Comparison]:
    parts = [part for part in _STICK_PARTS if part in wanted]
    if parts and (reason := why_not()):
        yield Comparison(title="write to sticks", results=[], left_out=[f"all: {reason}"])
        return
    for part in parts:
        is_slow = part == "slow-sticks"
        size = max(options.stick_size // 2, 1) if is_slow else options.stick_size
        ground.say(f"two lockboxes of 10 x {in_words(size)} are made")
        with made_boxes(ground, size, part) as boxes:
            yield from compare_sticks(ground, boxes, is_slow=is_slow)


def main() -> int:
    """Measure, print, clean up."""
    options = _options()
    # Servers, files and a network of its own are to be cleared away then, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    before = load()
    found = tools()
    if before > _BUSY:
        print(f"This machine is busy (load {before:.1f}); measure again when it is not.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="lockstick-bench-", dir=options.dir) as temporary:
        folder = Path(temporary)
        lockstick = [str(Path(sysconfig.get_path("scripts")) / "lockstick")]
        environment = _environment(folder / "home")
        ground = Ground(
            folder=folder,
            lockstick=lockstick,
            rounds=options.rounds,
            tools=found,
            has_store="--store" in _help([*lockstick, "build", "--help"], environment),
            environment=environment,
            say=lambda text: print(f"  {text}", file=sys.stderr),
        )
        try:
            comparisons = _measure(ground, options)
        except BrokenContestantError as error:
            print(f"Nothing was measured: {error}", file=sys.stderr)
            return 1
    about = {
        "machine": describe(),
        "tools": ", ".join(version for version in found.values() if version),
        "rounds": options.rounds,
        "load_before": before,
        "load_after": load(),
    }
    if options.json:
        print(json.dumps(as_document(comparisons, about=about), indent=2))
        return 0
    lines = [
        f"{about['machine']}; {about['tools'] or 'neither curl nor openssl'}",
        f"medians of {options.rounds} rounds in turns, after a warm-up; ratio: Lockstick over the other",
        f"load before: {before:.1f}",
    ]
    print(as_table(comparisons, about=lines, floor=own_peak()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
