"""Where a build gets documents and bytes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lockstick.progress import Observer
    from lockstick.transfer.authority import Authority
    from lockstick.transfer.model import Download, Fetched
    from lockstick.trust.evidence import Evidence
    from lockstick.trust.expected import ExpectedPackage

__all__ = ["Fetch", "Repository", "Shelf", "Source"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the bytes of one package are.

    Attributes:
        url: The address.
        authority: Who gives credentials for it, or None for a source that takes none.
    """

    url: str
    authority: Authority | None


class Repository(Protocol):
    """What a build needs of a cloud."""

    def documents(self, lockbox: str, observer: Observer) -> Evidence:
        """Fetch all signed documents of a lockbox, byte for byte."""

    def source(self, package: ExpectedPackage) -> Source:
        """Say where the bytes of a package are."""


class Shelf(Protocol):
    """A place that may have the bytes as well, and that is asked before a package's own origin.

    Nobody trusts it: what it gives is held against what was signed, and where it fails or gives other bytes,
    the package is fetched from its origin.
    """

    @property
    def name(self) -> str:
        """What to call it towards people."""

    def sources(self, packages: Sequence[ExpectedPackage]) -> Sequence[Source | None]:
        """Say where the bytes of packages are; None for those that it has none of. Addresses may be for a while."""

    def stock(self, files: Sequence[tuple[ExpectedPackage, Path]]) -> None:
        """Take the proven bytes of packages for others, if it likes; never raises what the store can cause."""


class Fetch(Protocol):
    """The download engine."""

    def __call__(
        self, downloads: Sequence[Download], *, observer: Observer, finished: Callable[[Fetched], None]
    ) -> tuple[Fetched, ...]:
        """Fetch files; see :func:`lockstick.transfer.engine.fetch_all`."""
