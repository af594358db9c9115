"""A disk that is really full, from the command line."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from lockstick.sandbox import Package, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Runner

MIB = 1 << 20


def test_a_lockbox_that_does_not_fit_is_refused_before_it_is_fetched(
    lockstick: Runner, cloud: Sandbox, small_disk: Path
) -> None:
    cloud.add_package(Package(name="large", version="1", hardware_ids=("large-board",), size=9 * MIB))
    cloud.define_lockbox("kiosk")
    out = small_disk / "out"
    result = lockstick("build", "kiosk", "--credentials", cloud.credentials_path, "--output", out)
    assert result.code == 6
    assert "room" in result.err
    assert not cloud.requests.matching(origin="store")
    assert not (out / "metadata").exists()


def test_wherever_the_room_runs_out_nothing_looks_like_a_lockbox(
    lockstick: Runner, cloud: Sandbox, small_disk: Path
) -> None:
    cloud.define_lockbox("kiosk", ["sensors/co2 hub-2.3.1.bin"])
    out, filler = small_disk / "out", small_disk / "filler"
    call = ("build", "kiosk", "--credentials", cloud.credentials_path, "--output", out)
    ended_after_the_package = 0
    for room in range(96, 140, 4):
        free = _fill(filler)
        with filler.open("r+b") as file:
            file.truncate(free - room * 1024)
        result = lockstick(*call)
        assert result.code in (0, 6), result
        assert (out / "metadata").exists() is (result.code == 0)
        ended_after_the_package += result.code == 6 and (out / "images" / "sensors").exists()
        filler.unlink()
        shutil.rmtree(out, ignore_errors=True)
    assert ended_after_the_package, "the room never ran out behind the package"
    assert lockstick(*call).code == 0


def _fill(path: Path) -> int:
    """Write until the disk is full; how many bytes that were."""
    written = 0
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                written += file.write(bytes(4096))
        except OSError:
            return written
