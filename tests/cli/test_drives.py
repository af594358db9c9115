"""``lockstick drives`` on the machine that runs the tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from media.drives.lockboxes import put_lockbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.conftest import Runner

needs_lsblk = pytest.mark.skipif(sys.platform != "linux" or not shutil.which("lsblk"), reason="needs lsblk")


@needs_lsblk
def test_the_drives_of_this_machine(lockstick: Runner) -> None:
    done = lockstick("drives", "--all", "--json")
    assert done.code == 0
    drives = done.json()["drives"]
    with open("/proc/self/mountinfo", encoding="utf-8") as file:  # noqa: PTH123 - no path of the project
        mounted = file.read()
    for drive in drives:
        assert drive["offered"] is (drive["reason"] is None)
        for volume in drive["volumes"]:
            if volume["device"].startswith("/dev/loop"):
                continue  # other tests mount and unmount them meanwhile
            for place in volume["mounted_at"]:
                assert f" {place} " in mounted or "\\" in mounted
                assert place != "/" or drive["system"]
    offered = lockstick("drives", "--json").json()["drives"]
    assert [one["device"] for one in offered] == [one["device"] for one in drives if one["offered"]]


@needs_lsblk
def test_the_same_in_words(lockstick: Runner) -> None:
    done = lockstick("drives", "--all")
    assert done.code == 0
    devices = [one["device"] for one in lockstick("drives", "--all", "--json").json()["drives"]]
    shown = [line.split(" ")[0] for line in done.out.splitlines() if line.startswith("/dev/")]
    # Other tests attach and detach loop devices meanwhile.
    assert [one for one in shown if "loop" not in one] == [one for one in devices if "loop" not in one]


def test_without_a_program_that_lists_them_the_error_says_so(
    lockstick: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstick.media.running.PROGRAM_FOLDERS", ())
    monkeypatch.setattr("lockstick.media.running.system_folder", lambda: __import__("pathlib").Path("nowhere"))
    done = lockstick("drives", "--json")
    assert done.code == 6
    assert "cannot be listed" in done.json()["error"]["what"]


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Callable[[bool], Path]]:
    """Put a loop-mounted stick in (True) and pull it (False)."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("a loop-mounted file system needs Linux, root and mkfs.ext4")
    image, folder = tmp_path / "image", tmp_path / "stick"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-L", "PLANT-A", image], check=True)

    def change(there: bool) -> Path:  # noqa: FBT001 - two ways of one act
        if there:
            mounted = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, check=False)
            if mounted.returncode:
                pytest.skip(f"this machine does not mount for us: {mounted.stderr!r}")
        elif folder.is_mount():
            subprocess.run(["umount", folder], check=True)
        return folder

    try:
        yield change
    finally:
        change(False)


def test_a_lockbox_on_a_stick_is_told(lockstick: Runner, plug: Callable[[bool], Path]) -> None:
    stick = plug(True)
    put_lockbox(stick / "update")
    drives: list[dict[str, Any]] = lockstick("drives", "--all", "--json").json()["drives"]
    (volume,) = [one for drive in drives for one in drive["volumes"] if str(stick) in one["mounted_at"]]
    assert (volume["file_system"], volume["label"]) == ("ext4", "PLANT-A")
    (box,) = volume["lockboxes"]
    assert (box["name"], box["version"], box["proven"]) == ("box", 3, False)
    assert "lockbox box, version 3, good until 2027-06-01 00:00 UTC (unproven)" in lockstick("drives", "--all").out


def test_watching_tells_what_comes_and_goes_until_it_is_interrupted(plug: Callable[[bool], Path]) -> None:
    argv = [sys.executable, "-m", "lockstick", "drives", "--watch", "--all", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        overdue = threading.Timer(40, watching.kill)
        overdue.start()

        def until(holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
            assert watching.stdout is not None
            for line in watching.stdout:
                said: dict[str, Any] = json.loads(line)
                if holds(said):
                    return said
            raise AssertionError("it ended, or was overdue")

        def mounts(said: dict[str, Any]) -> list[str]:
            return [place for volume in said["drive"]["volumes"] for place in volume["mounted_at"]]

        try:
            until(lambda said: said["event"] == "there")
            stick = plug(True)
            # Others on this machine have loop devices, too: one that they leave may be taken at once.
            came = until(lambda said: said["event"] in {"came", "changed"} and str(stick) in mounts(said))
            plug(False)
            device = came["drive"]["device"]
            until(
                lambda said: (
                    said["drive"]["device"] == device and (said["event"] == "went" or str(stick) not in mounts(said))
                )
            )
            watching.send_signal(signal.SIGINT)
            assert watching.wait(10) == 130
            assert "Traceback" not in watching.stderr.read()
        finally:
            overdue.cancel()
            watching.kill()


def test_a_reader_that_has_seen_enough_ends_the_watching(plug: Callable[[bool], Path]) -> None:
    argv = [sys.executable, "-m", "lockstick", "drives", "--watch", "--all", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        try:
            assert json.loads(watching.stdout.readline())["event"] == "there"
            watching.stdout.close()
            plug(True)
            assert watching.wait(30) == 0
            assert watching.stderr.read().count("\n") <= 1
        finally:
            watching.kill()
