"""The whole judgement of a lockbox's metadata: documents, trust anchors and a time in; facts and findings out.

Nothing here reads a disk, a network or a clock, and nothing here looks at package bytes: what this hands out is
what the bytes must be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lockstick.trust.chains import walk_chain
from lockstick.trust.choosing import NOT_LOCKBOXES, choose_lockbox
from lockstick.trust.director import OFFLINE_SNAPSHOT, DirectorDocuments, LockboxFacts
from lockstick.trust.evidence import numbered_roots
from lockstick.trust.expected import ExpectedPackage, check_collisions, expected_package
from lockstick.trust.findings import Finding, Ledger
from lockstick.trust.freshness import Lifetime, weakest
from lockstick.trust.image_repo import IMAGE_SNAPSHOT, ImageDocuments
from lockstick.trust.limits import enforce
from lockstick.trust.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.roles import Root
    from lockstick.metadata.targets import Target
    from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence

__all__ = ["Judgement", "judge"]

_LIKE_A_ROOT = re.compile(r"\d+\.root\.json")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The outcome for one lockbox's metadata.

    Attributes:
        lockbox: The lockbox, or None if it could not be read.
        packages: What the payloads must be, in the order of the lockbox.
        findings: Everything that was found, in order.
        lifetimes: Every document that a device needs, with its end.
        weakest: The first of them to expire.
        director_anchor: Digest of the Director root that the judgement started from, or None.
        image_anchor: The same for the image repository.
        anchor_source: Where the anchors came from.
        known_documents: The documents that something signed speaks of, as ``director/offline-snapshot.json``;
            numbered roots are known by their names.
        trail: The documents that it went by.
        anchors: What was believed.
    """

    lockbox: LockboxFacts | None
    packages: tuple[ExpectedPackage, ...]
    findings: tuple[Finding, ...]
    lifetimes: tuple[Lifetime, ...]
    weakest: Lifetime | None
    director_anchor: str | None
    image_anchor: str | None
    anchor_source: str
    known_documents: frozenset[str]
    trail: Trail = field(repr=False)
    anchors: Anchors = field(repr=False)


def judge(evidence: Evidence, anchors: Anchors, at: datetime) -> Judgement:
    """Judge the metadata of a lockbox.

    Args:
        evidence: All its signed documents.
        anchors: What to believe, and the dialect in which everything is read. Where an anchor is missing, the
            lowest root of the evidence stands in, so that everything else is judged as well, and the finding
            ``anchor-missing`` says so.
        at: The time to judge by.

    Returns:
        The judgement. It never raises for anything that the evidence holds.
    """
    evidence = enforce(evidence)
    ledger = Ledger()
    lifetimes: list[Lifetime] = []
    _report_unreadable(evidence, ledger)
    if anchors.source == "first-use":
        ledger.report("anchor-first-use", "anchor", "the roots of the lockbox itself are believed, as asked for")

    _report_missing_anchors(anchors, ledger)
    director_roots, director_anchor = walk_chain(
        evidence.director, anchors.director, "director", at=at, dialect=anchors.dialect, ledger=ledger
    )
    director: DirectorDocuments | None = None
    if director_roots:
        lifetimes.append(_lifetime_of_root("director", director_roots[-1]))
        director = _judge_director(director_roots[-1], evidence.director, at, ledger)
        lifetimes.extend(
            Lifetime(role=document.name, expires=document.expires)
            for document in (director.snapshot, director.lockbox.document if director.lockbox else None)
            if document is not None
        )

    image_roots, image_anchor = walk_chain(
        evidence.image_repo, anchors.image_repo, "image-repo", at=at, dialect=anchors.dialect, ledger=ledger
    )
    targets = director.targets if director is not None else {}
    found: dict[str, Target | None] = {}
    images: ImageDocuments | None = None
    if image_roots:
        lifetimes.append(_lifetime_of_root("image-repo", image_roots[-1]))
        images = _judge_images(image_roots[-1], evidence.image_repo, at, ledger)
        for target in targets:
            found[target] = images.find(target)
        images.judge_unvisited()
        lifetimes.extend(Lifetime(role=role, expires=document.expires) for role, document in images.used.items())

    known = {
        "director": {*NOT_LOCKBOXES, *(director.listing if director is not None else ())},
        "image-repo": {
            "root.json",
            "timestamp.json",
            "snapshot.json",
            "targets.json",
            *(images.listing if images is not None else ()),
        },
    }
    _check_spelling(evidence, known, ledger)
    packages = tuple(expected_package(target, found.get(name), at, ledger) for name, target in targets.items())
    check_collisions(packages, ledger)
    return Judgement(
        lockbox=None if director is None else director.facts,
        packages=packages,
        findings=ledger.findings,
        lifetimes=tuple(lifetimes),
        weakest=weakest(lifetimes),
        director_anchor=director_anchor,
        image_anchor=image_anchor,
        anchor_source=anchors.source,
        known_documents=frozenset(f"{repository}/{name}" for repository, names in known.items() for name in names),
        trail=_trail(director_roots, image_roots, director, images, found),
        anchors=anchors,
    )


