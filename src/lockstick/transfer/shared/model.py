"""What a shared store can do, and what it says about itself: the values at the border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

__all__ = ["Listing", "SharedEntry", "SharedStore"]


@dataclass(frozen=True, kw_only=True)
class SharedEntry:
    """One entry, as the store tells it; nothing of it is proven.

    Attributes:
        digest: The SHA-256 that its name claims.
        length: How many bytes it has.
        changed: When it was written.
    """

    digest: str
    length: int
    changed: datetime


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What is in a shared store.

    Attributes:
        entries: The entries, in the order of their digests.
        foreign: How many other things lie among them.
        is_complete: Whether the listing came to its end before the cap.
    """

    entries: tuple[SharedEntry, ...]
    foreign: int
    is_complete: bool


class SharedStore(Protocol):
    """Proven bytes under their hash, that many machines share and none trusts. For several threads."""

    @property
    def name(self) -> str:
        """What to call it towards people."""

    def check(self) -> None:
        """Make sure that the store is there and may be read.

        Raises:
            NotAllowedError: The credentials are missing, unknown, wrong, or not good for this.
            NotFoundError: There is no such bucket.
            TransferError: The server cannot be reached, or fails.
        """

    def offer(self, digest: str, length: int) -> str | None:
        """Say where bytes can be fetched, for a while and without credentials.

        Args:
            digest: Their SHA-256 in lower-case hex.
            length: How many they are.

        Returns:
            An address that carries its own permission: it is a secret for as long as it is good, and only its
            origin may be shown. None if the store has nothing of this hash and length.

        Raises:
            LockstickError: As for :meth:`check`.
        """

    def fill(self, digest: str, path: Path) -> bool:
        """Put the bytes of a proven file into the store, unless they are there.

        Args:
            digest: Their SHA-256 in lower-case hex.
            path: The file. It is hashed once more while it is sent.

        Returns:
            Whether this call put them there.

        Raises:
            DistrustError: The file has other bytes; nothing was put anywhere.
            MediaError: The file cannot be read.
            UsageError: The file is too large for the store.
            LockstickError: As for :meth:`check`.
        """

    def entries(self) -> Listing:
        """List what is there.

        Returns:
            The listing, cut off at a cap.

        Raises:
            LockstickError: As for :meth:`check`.
        """

    def prove(self, entry: SharedEntry) -> bool:
        """Read all bytes of an entry and say whether they are what its name claims.

        Raises:
            LockstickError: As for :meth:`check`.
        """

    def remove(self, entry: SharedEntry) -> None:
        """Remove an entry that is not what its name claims.

        Raises:
            LockstickError: As for :meth:`check`.
        """

    def close(self) -> None:
        """Let go of the connections."""
