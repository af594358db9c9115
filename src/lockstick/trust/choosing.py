"""Which of the Director's documents is the lockbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.trust.evidence import numbered_roots

if TYPE_CHECKING:
    from collections.abc import Container

    from lockstick.trust.evidence import RepositoryEvidence
    from lockstick.trust.findings import Ledger

__all__ = ["NOT_LOCKBOXES", "choose_lockbox", "lockbox_names"]

NOT_LOCKBOXES = frozenset({"root.json", "offline-snapshot.json"})
"""The Director's documents that are no lockboxes, beside the numbered roots."""


def lockbox_names(director: RepositoryEvidence) -> tuple[str, ...]:
    """The names of all lockboxes that lie among the Director's documents, in the order of the device's search.

    Args:
        director: The Director's documents.

    Returns:
        Names without ``.json``, in byte order of the file names.
    """
    return tuple(name.removesuffix(".json") for name in sorted(director.files) if _is_lockbox_file(name))


def choose_lockbox(part: RepositoryEvidence, listing: Container[str], ledger: Ledger) -> str | None:
    """Find the one lockbox on the medium; a device would take the first listed name in byte order.

    Args:
        part: The Director's documents.
        listing: The file names that the offline-snapshot lists.
        ledger: Where findings go.

    Returns:
        Its name without ``.json``, or None if there is no lockbox.
    """
    present = lockbox_names(part)
    listed = [name for name in present if f"{name}.json" in listing]
    if not present:
        if not any(_is_lockbox_file(name) for name in part.unreadable):
            ledger.report("lockbox-missing", "director", "no lockbox lies among the Director's documents")
        return None
    if len(listed) > 1:
        ledger.report(
            "lockbox-several",
            "director",
            f"{len(listed)} lockboxes lie side by side ({', '.join(listed[:4])}); a device takes one, ignores the rest",
        )
    # Where none is listed, the first one is judged all the same, and found not to be listed.
    return (listed or list(present))[0]


def _is_lockbox_file(name: str) -> bool:
    return name.endswith(".json") and name not in NOT_LOCKBOXES and not numbered_roots([name])
