"""Fuzzing for a while: every target its share of the time, as many at once as there are processors.

With atheris the search is guided by coverage. Where it is not installed, Hypothesis changes the seeds at random.
What was interesting is kept in ``.fuzz/corpus`` for the next time; what broke something, in ``.fuzz/crashes``.
The exit code is 1 if anything did.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_TESTS = _HERE.parent
# The targets are found as a developer's tests find them; the package itself is installed.
sys.path[:0] = [str(_HERE), str(_TESTS), str(_TESTS / "properties")]

_LONGEST_INPUT = 64 << 10
_HANGS = 30


def main() -> int:
    """Run all targets, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    seconds = int(os.environ.get("FUZZ_SECONDS", "600"))
    parser.add_argument("--seconds", type=int, default=seconds, help="time for everything (default: %(default)s)")
    parser.add_argument("--target", action="append", help="only this one (repeatable)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--dir", type=Path, default=Path(".fuzz"), help="where findings are kept (default: .fuzz)")
    options = parser.parse_args()
    if options.one:
        return _one(options.one, options.seconds, options.dir)
    from targets import TARGETS  # noqa: PLC0415 - not before coverage is instrumented, in the processes that fuzz

    wanted = options.target or list(TARGETS)
    workers = min(os.cpu_count() or 1, len(wanted))
    share = max(1, options.seconds * workers // len(wanted))
    kind = "atheris" if find_spec("atheris") else "Hypothesis (atheris is not installed)"
    print(f"{len(wanted)} targets, {share} s each, {workers} at once, by {kind}", flush=True)
    with ThreadPoolExecutor(workers) as pool:
        broken = [name for name, good in pool.map(lambda name: _start(name, share, options.dir), wanted) if not good]
    print(f"broken: {', '.join(broken)}" if broken else "nothing broke")
    return 1 if broken else 0


def _start(name: str, seconds: int, folder: Path) -> tuple[str, bool]:
    command = [sys.executable, __file__, "--one", name, "--seconds", str(seconds), "--dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    summary = next((line for line in reversed(said) if line.startswith(("Done ", "#", "tried "))), "")
    print(f"{name}: {'sound' if not done.returncode else 'BROKEN'}; {summary}", flush=True)
    if done.returncode:
        print("\n".join(said[-40:]), flush=True)
    return name, not done.returncode


def _one(name: str, seconds: int, folder: Path) -> int:
    corpus, crashes = folder / "corpus" / name, folder / "crashes"
    for made in (corpus, crashes):
        made.mkdir(parents=True, exist_ok=True)
    if find_spec("atheris"):
        return _by_coverage(name, seconds, corpus, crashes)
    return _by_chance(name, seconds, crashes)


def _by_coverage(name: str, seconds: int, corpus: Path, crashes: Path) -> int:
    import atheris  # noqa: PLC0415 - optional

    with atheris.instrument_imports(include=["lockstick"]):
        from targets import TARGETS, guarded  # noqa: PLC0415 - here, to be instrumented
    from seeds import seeds_of  # noqa: PLC0415 - after it

    for index, seed in enumerate(seeds_of(name)):
        (corpus / f"seed-{index}").write_bytes(seed)
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_HANGS}",
        f"-artifact_prefix={crashes / name}-",
        "-print_final_stats=1",
        str(corpus),
    ]
    atheris.Setup(arguments, guarded(TARGETS[name]))
    atheris.Fuzz()
    return 0


def _by_chance(name: str, seconds: int, crashes: Path) -> int:
    from hypothesis import HealthCheck, given, settings  # noqa: PLC0415 - not needed with atheris
    from hypothesis import strategies as st  # noqa: PLC0415

    from seeds import seeds_of  # noqa: PLC0415 - both sign a lockbox
    from targets import TARGETS, guarded  # noqa: PLC0415

    target = guarded(TARGETS[name])
    cuts = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 40), st.binary(max_size=12)), max_size=6)
    tried = 0

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(seeds_of(name)) | st.binary(max_size=64), cuts)
    def search(seed: bytes, edits: list[tuple[int, int, bytes]]) -> None:
        nonlocal tried
        tried += 1
        data = seed
        for where, length, put in edits:
            start = where % (len(data) + 1)
            data = data[:start] + put + data[start + length :]
        try:
            target(data)
        except Exception:
            (crashes / f"{name}-crash").write_bytes(data)
            raise

    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        search()
    print(f"tried {tried} inputs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
