"""How large files are cut on their way into a bucket."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Parts"]

_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Parts:
    """How large files are cut.

    Attributes:
        size: How many bytes a part has; one part is in memory at a time. S3 takes no parts below 5 MiB.
        most: How many parts an object may have; S3 takes 10,000.
    """

    size: int = 8 * _MIB
    most: int = 10_000
