"""The seam to a platform: one file, opened so that its bytes come from the medium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.readback.exclusion import How

__all__ = ["ALIGNMENT", "Reader", "Source"]

ALIGNMENT = 4096
"""What offsets and lengths of reads past the cache are multiples of: no drive in use has larger sectors."""


class Source(Protocol):
    """A file that is read past the cache. One thread at a time uses it."""

    @property
    def size(self) -> int:
        """How many bytes the file had when it was opened."""
        ...

    @property
    def how(self) -> How:
        """How the cache is kept out; final once the file was read."""
        ...

    def read(self, offset: int, view: memoryview) -> int:
        """Read into a buffer until it is full or the file ends.

        Args:
            offset: Where to begin; a multiple of :data:`ALIGNMENT`.
            view: The buffer; its address is that of a page, its length a multiple of :data:`ALIGNMENT`.

        Returns:
            How many bytes were read.

        Raises:
            OSError: The medium failed.
        """
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Reader(Protocol):
    """A platform's way past its cache, for the files of one mount. Every method may be called from any thread."""

    @property
    def reason(self) -> str:
        """Why the cache cannot be kept out completely; empty if it can."""
        ...

    def refresh(self) -> None:
        """Flush what is still to be written to the medium, and forget what lies beneath the file system.

        Raises:
            OSError: The medium failed.
        """
        ...

    def open(self, path: Path) -> Source:
        """Open a regular file, following no link.

        Raises:
            OSError: It is missing, is no regular file, or the medium failed.
        """
        ...
