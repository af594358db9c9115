"""Sticks that lie about their size are caught, honest ones are not accused, and nothing is left behind."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Literal

import pytest

from lockstick.errors import MediaError, UsageError
from lockstick.media.capacity import FOLDER, CapacityOutcome, Verdict, check_capacity, remove_leftovers
from lockstick.media.readback import How
from lockstick.report.capacity import capacity_json, capacity_text
from media.ground import bad_stick

if TYPE_CHECKING:
    from pathlib import Path

    from media.ground import BadStick, Stick

_MIB = 1 << 20
_KEY = b"the key of this run"


def _check(mount: Path, **more: Any) -> CapacityOutcome:
    return check_capacity(mount, key=_KEY, clock=time.monotonic, **more)


def _files(stick: BadStick | Stick) -> set[str]:
    return {path.name for path in stick.mount.iterdir()}


@pytest.mark.parametrize("reserves", [False, True])
@pytest.mark.parametrize("beyond", ["drop", "wrap"])
@pytest.mark.parametrize("real", [9, 16, 37])
def test_a_stick_that_lies_about_its_size_is_caught(
    tmp_path: Path, real: int, beyond: Literal["drop", "wrap"], *, reserves: bool
) -> None:
    with bad_stick(tmp_path / "s", claimed=64 * _MIB, real=real * _MIB, beyond=beyond, reserves=reserves) as stick:
        outcome = _check(stick.mount)
        assert outcome.verdict is Verdict.LYING
        assert outcome.is_sparse is reserves
        assert outcome.comes_around is (beyond == "wrap")
        assert outcome.real is not None
        assert abs(outcome.real - real * _MIB) <= 2.2 * _MIB  # no finer than canaries stand
        assert (outcome.written < 8 * _MIB) is reserves
        assert not outcome.is_good
        assert "says 67.1 MB" in outcome.words
        assert "Do not use" in outcome.remedy
        assert _files(stick) == set()


@pytest.mark.parametrize("name", ["ext4_stick", "exfat_stick", "fuse_stick"])
def test_an_honest_stick_is_not_accused_and_its_files_are_not_touched(
    name: str, request: pytest.FixtureRequest
) -> None:
    stick: BadStick | Stick = request.getfixturevalue(name)
    (stick.mount / "file").write_bytes(b"here")
    outcome = _check(stick.mount, most=16 * _MIB)
    assert outcome.verdict is Verdict.HONEST
    assert outcome.is_good
    assert outcome.lost == 0
    assert outcome.real is None
    assert outcome.is_sparse is (name == "ext4_stick")
    if name == "ext4_stick":
        assert outcome.covered > outcome.free * 0.9
        assert outcome.written < outcome.covered / 5
        assert outcome.words == "it has the room that it says it has"
        assert outcome.exclusion.how is How.CHECKED
    else:
        assert outcome.covered == outcome.written == 16 * _MIB
        assert outcome.words.startswith("the first 16.8 MB of ")
    assert _files(stick) == {"file"}
    assert (stick.mount / "file").read_bytes() == b"here"


def test_some_room_is_left_free(tmp_path: Path) -> None:
    with bad_stick(tmp_path / "s", claimed=32 * _MIB) as stick:
        least = [32 * _MIB]

        class Watching:
            def advanced(self, name: str, count: int) -> None:
                found = os.statvfs(stick.mount)
                least.append(found.f_bavail * found.f_frsize)

            def __getattr__(self, name: str) -> Any:
                return lambda *_, **__: None

        outcome = _check(stick.mount, observer=Watching())
        assert outcome.verdict is Verdict.HONEST
        assert _MIB <= min(least) < 2 * _MIB
        assert outcome.words == "it has the room that it says it has"


def test_a_stick_with_a_bad_spot_is_called_damaged_not_lying(fuse_stick: BadStick) -> None:
    fuse_stick.flip(f"{FOLDER}/0", 5 * _MIB)
    outcome = _check(fuse_stick.mount, most=16 * _MIB)
    assert (outcome.verdict, outcome.lost) == (Verdict.DAMAGED, 4096)
    assert not outcome.is_good
    fuse_stick.heal()
    fuse_stick.fail(f"{FOLDER}/0", 5 * _MIB, length=1)
    assert _check(fuse_stick.mount, most=16 * _MIB).lost == 4096


def test_what_an_earlier_run_wrote_does_not_pass_for_this_ones(fuse_stick: BadStick) -> None:
    """Blocks that are never written may still hold an earlier run's canaries of the same places."""
    seen: list[bytes] = []
    for key in (b"one", b"other"):
        (fuse_stick.folder / "copy").unlink(missing_ok=True)

        class Taking:
            def advanced(self, name: str, count: int) -> None:
                if len(seen) <= (key == b"other"):  # noqa: B023 - called at once
                    seen.append((fuse_stick.folder / FOLDER / "0").read_bytes()[:4096])

            def __getattr__(self, name: str) -> Any:
                return lambda *_, **__: None

        check_capacity(fuse_stick.mount, key=key, clock=time.monotonic, most=4 * _MIB, observer=Taking())
    assert len(seen[0]) == len(seen[1]) == 4096
    assert seen[0] != seen[1]


