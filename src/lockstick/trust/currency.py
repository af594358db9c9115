"""What a Director publishes now, held against a lockbox that was verified from a medium.

The rules:

1. What is published is judged by the anchors that the lockbox was verified by, and by nothing else. It is not
   believed for coming from the right address.
2. The offline-snapshot tells the time: every definition and every deletion of any lockbox gives it a new version
   (cloud-apis 1.7). A lockbox is current if its offline-snapshot and itself are the published ones, to the byte that
   is signed.
3. An older offline-snapshot is superseded, even where the lockbox itself is the same: devices that have seen the newer
   one refuse it.
4. A newer one, or another one of the same version, is not: then either this lockbox or what is published is not what
   it seems.
5. A lockbox counts as deleted if a newer offline-snapshot no longer lists it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from lockstick.trust.chains import walk_chain
from lockstick.trust.director import OFFLINE_SNAPSHOT, DirectorDocuments
from lockstick.trust.evidence import Evidence, RepositoryEvidence
from lockstick.trust.findings import Ledger
from lockstick.trust.limits import enforce
from lockstick.trust.memory import check_version
from lockstick.trust.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.document import Document
    from lockstick.trust.evidence import Anchors
    from lockstick.trust.findings import Finding

__all__ = ["Answer", "Published", "compare_published", "judge_published"]


class Answer(StrEnum):
    """What the published documents say of a lockbox."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    DELETED = "deleted"
    DISAGREES = "disagrees"


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a Director publishes, judged.

    Attributes:
        trail: Its documents.
        findings: What was found about them.
    """

    trail: Trail = field(repr=False)
    findings: tuple[Finding, ...]


def judge_published(files: Mapping[str, bytes], name: str, anchors: Anchors, at: datetime) -> Published:
    """Judge what a Director publishes of one lockbox.

    Args:
        files: Its documents by file name; without the lockbox, if it has none.
        name: The lockbox's name.
        anchors: What the lockbox on the medium was verified by.
        at: The time to judge by.

    Returns:
        The documents, and what was found. It never raises for anything that the documents hold.
    """
    nothing = RepositoryEvidence(files={})
    part = enforce(Evidence(director=RepositoryEvidence(files=files), image_repo=nothing)).director
    ledger = Ledger()
    for document, (rule, message) in part.unreadable.items():
        ledger.report(rule, f"director/{document}", message)
    roots, _ = walk_chain(part, anchors.director, "director", at=at, dialect=anchors.dialect, ledger=ledger)
    if anchors.director is None:
        ledger.report("anchor-missing", "director", "there is no trusted root to judge it by")
    if not roots:
        return Published(trail=Trail(), findings=ledger.findings)
    documents = DirectorDocuments(roots[-1], at, ledger)
    if (snapshot := part.files.get("offline-snapshot.json")) is not None:
        documents.offer_snapshot(snapshot)
    else:
        documents.skip_snapshot()
        ledger.report("document-missing", OFFLINE_SNAPSHOT, "the Director publishes none")
    if (lockbox := part.files.get(f"{name}.json")) is not None:
        documents.offer_lockbox(name, lockbox)
    return Published(
        trail=Trail(
            director_roots=roots,
            offline_snapshot=documents.snapshot,
            listing=documents.listing,
            lockbox=documents.lockbox,
            targets=documents.targets,
        ),
        findings=ledger.findings,
    )


def compare_published(here: Trail, published: Trail, name: str, ledger: Ledger) -> Answer:
    """Hold a lockbox against what is published; both must be genuine.

    Args:
        here: The documents of the lockbox.
        published: The published ones.
        name: The lockbox's name.
        ledger: Where findings go.

    Returns:
        The answer; it is anything but ``current`` exactly if there is a finding that is an error.

    Raises:
        ValueError: A document that every genuine set has is missing.
    """
    mine, theirs = here.offline_snapshot, published.offline_snapshot
    if mine is None or theirs is None or here.lockbox is None:
        raise ValueError("only genuine documents are compared")
    lockbox = here.lockbox.document
    other = None if published.lockbox is None else published.lockbox.document
    if mine.version >= theirs.version:
        is_same = _check_same(mine, theirs, ledger, OFFLINE_SNAPSHOT)
        subject = f"director/{name}.json"
        if other is not None:
            # The same offline-snapshot may list it without a hash.
            is_same &= _check_same(lockbox, other, ledger, subject)
        elif is_same:
            is_same = False
            ledger.report("cloud-differs", subject, "the cloud lists it and does not publish it")
        return Answer.CURRENT if is_same else Answer.DISAGREES
    known = f"the cloud publishes version {theirs.version}"
    if other is not None and other.signed_bytes == lockbox.signed_bytes:
        known += ", and in it this lockbox as it is"
    check_version(mine.version, theirs.version, ledger, OFFLINE_SNAPSHOT, known)
    if other is None or published.lockbox is None:
        ledger.report("listing-vanished", OFFLINE_SNAPSHOT, f"the published one no longer lists {name}: it was deleted")
        return Answer.DELETED
    is_empty = not published.lockbox.entries
    known = f"the cloud publishes version {other.version}" + (", which is empty: it was revoked" if is_empty else "")
    check_version(lockbox.version, other.version, ledger, f"director/{name}.json", known)
    return Answer.REVOKED if is_empty and here.targets else Answer.SUPERSEDED


def _check_same(mine: Document, theirs: Document, ledger: Ledger, subject: str) -> bool:
    if mine.version > theirs.version:
        known = f"this is version {mine.version}; the cloud publishes version {theirs.version}"
        ledger.report("cloud-behind", subject, known)
    elif mine.signed_bytes != theirs.signed_bytes:
        ledger.report("cloud-differs", subject, f"of version {theirs.version}, the cloud publishes another content")
    else:
        return True
    return False
