"""Writing to sticks: against copying and checking by hand, an update, and three at once (Linux, root)."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from comparisons import SLOW_ROUNDS, Comparison, Goal, Ground
from lockstick.sandbox import Package, Sandbox
from measuring import BrokenContestantError, Contestant, race
from throttling import throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from measuring import Sample

__all__ = ["Boxes", "compare_sticks", "made_boxes", "why_not"]

_LOCKBOX = "bench"
_WRITE, _READ = 20_000_000, 130_000_000
_SPEEDS = (20_000_000, 30_000_000, 40_000_000)
_RIVAL = "cp -r, sync, drop caches, sha256sum -c"
_TITLE = "lockstick write"


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """Two versions of a lockbox of ten packages, one of which differs.

    Attributes:
        one: The first.
        two: The second.
        trust: A ``credentials.zip`` with the roots.
        sums: The digests of all files of the first, as ``sha256sum -c`` takes them.
        size: Bytes of its packages.
    """

    one: Path
    two: Path
    trust: Path
    sums: Path
    size: int


def why_not() -> str:
    """Why this machine cannot measure it; empty if it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root may mount"
    missing = [name for name in ("mkfs.ext4", "losetup", "mount", "sha256sum", "cp") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not found" if missing else ""


@contextmanager
def made_boxes(ground: Ground, size: int, name: str) -> Iterator[Boxes]:
    """Make both versions with a rehearsal cloud.

    Args:
        ground: What all comparisons share.
        size: Bytes of each of the ten packages.
        name: What to call the folder.
    """
    folder = ground.folder / name
    folder.mkdir()
    one, two = folder / "one", folder / "two"
    with Sandbox.start(folder / "cloud") as cloud:
        kept = [Package(name=f"kept{n}", version="1", hardware_ids=(f"board{n}",), size=size) for n in range(9)]
        targets = [record.target for record in cloud.add_packages(kept)]
        trust = Path(shutil.copy(cloud.credentials_path, folder))
        build = [*ground.lockstick, "build", _LOCKBOX, "--credentials", str(trust), "--store", "none"]
        for version, output in (("1", one), ("2", two)):
            changing = Package(name="changing", version=version, hardware_ids=("changing",), size=size)
            cloud.define_lockbox(_LOCKBOX, [*targets, cloud.add_package(changing).target])
            ground.once([*build, "--output", str(output)])
    files = sorted(path for path in one.rglob("*") if path.is_file())
    sums = folder / "sums"
    with sums.open("w") as lines:
        for path in files:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            lines.write(f"{digest}  {path.relative_to(one)}\n")
    try:
        yield Boxes(one=one, two=two, trust=trust, sums=sums, size=10 * size)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _stick(folder: Path, size: int) -> Iterator[tuple[Path, str]]:
    """An empty ext4 on a loop device that asks the disk below it for every byte; where it is, and its device."""
    folder.mkdir()
    image, mount = folder / "image", folder / "mount"
    mount.mkdir()
    # Written once, so that nobody pays for finding room on the disk below.
    subprocess.run(["fallocate", "-l", str(size), image], check=True)
    found = subprocess.run(
        ["losetup", "-f", "--show", "--direct-io=on", image], check=True, capture_output=True, text=True
    )
    device = found.stdout.strip()
    try:
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", device], check=True)
        subprocess.run(["mount", device, mount], check=True)
        try:
            yield mount, device
        finally:
            subprocess.run(["umount", mount], check=True)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
        shutil.rmtree(folder)


def compare_sticks(ground: Ground, boxes: Boxes, *, is_slow: bool) -> list[Comparison]:
    """Measure writing with read-back, an update, and three sticks at once.

    Args:
        ground: What all comparisons share.
        boxes: What is written.
        is_slow: True for sticks as slow as real ones; False for as fast as this machine's disk.
    """
    with ExitStack() as stack:
        room = boxes.size * 2 + (256 << 20)
        mounts = [stack.enter_context(_stick(ground.folder / f"stick-{number}", room)) for number in range(3)]
        if not is_slow:
            return [_against_copying(ground, boxes, mounts[0][0], "a loop device on this machine's disk")]
        for (_, device), speed in zip(mounts, _SPEEDS, strict=True):
            if not stack.enter_context(throttled(device, write=speed, read=_READ)):
                return [Comparison(title="sticks", results=[], left_out=["all: this system slows no device down"])]
        few = replace(ground, rounds=min(ground.rounds, SLOW_ROUNDS))
        words = f"a stick that writes {_WRITE // 10**6} MB/s and reads {_READ // 10**6}"
        return [
            _against_copying(few, boxes, mounts[0][0], words),
            _three(few, boxes, [mount for mount, _ in mounts]),
        ]


def _against_copying(ground: Ground, boxes: Boxes, mount: Path, words: str) -> Comparison:
    copy = 'cp -r "$1" "$2" && sync && echo 3 >/proc/sys/vm/drop_caches && cd "$2" && sha256sum --quiet -c "$3"'
    contestants = [
        Contestant(
            name=_TITLE,
            command=_write(ground, boxes, boxes.one, mount),
            prepare=partial(_prepare, boxes, _emptied(mount)),
        ),
        Contestant(
            name="the same, one package of ten is new",
            command=_write(ground, boxes, boxes.two, mount),
            prepare=partial(_prepare, boxes, lambda: None),  # it goes on from what the one before has left
        ),
        Contestant(
            name=_RIVAL,
            command=["sh", "-c", copy, "sh", str(boxes.one), str(mount / "update"), str(boxes.sums)],
            prepare=partial(_prepare, boxes, _emptied(mount)),
        ),
    ]
    results = race(contestants, rounds=ground.rounds, environment=ground.environment, warms_up=False, say=ground.say)
    ours, update, theirs = results
    return Comparison(
        title=f"write {boxes.size // 10**6} MB to {words}",
        results=results,
        goals=[
            Goal(what=f"wall time against {_RIVAL}", limit=1.0, measured=ours.ratio(theirs, _wall)),
            Goal(what="an update against the whole", limit=0.25, measured=update.ratio(ours, _wall)),
        ],
    )


def _three(ground: Ground, boxes: Boxes, mounts: list[Path]) -> Comparison:
    contestants = [
        Contestant(
            name="lockstick write, three sticks",
            command=_write(ground, boxes, boxes.one, *mounts),
            prepare=partial(_prepare, boxes, _emptied(*mounts)),
        ),
        Contestant(
            name="lockstick write, the slowest alone",
            command=_write(ground, boxes, boxes.one, mounts[0]),
            prepare=partial(_prepare, boxes, _emptied(*mounts)),
        ),
    ]
    results = race(contestants, rounds=ground.rounds, environment=ground.environment, warms_up=False, say=ground.say)
    speeds = ", ".join(str(speed // 10**6) for speed in _SPEEDS)
    return Comparison(
        title=f"three sticks that write {speeds} MB/s",
        results=results,
        goals=[Goal(what="wall time", limit=1.15, measured=results[0].ratio(results[1], _wall))],
    )


def _write(ground: Ground, boxes: Boxes, source: Path, *mounts: Path) -> list[str]:
    to = [word for mount in mounts for word in ("--to", str(mount))]
    return [*ground.lockstick, "write", str(source), *to, "--trust", str(boxes.trust), "--i-know", "--quiet"]


def _emptied(*mounts: Path) -> Callable[[], None]:
    def empty() -> None:
        for mount in mounts:
            for entry in mount.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    return empty


def _prepare(boxes: Boxes, empty: Callable[[], None]) -> None:
    """The stick as it should be, nothing of it in memory, and the whole source there: the same for everybody."""
    empty()
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError as error:
        raise BrokenContestantError(f"the caches cannot be dropped: {error}") from error
    for source in (boxes.one, boxes.two):
        for path in source.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    while file.read(1 << 20):
                        pass


def _wall(sample: Sample) -> float:
    return sample.wall
