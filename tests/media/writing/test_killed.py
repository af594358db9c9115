"""Killed and pulled fifty times at random moments: nothing unproven is ever visible, and nothing is written twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from media.writing.boxes import contents, lay, packages, verified, write_roots
from throttling import throttled

if TYPE_CHECKING:
    from media.ground import BadStick, Stick

ROUNDS = 50
SIZE = 24_000_000
WRITTEN_TWICE = 0.02
JUDGED_AT = "2026-06-01T00:00:00Z"


# Compiled modules and notes of what was covered are no bytes of the stick's, but the system counts them as well.
UNOBSERVED = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
UNOBSERVED["PYTHONDONTWRITEBYTECODE"] = "1"
GONE = ("was removed", "no folder")
# A file system that was shut down is still mounted, and fails at whatever is asked of it.
TOLD = {"unmount": GONE, "daemon": GONE, "yank": (*GONE, "input/output error", "read-only after errors")}


class Ordeal:
    """One lockbox, one stick, and somebody who has no patience."""

    def __init__(self, folder: Path, stick: Stick | BadStick, seed: int) -> None:
        self.stick = stick
        self.chance = random.Random(seed)
        self.source = lay(folder / "box", packages(6, SIZE // 6))
        self.command = [sys.executable, "-m", "lockstick", "write", str(self.source), "--to", str(stick.mount)]
        self.command += ["--quiet", "--i-know", "--trust", str(write_roots(folder / "roots")), "--at", JUDGED_AT]
        # The register is no part of the stick, but the system counts what is written to it as well: none here.
        (folder / "no-register").write_text("This is no register.")
        self.command += ["--register", str(folder / "no-register")]
        self.bytes_written = 0
        self.lockboxes = 0
        self.interrupted = 0

    @property
    def is_visible(self) -> bool:
        return (self.stick.mount / "update" / "metadata").exists()

    def run(self, means: str) -> None:
        """Start it, and end it at some moment by some means."""
        with subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=UNOBSERVED
        ) as process:
            is_early = means == "kill" and self.chance.random() < 0.3
            deadline = time.monotonic() + (self.chance.uniform(0, 0.4) if is_early else 30)
            began = False
            while time.monotonic() < deadline and not _has_ended(process.pid):
                if not is_early and not began and _has_opened(process.pid, self.stick.mount):
                    began = True
                    deadline = time.monotonic() + self.chance.uniform(0, 0.5)
                time.sleep(0.003)
            if not _has_ended(process.pid) and means == "kill":
                process.send_signal(signal.SIGSTOP)
                os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                by_own_account = _bytes_written(process.pid)
                process.kill()
                process.wait()
                self.bytes_written += self._arrived() if self.stick.kind == "fuse" else by_own_account
                self.interrupted += 1
            else:
                if not _has_ended(process.pid):
                    self._pull(means)
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
                self.bytes_written += _bytes_written(process.pid)
                code = process.wait(60)
                said = process.stdout.read().decode() if process.stdout else ""
                assert code in (0, 6), said
                if code == 6:
                    self.interrupted += 1
                    assert any(words in said for words in TOLD[means]), said
        self._put_in_again(means)
        if self.is_visible:
            # It was quicker than the executioner: it must be whole, and the next round starts from nothing.
            assert verified(self.stick.mount / "update").verdict == "verified"
            subprocess.run(["rm", "-rf", self.stick.mount / "update", self.stick.mount / ".lockstick"], check=True)
            self.lockboxes += 1

    def finish(self) -> None:
        """Let it come to its end."""
        process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, env=UNOBSERVED)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.bytes_written += _bytes_written(process.pid)
        assert process.wait() == 0
        self.lockboxes += 1
        assert contents(self.stick.mount / "update") == contents(self.source)
        assert verified(self.stick.mount / "update").verdict == "verified"
        assert {entry.name for entry in self.stick.mount.iterdir()} == {"update", "lockstick-receipt.json"}

    def _pull(self, means: str) -> None:
        if means == "unmount":
            subprocess.run(["umount", "-l", self.stick.mount], check=True)
        elif means == "yank":
            self.stick.yank()
        elif means == "daemon":
            self.stick.kill()  # type: ignore[union-attr]

    def _arrived(self) -> int:
        """What has arrived of a run that died amid a slow write."""
        return sum(self.stick.written().values())  # type: ignore[union-attr]

    def _put_in_again(self, means: str) -> None:
        if self.stick.kind == "fuse" and means == "kill":
            self.stick.forget()  # type: ignore[union-attr]
        if means == "daemon" or (means == "unmount" and self.stick.kind == "fuse"):
            self.stick.yank()
        if not self.stick.mount.is_mount():
            self.stick.insert()
        if self.stick.kind == "fuse":
            self.stick.slow(write=8_000_000)  # type: ignore[union-attr]


def _has_ended(pid: int) -> bool:
    """True if a process has ended; what the system knows of it stays there to be asked for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _has_opened(pid: int, mount: Path) -> bool:
    """True if a process holds a medium; one that is pulled before that is a folder like any other to it."""
    with suppress(OSError):
        return any(os.readlink(one).startswith(str(mount)) for one in Path(f"/proc/{pid}/fd").iterdir())  # noqa: PTH115
    return False


def _bytes_written(pid: int) -> int:
    """All that a process has handed to the system to be written, wherever to."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("wchar:")))


def _endure(ordeal: Ordeal, means: tuple[str, ...]) -> None:
    for round_number in range(4 * ROUNDS):
        if ordeal.interrupted == ROUNDS:
            break
        ordeal.run(means[round_number % len(means)])
    assert ordeal.interrupted == ROUNDS
    ordeal.finish()
    twice = ordeal.bytes_written / (ordeal.lockboxes * SIZE) - 1
    assert twice < WRITTEN_TWICE, f"{ordeal.lockboxes} lockbox(es), {twice:.2%} written twice"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts bytes as Linux tells them")
def test_fifty_times_on_a_slow_stick_over_fuse(fuse_stick: BadStick, tmp_path: Path) -> None:
    fuse_stick.slow(write=8_000_000)
    _endure(Ordeal(tmp_path, fuse_stick, 5), ("kill", "daemon", "kill", "unmount"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts bytes as Linux tells them")
def test_fifty_times_on_ext4(ext4_stick: Stick, tmp_path: Path) -> None:
    # Where it cannot be slowed down, it takes more lockboxes to be interrupted as often.
    with throttled(ext4_stick.device, write=15_000_000):
        _endure(Ordeal(tmp_path, ext4_stick, 6), ("kill", "unmount"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts bytes as Linux tells them")
def test_pulled_so_that_what_was_not_flushed_is_lost(ext4_stick: Stick, tmp_path: Path) -> None:
    with throttled(ext4_stick.device, write=15_000_000):
        ordeal = Ordeal(tmp_path, ext4_stick, 7)
        for _ in range(12):
            ordeal.run("yank")
        assert ordeal.interrupted > 5
        ordeal.finish()
