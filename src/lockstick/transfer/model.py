"""What is wanted and what was fetched: the values at the room's border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.hashing import known_digests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lockstick.transfer.authority import Authority

__all__ = ["Download", "Fetched"]


@dataclass(frozen=True, kw_only=True)
class Download:
    """One wanted file.

    Attributes:
        name: What to call it towards people and observers.
        url: Where its bytes are; every attempt starts here, also when this redirects.
        length: Its signed length in bytes.
        digests: Its signed digests by algorithm name, in hex. All that are of a known algorithm must hold.
        destination: Where it appears when it is complete, proven and flushed, and not before.
        partial: Where its bytes gather until then; on the same file system. The journal lies beside it,
            under the same name with ``.journal`` appended. Nobody else may use either meanwhile.
        authority: Who gives the headers for each hop; None for a source that takes no credentials.

    Raises:
        DistrustError: No digest is of a known algorithm, or one is malformed.
        ValueError: The length is negative, or destination and partial are the same.
    """

    name: str
    url: str
    length: int
    digests: Mapping[str, str]
    destination: Path
    partial: Path
    authority: Authority | None = None

    def __post_init__(self) -> None:
        if self.length < 0:
            raise ValueError(f"length must not be negative: {self.length}")
        if self.destination == self.partial:
            raise ValueError("destination and partial must not be the same file")
        object.__setattr__(self, "digests", known_digests(self.digests))


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """One file that is now complete, proven and under its final name.

    Attributes:
        name: As in the :class:`Download`.
        destination: Where it is.
        length: Its length in bytes.
        digests: Its digests, as proven, by algorithm name in lower-case hex.
        bytes_fetched: How many bytes of content crossed the line for it in this call, repeats included.
        resumed_from: How many bytes an earlier run had left that were used.
    """

    name: str
    destination: Path
    length: int
    digests: Mapping[str, str]
    bytes_fetched: int
    resumed_from: int
