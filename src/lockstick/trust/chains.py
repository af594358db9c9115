"""The chain of roots of one repository, as it lies on a medium: walked, complete, and the same as its copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.trust.evidence import numbered_roots
from lockstick.trust.roots import RootChain, read_anchor

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.roles import Root
    from lockstick.trust.evidence import RepositoryEvidence
    from lockstick.trust.findings import Ledger

__all__ = ["walk_chain"]


def walk_chain(
    part: RepositoryEvidence,
    anchor_raw: bytes | None,
    repository: str,
    *,
    at: datetime,
    dialect: Dialect,
    ledger: Ledger,
) -> tuple[tuple[Root, ...], str | None]:
    """Walk the chain of roots of one repository.

    Args:
        part: The repository's documents.
        anchor_raw: The trust anchor; where it is None, the lowest root of the documents stands in.
        repository: ``director`` or ``image-repo``.
        at: The time to judge by.
        dialect: The dialect of the anchor.
        ledger: Where findings go.

    Returns:
        The adopted roots, the anchor first, empty if there is none; and the anchor's digest, None for a stand-in.
    """
    numbered = numbered_roots(part.files)
    subject = f"{repository} trust anchor"
    anchored = anchor_raw is not None
    if anchor_raw is None:
        if not numbered:
            return (), None
        lowest = numbered[min(numbered)]
        anchor_raw = part.files[lowest]
        subject = f"{repository}/{lowest}"
    anchor = read_anchor(anchor_raw, subject, dialect, ledger)
    if anchor is None:
        return (), None
    chain = RootChain(anchor, repository, dialect, ledger)
    for number, name in numbered.items():
        chain.offer(number, part.files[name])
    root = chain.finish(at)
    _check_completeness(part, root, list(numbered), repository, ledger)
    _check_copy(part, root, repository, ledger)
    return chain.adopted, anchor.document.digest if anchored else None


def _check_completeness(
    part: RepositoryEvidence, root: Root, numbers: list[int], repository: str, ledger: Ledger
) -> None:
    """Devices that are further behind, and new secondaries, need every root from the first (device-client 2.3)."""
    missing = sorted(set(range(1, root.document.version + 1)) - set(numbers))
    unread = numbered_roots(part.unreadable)
    if missing and not unread:
        listed = ", ".join(str(number) for number in missing[:5])
        ledger.report("root-chain-incomplete", repository, f"the medium lacks the roots {listed} of this chain")
    if root.document.version == 1:
        ledger.report(
            "root-chain-of-one",
            repository,
            "the newest root is version 1, so a brand-new secondary cannot be updated",
        )


def _check_copy(part: RepositoryEvidence, root: Root, repository: str, ledger: Ledger) -> None:
    raw = part.files.get("root.json")
    if raw is None:
        return
    subject = f"{repository}/root.json"
    try:
        copy = read_document(raw, subject, root.document.dialect)
    except MalformedError as error:
        ledger.malformed(subject, error)
        return
    if copy.digest != root.document.digest:
        ledger.report("root-copy-differs", subject, f"it is not the same as {root.document.version}.root.json")
