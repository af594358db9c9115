"""What a lockbox says of itself, unproven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import find_plain
from lockstick.lockbox.anchors import LOCKBOX_DIALECT
from lockstick.lockbox.reading import read_evidence
from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.shape import as_object
from lockstick.metadata.targets import read_target
from lockstick.trust.names import target_path

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.disk.tree import Tree
    from lockstick.metadata.document import Document

__all__ = ["Contents", "DocumentFacts", "PackageFacts", "inspect"]


@dataclass(frozen=True, kw_only=True)
class DocumentFacts:
    """One signed document.

    Attributes:
        path: Where it lies below ``metadata/``.
        role: Its role, or empty if it cannot be read.
        version: Its version, or 0.
        expires: When it expires, or None.
        signatures: How many signatures it carries.
        problem: Why it cannot be read, or empty.
    """

    path: str
    role: str = ""
    version: int = 0
    expires: datetime | None = None
    signatures: int = 0
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class PackageFacts:
    """One target of a lockbox.

    Attributes:
        lockbox: The lockbox that lists it.
        target: Its name.
        hardware_ids: For which hardware it is.
        length: Its signed length in bytes.
        present: True if a file of that name and length lies in it.
    """

    lockbox: str
    target: str
    hardware_ids: tuple[str, ...]
    length: int
    present: bool


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is in something that looks like a lockbox."""

    documents: tuple[DocumentFacts, ...]
    packages: tuple[PackageFacts, ...]


def inspect(tree: Tree) -> Contents:
    """Read what a lockbox says of itself. Nothing is proven, nothing is hashed.

    Args:
        tree: Where it lies.

    Returns:
        The contents. Unreadable documents are listed with their problem; nothing raises.
    """
    evidence = read_evidence(tree)
    documents: list[DocumentFacts] = []
    packages: list[PackageFacts] = []
    for repository, part in (("director", evidence.director), ("image-repo", evidence.image_repo)):
        for name, raw in part.files.items():
            path = f"{repository}/{name}"
            try:
                document = read_document(raw, path, LOCKBOX_DIALECT)
            except MalformedError as error:
                documents.append(DocumentFacts(path=path, problem=error.what))
                continue
            documents.append(
                DocumentFacts(
                    path=path,
                    role=document.role,
                    version=document.version,
                    expires=document.expires,
                    signatures=len(document.signatures) + len(document.signature_problems),
                )
            )
            if document.role == "offline-updates":
                packages.extend(_packages(tree, document, name.removesuffix(".json")))
        documents.extend(
            DocumentFacts(path=f"{repository}/{name}", problem=message)
            for name, (_, message) in part.unreadable.items()
        )
    return Contents(documents=tuple(documents), packages=tuple(packages))


def _packages(tree: Tree, document: Document, lockbox: str) -> list[PackageFacts]:
    found: list[PackageFacts] = []
    try:
        entries = as_object(document.signed.get("targets"), document.name)
    except MalformedError:
        return found
    for name, value in entries.items():
        try:
            target = read_target(name, value, document.name)
        except MalformedError:
            continue
        found.append(
            PackageFacts(
                lockbox=lockbox,
                target=name,
                hardware_ids=target.hardware_ids,
                length=target.length,
                present=_present(tree, name, target.length),
            )
        )
    return found


def _present(tree: Tree, name: str, length: int) -> bool:
    try:
        place = ("images", *target_path(name))
    except MalformedError:
        return False
    return find_plain(tree, place) == (length, "")
