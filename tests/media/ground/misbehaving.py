"""A stick that does as it is told, also what no stick should: the side of the tests."""

from __future__ import annotations

import errno
import importlib.util
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from media.ground.mounting import is_mounted, need, unmount

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BadStick", "bad_stick"]

_PROGRAM = Path(__file__).with_name("passing_through.py")


class BadStick:
    """A mounted file system that passes a folder through, in a process of its own.

    Names of files are patterns of :mod:`fnmatch`, relative to the mount, as they are at the time of the read.

    Attributes:
        mount: Where it is mounted.
        folder: What it passes through, for looking behind its back.
        process: The program that serves it.
    """

    kind = "fuse"
    device = ""

    def __init__(self, folder: Path, claimed: int, real: int, beyond: str, *, reserves: bool) -> None:
        self.folder = folder / "content"
        self.mount = folder / "mount"
        self.folder.mkdir(parents=True)
        self.mount.mkdir()
        # The path of such a socket must be short.
        self._control = Path(tempfile.mkdtemp(prefix="stick-")) / "s"
        self._arguments = [str(claimed), str(real), beyond, str(reserves)]
        self._log = folder / "log"
        self.process: subprocess.Popen[bytes]

    def insert(self) -> None:
        """Mount it, with nothing wrong with it; also again, after it was killed or pulled."""
        self._control.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, _PROGRAM, self.folder, self.mount, self._control, *self._arguments],
                stdin=subprocess.PIPE,  # it goes when we do
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 20
        while not is_mounted(self.mount) and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        if not is_mounted(self.mount):
            pytest.skip(f"FUSE does not work here: {self._log.read_text(errors='replace')[-500:]}")

    def flip(
        self, file: str, offset: int, *, length: int = 1, bits: int = 1, times: int | None = None, heals: bool = False
    ) -> None:
        """Let some bytes be read with some bits the other way round.

        Args:
            file: Which file.
            offset: Where it begins.
            length: How many bytes.
            bits: Which bits of each byte.
            times: How many reads are wrong; None for all. Once is a bad reader or cable.
            heals: True if they are right again once somebody has written there: a medium that had lost them.
        """
        self._fault("flip", file, offset, length, bits, times=times, heals=heals)

    def fill(
        self,
        file: str,
        offset: int,
        *,
        length: int = 512,
        value: int = 0,
        times: int | None = None,
        heals: bool = False,
    ) -> None:
        """Let some bytes be read as another value; the rest as for :meth:`flip`."""
        self._fault("fill", file, offset, length, value, times=times, heals=heals)

    def fail(
        self,
        file: str,
        offset: int = 0,
        *,
        length: int = 1 << 40,
        code: int = errno.EIO,
        on: Literal["read", "write"] = "read",
        times: int | None = None,
        heals: bool = False,
    ) -> None:
        """Let reads (or writes) that touch some bytes fail."""
        self._fault("error", file, offset, length, code, times=times, heals=heals, on=on)

    def heal(self) -> None:
        """Nothing is wrong any more."""
        self._say(do="heal")

    def slow(self, *, read: float = 0, write: float = 0) -> None:
        """Let it take and give so many bytes a second; 0 for as fast as it can."""
        self._say(do="slow", read=read, write=write)

    def vanish(self, *, after_written: int | None = None, after_read: int | None = None) -> None:
        """Let everything fail with "no such device", now or once so many bytes more have passed."""
        self._say(do="vanish", write=after_written, read=after_read)

    def come_back(self) -> None:
        """It is there again, as after a loose contact."""
        self._say(do="return")

    def refuse_direct(self, when: Literal["open", "read"]) -> None:
        """Let reading past the cache be refused, when a file is opened or only when it is read."""
        self._say(do="refuse-direct", when=when)

    def written(self) -> dict[str, int]:
        """How many bytes were written to each file."""
        counts: dict[str, int] = self._say(do="state")["written"]
        return counts

    def read(self) -> dict[str, int]:
        """How many bytes of each file were read from the medium itself."""
        counts: dict[str, int] = self._say(do="state")["read"]
        return counts

    def synced(self) -> list[str]:
        """Which files were flushed, in order."""
        names: list[str] = self._say(do="state")["synced"]
        return names

    def forget(self) -> None:
        """Count from 0 again."""
        self._say(do="forget")

    def eject(self) -> None:
        """Unmount it as it should be done."""
        unmount(self.mount)
        self._end()

    def yank(self) -> None:
        """Take it out by force."""
        with suppress(OSError):
            subprocess.run(["umount", "-f", self.mount], capture_output=True, check=False)
        unmount(self.mount, by_force=True)
        self._end()

    def kill(self) -> None:
        """Kill its program; the mount stays, and whoever touches it is told that nothing is connected."""
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def close(self) -> None:
        """Take everything away."""
        unmount(self.mount, by_force=True)
        self._end()
        shutil.rmtree(self._control.parent, ignore_errors=True)

    def _end(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def _fault(
        self,
        kind: str,
        file: str,
        offset: int,
        length: int,
        value: int,
        *,
        times: int | None,
        heals: bool,
        on: str = "read",
    ) -> None:
        order = {"kind": kind, "file": file, "offset": offset, "length": length, "value": value}
        self._say(do="fault", **order, times=times, heals=heals, on=on)

    def _say(self, **order: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(20)
            line.connect(str(self._control))
            with line.makefile("rw") as stream:
                stream.write(json.dumps(order) + "\n")
                stream.flush()
                answer: dict[str, Any] = json.loads(stream.readline())
        return answer


@contextmanager
def bad_stick(
    folder: Path,
    *,
    claimed: int = 0,
    real: int | None = None,
    beyond: Literal["drop", "wrap"] = "drop",
    reserves: bool = False,
) -> Iterator[BadStick]:
    """Mount a stick that misbehaves when it is told to.

    Args:
        folder: An unused place for what belongs to it.
        claimed: How many bytes it says it has, and lets be written; 0 for the disk that it lies on.
        real: How many it has indeed; all that it claims by default.
        beyond: What becomes of what is written beyond the real end: it is lost, or overwrites the beginning.
        reserves: True if room can be set aside without writing to it (only where a size is claimed).
    """
    need("/dev/fuse", "umount")
    if importlib.util.find_spec("mfusepy") is None:
        pytest.skip("mfusepy is not installed (it is where the developers' tools are, on Linux)")
    stick = BadStick(folder, claimed, claimed if real is None else real, beyond, reserves=reserves)
    try:
        stick.insert()
        yield stick
    finally:
        stick.close()
