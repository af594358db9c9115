"""What of a lockbox goes onto a medium: the documents, the packages and their parts, and nothing else.

The documents are judged first, which is cheap; packages are only looked at. Their bytes are hashed by whoever copies
them, and the copy is verified in the end.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.disk.leftovers import is_left_behind
from lockstick.disk.tree import EntryKind
from lockstick.disk.trouble import media_error
from lockstick.errors import UsageError
from lockstick.lockbox.anchors import LOCKBOX_DIALECT
from lockstick.lockbox.demanding import require_verified
from lockstick.lockbox.reading import read_evidence
from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.shape import as_object
from lockstick.metadata.targets import read_target
from lockstick.payloads.kind import Kind, kind_of
from lockstick.payloads.parts import parts_folders
from lockstick.trust.evidence import numbered_roots
from lockstick.trust.findings import Ledger, verdict_of
from lockstick.trust.judge import judge
from lockstick.trust.memory import compare, seen_in
from lockstick.trust.names import target_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from lockstick.disk.tree import Entry, Place, Tree
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.seen import SeenFiles
    from lockstick.trust.evidence import Evidence
    from lockstick.trust.findings import Finding
    from lockstick.trust.judge import Judgement

__all__ = ["MOST_FILES", "Consignment", "Piece", "claims_of", "consign", "is_named_by_content", "is_ours"]

MOST_FILES = 2_000_000
"""Files of parts that a lockbox may have; more are nobody's operating system."""

