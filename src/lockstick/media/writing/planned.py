"""What is known before a byte is written: whether each stick will do, and what would be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lockstick.errors import LockstickError, MediaError
from lockstick.lockbox.layout import MEDIA_FOLDER
from lockstick.media.load import Load, LoadFile
from lockstick.media.remarks import Weight
from lockstick.media.writing.medium import Medium
from lockstick.media.writing.planning import make_plan
from lockstick.media.writing.room import require_room
from lockstick.media.writing.workplace import StickPlace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lockstick.lockbox.consignment import Consignment
    from lockstick.media import preflight
    from lockstick.media.remarks import Remark
    from lockstick.media.writing.planning import Plan

__all__ = ["PlannedStick", "Survey", "plan_sticks"]


class Survey(Protocol):
    """Finds out about a stick, and says whether it will do."""

    def __call__(self, mount: Path, load: Load) -> tuple[preflight.Medium, tuple[Remark, ...]]:
        """Look at it.

        Args:
            mount: Where it is mounted.
            load: What is to lie on it.

        Returns:
            What is known, and what is to be said about it.

        Raises:
            LockstickError: It cannot be looked at.
        """


@dataclass(frozen=True, kw_only=True)
class PlannedStick:
    """What would be done with one stick.

    Attributes:
        mount: Where it is mounted.
        plan: The plan, or None if none can be made.
        hides_first: True if the older lockbox would have to go before the new one is written.
        facts: What is known of the stick, or None if nobody looked.
        remarks: What is to be said about it.
        error: Why nothing is written to it, or None.
    """

    mount: Path
    plan: Plan | None = None
    hides_first: bool = False
    facts: preflight.Medium | None = None
    remarks: tuple[Remark, ...] = ()
    error: LockstickError | None = None


def plan_sticks(
    consignment: Consignment, mounts: Sequence[Path], survey: Survey | None = None
) -> tuple[PlannedStick, ...]:
    """Plan for several sticks, without touching them.

    Args:
        consignment: What is to be on them.
        mounts: Where they are mounted.
        survey: Says whether a stick will do; None to go without.

    Returns:
        One for each; a stick that cannot be used, or will not do, has an error.
    """
    return tuple(_plan(consignment, mount, survey) for mount in mounts)


def _plan(consignment: Consignment, mount: Path, survey: Survey | None) -> PlannedStick:
    plan = facts = None
    remarks: tuple[Remark, ...] = ()
    hides_first = False
    error: LockstickError | None = None
    try:
        with Medium(mount) as medium:
            plan = make_plan(consignment.pieces, StickPlace(medium).look(consignment))
            if survey is not None:
                facts, remarks = survey(mount, _load(consignment, plan))
                error = _objection(mount, remarks)
            if error is None:
                hides_first = require_room(medium, plan)
    except LockstickError as found:
        error = found
    return PlannedStick(mount=mount, plan=plan, hides_first=hides_first, facts=facts, remarks=remarks, error=error)


def _load(consignment: Consignment, plan: Plan) -> Load:
    there = {one.piece.place: min(one.allocated, one.piece.size) for one in plan.writes if one.begun}
    there |= {piece.place: piece.size for piece in plan.ready}
    there |= {move.piece.place: move.piece.size for move in plan.moves}
    return Load(
        files=tuple(
            LoadFile(place=(MEDIA_FOLDER, *piece.place), size=piece.size, there=there.get(piece.place))
            for piece in consignment.pieces
        ),
        obsolete=tuple(
            LoadFile(place=(one.pool, *one.place), size=max(one.size, 0)) for one in (*plan.obsolete, *plan.drops)
        ),
    )


def _objection(mount: Path, remarks: Sequence[Remark]) -> MediaError | None:
    errors = [one for one in remarks if one.weight is Weight.ERROR]
    if not errors:
        return None
    return MediaError(
        f"nothing is written to {mount}",
        why="; ".join(f"{one.check}: {one.message}" for one in errors),
        remedy=" ".join(dict.fromkeys(one.remedy for one in errors)),
    )
