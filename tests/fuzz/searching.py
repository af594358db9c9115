"""Fuzzing for a while: every target its share of the time, as many at once as there are processors.

With atheris the search is guided by coverage. Where it is not installed, Hypothesis changes the seeds at random.
What was interesting is kept in ``.fuzz/corpus`` for the next time; what broke something, in ``.fuzz/crashes``.
For each target it says how many runs there were, how long the slowest took, and by how much the process grew.
The exit code is 1 if anything broke.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from budget import Figures
    from families.target import Target

_STARTED = time.monotonic()
_HERE = Path(__file__).resolve().parent
_TESTS = _HERE.parent
# The targets are found as a developer's tests find them; the package itself is installed.
sys.path[:0] = [str(_HERE), str(_TESTS), str(_TESTS / "properties")]

_LONGEST_INPUT = 64 << 10
_HANGS = 30
_LEAST_SECONDS = 3
_NOTED_EVERY = 0.5  # seconds; a process that searches by coverage ends without a farewell
_FIGURES = "figures.json"


def main() -> int:
    """Run all targets, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    seconds = int(os.environ.get("FUZZ_SECONDS", "600"))
    parser.add_argument("--seconds", type=int, default=seconds, help="time for everything (default: %(default)s)")
    parser.add_argument("--target", action="append", help="only this one (repeatable)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--family", help=argparse.SUPPRESS)
    parser.add_argument("--dir", type=Path, default=Path(".fuzz"), help="where findings are kept (default: .fuzz)")
    options = parser.parse_args()
    if options.one:
        return _one(options.one, options.family, options.seconds, options.dir)
    from targets import FAMILIES  # noqa: PLC0415 - not before coverage is instrumented, in the processes that fuzz

    families = {name: family.__name__ for family in FAMILIES for name in family.TARGETS}
    wanted = options.target or list(families)
    workers = min(os.cpu_count() or 1, len(wanted))
    share = max(1, options.seconds * workers // len(wanted))
    kind = "atheris" if find_spec("atheris") else "Hypothesis (atheris is not installed)"
    print(f"{len(wanted)} targets, {share} s each, {workers} at once, by {kind}", flush=True)
    print(f"{'target':24} {'runs':>9} {'slowest run':>12} {'growth':>9}", flush=True)
    with ThreadPoolExecutor(workers) as pool:
        done = pool.map(lambda name: _start(name, families[name], share, options.dir), wanted)
        broken = [name for name, good in done if not good]
    print(f"broken: {', '.join(broken)}" if broken else "nothing broke")
    return 1 if broken else 0


def _start(name: str, family: str, seconds: int, folder: Path) -> tuple[str, bool]:
    command = [sys.executable, __file__, "--one", name, "--family", family]
    command += ["--seconds", str(seconds), "--dir", str(folder)]
    # The process may end without a farewell, so whatever it leaves lies in a folder that is removed for it.
    with tempfile.TemporaryDirectory(prefix="lockstick-fuzz-") as scratch:
        surroundings = {**os.environ, "TMPDIR": scratch, "TEMP": scratch, "TMP": scratch}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=surroundings)
        try:
            figures = json.loads((Path(scratch) / _FIGURES).read_text())
        except (OSError, ValueError):
            figures = {"runs": 0, "slowest": 0.0, "grown": 0}
    print(
        f"{name:24} {figures['runs']:9} {figures['slowest']:10.3f} s {figures['grown'] / (1 << 20):6.1f} MB"
        f"{'' if not done.returncode else '  BROKEN'}",
        flush=True,
    )
    if done.returncode:
        print("\n".join((done.stdout + done.stderr).strip().splitlines()[-40:]), flush=True)
    return name, not done.returncode


def _one(name: str, family: str, seconds: int, folder: Path) -> int:
    corpus, crashes = folder / "corpus" / name, folder / "crashes"
    for made in (corpus, crashes):
        made.mkdir(parents=True, exist_ok=True)
    if find_spec("atheris"):
        return _by_coverage(name, family, seconds, corpus, crashes)
    return _by_chance(name, family, seconds, crashes)


def _watched(target: Target) -> Callable[[bytes], None]:
    """A guarded target that notes its figures now and then."""
    from budget import Figures, guarded  # noqa: PLC0415 - after coverage is instrumented

    figures = Figures()
    run = guarded(target, figures)
    noted = 0.0

    def watched(data: bytes) -> None:
        nonlocal noted
        try:
            run(data)
        except BaseException:
            _note(figures)
            raise
        if (now := time.monotonic()) - noted > _NOTED_EVERY:
            noted = now
            _note(figures)

    return watched


def _note(figures: Figures) -> None:
    (Path(tempfile.gettempdir()) / _FIGURES).write_text(json.dumps(asdict(figures)))


def _left(seconds: int) -> int:
    """What is left of the share after the start, which takes a while."""
    return max(_LEAST_SECONDS, int(seconds - (time.monotonic() - _STARTED)))


def _by_coverage(name: str, family: str, seconds: int, corpus: Path, crashes: Path) -> int:
    import atheris  # noqa: PLC0415 - optional

    with atheris.instrument_imports(include=["lockstick"]):
        target: Target = import_module(family).TARGETS[name]
        watched = _watched(target)
    for index, seed in enumerate(target.seeds()):
        (corpus / f"seed-{index}").write_bytes(seed)
    arguments = [
        sys.argv[0],
        f"-max_total_time={_left(seconds)}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_HANGS}",
        f"-artifact_prefix={crashes / name}-",
        str(corpus),
    ]
    atheris.Setup(arguments, watched)
    atheris.Fuzz()
    return 0


def _by_chance(name: str, family: str, seconds: int, crashes: Path) -> int:
    from hypothesis import HealthCheck, given, settings  # noqa: PLC0415 - not needed with atheris
    from hypothesis import strategies as st  # noqa: PLC0415

    target: Target = import_module(family).TARGETS[name]
    watched = _watched(target)
    cuts = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 40), st.binary(max_size=12)), max_size=6)

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(target.seeds()) | st.binary(max_size=64), cuts)
    def search(seed: bytes, edits: list[tuple[int, int, bytes]]) -> None:
        data = seed
        for where, length, put in edits:
            start = where % (len(data) + 1)
            data = data[:start] + put + data[start + length :]
        try:
            watched(data)
        except Exception:
            (crashes / f"{name}-crash").write_bytes(data)
            raise

    ends = time.monotonic() + _left(seconds)
    while time.monotonic() < ends:
        search()
    return 0


if __name__ == "__main__":
    sys.exit(main())
