"""Sticks that are held from the first look at them to their receipt.

Between looking, writing and the receipt may lie minutes: other sticks are checked and written. A stick that is pulled
meanwhile leaves its mount point behind, on the disk of the machine, or another one takes its place. While its folder
is held open, no other file system has its number, so both are noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from lockstick.errors import LockstickError
from lockstick.media.writing.medium import Medium, RemovedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

__all__ = ["Held"]


class Held:
    """Sticks that are held. Use as a context. One that cannot be held is not known here; whoever plans for it says why.

    Args:
        mounts: Where they are mounted.
    """

    def __init__(self, mounts: Sequence[Path]) -> None:
        self._media: dict[Path, Medium] = {}
        for mount in mounts:
            try:
                self._media[mount] = Medium(mount)
            except LockstickError:
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for mount in list(self._media):
            self.release(mount)

    def lost(self, mount: Path) -> RemovedError | None:
        """Say whether a stick is no longer there, or another one is in its place.

        Args:
            mount: Where it is mounted.

        Returns:
            That it was removed; None if it was not, or was never held.
        """
        medium = self._media.get(mount)
        if medium is None or medium.is_here:
            return None
        return RemovedError(f"{mount} was removed")

    def release(self, mount: Path) -> None:
        """Let go of a stick, so that it can be ejected."""
        medium = self._media.pop(mount, None)
        if medium is not None:
            medium.close()
