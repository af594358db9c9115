"""How long documents are good for, and which one dies first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lockstick.trust.findings import Ledger

__all__ = ["Lifetime", "check_expiry", "weakest"]


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """Until when one document is good.

    Attributes:
        role: The document, as ``director/offline-snapshot.json``.
        expires: Its last valid second.
    """

    role: str
    expires: datetime


def check_expiry(expires: datetime, at: datetime, ledger: Ledger, subject: str) -> None:
    """Report a document that has expired; its last second is still valid (lockbox-format 2.8)."""
    if expires < at:
        ledger.report("expired", subject, f"expired on {expires:%Y-%m-%d %H:%M:%S} UTC")


def weakest(lifetimes: Iterable[Lifetime]) -> Lifetime | None:
    """The document that expires first, or None if there is none.

    Args:
        lifetimes: All documents that a device needs (lockbox-format 7.5).

    Returns:
        The first to expire.
    """
    return min(lifetimes, key=lambda lifetime: (lifetime.expires, lifetime.role), default=None)
