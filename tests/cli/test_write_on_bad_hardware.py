"""Writing as it is typed, to ext4 and exFAT on hardware that goes wrong: the code is right, and nothing looks whole.

The hardware is a file on a stick that does as it is told, so that faults come from below the file system, as they do
from a real stick: wrong sectors, errors, slowness, a stick that is no longer there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from media.ground import BadStick, Stick, exfat, ext4
from media.writing.boxes import contents, lay, packages, verified, write_roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MIB = 1 << 20
AT = "2026-06-01T00:00:00Z"
SLOW = 6_000_000
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounting for a test needs Linux and root")


@dataclass
class Bench:
    """A stick, the hardware below it, and a lockbox to be written."""

    hardware: BadStick
    stick: Stick
    box: Path
    roots: Path

    @property
    def image(self) -> Path:
        """What the hardware holds, seen behind its back."""
        return self.hardware.folder / "stick" / "image"

    @contextmanager
    def writing(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "lockstick", "write", str(self.box), "--to", str(self.stick.mount)]
        command += ["--json", "--i-know", "--trust", str(self.roots), "--at", AT]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def write(self, meanwhile: Callable[[], None] = lambda: None) -> tuple[int, dict[str, Any]]:
        """Write, do something once a third of it has arrived, and say how it ended."""
        begun = sum(self.hardware.written().values())
        with self.writing() as process:
            while sum(self.hardware.written().values()) < begun + 2_500_000 and process.poll() is None:
                time.sleep(0.01)
            meanwhile()
            out, said = process.communicate(timeout=120)
        assert "Traceback" not in said
        found: dict[str, Any] = json.loads(out)
        return process.returncode, found

    @property
    def is_visible(self) -> bool:
        return (self.stick.mount / "update").exists()

    def comes_to_a_good_end(self) -> None:
        """With nothing wrong any more, the same command goes on."""
        self.hardware.slow()
        code, found = self.write()
        assert code == 0, found
        assert contents(self.stick.mount / "update") == contents(self.box)
        self.stick.eject()
        self.stick.insert()
        assert verified(self.stick.mount / "update").verdict == "verified"


@pytest.fixture(params=["ext4", "exfat"])
def bench(request: pytest.FixtureRequest, fuse_stick: BadStick, tmp_path: Path) -> Iterator[Bench]:
    make = ext4 if request.param == "ext4" else exfat
    with ExitStack() as stack:
        stick = stack.enter_context(make(fuse_stick.mount / "stick", 24 * MIB))
        stack.callback(fuse_stick.slow)
        stack.callback(fuse_stick.come_back)
        stack.callback(fuse_stick.heal)
        fuse_stick.slow(write=SLOW)
        box, roots = lay(tmp_path / "box", packages(4, 2_000_000)), write_roots(tmp_path / "roots")
        yield Bench(fuse_stick, stick, box, roots)


def test_slow_hardware_is_waited_for(bench: Bench) -> None:
    code, found = bench.write()
    assert code == 0
    (one,) = found["sticks"]
    assert one["outcome"] == "verified"
    assert one["write_seconds"] > 8_000_000 / SLOW * 0.8, "bytes count when the hardware has them"
    assert contents(bench.stick.mount / "update") == contents(bench.box)


def test_a_stick_that_somebody_else_fills_meanwhile(bench: Bench) -> None:
    filler = bench.stick.mount / "filler"

    size = 17 * MIB
    bench.box = lay(bench.box.parent / "larger", packages(5, size // 5))
    bench.hardware.slow(write=SLOW / 4)
    with bench.writing() as process:
        while not (bench.stick.mount / ".lockstick" / "next" / "images").exists() and process.poll() is None:
            time.sleep(0.01)
        # Room is taken at once, without a byte being written.
        with filler.open("wb") as file, suppress(OSError):  # the other one takes some of it meanwhile
            free = shutil.disk_usage(bench.stick.mount).free
            for part in range(1, 65):
                if bench.stick.kind == "ext4":
                    os.posix_fallocate(file.fileno(), 0, free * part // 64)
                else:
                    file.truncate(free * part // 64)
        bench.hardware.slow()
        out, said = process.communicate(timeout=120)
    found = json.loads(out)
    assert "Traceback" not in said
    assert process.returncode == 6, found
    assert "full" in found["sticks"][0]["error"]["why"]
    assert not bench.is_visible
    filler.unlink()
    bench.comes_to_a_good_end()


def test_a_stick_that_is_read_only_from_the_beginning(bench: Bench) -> None:
    bench.stick.protect()
    code, found = bench.write()
    assert code == 6
    assert "read-only" in found["sticks"][0]["error"]["why"]
    assert not bench.is_visible


def test_a_stick_that_is_unmounted_by_force(bench: Bench) -> None:
    def pull() -> None:
        subprocess.run(["umount", "-l", bench.stick.mount], check=True)

    code, found = bench.write(pull)
    assert code == 6
    assert "was removed" in found["sticks"][0]["error"]["what"]
    assert list(bench.stick.mount.iterdir()) == [], "nothing is written where it was"
    bench.hardware.slow()
    time.sleep(0.5)  # what serves it ends once nobody uses it any more
    bench.stick.insert()
    assert not bench.is_visible
    bench.comes_to_a_good_end()


def test_hardware_that_takes_nothing_any_more(bench: Bench) -> None:
    def break_it() -> None:
        bench.hardware.fail("stick/image", on="write")

    code, found = bench.write(break_it)
    assert code == 6
    assert found["sticks"][0]["outcome"] != "verified"
    bench.hardware.heal()
    bench.stick.yank()
    time.sleep(0.5)
    bench.stick.insert()
    assert not bench.is_visible


def test_one_wrong_sector_below_the_file_system_is_found(bench: Bench) -> None:
    wanted = (bench.box / "images" / "p0.bin").read_bytes()[4096:8192]
    held: list[int] = []

    def spoil() -> None:
        end = time.monotonic() + 20
        while not held and time.monotonic() < end:
            at = bench.image.read_bytes().find(wanted)
            held.extend([at] if at >= 0 else [])
        bench.hardware.flip("stick/image", held[0] + 99)

    code, found = bench.write(spoil)
    assert code == 6
    (one,) = found["sticks"]
    assert "p0.bin" in one["error"]["why"]
    assert "the medium" in one["error"]["why"]
    assert not bench.is_visible
    bench.hardware.heal()
    bench.comes_to_a_good_end()


def test_the_very_lockbox_on_a_stick_that_has_rotted_is_hidden(bench: Bench) -> None:
    bench.hardware.slow()
    assert bench.write()[0] == 0
    wanted = (bench.box / "images" / "p2.bin").read_bytes()[4096:8192]
    at = bench.image.read_bytes().index(wanted)
    bench.hardware.flip("stick/image", at + 7)
    code, found = bench.write()
    if code == 0:  # written again elsewhere on the medium
        assert found["sticks"][0]["rewritten"] == ["images/p2.bin"]
        assert contents(bench.stick.mount / "update") == contents(bench.box)
    else:
        assert code == 6
        assert not bench.is_visible
