"""Whether what is written fits on a stick, and whether it fits beside what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.sizes import size
from lockstick.errors import MediaError

if TYPE_CHECKING:
    from lockstick.media.writing.medium import Medium
    from lockstick.media.writing.planning import Plan

__all__ = ["require_room"]

_BESIDE = 64 * 1024
_BESIDE_EACH = 256  # what the journal says of a file


def require_room(medium: Medium, plan: Plan) -> bool:
    """Make sure that what is written fits.

    Args:
        medium: The stick.
        plan: What is done.

    Returns:
        True if it fits only when the older lockbox goes first.

    Raises:
        MediaError: It does not fit in any case.
    """
    block, free = medium.block(), medium.free()
    needed = sum(max(_rounded(one.piece.size, block) - one.allocated // block * block, 0) for one in plan.writes)
    needed += block * len({one.piece.place[:-1] for one in plan.writes})
    needed += _BESIDE + _BESIDE_EACH * (len(plan.ready) + len(plan.moves) + len(plan.writes))
    free += sum(_rounded(max(one.size, 0), block) for one in plan.drops)
    if needed <= free:
        return False
    reclaimed = sum(_rounded(max(one.size, 0), block) for one in plan.removable)
    if needed <= free + reclaimed:
        return True
    raise MediaError(
        f"there is not enough room on {medium.mount}",
        why=f"{size(needed)} are to be written and {size(free + reclaimed)} are free"
        + (", what only the older lockbox needs counted in" if reclaimed else ""),
        remedy=f"Free at least {size(needed - free - reclaimed)} there, or take a larger stick.",
    )


def _rounded(length: int, block: int) -> int:
    return -(-length // block) * block
