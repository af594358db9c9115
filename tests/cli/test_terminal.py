"""Real builds under a real pseudo-terminal: what a person sees while they run, and what is left afterwards."""

from __future__ import annotations

import codecs
import os
import re
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import pytest

from cli.glass import Glass
from lockstick.report.progress_text import MOST_FILES
from lockstick.sandbox import Drip, Drop, Fault, Sandbox, SandboxOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Runner

if sys.platform == "win32":  # pragma: no cover - has no pseudo-terminals of this kind
    pytest.skip("pseudo-terminals", allow_module_level=True)

import fcntl
import pty
import termios

SLOW = Drip(size=16_384, pause=0.05)
BRISK = Drip(size=32_768, pause=0.05)
DRAWN = b"\x1b[J"
"""What is below is erased: the end of every picture."""
PERCENT = re.compile(r"(\d+) %")


@dataclass(frozen=True)
class Sitting:
    """What was seen in the course of one run.

    Attributes:
        code: Its exit code.
        frames: What the glass showed, each time that it changed.
        end: What it shows at the end, with what scrolled off before it.
        sequences: The sequences that the terminal had to understand.
        pictures: How often something was drawn; a picture may come in pieces, and is then several frames.
        seconds: How long the run took.
    """

    code: int
    frames: list[list[str]]
    end: list[str]
    sequences: set[str]
    pictures: int
    seconds: float

    def lines(self, start: str) -> list[str]:
        """Every line that was ever seen and starts so, in order, without repetitions in a row."""
        found = [line for frame in self.frames for line in frame if line.startswith(start)]
        return [line for index, line in enumerate(found) if not index or found[index - 1] != line]


