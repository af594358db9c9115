"""The whole judgement of a lockbox's metadata: documents, trust anchors and a time in; facts and findings out.

Nothing here reads a disk, a network or a clock, and nothing here looks at package bytes: what this hands out is
what the bytes must be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.trust.director import OFFLINE_SNAPSHOT, DirectorDocuments, LockboxFacts
from lockstick.trust.evidence import numbered_roots
from lockstick.trust.findings import Finding, Ledger
from lockstick.trust.freshness import Lifetime, weakest
from lockstick.trust.image_repo import IMAGE_SNAPSHOT, ImageDocuments
from lockstick.trust.limits import enforce
from lockstick.trust.matching import check_clock, check_match, check_shape
from lockstick.trust.names import collisions, target_path
from lockstick.trust.roots import RootChain, read_anchor
from lockstick.trust.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.roles import Root, Target
    from lockstick.trust.evidence import Anchors, Evidence, RepositoryEvidence

__all__ = ["ExpectedPackage", "Judgement", "judge", "lockbox_names"]

_LIKE_A_ROOT = re.compile(r"\d+\.root\.json")
_NOT_LOCKBOXES = frozenset({"root.json", "offline-snapshot.json"})


@dataclass(frozen=True, kw_only=True)
class ExpectedPackage:
    """What one target's bytes must be.

    Attributes:
        target: The target's name.
        path: The segments of its path below ``images/``; empty if the name is unsafe.
        name: The package's name by the image repository, or empty.
        version: The package's version by the image repository, or empty.
        target_format: ``OSTREE`` or ``BINARY``: what the lockbox says, else the image repository, else what
            the length means to a device.
        hardware_ids: For which hardware ids the lockbox wants it.
        length: Its length in bytes.
        hashes: Algorithm to digest: all that either document gives.
        custom: The image repository's ``custom`` member, which says where the bytes come from.
        agreed: True if lockbox and image repository agree about it.
    """

    target: str
    path: tuple[str, ...]
    name: str
    version: str
    target_format: str
    hardware_ids: tuple[str, ...]
    length: int
    hashes: Mapping[str, str]
    custom: Mapping[str, object] = field(repr=False)
    agreed: bool


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


def lockbox_names(director: RepositoryEvidence) -> tuple[str, ...]:
    """The names of all lockboxes that lie among the Director's documents, in the order of the device's search.

    Args:
        director: The Director's documents.

    Returns:
        Names without ``.json``, in byte order of the file names.
    """
    return tuple(name.removesuffix(".json") for name in sorted(director.files) if _is_lockbox_file(name))


def _is_lockbox_file(name: str) -> bool:
    return name.endswith(".json") and name not in _NOT_LOCKBOXES and not numbered_roots([name])


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
    director_roots, director_anchor = _walk(
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

    image_roots, image_anchor = _walk(
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
        "director": {*_NOT_LOCKBOXES, *(director.listing if director is not None else ())},
        "image-repo": {
            "root.json",
            "timestamp.json",
            "snapshot.json",
            "targets.json",
            *(images.listing if images is not None else ()),
        },
    }
    _check_spelling(evidence, known, ledger)
    packages = tuple(_package(target, found.get(name), at, ledger) for name, target in targets.items())
    _check_collisions(packages, ledger)
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
            image_listing=images.listing,
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


def _walk(
    part: RepositoryEvidence,
    anchor_raw: bytes | None,
    repository: str,
    *,
    at: datetime,
    dialect: Dialect,
    ledger: Ledger,
) -> tuple[tuple[Root, ...], str | None]:
    """Walk the chain of roots of one repository; the second value is the digest of its anchor."""
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


def _judge_director(root: Root, part: RepositoryEvidence, at: datetime, ledger: Ledger) -> DirectorDocuments:
    documents = DirectorDocuments(root, at, ledger)
    snapshot = part.files.get("offline-snapshot.json")
    if snapshot is None:
        if "offline-snapshot.json" not in part.unreadable:
            ledger.report("document-missing", OFFLINE_SNAPSHOT, "every lockbox needs the offline-snapshot")
        documents.skip_snapshot()
    else:
        documents.offer_snapshot(snapshot)
    name = _choose_lockbox(part, documents, ledger)
    if name is not None:
        documents.offer_lockbox(name, part.files[f"{name}.json"])
    return documents


def _choose_lockbox(part: RepositoryEvidence, documents: DirectorDocuments, ledger: Ledger) -> str | None:
    """Find the one lockbox on the medium; a device would take the first listed name in byte order."""
    present = lockbox_names(part)
    listed = [name for name in present if f"{name}.json" in documents.listing]
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


def _package(target: Target, listed: Target | None, at: datetime, ledger: Ledger) -> ExpectedPackage:
    path: tuple[str, ...] = ()
    try:
        path = target_path(target.name)
    except MalformedError as error:
        ledger.malformed(target.name, error)
    agreed = check_match(target, listed, ledger)
    if listed is not None:
        check_clock(listed, at, ledger)
    check_shape(target, listed, ledger)
    known = target if listed is None else listed
    by_length = "BINARY" if target.length else "OSTREE"
    return ExpectedPackage(
        target=target.name,
        path=path,
        name=known.package,
        version=known.version,
        target_format=target.target_format or known.target_format or by_length,
        hardware_ids=target.hardware_ids,
        length=target.length,
        hashes={**known.hashes, **target.hashes},
        custom=known.custom,
        agreed=agreed,
    )


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


def _check_collisions(packages: tuple[ExpectedPackage, ...], ledger: Ledger) -> None:
    for group in collisions(package.target for package in packages if package.path):
        ledger.report(
            "target-name-collision",
            group[0],
            f"these names are one on file systems that ignore case: {', '.join(repr(name) for name in group)}",
        )


def _lifetime_of_root(repository: str, root: Root) -> Lifetime:
    return Lifetime(role=f"{repository}/{root.document.version}.root.json", expires=root.document.expires)
