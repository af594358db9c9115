"""What a check of the capacity has shown, with words for it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.sizes import size

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.readback.exclusion import Exclusion

__all__ = ["CapacityOutcome", "Verdict"]


class Verdict(enum.Enum):
    """What is to be thought of the stick.

    Attributes:
        HONEST: As far as was looked, it has the room that it says it has.
        LYING: It ends before it says it does.
        DAMAGED: It lost some of what was written, here and there.
        UNPROVEN: The cache could not be kept out, so nothing is known.
        FULL: There is too little free room to try anything.
        STOPPED: The check was ended early.
    """

    HONEST = "honest"
    LYING = "lying"
    DAMAGED = "damaged"
    UNPROVEN = "unproven"
    FULL = "full"
    STOPPED = "stopped"


_REMEDIES = {
    Verdict.LYING: "Do not use this stick; files that were on it may be damaged already. Give it back to the seller.",
    Verdict.DAMAGED: "Try another port or reader; if it is the same there, do not use this stick.",
    Verdict.UNPROVEN: "Run the check as an administrator, or on a computer whose system reads sticks itself.",
    Verdict.FULL: "Delete what is not needed on it, then check again.",
}


@dataclass(frozen=True, kw_only=True)
class CapacityOutcome:
    """What a check of the capacity has shown.

    Attributes:
        mount: The stick.
        verdict: What to think of it.
        size: How many bytes its file system says it has.
        free: How many of them were free.
        covered: How many of those were judged.
        is_sparse: True if canaries stood at intervals; False if all that was judged was written.
        written: How many bytes were written, and read back.
        lost: How many of them were not what was written.
        real: About how many bytes it has indeed; None if it does not seem to end early.
        comes_around: True if what is written beyond the end overwrites what lies before it.
        exclusion: How the cache was kept out while reading back.
        write_rate: Bytes a second, flushing included; 0 if nothing was written.
        read_rate: Bytes a second; 0 if nothing was read.
    """

    mount: Path
    verdict: Verdict
    size: int
    free: int
    covered: int = 0
    is_sparse: bool = False
    written: int = 0
    lost: int = 0
    real: int | None = None
    comes_around: bool = False
    exclusion: Exclusion
    write_rate: float = 0
    read_rate: float = 0

    @property
    def is_good(self) -> bool:
        """True if it may be written to."""
        return self.verdict in (Verdict.HONEST, Verdict.FULL)

    @property
    def words(self) -> str:
        """One sentence for a person."""
        if self.verdict is Verdict.HONEST and self.covered * 10 < self.free * 9:
            return f"the first {size(self.covered)} of {size(self.free)} free are really there"
        if self.verdict is Verdict.FULL and not self.size:
            return "its file system does not say how much room there is"
        around = "; what is written beyond that destroys what lies before it" if self.comes_around else ""
        return {
            Verdict.HONEST: "it has the room that it says it has",
            Verdict.LYING: f"it says {size(self.size)} and has about {size(self.real or 0)}{around}",
            Verdict.DAMAGED: f"it lost {size(self.lost)} of {size(self.written)} that were written",
            Verdict.UNPROVEN: f"nothing is known: {self.exclusion.words}",
            Verdict.FULL: "there is too little free room to try",
            Verdict.STOPPED: "the check was ended early",
        }[self.verdict]

    @property
    def remedy(self) -> str:
        """What to do; empty if nothing."""
        return _REMEDIES.get(self.verdict, "")