def test_a_full_stick_is_left_alone(tiny_stick: Stick) -> None:
    outcome = _check(tiny_stick.mount)
    assert outcome.verdict is Verdict.FULL
    assert outcome.is_good
    assert outcome.written == 0
    assert _files(tiny_stick) == set()


def test_a_file_system_that_does_not_say_its_size_is_left_alone(fat32_stick: Stick) -> None:
    outcome = _check(fat32_stick.mount)  # its program does not say
    assert (outcome.verdict, outcome.size, outcome.written) == (Verdict.FULL, 0, 0)
    assert "does not say" in outcome.words


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_check_that_is_stopped_leaves_nothing(fuse_stick: BadStick, after: int) -> None:
    count = itertools.count()
    outcome = _check(fuse_stick.mount, most=4 * _MIB, stopped=lambda: next(count) >= after)
    assert outcome.verdict is Verdict.STOPPED
    assert not outcome.is_good
    assert _files(fuse_stick) == set()


def test_an_interrupt_leaves_nothing(fuse_stick: BadStick) -> None:
    class Interrupting:
        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _check(fuse_stick.mount, most=4 * _MIB, observer=Interrupting())
    assert _files(fuse_stick) == set()


def test_the_next_check_removes_what_a_killed_one_left(ext4_stick: Stick) -> None:
    code = """
import os, pathlib, signal, sys, time
from lockstick.media.capacity import check_capacity
class Killing:
    def advanced(self, name, count): os.kill(os.getpid(), signal.SIGKILL)
    def __getattr__(self, name): return lambda *_, **__: None
check_capacity(pathlib.Path(sys.argv[1]), key=b"k", clock=time.monotonic, observer=Killing())
"""
    free = os.statvfs(ext4_stick.mount).f_bfree
    for clean in (remove_leftovers, _check):
        assert subprocess.run([sys.executable, "-c", code, ext4_stick.mount], check=False).returncode == -9
        assert _files(ext4_stick) == {FOLDER}
        clean(ext4_stick.mount)
        assert _files(ext4_stick) == set()
    assert os.statvfs(ext4_stick.mount).f_bfree == free
    assert not remove_leftovers(ext4_stick.mount)


def test_what_somebody_put_into_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "a folder").mkdir(parents=True)
    (tmp_path / FOLDER / "notes").write_text("mine")
    (tmp_path / "kept").write_text("mine")
    (tmp_path / FOLDER / "7").symlink_to(tmp_path / "kept")
    (tmp_path / FOLDER / "8").write_text("a canary")
    remove_leftovers(tmp_path)
    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == {"a folder", "notes", "7"}
    assert (tmp_path / "kept").read_text() == "mine"


def test_two_checks_of_one_stick_do_not_disturb_each_other(fuse_stick: BadStick) -> None:
    class Checking:
        def file_started(self, name: str, **_: Any) -> None:
            with pytest.raises(UsageError, match="another check"):
                _check(fuse_stick.mount)

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: None

    assert _check(fuse_stick.mount, most=4 * _MIB, observer=Checking()).verdict is Verdict.HONEST


def test_a_stick_that_fails_is_no_liar_but_an_error(fuse_stick: BadStick, ext4_stick: Stick) -> None:
    fuse_stick.fail(f"{FOLDER}/0", on="write")
    with pytest.raises(MediaError, match="cannot be checked"):
        _check(fuse_stick.mount, most=4 * _MIB)
    assert _files(fuse_stick) == set()
    fuse_stick.heal()
    fuse_stick.vanish(after_written=2 * _MIB)
    with pytest.raises(MediaError, match="gone"):
        _check(fuse_stick.mount, most=4 * _MIB)
    with pytest.raises(MediaError):
        _check(fuse_stick.mount)
    ext4_stick.protect()
    with pytest.raises(MediaError, match="read-only"):
        _check(ext4_stick.mount)


def test_the_outcome_is_told_to_people_and_programs(fuse_stick: BadStick) -> None:
    outcome = _check(fuse_stick.mount, most=8 * _MIB)
    lines = list(capacity_text(outcome))
    assert lines[0].startswith(f"HONEST: {fuse_stick.mount}: the first 8.4 MB of ")
    assert lines[1].endswith("free: 8.4 MB written and read")
    document = capacity_json(outcome)
    assert document["verdict"] == "honest"
    assert document["bytes_written"] == 8 * _MIB
    assert document["real_size"] is None
    assert document["cache"] == outcome.exclusion.to_json()
    assert outcome.write_rate > 0
    assert outcome.read_rate > 0
