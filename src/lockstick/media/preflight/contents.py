"""What lies on a medium already: lockboxes, unfinished runs, and what systems leave behind."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

from lockstick.disk.leftovers import is_left_behind
from lockstick.disk.tree import EntryKind
from lockstick.media.preflight.facts import Contents, FoundLockbox

if TYPE_CHECKING:
    from lockstick.disk.tree import Entry, Place, Tree

__all__ = ["is_litter", "look_inside", "order_of_choice"]

_MOST_NAMES = 2000
_MOST_SNAPSHOT = 65_536  # the device's own limit (lockbox-format 1.3)
_SNAPSHOT = "offline-snapshot.json"
_ROOT = "root.json"
_END = ".json"
_WORK = ".lockstick"
_TELLING = ("metadata", "images", _WORK)
_LITTER_ENDS = (".part", ".crdownload", ".tmp")
_REPAIRED = "found."  # what Windows' check of a disk puts lost pieces into: FOUND.000
_DOCUMENTS = (("metadata",), ("metadata", "director"), ("metadata", "image-repo"))


def look_inside(tree: Tree) -> Contents:
    """Look at the top of a medium and one level down.

    What cannot be read is said to be unknown; nothing here raises for what lies on the medium.

    Args:
        tree: The medium.

    Returns:
        What lies there.
    """
    top, is_whole = _list(tree, ())
    folders = [entry.name for entry in top if entry.kind is EntryKind.FOLDER]
    boxes: list[FoundLockbox] = []
    litter: list[Place] = [(entry.name,) for entry in top if is_litter(entry.name)]
    unfinished: list[Place] = []
    foreign: list[str] = []
    for place in ((), *((name,) for name in folders if name != _WORK)):
        try:
            kinds = {name: found.kind for name in _TELLING if (found := tree.look((*place, name))) is not None}
            if place and not kinds and next(iter(tree.entries(place)), None) is not None:
                foreign.append(place[0])
        except OSError:
            is_whole = False
            continue
        if kinds.get("metadata") is EntryKind.FOLDER:
            boxes.append(FoundLockbox(place=place, names=_lockboxes(tree, place)))
            for part in _DOCUMENTS:
                documents, whole = _list(tree, (*place, *part))
                is_whole = is_whole and whole
                litter.extend((*place, *part, entry.name) for entry in documents if is_litter(entry.name))
        if kinds.get(_WORK) is EntryKind.FOLDER:
            unfinished.append(place)
    return Contents(
        top=top,
        lockboxes=tuple(boxes),
        litter=tuple(litter),
        unfinished=tuple(unfinished),
        foreign=tuple(foreign),
        is_whole=is_whole,
    )


def is_litter(name: str) -> bool:
    """Say whether a name is one that systems and interrupted programs leave behind, and nobody wants on a stick.

    Folders that a system keeps for itself (``System Volume Information``, ``.Trashes``) are not: they confuse nobody.
    """
    lower = name.lower()
    if is_left_behind(name) or lower.endswith(_LITTER_ENDS):
        return True
    return lower.startswith(_REPAIRED) and lower.removeprefix(_REPAIRED).isdecimal()


def order_of_choice(files: frozenset[str], snapshot: bytes | None) -> tuple[str, ...]:
    """Say in which order a device tries the lockboxes of a folder (lockbox-format 1.7).

    It goes through the keys of the offline-snapshot in the order of their bytes, and takes the first whose file is
    there.

    Args:
        files: Names of the files beside the snapshot.
        snapshot: The snapshot's bytes; None if there is none.

    Returns:
        Names of lockboxes. If the snapshot cannot be read, all that could be one.
    """
    keys = _keys(snapshot)
    candidates = (
        {name for name in files if name.endswith(_END) and not _is_other(name)} if keys is None else files & keys
    )
    ordered = sorted(candidates, key=lambda name: name.encode("utf-8", "surrogatepass"))
    return tuple(name.removesuffix(_END) for name in ordered)


def _keys(snapshot: bytes | None) -> set[str] | None:
    if snapshot is None or len(snapshot) > _MOST_SNAPSHOT:
        return None
    try:
        document = json.loads(snapshot)
        return {key for key in document["signed"]["meta"] if isinstance(key, str)}
    except (ValueError, RecursionError, TypeError, KeyError):
        return None


def _is_other(name: str) -> bool:
    return name in {_SNAPSHOT, _ROOT} or name.endswith(f".{_ROOT}") or is_litter(name)


def _lockboxes(tree: Tree, place: Place) -> tuple[str, ...]:
    director = (*place, "metadata", "director")
    files = frozenset(entry.name for entry in _list(tree, director)[0] if entry.kind is EntryKind.FILE)
    # Only what was seen to be a file is opened: a link on the way could lead anywhere.
    return order_of_choice(files, _read(tree, (*director, _SNAPSHOT)) if _SNAPSHOT in files else None)


def _read(tree: Tree, place: Place) -> bytes | None:
    try:
        with tree.open(place) as file:
            return file.read(_MOST_SNAPSHOT + 1)
    except OSError:
        return None


def _list(tree: Tree, place: Place) -> tuple[tuple[Entry, ...], bool]:
    try:
        found = list(islice(tree.entries(place), _MOST_NAMES + 1))
    except FileNotFoundError:
        return (), True
    except OSError:
        return (), False
    return tuple(sorted(found[:_MOST_NAMES], key=lambda entry: entry.name)), len(found) <= _MOST_NAMES
