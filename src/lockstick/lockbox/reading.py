"""Reading from a medium: regular files only, never through a link, never more than a cap."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import LINKED, find_plain, is_linked, read_up_to, unreadable
from lockstick.trust.evidence import Evidence, RepositoryEvidence
from lockstick.trust.limits import DEVICE_LIMITS, Limits

if TYPE_CHECKING:
    from lockstick.disk.tree import Place, Tree

__all__ = ["read_evidence"]

_MAX_DOCUMENTS = 4096
_MAX_TOTAL = 64 * 1024 * 1024


def read_evidence(tree: Tree, limits: Limits = DEVICE_LIMITS) -> Evidence:
    """Read all signed documents of a lockbox.

    Args:
        tree: Where it lies.
        limits: The largest size of each kind of document; a larger one is not read.

    Returns:
        The documents. What could not be read is named there with the rule it breaks; nothing raises.
    """
    budget = [_MAX_TOTAL]
    return Evidence(
        director=_read_folder(tree, "director", limits, budget),
        image_repo=_read_folder(tree, "image-repo", limits, budget),
    )


def _read_folder(tree: Tree, repository: str, limits: Limits, budget: list[int]) -> RepositoryEvidence:
    files: dict[str, bytes] = {}
    refused: dict[str, tuple[str, str]] = {}
    folder = ("metadata", repository)
    try:
        names = _names(tree, folder)
    except OSError as error:
        return RepositoryEvidence(files={}, unreadable={".": ("document-unreadable", f"{error.strerror or error}")})
    for name in names[:_MAX_DOCUMENTS]:
        limit = min(limits.of(repository, name), budget[0])
        data, problem = _read(tree, (*folder, name), limit)
        if problem:
            refused[name] = ("document-unreadable", problem)
        elif len(data) > limit:
            refused[name] = ("document-too-large", f"it is larger than {limit} bytes, the most that devices read")
        else:
            budget[0] -= len(data)
            files[name] = data
    if len(names) > _MAX_DOCUMENTS:
        refused["*.json"] = ("document-too-large", f"{len(names)} documents lie here; {_MAX_DOCUMENTS} are read")
    return RepositoryEvidence(files=files, unreadable=refused)


def _names(tree: Tree, folder: Place) -> list[str]:
    try:
        names = [entry.name for entry in tree.entries(folder)]
    except (FileNotFoundError, NotADirectoryError) as error:
        if is_linked(tree, folder):
            raise OSError(errno.ELOOP, LINKED) from None
        if isinstance(error, FileNotFoundError):
            return []
        raise
    return sorted(name for name in names if name.casefold().endswith(".json") and not name.startswith("._"))


def _read(tree: Tree, place: Place, limit: int) -> tuple[bytes, str]:
    _, problem = find_plain(tree, place)
    if problem:
        return b"", problem
    try:
        with tree.open(place) as file:
            # One byte more than allowed tells a document that fits from one that does not.
            return read_up_to(file, limit + 1), ""
    except OSError as error:
        return b"", unreadable(error)
