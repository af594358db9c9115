"""Where everything in a content store lies.

::

    lockstick-store.json   says that this folder is a store, and of which format
    lock                   held for moments, by whoever changes what is in the store
    sha256/ab/ab12...      verified bytes under their digest, read-only
    partial/ab12....part   downloads in flight, each with its journal beside it
    sessions/1.lock, .json one pair for each run at work: what it fetches and what it uses
    index.json             when each entry was last used, and what it was called; a hint
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ALGORITHM", "Places", "is_digest"]

ALGORITHM = "sha256"
"""The digest under which entries lie."""

_DIGEST_LENGTH = 64
_FAN_OUT = 2


@dataclass(frozen=True)
class Places:
    """The places in one store.

    Attributes:
        folder: The store's own folder.
    """

    folder: Path

    @property
    def marker(self) -> Path:
        """The file that says that this is a store, and of which format."""
        return self.folder / "lockstick-store.json"

    @property
    def lock(self) -> Path:
        """The lock for changes."""
        return self.folder / "lock"

    @property
    def entries(self) -> Path:
        """The folder of the folders of entries."""
        return self.folder / ALGORITHM

    @property
    def partials(self) -> Path:
        """The folder of downloads in flight."""
        return self.folder / "partial"

    @property
    def sessions(self) -> Path:
        """The folder in which runs at work say what they do."""
        return self.folder / "sessions"

    @property
    def index(self) -> Path:
        """The file of last uses and names."""
        return self.folder / "index.json"

    def entry(self, digest: str) -> Path:
        """The place of an entry: in one of 256 folders, as some file systems are slow with many names in one.

        Args:
            digest: Its SHA-256 in lower-case hex.

        Returns:
            The path.

        Raises:
            ValueError: The text is no such digest, and could lead anywhere.
        """
        if not is_digest(digest):
            raise ValueError(f"not a SHA-256 digest: {digest!r}")
        return self.entries / digest[:_FAN_OUT] / digest

    def partial(self, digest: str) -> Path:
        """The place where an entry's bytes gather while they are fetched.

        Raises:
            ValueError: As in :meth:`entry`.
        """
        return self.partials / f"{self.entry(digest).name}.part"


def is_digest(text: str) -> bool:
    """Say whether a text is a SHA-256 in lower-case hex."""
    return len(text) == _DIGEST_LENGTH and set(text) <= set("0123456789abcdef")
