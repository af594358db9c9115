"""A build that is killed at any moment: nothing looks whole, nothing is fetched twice, the next run continues."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud import read_credentials
from lockstick.sandbox import Drip, Fault, Sandbox, SandboxOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.conftest import Runner

KILLS = 20


@pytest.fixture
def slow_cloud(tmp_path: Path) -> Iterator[Sandbox]:
    """Sixteen packages of 192 KiB that come in pieces, so that there are moments to be killed at."""
    options = SandboxOptions(package_size=192 * 1024, bulk_count=12, bulk_size=192 * 1024)
    with Sandbox.start(tmp_path / "cloud", options=options) as cloud:
        cloud.define_lockbox("kiosk")
        cloud.faults.add(Fault(kind=Drip(size=32 * 1024, pause=0.04), origin="store", times=None))
        yield cloud


def finished(images: Path) -> set[str]:
    return {
        path.relative_to(images).as_posix() for path in images.rglob("*") if path.is_file() and not path.is_symlink()
    }


def objects_asked_for(cloud: Sandbox, since: int) -> set[str]:
    return {
        request.path.rsplit("/targets/", 1)[1]
        for request in cloud.requests.all()[since:]
        if request.origin == "api" and "/targets/" in request.path
    }


@pytest.mark.slow
def test_a_build_killed_twenty_times_ends_verified(
    slow_cloud: Sandbox, lockstick: Runner, roots_of: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "lockstick", "build", "kiosk", "--quiet", "--connections", "4", "--store", "none"]
    command += ["--credentials", str(slow_cloud.credentials_path), "--output", str(out)]
    chance = random.Random(20261121)
    killed = kept = 0
    for _ in range(400):
        if killed == KILLS:
            break
        done_before = finished(out / "images")
        asked_before = len(slow_cloud.requests.all())
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            # Mostly while packages come, however long the machine takes to get there; sometimes before.
            is_early = chance.random() < 0.2
            deadline = time.monotonic() + (chance.uniform(0.0, 0.4) if is_early else 30)
            while time.monotonic() < deadline and process.poll() is None:
                if deadline > time.monotonic() + 1 and objects_asked_for(slow_cloud, asked_before):
                    deadline = time.monotonic() + chance.uniform(0.0, 1.2)
                # The device's rule: a folder metadata/ under its final name is a lockbox.
                visible = (out / "metadata").exists()
                assert not visible or process.wait(timeout=30) == 0
                time.sleep(0.005)
            process.kill()
            process.wait()
        asked_again = objects_asked_for(slow_cloud, asked_before) & done_before
        assert not asked_again, "a package that was there, proven, was fetched again"
        if (out / "metadata").exists():
            # It was quicker than the executioner: it must be whole, and the next round starts from nothing.
            assert lockstick("verify", out, "--trust", roots_of).code == 0
            subprocess.run(["rm", "-rf", str(out)], check=True)
            continue
        killed += 1
        kept += len(finished(out / "images") - done_before)
        if out.exists():
            assert lockstick("verify", out).code == 8
    assert killed == KILLS
    assert kept > 0
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert lockstick("verify", out, "--trust", roots_of).code == 0
    assert sorted(path.name for path in out.iterdir()) == ["images", "metadata"]


@pytest.fixture
def roots_of(slow_cloud: Sandbox, tmp_path: Path) -> Path:
    folder = tmp_path / "roots"
    folder.mkdir()
    account = read_credentials(slow_cloud.credentials_path)
    (folder / "director-root.json").write_bytes(account.director_root or b"")
    (folder / "image-root.json").write_bytes(account.image_root or b"")
    return folder
