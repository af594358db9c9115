"""How a TUF client's core says no: one error for each document that may not be believed.

The checks themselves are shared with lockboxes and report to a ledger. A client that follows a repository stops
at the first document it may not believe, so here the ledger of that document is turned into one error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import DistrustError, NotCurrentError
from lockstick.trust.rules import Severity

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.metadata.document import Document
    from lockstick.trust.findings import Ledger

__all__ = ["ExpiredError", "RefusedError", "RolledBackError", "raise_errors", "refuse_expired"]


class RefusedError(DistrustError):
    """A document may not be believed."""

    default_remedy = (
        "What was believed before still holds. Try again later; if it stays so, ask who runs the repository."
    )


class RolledBackError(RefusedError):
    """A document is older than what was believed before, or tells of an older one."""


class ExpiredError(NotCurrentError):
    """A document is genuine, but no longer good at the time of the update."""

    default_remedy = "Check this machine's clock; if it is right, the repository must be renewed by who runs it."


def raise_errors(ledger: Ledger) -> None:
    """Raise what a ledger holds.

    Args:
        ledger: The findings about one document.

    Raises:
        RefusedError: One of them is an error; the first one is told.
    """
    for finding in ledger.findings:
        if finding.severity is Severity.ERROR:
            raise RefusedError(f"{finding.subject} is refused", why=f"{finding.rule}: {finding.message}")


def refuse_expired(document: Document, at: datetime) -> None:
    """Raise :class:`ExpiredError` if a document is no longer good at a time."""
    if document.expired_at(at):
        raise ExpiredError(
            f"{document.name} has expired", why=f"it was good until {document.expires:%Y-%m-%d %H:%M} UTC"
        )
