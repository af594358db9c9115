"""Reading a lockbox back from the medium itself, having ``verify`` judge it, and looking closely at what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lockstick.lockbox.verify import verify
from lockstick.media.readback import PastCacheTree, find_damage, rewrite_bad

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from lockstick.disk.tree import Place, Tree
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.lockbox.seen import SeenFiles
    from lockstick.media.readback import Damage
    from lockstick.progress import Observer

__all__ = ["Examined", "Proof", "Prove", "examine", "prover"]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What reading back has shown.

    Attributes:
        verified: The verification of what is on the medium.
        exclusion: How the system's memory was kept out: ``direct``, ``dropped-and-checked``, ``dropped`` or ``none``.
        words: The same for a person.
        files: How many files were read in which way.
    """

    verified: VerifyOutcome
    exclusion: str = "none"
    words: str = ""
    files: Mapping[str, int] = field(default_factory=dict)


class Prove(Protocol):
    """Reads a lockbox on a medium back, past the system's memory, and verifies it."""

    def __call__(self, folder: Path, observer: Observer) -> Proof:
        """Read it back.

        Args:
            folder: The folder that holds ``metadata/`` and ``images/``.
            observer: Told of the progress.

        Returns:
            What was found; nothing that lies there makes it raise.

        Raises:
            LockstickError: The medium failed.
            OSError: The same, in the system's words.
        """


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a close look has shown.

    Attributes:
        damage: What is wrong, where, and who is likely to blame.
        rewritten: How many bytes were written once more.
        is_mended: True if they are right now.
    """

    damage: tuple[Damage, ...]
    rewritten: int = 0
    is_mended: bool = False


def prover(anchors: AnchorChoice, at: datetime, clock: Callable[[], float], memory: SeenFiles | None = None) -> Prove:
    """Make a reader that judges by these anchors and this time.

    Args:
        anchors: What to believe.
        at: The time to judge by.
        clock: A monotonic clock in seconds.
        memory: What this machine has verified before; None to go without.

    Returns:
        What reads back.
    """

    def prove(folder: Path, observer: Observer) -> Proof:
        tree = PastCacheTree(folder)
        outcome = verify(tree, anchors=anchors, at=at, clock=clock, observer=observer, memory=memory)
        found = tree.exclusion
        return Proof(
            verified=outcome,
            exclusion=found.how.value,
            words=found.words,
            files={how.value: count for how, count in found.files.items()},
        )

    return prove


def examine(
    source: Tree,
    folder: Path,
    places: Sequence[Place],
    *,
    retry_bad: bool,
    observer: Observer,
    stopped: Callable[[], bool],
) -> Examined:
    """Look closely at files that were read back wrong and, if that is wanted, write what is damaged once more.

    Args:
        source: What they should be.
        folder: The lockbox on the medium.
        places: The files.
        retry_bad: True to write what is damaged once more.
        observer: Told of the progress.
        stopped: Asked now and then; True ends the work early.

    Returns:
        What was found.

    Raises:
        LockstickError: The medium failed, or is gone.
        OSError: The source failed.
    """
    medium = PastCacheTree(folder)
    damage = find_damage(source, medium, places, observer=observer, stopped=stopped)
    if not damage or not retry_bad:
        return Examined(damage=damage)
    mending = rewrite_bad(source, medium, damage, observer=observer, stopped=stopped)
    return Examined(damage=damage, rewritten=mending.rewritten, is_mended=mending.is_whole)
