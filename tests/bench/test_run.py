"""The benchmark itself: with tiny files, that it runs and tells everything it promises. No time is judged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "bench" / "run.py"
TINY = ["--files=2", "--size=20KiB", "--big=48KiB", "--small-files=3", "--small=5KiB"]
TINY += ["--targets=9", "--rounds=1", "--starts=1", "--stick-size=50KiB"]

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
        "engine: 2 x 20 KiB",
        "engine: 1 x 48 KiB",
        "engine: 3 x 5 KiB",
        "lockstick's engine",
        "2 x 20 KiB, 20 MB/s a connection",
        "1 x 48 KiB, 20 MB/s a connection",
        "goal: share of 16 x 20 MB/s at least 0.95: ",
        "3 x 5 KiB, 80 ms of round trip",
        "note: the distance is made by ",
        "goal: times faster than one after another into memory at least 5: ",
        "build 2 x 20 KiB again, from the store",
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
    comparisons: dict[str, dict[str, Any]] = {one["title"]: one for one in document["comparisons"]}
    no_curl = "curl --parallel, then openssl: curl and openssl and xargs not found"
    no_aria2 = "aria2c with checksums: aria2c not found"
    for title in ("fetch 2 x 20 KiB", "fetch 1 x 48 KiB"):
        assert comparisons[title]["left_out"] == [no_curl]
        assert [goal["limit"] for goal in comparisons[title]["goals"]] == [0.6, 120]
    for title in ("engine: 2 x 20 KiB", "engine: 1 x 48 KiB", "engine: 3 x 5 KiB"):
        assert comparisons[title]["left_out"] == [no_curl, no_aria2]
        assert comparisons[title]["notes"] == ["nginx not found; a plain server in Python served everybody"]
        assert [goal["limit"] for goal in comparisons[title]["goals"]] == [120]
    distant = comparisons["3 x 5 KiB, 80 ms of round trip"]
    assert distant["left_out"] == [no_curl, no_aria2]
    assert "the distance is made by a relay, as: ip or tc not found" in distant["notes"]
    verify = comparisons["verify 2 x 20 KiB = 40 KiB, in the page cache"]
    assert verify["left_out"] == ["openssl dgst on all cores: openssl and xargs not found"]
    (sticks,) = (one for title, one in comparisons.items() if title.startswith("write"))
    assert sticks["left_out"][0].startswith("all: ")
    assert len(comparisons) == 13
    for comparison in comparisons.values():
        assert comparison["results"] or comparison["left_out"]
        for result in comparison["results"]:
            (sample,) = result["samples"]
            assert sample["wall"] > 0
            assert sample["cpu"] > 0
            assert sample["peak"] > 1_000_000


@pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("aria2c"), reason="needs nginx and aria2c")
def test_with_all_programs_the_engine_is_held_against_the_better_of_them(tmp_path: Path) -> None:
    done = bench("--json", "--only=engine-small", "--dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (comparison,) = json.loads(done.stdout)["comparisons"]
    assert (comparison["left_out"], comparison["notes"]) == ([], [])
    walls = {result["name"]: result["samples"][0]["wall"] for result in comparison["results"]}
    ours, *_ = walls.values()
    rivals = ("curl --parallel, then openssl", "aria2c with checksums")
    better = min(rivals, key=walls.__getitem__)
    wall, cpu, _ = comparison["goals"]
    assert (wall["what"], wall["limit"]) == (f"wall time against the better, {better},", 1.0)
    assert (cpu["what"], cpu["limit"]) == (f"processor time against {better}", 1.5)
    assert wall["measured"] == pytest.approx(ours / walls[better])
    assert wall["reached"] == (ours <= walls[better])


def test_ended_from_outside_it_clears_everything_away(tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), "--only=metered", "--big=400MiB", "--size=1KiB", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "1 x 400 MiB are made" in line:
                break
        running.terminate()
        assert running.wait(30) == 128 + 15
    assert list(tmp_path.iterdir()) == []
