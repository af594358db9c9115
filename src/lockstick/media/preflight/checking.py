"""All checks of a medium, one after the other: pure, so that the same facts always give the same remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.media.preflight.checks.devices import check_devices
from lockstick.media.preflight.checks.names import check_names
from lockstick.media.preflight.checks.occupants import check_occupants
from lockstick.media.preflight.checks.place import check_place
from lockstick.media.preflight.checks.room import check_room
from lockstick.media.preflight.checks.writable import check_writable
from lockstick.media.remarks import Weight

if TYPE_CHECKING:
    from lockstick.media.load import Load
    from lockstick.media.preflight.facts import Medium, Wishes
    from lockstick.media.remarks import Remark

__all__ = ["check"]

_ALL = (check_place, check_writable, check_room, check_names, check_devices, check_occupants)
_ORDER = {Weight.ERROR: 0, Weight.WARNING: 1, Weight.NOTE: 2}


def check(medium: Medium, load: Load, wishes: Wishes) -> tuple[Remark, ...]:
    """Say what stands against writing a load onto a medium.

    Args:
        medium: What is known of it.
        load: What is to lie on it.
        wishes: What the user wants.

    Returns:
        Remarks, the worst first; nothing is to be written if one of them is an error.
    """
    found = [remark for part in _ALL for remark in part(medium, load, wishes)]
    return tuple(sorted(found, key=lambda remark: _ORDER[remark.weight]))
