"""The operations on updates over the network (cloud-apis 1.2, U1 and U2)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lockstick.cloud.api.calls import Call, sending
from lockstick.cloud.api.reading import read_launch_result
from lockstick.cloud.api.shapes import items, uuid
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.cloud.api.caller import Caller
    from lockstick.cloud.api.model import LaunchResult
    from lockstick.cloud.api.requests import Update

__all__ = ["Updates"]

_PATH = ("updates",)
_MOST_DEVICES_V2 = 50


class Updates:
    """Updates.

    Args:
        caller: Makes the calls; the errors of its methods come through here.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def launch(self, update: Update) -> LaunchResult:
        """Send packages to devices and fleets.

        Args:
            update: What goes to whom.

        Returns:
            Who takes part. If nobody does, nothing was launched, though the service calls that a success too.

        Raises:
            UsageError: It names no packages, nobody, or more than this edition takes; or the service refuses it.
            NotFoundError: A package is not known.
            TransferError: Among others, nobody knows whether it was launched.
        """
        if not update.package_ids or not (update.devices or update.fleets):
            raise UsageError("an update needs packages, and devices or fleets to go to")
        if self._caller.endpoint.is_v2 and len(update.devices) > _MOST_DEVICES_V2:
            raise UsageError(
                f"the update goes to {len(update.devices)} devices at once",
                why=f"the edition v2 of the interface takes {_MOST_DEVICES_V2} at most",
                remedy="Launch it in parts, name a fleet, or use the edition v2beta.",
            )
        call = Call(
            path=_PATH,
            subject="the update",
            doing="launch",
            done="launched",
            what=sending("POST", update.wire()),
            remedy="Look at the devices whether the update is on its way to them before you launch it again.",
        )
        return self._caller.read(call, read_launch_result)

    def cancel(self, devices: Sequence[str]) -> tuple[str, ...]:
        """Cancel what devices have not picked up yet.

        Args:
            devices: Their UUIDs; a fleet cannot be named here.

        Returns:
            The UUIDs of those for which something was cancelled. What the others have picked up goes on.

        Raises:
            UsageError: No device is named, or this edition of the interface cannot do it.
        """
        if self._caller.endpoint.is_v2:
            raise UsageError(
                "updates cannot be cancelled by device here",
                why="the edition v2 of the interface has no PATCH /updates: it cancels by the id of an update",
                remedy="Use the edition v2beta for this.",
            )
        if not devices:
            raise UsageError("name the devices whose updates are to be cancelled")
        call = Call(
            path=_PATH,
            subject="the updates of these devices",
            doing="cancel",
            done="cancelled",
            what=sending("PATCH", list(devices)),
            remedy="Cancel them again: what is cancelled already stays so.",
        )
        return self._caller.read(call, partial(items, where="the answer", read=uuid))
