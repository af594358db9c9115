"""What became of each stick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from lockstick.errors import LockstickError
    from lockstick.lockbox.consignment import Consignment
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.media.readback import Damage

__all__ = ["StickOutcome", "WriteOutcome"]


@dataclass(frozen=True, kw_only=True)
class StickOutcome:
    """What became of one stick.

    Attributes:
        mount: Where it is mounted.
        error: Why it holds no proven lockbox, or None if it does.
        verified: The verification of what was read back, or None if it did not come to that.
        exclusion: How the system's memory was kept out of the reading back, in a word; empty if nothing was read.
        exclusion_words: The same for a person.
        exclusion_files: How many files were read in which way.
        written: How many bytes of the lockbox were written.
        kept: How many bytes were there already, and were proven.
        write_seconds: How long the writing took, until the medium had every byte.
        read_seconds: How long the reading back took.
        rewritten: Files that were there, proved to be wrong when they were read, and were written again.
        damage: What was found damaged after it was written, and who is likely to blame.
        mended: How many bytes of that were written once more, and are right now.
        set_aside: Where files were put that lay in the older lockbox and belonged to nothing, or None.
        was_replaced: True if an older lockbox, or another one, gave way.
    """

    mount: Path
    error: LockstickError | None = None
    verified: VerifyOutcome | None = None
    exclusion: str = ""
    exclusion_words: str = ""
    exclusion_files: Mapping[str, int] = field(default_factory=dict)
    written: int = 0
    kept: int = 0
    write_seconds: float = 0.0
    read_seconds: float = 0.0
    rewritten: tuple[str, ...] = ()
    damage: tuple[Damage, ...] = ()
    mended: int = 0
    set_aside: Path | None = None
    was_replaced: bool = False

    @property
    def is_proven(self) -> bool:
        """True if the stick holds the lockbox, all of it read back and proven."""
        return self.error is None


@dataclass(frozen=True, kw_only=True)
class WriteOutcome:
    """What became of all sticks.

    Attributes:
        consignment: What was to be written.
        sticks: One for each, in the order in which they were named.
        source_read: How many bytes were read from the source.
        began: When it began.
        seconds: How long it took.
    """

    consignment: Consignment
    sticks: tuple[StickOutcome, ...]
    source_read: int
    began: datetime
    seconds: float
