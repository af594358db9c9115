"""What somebody planted on a stick or in a store: nothing is written through it, and nothing waits for it."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.lock import try_lock
from lockstick.sandbox import Package, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.conftest import Result, Runner

pytestmark = pytest.mark.skipif(os.name != "posix", reason="second names and pipes of POSIX")
LEFT = b"bytes that are there already. " * 9_999
RIGHT = b"bytes that are still missing. " * 9_999


@pytest.fixture
def wings(cloud: Sandbox) -> Sandbox:
    """A lockbox of two packages, ``left`` and ``right``."""
    for name, content in (("left", LEFT), ("right", RIGHT)):
        cloud.add_package(Package(name=name, version="1", hardware_ids=(f"{name}-wing",), content=content))
    cloud.define_lockbox("wings", ["left-1", "right-1"])
    return cloud


def make(lockstick: Runner, cloud: Sandbox, output: Path, store: str | Path) -> Result:
    return lockstick(
        "build", "wings", "--credentials", cloud.credentials_path, "--output", output, "--store", store, "--json"
    )


def waiting(data: bytes, target: str) -> str:
    """The name under which a package gathers in an output: nobody has to be asked for it."""
    return hashlib.sha256(f"sha256:{hashlib.sha256(data).hexdigest()} {target}".encode()).hexdigest()


@pytest.mark.parametrize("where", ["the output", "the store"])
def test_a_download_is_never_written_into_a_file_that_has_another_name(
    lockstick: Runner, wings: Sandbox, tmp_path: Path, where: str
) -> None:
    output, store = tmp_path / "out", tmp_path / "store"
    assert make(lockstick, wings, output, store if where == "the store" else "none").code == 0
    (output / "images" / "right-1").unlink()
    if where == "the output":
        partial = output / ".lockstick" / "partial" / f"{waiting(RIGHT, 'right-1')}.part"
    else:
        digest = hashlib.sha256(RIGHT).hexdigest()
        (store / "sha256" / digest[:2] / digest).unlink()
        partial = store / "partial" / f"{digest}.part"
    partial.parent.mkdir(parents=True, exist_ok=True)
    os.link(output / "images" / "left-1", partial)
    assert make(lockstick, wings, output, store if where == "the store" else "none").code == 0
    assert (output / "images" / "left-1").read_bytes() == LEFT
    assert (output / "images" / "right-1").read_bytes() == RIGHT
    assert lockstick("verify", output, "--tofu").code == 0


PIPES = {
    "the index": "index.json",
    "the marker": "lockstick-store.json",
    "the claims of another run": "sessions/9.json",
    "a journal": f"partial/{hashlib.sha256(RIGHT).hexdigest()}.part.journal",
    "a download": f"partial/{hashlib.sha256(RIGHT).hexdigest()}.part",
    "the lock of a run": "sessions/1.lock",
    "the store's lock": "lock",
}


@pytest.mark.parametrize("what", PIPES)
def test_nobody_waits_for_a_pipe_in_the_store(lockstick: Runner, wings: Sandbox, tmp_path: Path, what: str) -> None:
    store = tmp_path / "store"
    assert make(lockstick, wings, tmp_path / "first", store).code == 0
    digest = hashlib.sha256(RIGHT).hexdigest()
    (store / "sha256" / digest[:2] / digest).unlink()
    place = store / PIPES[what]
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    with held(store / "sessions" / "9.lock"):
        for command in (["list"], ["prune"]):
            assert lockstick("store", *command, "--store", store).code in (0, 6)
        assert make(lockstick, wings, tmp_path / "out", store).code == 0
    assert (tmp_path / "out" / "images" / "right-1").read_bytes() == RIGHT


def test_nobody_waits_for_a_pipe_in_an_output(lockstick: Runner, wings: Sandbox, tmp_path: Path) -> None:
    output = tmp_path / "out"
    partial = output / ".lockstick" / "partial" / f"{waiting(RIGHT, 'right-1')}.part"
    partial.parent.mkdir(parents=True)
    os.mkfifo(f"{partial}.journal")
    assert make(lockstick, wings, output, "none").code == 0
    assert (output / "images" / "right-1").read_bytes() == RIGHT


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """What another run at work does to its lock."""
    fd = try_lock(lock)
    assert fd is not None
    try:
        yield
    finally:
        os.close(fd)


@pytest.mark.parametrize("place", ["sha256", "partial", "sha256/ab"])
def test_a_store_that_cannot_be_listed_is_the_disks_fault(lockstick: Runner, tmp_path: Path, place: str) -> None:
    store = tmp_path / "store"
    assert lockstick("store", "prune", "--store", store).code == 0
    (store / place).parent.mkdir(exist_ok=True)
    with suppress(OSError):
        (store / place).rmdir()
    (store / place).symlink_to(place.rpartition("/")[2])
    result = lockstick("store", "list", "--store", store)
    assert result.code == (0 if "/" in place else 6)
    assert "Traceback" not in result.err


@pytest.mark.parametrize("what", ["folder", "link"])
@pytest.mark.parametrize("name", ["1.lock", "1.json"])
def test_what_lies_in_place_of_a_runs_files_gives_way(
    lockstick: Runner, wings: Sandbox, tmp_path: Path, name: str, what: str
) -> None:
    store = tmp_path / "store"
    assert make(lockstick, wings, tmp_path / "first", store).code == 0
    planted = store / "sessions" / name
    if what == "folder":
        (planted / "more").mkdir(parents=True)
    else:
        planted.symlink_to(tmp_path / "elsewhere")
    result = make(lockstick, wings, tmp_path / "out", store)
    assert (result.code, result.json()["fetched"]) == (0, 0)
    assert not (tmp_path / "elsewhere").exists()
    assert list((store / "sessions").iterdir()) == []