def _trail(
    director_roots: tuple[Root, ...],
    image_roots: tuple[Root, ...],
    director: DirectorDocuments | None,
    images: ImageDocuments | None,
    found: Mapping[str, Target | None],
) -> Trail:
    trail = Trail(director_roots=director_roots, image_roots=image_roots, found=found)
    if director is not None:
        trail = replace(
            trail,
            offline_snapshot=director.snapshot,
            listing=director.listing,
            lockbox=director.lockbox,
            targets=director.targets,
        )
    if images is not None:
        trail = replace(
            trail,
            snapshot=images.used.get(IMAGE_SNAPSHOT),
            top=images.top,
            used=images.used,
            routes={name: tuple(steps) for name, steps in images.routes.items()},
        )
    return trail


def _report_unreadable(evidence: Evidence, ledger: Ledger) -> None:
    for repository, part in (("director", evidence.director), ("image-repo", evidence.image_repo)):
        for name, (rule, message) in part.unreadable.items():
            ledger.report(rule, f"{repository}/{name}", message)


def _report_missing_anchors(anchors: Anchors, ledger: Ledger) -> None:
    missing = [
        repository
        for repository, anchor in (("director", anchors.director), ("image-repo", anchors.image_repo))
        if anchor is None
    ]
    if not missing:
        return
    subject = " and ".join(missing)
    if anchors.source == "store":
        ledger.report("anchor-unknown", subject, "it is from an account that this machine does not know")
    else:
        ledger.report("anchor-missing", subject, "there is no trusted root to judge it by")


def _judge_director(root: Root, part: RepositoryEvidence, at: datetime, ledger: Ledger) -> DirectorDocuments:
    documents = DirectorDocuments(root, at, ledger)
    snapshot = part.files.get("offline-snapshot.json")
    if snapshot is None:
        if "offline-snapshot.json" not in part.unreadable:
            ledger.report("document-missing", OFFLINE_SNAPSHOT, "every lockbox needs the offline-snapshot")
        documents.skip_snapshot()
    else:
        documents.offer_snapshot(snapshot)
    name = choose_lockbox(part, documents.listing, ledger)
    if name is not None:
        documents.offer_lockbox(name, part.files[f"{name}.json"])
    return documents


def _judge_images(root: Root, part: RepositoryEvidence, at: datetime, ledger: Ledger) -> ImageDocuments:
    images = ImageDocuments(root, part, at, ledger)
    if (timestamp := part.files.get("timestamp.json")) is not None:
        images.offer_timestamp(timestamp)
    for name, offer in (("snapshot.json", images.offer_snapshot), ("targets.json", images.offer_targets)):
        raw = part.files.get(name)
        if raw is not None:
            offer(raw)
        elif name not in part.unreadable:
            ledger.report("document-missing", f"image-repo/{name}", "every lockbox needs this document")
    return images


def _check_spelling(evidence: Evidence, known: dict[str, set[str]], ledger: Ledger) -> None:
    """Find names that are those of documents but for their case: on a stick a device opens them all the same."""
    for repository, part in (("director", evidence.director), ("image-repo", evidence.image_repo)):
        folded = {name.casefold() for name in known[repository]}
        for name in (*part.files, *part.unreadable):
            is_known = name in known[repository] or bool(numbered_roots([name]))
            if not is_known and (name.casefold() in folded or _LIKE_A_ROOT.fullmatch(name.casefold())):
                ledger.report(
                    "document-name-case",
                    f"{repository}/{name}",
                    "on a stick, a device would read it in place of the document of that name",
                )


def _lifetime_of_root(repository: str, root: Root) -> Lifetime:
    return Lifetime(role=f"{repository}/{root.document.version}.root.json", expires=root.document.expires)
