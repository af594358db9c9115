"""The benchmark itself: with tiny files, that it runs and tells everything it promises. No time is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "bench" / "run.py"
TINY = ["--files=2", "--size=20KiB", "--big=48KiB", "--targets=9", "--rounds=1", "--starts=1"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "wait4"), reason="what a process used is not told on this system"),
]


def bench(*options: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ) if path is None else {**os.environ, "PATH": path}
    command = [sys.executable, str(PROGRAM), *TINY, *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_it_prints_one_table_with_every_contestant_its_ratios_and_the_goals(tmp_path: Path) -> None:
    done = bench("--dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for words in (
        "fetch 2 x 20 KiB",
        "fetch 1 x 48 KiB",
        "verify 2 x 20 KiB = 40 KiB",
        "lockstick build",
        "one after another into memory",
        "judge 9 targets, 0.0 MB",
        "json.loads and one canonical encoding",
        "lockstick --help",
        "python -c pass",
        "goal: peak memory at most 120 MB: ",
        "goal: wall time against one after another into memory at most 0.6: ",
    ):
        assert words in done.stdout
    assert list(tmp_path.iterdir()) == [], "it left something behind"


def test_as_json_it_gives_every_run_and_names_who_could_not_take_part(tmp_path: Path) -> None:
    nothing_there = tmp_path / "no-programs"
    nothing_there.mkdir()
    done = bench("--json", "--dir", str(tmp_path), path=str(nothing_there))
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    build, verify, big, judge, start = document["comparisons"]
    for comparison in (build, big):
        assert comparison["left_out"] == ["curl --parallel, then openssl: curl and openssl and xargs not found"]
        assert [goal["limit"] for goal in comparison["goals"]] == [0.6, 120]
    assert verify["left_out"] == ["openssl dgst on all cores: openssl and xargs not found"]
    for result in (*build["results"], *verify["results"], *big["results"], *judge["results"], *start["results"]):
        (sample,) = result["samples"]
        assert sample["wall"] > 0
        assert sample["cpu"] > 0
        assert sample["peak"] > 1_000_000
