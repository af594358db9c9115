"""How much room a build by way of a store needs, and on which file system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.space import Room, check_space, is_same_disk
from lockstick.errors import MediaError
from lockstick.lockbox.plan import stored_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lockstick.lockbox.plan import Plan, PlannedPackage
    from lockstick.lockbox.workplace import Workplace
    from lockstick.transfer.store.places import Places

__all__ = ["Needs"]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a build needs.

    Attributes:
        plan: What is missing.
        place: The output.
        places: The store.
        is_copying: False if the output can share the store's bytes, so that they need room once.
    """

    plan: Plan
    place: Workplace
    places: Places
    is_copying: bool

    def fit(self, free_bytes: Callable[[Path], int]) -> bool:
        """Say whether everything that is missing can go through the store.

        Args:
            free_bytes: How many bytes can still be written below an existing folder.

        Returns:
            False if the store or the output has no room for that.
        """
        into_store = [
            Room(self.places.partial(digest), one.length)
            for one in self.plan.to_fetch
            if (digest := stored_digest(one.package))
        ]
        into_output = self._copies(self.plan.missing)
        into_output += [Room(one.partial, one.length) for one in self.plan.to_fetch if not stored_digest(one.package)]
        is_one_disk = is_same_disk(self.places.partials, self.place.partial)
        try:
            for rooms in ([*into_store, *into_output],) if is_one_disk else (into_store, into_output):
                check_space(rooms, free_bytes)
        except MediaError:
            return False
        return True

    def require_without_store(self, free_bytes: Callable[[Path], int]) -> None:
        """Return if what the store does not have fits into the output directly, with copies of what it has.

        Args:
            free_bytes: How many bytes can still be written below an existing folder.

        Raises:
            MediaError: It does not.
        """
        stored = [one for one in self.plan.missing if one.is_stored]
        check_space([*self._copies(stored), *self.plan.to_fetch], free_bytes, shown=self.place.output)

    def _copies(self, packages: Sequence[PlannedPackage]) -> list[Room]:
        return [Room(one.partial.with_suffix(".placing"), one.length) for one in packages] if self.is_copying else []
