"""What ``write`` does with sticks before and after the writing: looking at them, receipts, ejecting."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

from lockstick.errors import LockstickError, MediaError, UsageError
from lockstick.media.capacity import check_capacity
from lockstick.media.drives import find_drives
from lockstick.media.drives.belonging import called
from lockstick.media.preflight import Wishes, check, look_at, probe_of
from lockstick.media.remarks import Remark, Weight
from lockstick.media.writing.afterwards import record
from lockstick.media.writing.ending import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lockstick.media import preflight
    from lockstick.media.load import Load
    from lockstick.media.model import Drive
    from lockstick.media.records.register import Register
    from lockstick.media.records.signing import ReceiptKey
    from lockstick.media.writing.holding import Held
    from lockstick.media.writing.medium import RemovedError
    from lockstick.media.writing.outcome import WriteOutcome
    from lockstick.media.writing.planned import PlannedStick, Survey
    from lockstick.progress import Observer

__all__ = ["check_room", "finish", "survey_for", "with_meant_places"]


def survey_for(*, label: str | None, i_know: bool) -> Survey:
    """Make what looks at sticks and says whether they will do.

    Args:
        label: The label that the devices look for; None to ask for none.
        i_know: True if the user has said that a place that is no removable drive is meant.

    Returns:
        It.
    """
    drives = _drives()
    wishes = Wishes(label=label, i_know=i_know)

    def survey(mount: Path, load: Load) -> tuple[preflight.Medium, tuple[Remark, ...]]:
        facts = look_at(mount, drives, probe_of())
        return facts, check(facts, load, wishes)

    return survey


def with_meant_places(planned: Sequence[PlannedStick]) -> tuple[PlannedStick, ...]:
    """Say which place was probably meant, where a device or a label was named and not where the stick is mounted.

    Args:
        planned: What is known of the sticks.

    Returns:
        The same; where no folder was named and a stick goes by that name, the remedy names its folder.
    """
    if not any(isinstance(one.error, UsageError) for one in planned):
        return tuple(planned)
    drives = _drives()
    return tuple(_with_meant_place(one, drives) for one in planned)


def _with_meant_place(one: PlannedStick, drives: Sequence[Drive]) -> PlannedStick:
    if not isinstance(one.error, UsageError) or one.mount.is_dir():
        return one
    places = called(one.mount, drives)
    if not places:
        return one
    meant = " or ".join(str(place) for place in places)
    remedy = f"Name the folder where the stick is mounted: {meant}"
    return replace(one, error=UsageError(one.error.what, why=one.error.why, remedy=remedy))


def check_room(planned: Sequence[PlannedStick], observer: Observer, held: Held) -> tuple[PlannedStick, ...]:
    """Find out whether the sticks have the room that they say they have.

    Args:
        planned: What is known of them.
        observer: Told of the progress.
        held: Knows whether they are still there.

    Returns:
        The same; a stick that lies about its size has an error.
    """
    return tuple(one if one.error is not None else _with_true_size(one, observer, held) for one in planned)


def _with_true_size(one: PlannedStick, observer: Observer, held: Held) -> PlannedStick:
    lost = held.lost(one.mount)
    if lost is not None:
        return replace(one, error=lost)
    try:
        found = check_capacity(one.mount, key=secrets.token_bytes(32), clock=time.monotonic, observer=observer)
    except LockstickError as error:
        return replace(one, error=error)
    observer.message(f"{one.mount}: {found.words}")
    if found.is_good:
        return one
    return replace(one, error=MediaError(f"nothing is written to {one.mount}", why=found.words, remedy=found.remedy))


def finish(
    outcome: WriteOutcome,
    planned: Sequence[PlannedStick],
    *,
    register: Register,
    key: ReceiptKey | None,
    operator: str,
    held: Held,
    eject: Callable[[Path], object] | None = None,
) -> tuple[Ending, ...]:
    """Leave receipts, and eject what is proven.

    Args:
        outcome: What became of the sticks.
        planned: What was known of them before.
        register: This machine's register.
        key: The user's key for receipts; None to sign nothing.
        operator: Who writes, or empty.
        held: Knows whether the sticks are still there; lets go of those that are ejected.
        eject: Ejects the stick that a folder lies on; None to eject nothing.

    Returns:
        One for each stick.
    """
    known = {one.mount: one for one in planned}
    ended = datetime.now(UTC)
    endings = []
    for stick in outcome.sticks:
        before = known[stick.mount]
        ending = Ending(mount=stick.mount, remarks=before.remarks)
        lost = held.lost(stick.mount)
        # A call that makes no sense as it stands (another run is at it) says nothing about the stick.
        if before.error is None and not isinstance(stick.error, UsageError):
            facts = before.facts
            kept = record(
                stick,
                began=outcome.began,
                ended=ended,
                drive=None if facts is None else facts.drive,
                volume=None if facts is None else facts.volume,
                register=register,
                key=key,
                tool=metadata.version("lockstick"),
                random=secrets.token_bytes,
                operator=operator,
                is_gone=lost is not None,
            )
            ending = replace(ending, receipt=kept.on_stick, name=kept.stick, remarks=(*before.remarks, *kept.remarks))
        if lost is not None and stick.is_proven:
            ending = replace(ending, remarks=(*ending.remarks, _gone(lost)))
        elif eject is not None and stick.is_proven:
            held.release(stick.mount)
            ending = _ejected(ending, eject)
        endings.append(ending)
    return tuple(endings)


def _gone(lost: RemovedError) -> Remark:
    return Remark(
        check="removed-early",
        weight=Weight.WARNING,
        subject=str(lost),
        message=f"{lost} before its receipt could be put on it; what was read back from it had been proven",
        remedy="Put it in again and run the same command: it is read back once more, and gets its receipt.",
    )


def _ejected(ending: Ending, eject: Callable[[Path], object]) -> Ending:
    try:
        eject(ending.mount)
    except LockstickError as error:
        return replace(ending, trouble=error)
    return replace(ending, is_ejected=True)


def _drives() -> tuple[Drive, ...]:
    """All drives, or none where they cannot be listed: then it is the preflight that says what is not known."""
    try:
        return find_drives()
    except MediaError:
        return ()
