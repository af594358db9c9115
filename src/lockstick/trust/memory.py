"""What a machine has verified before, so that older documents are known for what they are (lockbox-format 10.2 V8).

Nothing here reads or writes a disk: :mod:`lockstick.lockbox.seen` keeps the memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.trust.director import OFFLINE_SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.trust.findings import Ledger
    from lockstick.trust.trail import Trail

__all__ = ["Seen", "advance", "check_version", "compare", "seen_in"]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The versions of one account's documents.

    Attributes:
        documents: Version by document, as ``image-repo/targets.json``; a chain of roots counts as ``root.json``.
        lockboxes: Version by file name, as the offline-snapshot lists them.
    """

    documents: Mapping[str, int]
    lockboxes: Mapping[str, int]


def seen_in(trail: Trail) -> Seen:
    """The versions that a judgement has met.

    Args:
        trail: The documents it went by.

    Returns:
        The versions. They count for something only if the verdict was ``verified``.
    """
    documents = {subject: document.version for subject, document in trail.used.items()}
    for repository, roots in (("director", trail.director_roots), ("image-repo", trail.image_roots)):
        if roots:
            documents[f"{repository}/root.json"] = roots[-1].document.version
    if trail.offline_snapshot is not None:
        documents[OFFLINE_SNAPSHOT] = trail.offline_snapshot.version
    return Seen(documents=documents, lockboxes={name: entry.version for name, entry in trail.listing.items()})


def compare(seen: Seen, now: Seen, ledger: Ledger) -> None:
    """Report what is older than this machine has verified before, and lockboxes that are no longer listed.

    Args:
        seen: What was verified before.
        now: What lies here.
        ledger: Where findings go.
    """
    for subject, version in now.documents.items():
        _check_remembered(seen.documents.get(subject, 0), version, ledger, subject)
    for name, version in now.lockboxes.items():
        _check_remembered(seen.lockboxes.get(name, 0), version, ledger, f"director/{name}")
    if OFFLINE_SNAPSHOT in now.documents:
        for name in sorted(seen.lockboxes.keys() - now.lockboxes.keys()):
            ledger.report("listing-vanished", OFFLINE_SNAPSHOT, f"it no longer lists {name}, which it once did")


def advance(seen: Seen | None, now: Seen) -> Seen:
    """What to remember after a lockbox was verified; no version ever becomes lower, and none is forgotten.

    Args:
        seen: What was remembered; None if nothing was.
        now: What was verified.

    Returns:
        What to remember from now on.
    """
    if seen is None:
        return now
    return Seen(
        documents=_higher(seen.documents, now.documents),
        lockboxes=_higher(seen.lockboxes, now.lockboxes),
    )


def _higher(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in sorted(one.keys() | other.keys())}


def check_version(version: int, newest: int, ledger: Ledger, subject: str, known: str) -> None:
    """Report a document of which a newer version is known: the one place that says ``superseded``.

    Args:
        version: Its version.
        newest: The newest that is known; 0 if none is.
        ledger: Where findings go.
        subject: The document.
        known: From where the newer one is known, in words.
    """
    if version < newest:
        ledger.report("superseded", subject, f"this is version {version}; {known}")


def _check_remembered(before: int, version: int, ledger: Ledger, subject: str) -> None:
    check_version(version, before, ledger, subject, f"this machine has verified version {before} before")
