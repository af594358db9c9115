"""Writing a lockbox to several sticks at once: the source is read once, and every stick goes at its own speed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.errors import DistrustError, UsageError
from lockstick.lockbox.consignment import consign
from lockstick.lockbox.layout import MEDIA_FOLDER, WORK_FOLDER
from lockstick.media.writing.chorus import Chorus
from lockstick.media.writing.filling import StoppedError
from lockstick.media.writing.onestick import StickRun
from lockstick.media.writing.outcome import StickOutcome, WriteOutcome
from lockstick.media.writing.proving import prover
from lockstick.media.writing.supply import MEMORY, Supply
from lockstick.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from lockstick.disk.tree import Tree
    from lockstick.errors import LockstickError
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.consignment import Consignment
    from lockstick.lockbox.seen import SeenFiles
    from lockstick.media.writing.holding import Held
    from lockstick.media.writing.proving import Prove
    from lockstick.progress import Observer

__all__ = ["refuse_own_source", "refuse_twins", "write", "write_consignment"]

_LOOK = 0.2


def write(
    source: Tree,
    mounts: Sequence[Path],
    *,
    anchors: AnchorChoice,
    at: datetime,
    clock: Callable[[], float],
    prove: Prove | None = None,
    observer: Observer = SILENT,
    memory: SeenFiles | None = None,
    retry_bad: bool = False,
) -> WriteOutcome:
    """Write a lockbox to sticks, read it back, and make it visible to devices.

    Args:
        source: The lockbox.
        mounts: Where the sticks are mounted.
        anchors: What to believe.
        at: The time to judge by.
        clock: A monotonic clock in seconds.
        prove: Reads a stick back; by default past the system's memory, with ``verify`` to judge.
        observer: Told of the progress.
        memory: What this machine has verified before; None to go without.
        retry_bad: True to write once more, once, what was written and is read back wrong.

    Returns:
        What became of each stick; one that fails does not disturb the others.

    Raises:
        DistrustError: The source is not to be trusted; then nothing becomes visible on any stick.
        NotCurrentError: It is genuine, but expired or superseded.
        UsageError: The sticks were not named as they should be.
        MediaError: The source cannot be read.
    """
    observer.phase("metadata")
    consignment = consign(source, anchors=anchors, at=at, memory=memory)
    return write_consignment(
        consignment,
        source,
        mounts,
        prove=prover(anchors, at, clock, memory) if prove is None else prove,
        clock=clock,
        observer=observer,
        retry_bad=retry_bad,
    )


def write_consignment(
    consignment: Consignment,
    source: Tree,
    mounts: Sequence[Path],
    *,
    prove: Prove,
    clock: Callable[[], float],
    observer: Observer = SILENT,
    retry_bad: bool = False,
    refused: Mapping[Path, LockstickError] | None = None,
    held: Held | None = None,
    memory_limit: int = MEMORY,
) -> WriteOutcome:
    """Write what has been judged already; see :func:`write`.

    Args:
        consignment: What is to be on the sticks.
        source: Where its bytes come from.
        mounts: Where the sticks are mounted.
        prove: Reads a stick back.
        clock: A monotonic clock in seconds.
        observer: Told of the progress.
        retry_bad: True to write once more, once, what was written and is read back wrong.
        refused: Sticks to which nothing is written, and why; they have their place among the outcomes.
        held: Knows whether these are still the sticks that were looked at before; None if nobody looked.
        memory_limit: How many bytes of the source are kept for sticks that come after.

    Returns:
        What became of each stick.

    Raises:
        LockstickError: As :func:`write`.
    """
    refuse_twins(mounts)
    refuse_own_source(source, mounts)
    started, began = clock(), datetime.now(UTC)
    stop = threading.Event()
    errors = refused or {}
    wanted = [mount for mount in mounts if mount not in errors]
    supply = Supply(source, memory=memory_limit if len(wanted) > 1 else 0)
    chorus = Chorus(observer, len(wanted))
    runs = [
        StickRun(
            mount=mount,
            consignment=consignment,
            source=source,
            supply=supply,
            prove=prove,
            clock=clock,
            observer=chorus.voice(mount),
            stopped=stop.is_set,
            retry_bad=retry_bad,
            held=held,
        )
        for mount in wanted
    ]
    with ThreadPoolExecutor(max(len(runs), 1), "lockstick-stick") as pool:
        jobs = [pool.submit(run.run) for run in runs]
        try:
            done = {one.mount: one for one in _gather(jobs, stop)}
        except BaseException:
            stop.set()
            raise
    wrong = next((one.error for one in done.values() if isinstance(one.error, DistrustError)), None)
    if wrong is not None:
        if not any(one.is_proven for one in done.values()):
            raise wrong
        # A stick that was quicker than whoever changed the source is proven, and stays so.
        errors = {**{mount: wrong for mount in wanted if mount not in done}, **errors}
    return WriteOutcome(
        consignment=consignment,
        sticks=tuple(
            StickOutcome(mount=mount, error=errors[mount]) if mount in errors else done[mount] for mount in mounts
        ),
        source_read=supply.bytes_read,
        began=began,
        seconds=clock() - started,
    )


def _gather(jobs: Sequence[Future[StickOutcome]], stop: threading.Event) -> tuple[StickOutcome, ...]:
    pending = set(jobs)
    while pending:
        # A timeout, because a wait without one cannot be interrupted on every system.
        done, pending = wait(pending, timeout=_LOOK)
        for job in done:
            try:
                outcome = job.result()
            except StoppedError:
                continue
            if isinstance(outcome.error, DistrustError):
                # The source is wrong, so no stick that still needs it can come to a good end.
                stop.set()
    found = []
    for job in jobs:
        try:
            found.append(job.result())
        except StoppedError:
            continue
    return tuple(found)


def refuse_twins(mounts: Sequence[Path]) -> None:
    """Refuse sticks that were not named as they should be.

    Args:
        mounts: Where they are mounted.

    Raises:
        UsageError: None was named, or one twice.
    """
    if not mounts:
        raise UsageError("no stick was named")
    for index, mount in enumerate(mounts):
        for other in mounts[:index]:
            try:
                is_same = mount.samefile(other)
            except OSError:
                is_same = mount == other
            if is_same:
                raise UsageError(f"{mount} was named twice", remedy="Name every stick once.")


def refuse_own_source(source: Tree, mounts: Sequence[Path]) -> None:
    """Refuse a source in the very folders of a stick that are about to be replaced.

    Args:
        source: The lockbox.
        mounts: Where the sticks are mounted.

    Raises:
        UsageError: It lies there; it would be hidden, and emptied, while it is read.
    """
    place = Path(source.shown).resolve()
    for mount in mounts:
        for own in (mount / MEDIA_FOLDER, mount / WORK_FOLDER):
            if any(_is_same(own, folder) for folder in (place, *place.parents)):
                raise UsageError(
                    f"the lockbox in {source.shown} lies on {mount}, in the folder that is to be replaced",
                    remedy="To look whether it is whole, run 'lockstick verify'. To write it, copy it to this machine "
                    "first.",
                )


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
