"""Put canaries into the free space of a stick, read them back past the cache, and take them away again."""

from __future__ import annotations

import errno
import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from lockstick.disk.durable import flush, flush_all, flush_folders, reserve
from lockstick.disk.space import allocated
from lockstick.disk.trouble import media_error
from lockstick.media.capacity.canaries import BLOCK, Plan, Spot, canary, conclude, plan_filled, plan_sparse
from lockstick.media.capacity.folder import PROBE, canary_folder, remove_leftovers
from lockstick.media.capacity.outcome import CapacityOutcome, Verdict
from lockstick.media.readback.comparing import check_present
from lockstick.media.readback.exclusion import Exclusion, How
from lockstick.media.readback.tree import PastCacheTree
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["check_capacity"]

_NAME = "canaries"
_PIECE = 256 * BLOCK
_FLUSH_EVERY = 32 * _PIECE
_LEAST = 4 << 20
_MARGIN = 1 << 20
_ENOUGH = 4 << 30
_NOTHING = Exclusion(files={})


class _Disk(NamedTuple):
    size: int
    free: int


def check_capacity(
    mount: Path,
    *,
    key: bytes,
    clock: Callable[[], float],
    most: int = _ENOUGH,
    observer: Observer = SILENT,
    stopped: Callable[[], bool] = lambda: False,
) -> CapacityOutcome:
    """Find out whether a stick has the room that it says it has.

    A fiftieth of the free space, and one mebibyte at least, is left alone. Files are not touched by this; but on a
    stick that lies, writing beyond its end may overwrite any of them, whoever writes.

    Args:
        mount: Where it is mounted.
        key: Random bytes of this run, so that no canary of an earlier run passes for one of this.
        clock: A monotonic clock in seconds.
        most: How many bytes to write at most, where all that is to be judged has to be written.
        observer: Told of the canaries as of one file, written and read.
        stopped: Asked now and then; True ends the check early.

    Returns:
        What was found. The canaries are gone again, however this ends; if the process dies, the next check (or
        :func:`remove_leftovers`) takes them away.

    Raises:
        UsageError: Another check is at work there.
        MediaError: The medium failed, is read-only, or is gone.
    """
    remove_leftovers(mount)
    disk = _disk(mount)
    nothing = CapacityOutcome(mount=mount, verdict=Verdict.FULL, size=disk.size, free=disk.free, exclusion=_NOTHING)
    room = disk.free - max(_MARGIN, disk.free // 50)
    if room < _LEAST:
        return nothing
    with canary_folder(mount) as folder, ExitStack() as files:
        check = _Check(folder, key, clock, observer, stopped, files)
        try:
            return _judge(check, nothing, check.written(room, most))
        except OSError as error:
            check_present(error, PastCacheTree(mount))
            raise media_error(error, mount, "checked") from error


@dataclass(frozen=True)
class _Written:
    plan: Plan
    seconds: float
    is_whole: bool


@dataclass(frozen=True)
class _Check:
    folder: Path
    key: bytes
    clock: Callable[[], float]
    observer: Observer
    stopped: Callable[[], bool]
    files: ExitStack

    def written(self, room: int, most: int) -> _Written:
        """Write the canaries, sparsely if the file system can."""
        begin = self.clock()
        plan = plan_sparse(room)
        if plan.written >= min(room, most) or not self._can_reserve(plan.spots[0].room):
            plan = plan_filled(room, most)
        self.observer.file_started(_NAME, length=2 * plan.written)
        done: list[Spot] = []
        fds: list[int] = []
        for index, spot in enumerate(plan.spots):
            kept = self._write(index, spot, fds)
            if kept.length:
                done.append(kept)
            if kept != spot:  # stopped, or the file system needed some of the room itself
                break
        flush_all(fds)
        flush_folders([self.folder])
        return _Written(
            replace(plan, spots=tuple(done)), self.clock() - begin, is_whole=not self.stopped() and bool(done)
        )

    def read(self, written: _Written, tree: PastCacheTree) -> tuple[list[int], dict[int, int | None]]:
        """Read them back; see :func:`conclude` for what is given."""
        positions: list[int] = []
        wrong: dict[int, bytes] = {}
        for index, spot in enumerate(written.plan.spots):
            with tree.open((str(index),)) as file:
                for at in range(0, spot.length, BLOCK):
                    if self.stopped():
                        return positions, {}
                    positions.append(spot.start + at)
                    found = _block(file, at, tree)
                    if found != canary(self.key, spot.start + at):
                        wrong[spot.start + at] = found[:BLOCK]
                    if at % _PIECE == 0:
                        self.observer.advanced(_NAME, min(_PIECE, spot.length - at))
        if not wrong:
            return positions, {}
        names = {canary(self.key, one): one for one in positions}
        return positions, {position: names.get(found) for position, found in wrong.items()}

    def _can_reserve(self, length: int) -> bool:
        """Say whether room can be set aside here without being written."""
        path = self.folder / PROBE
        with path.open("xb") as file:
            try:
                reserve(file.fileno(), length)
            except OSError:
                return False
            finally:
                is_there = allocated(path) >= length
        path.unlink()
        return is_there

    def _write(self, index: int, spot: Spot, fds: list[int]) -> Spot:
        """Write one file of canaries; what comes back is as much of it as there was room for."""
        file = (self.folder / str(index)).open("xb", buffering=0)
        self.files.callback(_let_go, file)
        fds.append(file.fileno())
        done = 0
        try:
            if spot.room > spot.length:
                reserve(file.fileno(), spot.room)
            for at in range(0, spot.length, _PIECE):
                if self.stopped():
                    break
                length = min(_PIECE, spot.length - at)
                _write_all(file, b"".join(canary(self.key, spot.start + at + one) for one in range(0, length, BLOCK)))
                done += length
                self.observer.advanced(_NAME, length)
                if done % _FLUSH_EVERY == 0:
                    flush(file.fileno())
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        return spot if done == spot.length else Spot(spot.start, done, done)


def _judge(check: _Check, nothing: CapacityOutcome, written: _Written) -> CapacityOutcome:
    plan = written.plan
    so_far = replace(
        nothing,
        covered=plan.covered,
        is_sparse=plan.is_sparse,
        written=plan.written,
        write_rate=plan.written / written.seconds if written.seconds else 0.0,
    )
    if not written.is_whole:
        return replace(so_far, verdict=Verdict.STOPPED if check.stopped() else Verdict.FULL)
    tree = PastCacheTree(check.folder)
    begin = check.clock()
    positions, wrong = check.read(written, tree)
    seconds = check.clock() - begin
    check.observer.file_finished(_NAME)
    found = conclude(positions, wrong)
    before = nothing.size - nothing.free
    real = None if found.real is None else found.real + (0 if found.comes_around else before)
    if check.stopped():
        verdict = Verdict.STOPPED
    elif real is not None:
        verdict = Verdict.LYING
    elif found.lost:
        verdict = Verdict.DAMAGED
    else:
        verdict = Verdict.UNPROVEN if tree.exclusion.how is How.NONE else Verdict.HONEST
    return replace(
        so_far,
        verdict=verdict,
        lost=found.lost * BLOCK,
        real=real,
        comes_around=found.comes_around,
        exclusion=tree.exclusion,
        read_rate=plan.written / seconds if seconds else 0.0,
    )


def _block(file: io.RawIOBase, at: int, tree: PastCacheTree) -> bytes:
    """Read one block; nothing if the medium reports an error there."""
    try:
        file.seek(at)
        data = b""
        while len(data) < BLOCK and (more := file.read(BLOCK - len(data))):
            data += more
    except OSError as error:
        check_present(error, tree)
        return b""
    return data


def _let_go(file: io.FileIO) -> None:
    with suppress(OSError):  # all is flushed, or an error is on its way already
        file.close()


def _write_all(file: io.FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]


def _disk(mount: Path) -> _Disk:
    try:
        usage = shutil.disk_usage(mount)
    except OSError as error:
        raise media_error(error, mount, "read") from error
    return _Disk(usage.total, usage.free)