def sit(
    command: list[str | Path],
    *,
    columns: int = 100,
    rows: int = 24,
    environment: dict[str, str] | None = None,
    until: Callable[[list[str]], bool] = lambda _: False,
) -> Sitting:
    """Run the program on a terminal and watch; press Ctrl-C when ``until`` likes what is seen."""
    mother, daughter = pty.openpty()
    fcntl.ioctl(daughter, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    glass, frames, is_stopped, seen = Glass(columns, rows), list[list[str]](), False, bytearray()
    started = time.monotonic()
    decoder = codecs.getincrementaldecoder("utf-8")()
    with subprocess.Popen(
        [sys.executable, "-m", "lockstick", *map(str, command)],
        stdin=daughter,
        stdout=daughter,
        stderr=daughter,
        start_new_session=True,
        env=os.environ | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8", "NO_COLOR": ""} | (environment or {}),
    ) as program:
        os.close(daughter)
        while data := _read(mother):
            seen += data
            glass.feed(decoder.decode(data))
            if not frames or frames[-1] != glass.seen:
                frames.append(glass.seen)
            if not is_stopped and until(glass.seen):
                is_stopped = True
                program.send_signal(signal.SIGINT)
    os.close(mother)
    seconds = time.monotonic() - started
    return Sitting(
        program.returncode, frames, [*glass.scrolled, *glass.seen], glass.sequences, seen.count(DRAWN), seconds
    )


def _read(mother: int) -> bytes:
    try:
        return os.read(mother, 65_536)
    except OSError:  # on Linux the end of a terminal is an error
        return b""


@pytest.fixture
def command(cloud: Sandbox, tmp_path: Path) -> list[str | Path]:
    """A build of ``kiosk`` into ``out``: four files, two megabytes."""
    return ["build", "kiosk", "--credentials", cloud.credentials_path, "--output", tmp_path / "out"]


def percents(lines: list[str]) -> list[int]:
    return [int(found[1]) for line in lines if (found := PERCENT.search(line))]


def test_a_build_as_a_person_sees_it(cloud: Sandbox, command: list[str | Path]) -> None:
    cloud.faults.add(Fault(kind=SLOW, origin="store", times=None))
    sitting = sit(command)
    assert sitting.code == 0
    total = sitting.lines("Fetching")
    shares = percents(total)
    assert len(shares) > 10
    assert shares == sorted(shares)
    assert shares[-1] <= 99
    assert "of 2.0 MB" in total[0]
    assert "/4 files" in total[0]
    assert any(re.search(r"\d+ s left", line) for line in total)
    own = sitting.lines("  firmware-1.0.bin")
    assert len(own) > 5
    assert percents(own) == sorted(percents(own))
    assert all("of 1.0 MB" in line or "flushing" in line for line in own)
    # Nothing of it is left at the end.
    assert sitting.end[0].startswith("VERIFIED")
    assert not [line for line in sitting.end if "Fetching" in line or "━" in line]
    assert sitting.sequences <= {"A", "J", "K", "m"}


def test_a_broken_connection_is_told_above_and_nothing_is_counted_twice(
    cloud: Sandbox, command: list[str | Path]
) -> None:
    cloud.faults.add(Fault(kind=Drop(after=100_000), origin="store", match="*maps*", times=1))
    cloud.faults.add(Fault(kind=BRISK, origin="store", times=None))
    sitting = sit(command)
    assert sitting.code == 0
    assert re.match(r"maps-2026\.09\.bin: try 2 (in|at once)", sitting.end[0])
    assert max(percents(sitting.lines("Fetching"))) <= 99
    assert any(line.startswith("VERIFIED") for line in sitting.end)


def test_what_an_interrupted_build_left_counts_from_the_start(cloud: Sandbox, command: list[str | Path]) -> None:
    cloud.faults.add(Fault(kind=BRISK, origin="store", times=None))
    first = sit(command, until=lambda seen: max(percents(seen[:1]), default=0) > 50)
    assert first.code == 130
    (told,) = [line for line in first.end if line]
    assert told == "Interrupted. What was fetched is kept; the same command continues."
    second = sit(command)
    assert second.code == 0
    shares = percents(second.lines("Fetching"))
    assert shares == sorted(shares)
    assert shares[-1] <= 99
    (sentence,) = [line for line in second.end if "package(s)" in line]
    assert re.search(r"fetched in .* (\d\.\d MB|\d+\.\d kB) already there", sentence)


def test_many_small_files_are_one_quiet_line(tmp_path: Path) -> None:
    options = SandboxOptions(package_size=2000, bulk_count=300, bulk_size=2000)
    with Sandbox.start(tmp_path / "cloud", options=options) as cloud:
        cloud.define_lockbox("kiosk")
        cloud.faults.add(Fault(kind=Drip(size=500, pause=0.005), origin="store", times=None))
        sitting = sit(["build", "kiosk", "--credentials", cloud.credentials_path, "--output", tmp_path / "out"])
    assert sitting.code == 0
    lines = sitting.lines("Fetching")
    assert any(re.search(r"[1-9]\d*/30\d files", line) for line in lines)
    # Files that linger are named, and on a busy machine small ones do; never more than eight, and mostly few.
    heights = [len(frame) for frame in sitting.frames if frame and frame[0].startswith("Fetching")]
    assert max(heights) <= 1 + MOST_FILES
    assert median(heights) <= 6
    # 300 files, four at once, and not one picture more than ten a second; and once it is wiped.
    assert 2 < sitting.pictures <= 10 * sitting.seconds + 1


def test_a_small_terminal_keeps_what_matters(cloud: Sandbox, command: list[str | Path]) -> None:
    cloud.faults.add(Fault(kind=BRISK, origin="store", times=None))
    sitting = sit(command, columns=30, rows=3)
    assert sitting.code == 0
    pictures = [frame for frame in sitting.frames if frame and frame[0].startswith("Fetching")]
    assert pictures
    assert max(len(frame) for frame in pictures) <= 2
    assert percents([frame[0] for frame in pictures])


@pytest.mark.parametrize(
    ("more", "environment", "sequences"),
    [
        ([], {"TERM": "dumb"}, set[str]()),
        ([], {"NO_COLOR": "1"}, {"A", "J", "K"}),
        (["--no-color"], {}, {"A", "J", "K"}),
        ([], {}, {"A", "J", "K", "m"}),
        (["--quiet"], {}, set[str]()),
        (["--progress", "none"], {}, set[str]()),
    ],
    ids=["dumb", "NO_COLOR", "no-color", "full", "quiet", "none"],
)
def test_a_terminal_is_asked_for_no_more_than_it_may_be(
    cloud: Sandbox, command: list[str | Path], more: list[str], environment: dict[str, str], sequences: set[str]
) -> None:
    cloud.faults.add(Fault(kind=BRISK, origin="store", times=None))
    sitting = sit([*command, *more], environment=environment)
    assert sitting.code == 0
    assert sitting.sequences == sequences
    assert bool(sitting.lines("Fetching")) is not bool({"--quiet", "none"} & set(more))
    assert sitting.end[0].startswith("VERIFIED")


def test_away_from_a_terminal_there_is_only_the_summary(build: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(kind=Drop(after=1000), origin="store", match="*maps*"))
    result = build()
    assert (result.code, result.err) == (0, "")
    assert re.search(r"2\.0 MB fetched in \d+\.\d s \(\d+\.\d [kM]B/s\), 0 B already there; all in ", result.out)
    again = build()
    assert "0 B fetched, 2.0 MB already there; all in " in again.out
    assert again.err == ""


def test_retries_are_told_away_from_a_terminal_if_that_is_wanted(build: Runner, cloud: Sandbox) -> None:
    cloud.faults.add(Fault(kind=Drop(after=1000), origin="store", match="*maps*"))
    result = build("--verbose")
    assert result.code == 0
    assert re.fullmatch(r"maps-2026\.09\.bin: try 2 (in \d\.\d s|at once): .*\n", result.err)


def test_the_figures_of_the_fetching_are_in_the_document(build: Runner) -> None:
    document = build("--json").json()
    assert document["fetch_seconds"] > 0
    assert document["fetch_rate"] == pytest.approx(document["fetched"] / document["fetch_seconds"], rel=0.2)
    again = build("--json").json()
    assert (again["fetched"], again["fetch_rate"]) == (0, None)
    assert again["reused"] == document["fetched"]
