"""The seam to the drives of a platform: one protocol, and a module for each platform behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lockstick.media.model import Drive

__all__ = ["DriveFinder"]


class DriveFinder(Protocol):
    """Finds the drives of this machine."""

    def find(self) -> tuple[Drive, ...]:
        """List all drives: those that are offered, and those that never are.

        Raises:
            MediaError: The system cannot be asked.
        """
        ...

    def pulse(self) -> Hashable:
        """Give a value that changes when drives, media or mounts have changed; cheap enough for once a second.

        Raises:
            MediaError: The system cannot be asked.
        """
        ...