_BY_CONTENT = re.compile(
    r"images/[0-9a-f]{64}\.images/[0-9a-f]{64}\.tar"
    r"|metadata/docker/[0-9a-f]{64}\.manifests/[0-9a-f]{64}\.json"
    r"|images/ostree/objects/[0-9a-f]{2}/[0-9a-f]{62}\.[a-z-]+"
)
_OURS = re.compile(
    r"metadata/(director|image-repo)/[^/]+\.json"
    r"|metadata/docker/[0-9a-f]{64}\.manifests/.+"
    r"|images/[0-9a-f]{64}\.images/.+"
    r"|images/ostree/.+"
    r"|\.lockstick/.+"
    r"|(.*/)?(\._[^/]*|\.DS_Store|Thumbs\.db)"
)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One file that goes onto a medium.

    Attributes:
        place: Where it lies below the lockbox.
        size: How many bytes it has.
        digests: What its bytes must be, by algorithm; empty for a part, which is proven by reading it back.
        target: The package that it belongs to; empty for a document.
        data: All its bytes, for a document: those that were judged.
    """

    place: Place
    size: int
    digests: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    data: bytes | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """Its path below the lockbox."""
        return "/".join(self.place)


@dataclass(frozen=True, kw_only=True)
class Consignment:
    """A lockbox whose documents are genuine and current, as a list of files.

    Attributes:
        name: The lockbox's name.
        version: Its version.
        good_until: When the first of its documents expires.
        pieces: Packages first, then their parts, the documents last.
        identity: A digest over the documents, which say what everything else must be.
    """

    name: str
    version: int
    good_until: datetime
    pieces: tuple[Piece, ...] = field(repr=False)
    identity: str

    @property
    def size(self) -> int:
        """How many bytes all files have."""
        return sum(piece.size for piece in self.pieces)


def consign(tree: Tree, *, anchors: AnchorChoice, at: datetime, memory: SeenFiles | None = None) -> Consignment:
    """Judge the documents of a lockbox and list what of it goes onto a medium.

    Args:
        tree: The lockbox.
        anchors: What to believe.
        at: The time to judge by.
        memory: What this machine has verified before; None to go without.

    Returns:
        The list. The bytes of packages have not been read.

    Raises:
        DistrustError: It is not to be trusted, or a package is missing.
        NotCurrentError: It is genuine, but expired or superseded.
        UsageError: Its parts have more files than anything real.
        MediaError: The source cannot be read.
    """
    evidence = read_evidence(tree)
    chosen = anchors.choose(evidence)
    judgement = judge(evidence, chosen, at)
    ledger = Ledger()
    ledger.include(judgement.findings)
    if memory is not None and (seen := memory.recall(chosen)) is not None:
        compare(seen, seen_in(judgement.trail), ledger)
    _require(tree, ledger.findings)
    try:
        pieces = [*_packages(tree, judgement, ledger), *_parts(tree, judgement)]
    except OSError as error:
        raise media_error(error, tree.shown, "read") from error
    _require(tree, ledger.findings)
    documents = tuple(_documents(evidence, judgement))
    box, weakest = judgement.lockbox, judgement.weakest
    if box is None or weakest is None:
        raise AssertionError("a verified lockbox has a name and an end")
    return Consignment(
        name=box.name,
        version=box.version,
        good_until=weakest.expires,
        pieces=(*pieces, *documents),
        identity=_identity(documents),
    )


def claims_of(tree: Tree) -> dict[Place, Mapping[str, str]]:
    """What the bytes of an older lockbox's files are, by its own word; nothing of it is proven.

    Args:
        tree: The older lockbox; it need not be one.

    Returns:
        Place to digests, for its documents and the packages that it lists.
    """
    evidence = read_evidence(tree)
    claims: dict[Place, Mapping[str, str]] = {}
    for repository, part in (("director", evidence.director), ("image-repo", evidence.image_repo)):
        for name, raw in part.files.items():
            claims["metadata", repository, name] = {"sha256": hashlib.sha256(raw).hexdigest()}
            if repository == "director":
                claims |= _listed(raw, name)
    return claims


def is_named_by_content(place: Place) -> bool:
    """Say whether a file has its digest for a name, so that one of that name and length may be the very same."""
    return _BY_CONTENT.fullmatch("/".join(place)) is not None


def is_ours(place: Place) -> bool:
    """Say whether a file of an older lockbox is part of it for its place alone, or mere litter of a desktop."""
    return _OURS.fullmatch("/".join(place)) is not None


def _require(tree: Tree, findings: tuple[Finding, ...]) -> None:
    require_verified(verdict_of(findings), findings, f"the lockbox in {tree.shown} is not written")


def _packages(tree: Tree, judgement: Judgement, ledger: Ledger) -> Iterator[Piece]:
    for package in judgement.packages:
        if kind_of(package) is Kind.OSTREE or not package.path:
            continue  # a commit has no file of its own; an unsafe name has been refused
        place = ("images", *package.path)
        entry = tree.look(place)
        if entry is None:
            ledger.report("package-missing", package.target, "its bytes are not in the lockbox")
        elif entry.kind is not EntryKind.FILE:
            ledger.report("package-unreadable", package.target, "something else than a file lies in its place")
        elif entry.size != package.length:
            ledger.report(
                "package-length", package.target, f"{package.length} bytes were signed, {entry.size} are there"
            )
        else:
            yield Piece(place=place, size=package.length, digests=dict(package.hashes), target=package.target)


def _parts(tree: Tree, judgement: Judgement) -> Iterator[Piece]:
    seen: set[str] = set()
    count = 0
    for package in judgement.packages:
        for folder in parts_folders(package):
            if folder in seen:
                continue
            seen.add(folder)
            for place, entry in _walk(tree, tuple(folder.strip("/").split("/"))):
                count += 1
                if count > MOST_FILES:
                    raise UsageError(
                        f"the lockbox in {tree.shown} is not written: it has too many files",
                        why=f"the parts of its packages are more than {MOST_FILES} files",
                        remedy="Build it again; if it has so many files then, please report it.",
                    )
                yield Piece(place=place, size=entry.size, target=package.target)


def _walk(tree: Tree, folder: Place) -> Iterator[tuple[Place, Entry]]:
    """The plain files below a folder in a fixed order; links and litter are nothing that a device reads."""
    found = tree.look(folder)
    if found is None or found.kind is not EntryKind.FOLDER:
        return
    for entry in sorted(tree.entries(folder), key=lambda one: one.name):
        place = (*folder, entry.name)
        if entry.kind is EntryKind.FOLDER:
            yield from _walk(tree, place)
        elif entry.kind is EntryKind.FILE and not is_left_behind(entry.name):
            yield place, entry


def _documents(evidence: Evidence, judgement: Judgement) -> Iterator[Piece]:
    for repository, part in (("director", evidence.director), ("image-repo", evidence.image_repo)):
        roots = set(numbered_roots(part.files).values())
        for name, data in sorted(part.files.items()):
            if name in roots or f"{repository}/{name}" in judgement.known_documents:
                digests = {"sha256": hashlib.sha256(data).hexdigest()}
                yield Piece(place=("metadata", repository, name), size=len(data), digests=digests, data=data)


def _identity(documents: tuple[Piece, ...]) -> str:
    lines = sorted(f"{piece.digests['sha256']} {piece.shown}\n" for piece in documents)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _listed(raw: bytes, name: str) -> dict[Place, Mapping[str, str]]:
    """The digests that a lockbox's own document gives."""
    listed: dict[Place, Mapping[str, str]] = {}
    try:
        document = read_document(raw, name, LOCKBOX_DIALECT)
        if document.role != "offline-updates":
            return listed
        entries = as_object(document.signed.get("targets"), name)
    except MalformedError:
        return listed
    for target, value in entries.items():
        try:
            listed["images", *target_path(target)] = dict(read_target(target, value, name).hashes)
        except MalformedError:
            continue
    return listed
