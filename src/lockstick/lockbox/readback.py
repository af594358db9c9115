"""Reading back what a build has written, before it becomes visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.lockbox.assembled import AssembledTree
from lockstick.lockbox.demanding import errors_of, in_words
from lockstick.lockbox.verify import verify
from lockstick.trust.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from lockstick.disk.tree import Tree
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.workplace import Workplace
    from lockstick.progress import Observer

__all__ = ["ReadBack"]


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """Reads back what was built, and raises if it is not the lockbox.

    Attributes:
        place: Where it was built.
        open: Opens a folder past the system's memory.
        anchors: What to believe.
        at: The time to judge by.
        clock: A monotonic clock in seconds.
        observer: Told of the progress.
    """

    place: Workplace
    open: Callable[[Path], Tree]
    anchors: AnchorChoice
    at: datetime
    clock: Callable[[], float]
    observer: Observer

    def __call__(self) -> None:
        """Prove what is about to become visible."""
        self._require(AssembledTree(self.open(self.place.output)))

    def of_visible(self) -> None:
        """Prove what is visible already, and hide it if it is damaged."""
        try:
            self._require(self.open(self.place.output))
        except MediaError:
            self.place.hide()
            raise

    def _require(self, tree: Tree) -> None:
        found = verify(tree, anchors=self.anchors, at=self.at, clock=self.clock, observer=self.observer)
        if found.verdict is Verdict.VERIFIED:
            return
        raise MediaError(
            f"what was read back from {self.place.output} is not what was written",
            why=in_words(errors_of(found.findings)),
            remedy="Nothing is visible to a device. Run the command again; if it fails again, take another medium.",
        )
