"""Reading from a medium: regular files only, never through a link, never more than a cap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.plainfile import obstacle
from lockstick.trust.evidence import Evidence, RepositoryEvidence
from lockstick.trust.limits import DEVICE_LIMITS, Limits

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.lockbox.layout import Layout

__all__ = ["read_evidence"]

_MAX_DOCUMENTS = 4096
_MAX_TOTAL = 64 * 1024 * 1024


def read_evidence(layout: Layout, limits: Limits = DEVICE_LIMITS) -> Evidence:
    """Read all signed documents of a lockbox.

    Args:
        layout: Where it lies.
        limits: The largest size of each kind of document; a larger one is not read.

    Returns:
        The documents. What could not be read is named there with the rule it breaks; nothing raises.
    """
    budget = [_MAX_TOTAL]
    return Evidence(
        director=_read_folder(layout.root, layout.director, "director", limits, budget),
        image_repo=_read_folder(layout.root, layout.image_repo, "image-repo", limits, budget),
    )


def _read_folder(root: Path, folder: Path, repository: str, limits: Limits, budget: list[int]) -> RepositoryEvidence:
    files: dict[str, bytes] = {}
    unreadable: dict[str, tuple[str, str]] = {}
    try:
        names = sorted(
            entry.name
            for entry in folder.iterdir()
            if entry.name.casefold().endswith(".json") and not entry.name.startswith("._")
        )
    except FileNotFoundError:
        names = []
    except OSError as error:
        return RepositoryEvidence(files={}, unreadable={".": ("document-unreadable", f"{error.strerror or error}")})
    for name in names[:_MAX_DOCUMENTS]:
        problem = obstacle(root, folder / name)
        if problem:
            unreadable[name] = ("document-unreadable", problem)
            continue
        limit = min(limits.of(repository, name), budget[0])
        try:
            with (folder / name).open("rb") as file:
                # One byte more than allowed tells a document that fits from one that does not.
                data = file.read(limit + 1)
        except OSError as error:
            unreadable[name] = ("document-unreadable", f"it cannot be read: {error.strerror or error}")
            continue
        if len(data) > limit:
            unreadable[name] = ("document-too-large", f"it is larger than {limit} bytes, the most that devices read")
            continue
        budget[0] -= len(data)
        files[name] = data
    if len(names) > _MAX_DOCUMENTS:
        unreadable["*.json"] = ("document-too-large", f"{len(names)} documents lie here; {_MAX_DOCUMENTS} are read")
    return RepositoryEvidence(files=files, unreadable=unreadable)
