"""One wanted file while it is being fetched: its pieces, who is at which, and what has happened to it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from lockstick.transfer.budget import Budget

if TYPE_CHECKING:
    from lockstick.transfer.line import Line
    from lockstick.transfer.model import Download
    from lockstick.transfer.origins import Origin
    from lockstick.transfer.partial import Partial
    from lockstick.transfer.setbacks import Patience
    from lockstick.transfer.urls import Url

__all__ = ["Claim", "Job", "State"]

_PATIENCE_WITH_PIECES = 2


class State(Enum):
    """How far a file is."""

    WAITING = auto()
    """Nobody has looked at it."""
    OPENING = auto()
    """Somebody takes over what an earlier run left."""
    OPEN = auto()
    """Its pieces can be had."""
    SETTLING = auto()
    """Somebody proves and publishes it, or makes it start over."""
    PROVEN = auto()
    """It waits to be flushed and published together with others."""
    DONE = auto()
    """It has its name."""


@dataclass(eq=False)
class Claim:
    """A stretch of a file that one worker fetches.

    Attributes:
        job: The file.
        position: Index of the next byte to come.
        end: Index after the last byte; may become smaller when somebody takes a part over.
        line: Over which it comes.
    """

    job: Job
    position: int
    end: int
    line: Line | None = None

    @property
    def left(self) -> int:
        """How many bytes are still to come."""
        return self.end - self.position


@dataclass(eq=False)
class Job:
    """One file. Everything here is read and changed under the board's lock, except where a claim's owner writes.

    Attributes:
        index: Its place among the wanted files.
        download: What is wanted.
        url: Its first address.
        origin: Where that is; the file's connections count there.
        state: How far it is.
        partial: Its bytes, once it was opened.
        claims: Who is at it.
        takes_ranges: Whether the server has shown that it gives parts, and names the bytes they are of.
        is_whole: Whether it can only be fetched in one piece.
        restarts: How often what was there had to be thrown away.
        starts_over: Whether what is there must be thrown away as soon as nobody is at it.
        was_wrong: Whether a complete body has been wrong before.
        served_by: The origin that gave the last bytes, after all redirects.
        bytes_fetched: How many bytes of content came for it, repeats included.
        patience: What each worker has seen of it.
        budget: The connections of its origin, which it shares with the other files there.
    """

    index: int
    download: Download
    url: Url
    origin: Origin
    state: State = State.WAITING
    partial: Partial | None = None
    claims: list[Claim] = field(default_factory=list)
    takes_ranges: bool = False
    is_whole: bool = False
    restarts: int = 0
    starts_over: bool = False
    was_wrong: bool = False
    served_by: str = ""
    bytes_fetched: int = 0
    patience: dict[int, Patience] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget(1, 1))

    @property
    def opened(self) -> Partial:
        """Its bytes."""
        if self.partial is None:
            raise AssertionError("the file was not opened")
        return self.partial

    def restart(self) -> int:
        """Throw away what is there; nobody else may be at it. Give the number of bytes that were thrown away.

        Pieces did not go together twice: then the server's word about parts is not worth a third try with them.
        """
        self.takes_ranges = False
        self.restarts += 1
        if self.restarts >= _PATIENCE_WITH_PIECES:
            self.is_whole = True
        return self.opened.restart()

    def forget(self) -> None:
        """Let go of everything that a finished file needs no longer, as there may be many of them."""
        self.partial = None
        self.patience.clear()

    def unclaimed(self) -> list[tuple[int, int]]:
        """The stretches that are not there and that nobody is at, in order."""
        taken = self.opened.snapshot()
        for claim in self.claims:
            taken.add(claim.position, claim.end)
        return taken.gaps(self.download.length)
