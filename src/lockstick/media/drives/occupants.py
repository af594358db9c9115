"""What lockbox is on a mounted volume, and until when it is good, as it says of itself. Nothing is proven.

Volumes belong to strangers: one that is slow, broken or made to be slow gets a few seconds, and no package is read.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind, FolderTree
from lockstick.lockbox.inspect import inspect
from lockstick.lockbox.layout import MEDIA_FOLDER, WORK_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from lockstick.disk.tree import Tree
    from lockstick.lockbox.inspect import Contents, DocumentFacts

__all__ = ["LOOKING_SECONDS", "Occupant", "look", "look_at_all"]

LOOKING_SECONDS = 5.0
"""How long all volumes together may take."""

_MOST_DOCUMENTS = 200
_MOST_BYTES = 4 * 1024 * 1024
"""Far more than real lockboxes have, and read in a moment; ``inspect`` has larger limits."""

_TOO_LONG = "the volume does not answer in time"
_UNFINISHED = "an unfinished build or write; the same command goes on where it was"
_LARGE = "its documents are unusually many or large; 'lockstick inspect' looks at them"


@dataclass(frozen=True, kw_only=True)
class Occupant:
    """A lockbox on a volume, unproven.

    Attributes:
        folder: Where it lies.
        name: Its name; empty if it cannot be read.
        version: Its version; 0 if it cannot be read.
        good_until: When its first document expires; None if none can be read.
        problem: What is the matter; empty if all could be read.
        is_unfinished: True if it is none yet: a run that makes one was interrupted, or is at it right now.
    """

    folder: Path
    name: str = ""
    version: int = 0
    good_until: datetime | None = None
    problem: str = ""
    is_unfinished: bool = False


def look_at_all(
    mounts: Iterable[Path],
    *,
    seconds: float = LOOKING_SECONDS,
    looking: Callable[[Path], tuple[Occupant, ...]] | None = None,
) -> dict[Path, tuple[Occupant, ...]]:
    """Look at several volumes at once, and no longer than so many seconds.

    Args:
        mounts: Where they are mounted.
        seconds: How long it may take altogether.
        looking: Looks at one of them.

    Returns:
        Mount to what is on it. A volume that does not answer has one occupant with a problem; who was asked about it
        goes on waiting by himself, and is forgotten.
    """
    looking = looking or look
    found: dict[Path, tuple[Occupant, ...]] = {}
    lookers: list[tuple[Path, threading.Thread]] = []
    for mount in dict.fromkeys(mounts):
        # A thread that keeps nobody from leaving: a dead medium may hold it for ever.
        thread = threading.Thread(target=_note, args=(looking, mount, found), daemon=True)
        thread.start()
        lookers.append((mount, thread))
    end = time.monotonic() + seconds
    for _, thread in lookers:
        thread.join(max(0.0, end - time.monotonic()))
    silent = (Occupant(folder=mount, problem=_TOO_LONG) for mount, _ in lookers if mount not in found)
    return dict(found) | {one.folder: (one,) for one in silent}


def look(mount: Path) -> tuple[Occupant, ...]:
    """Look at one volume: in the folder where devices look by custom, and in the volume itself.

    Args:
        mount: Where it is mounted.

    Returns:
        What is there; nothing raises.
    """
    found: list[Occupant] = []
    for place in ((MEDIA_FOLDER,), ()):
        folder = mount.joinpath(*place)
        tree = FolderTree(folder)
        try:
            # Seen from the volume, so that no link leads out of it.
            work = FolderTree(mount).look((*place, WORK_FOLDER))
            if work is not None and work.kind is EntryKind.FOLDER:
                found.append(Occupant(folder=folder, problem=_UNFINISHED, is_unfinished=True))
            entry = FolderTree(mount).look((*place, "metadata"))
            if entry is None or entry.kind is not EntryKind.FOLDER:
                continue
            if _is_large(tree):
                found.append(Occupant(folder=folder, problem=_LARGE))
                continue
            contents = inspect(tree)
        except OSError as error:
            found.append(Occupant(folder=folder, problem=f"it cannot be read: {error.strerror or error}"))
            break  # the medium, or the right to read it, is at fault; the next folder would say the same
        found.extend(_occupants(folder, contents))
    return tuple(found)


def _note(
    looking: Callable[[Path], tuple[Occupant, ...]], mount: Path, found: dict[Path, tuple[Occupant, ...]]
) -> None:
    try:
        found[mount] = looking(mount)
    except Exception as error:  # noqa: BLE001 - a thread's last resort: an odd volume hides no other one
        found[mount] = (Occupant(folder=mount, problem=f"it cannot be read: {type(error).__name__}"),)


def _is_large(tree: Tree) -> bool:
    documents = size = 0
    for repository in ("director", "image-repo"):
        place = ("metadata", repository)
        if tree.look(place) is None:
            continue
        for entry in tree.entries(place):
            documents += 1
            size += entry.size
            if documents > _MOST_DOCUMENTS or size > _MOST_BYTES:
                return True
    return False


def _occupants(folder: Path, contents: Contents) -> list[Occupant]:
    """One for each lockbox that is listed; one without a name if none can be read."""
    boxes = [document for document in contents.documents if document.role == "offline-updates"]
    good_until = min((one.expires for one in _in_force(contents) if one.expires is not None), default=None)
    problem = next((f"{one.path}: {one.problem}" for one in contents.documents if one.problem), "")
    if not boxes:
        return [Occupant(folder=folder, good_until=good_until, problem=problem or "it names no lockbox")]
    return [
        Occupant(
            folder=folder,
            name=document.path.rpartition("/")[2].removesuffix(".json"),
            version=document.version,
            good_until=good_until,
            problem=problem,
        )
        for document in boxes
    ]


def _in_force(contents: Contents) -> list[DocumentFacts]:
    """The documents whose end counts, as ``verify`` counts them (lockbox-format 7.5).

    Of the roots of a repository it is only the newest. A timestamp ends within a day and is not asked for offline.
    """
    roots: dict[str, DocumentFacts] = {}
    others: list[DocumentFacts] = []
    for document in contents.documents:
        repository = document.path.partition("/")[0]
        if document.role == "timestamp":
            continue
        if document.role != "root":
            others.append(document)
        elif repository not in roots or document.version > roots[repository].version:
            roots[repository] = document
    return [*others, *roots.values()]
