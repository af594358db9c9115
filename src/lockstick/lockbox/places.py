"""Which package files in an output folder are ours to remove: a list that outlives an interrupted build.

A folder may have been the output of an older version of the lockbox, or of an interrupted build of another
one. What those put below ``images/`` is removed when the new lockbox becomes visible; nothing else ever is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lockstick.disk.durable import publish, write_new
from lockstick.disk.trouble import media_error
from lockstick.lockbox.inspect import inspect
from lockstick.metadata.malformed import MalformedError
from lockstick.trust.names import target_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lockstick.lockbox.layout import Layout

__all__ = ["listed_places", "read_places", "write_places"]

_MAX_LIST = 16 * 1024 * 1024


def listed_places(layout: Layout) -> set[tuple[str, ...]]:
    """The places of the packages that a lockbox on disk lists, trusted or not.

    Args:
        layout: Where it lies.

    Returns:
        Segments of safe paths below ``images/``.
    """
    return _safe(package.target for package in inspect(layout.tree).packages)


def read_places(path: Path) -> set[tuple[str, ...]]:
    """Read the list of an earlier build.

    Args:
        path: The list.

    Returns:
        Segments of safe paths; empty if there is no list, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            names = json.loads(file.read(_MAX_LIST))
    except (OSError, ValueError, RecursionError):
        return set()
    return _safe(name for name in names if isinstance(name, str)) if isinstance(names, list) else set()


def write_places(path: Path, places: Iterable[tuple[str, ...]]) -> None:
    """Write the list, before the first package is put anywhere.

    Args:
        path: The list.
        places: Segments of paths below ``images/``.

    Raises:
        MediaError: If the disk does not take it.
    """
    aside = path.with_suffix(".new")
    try:
        write_new(aside, json.dumps(sorted("/".join(place) for place in places)).encode("ascii"))
    except OSError as error:
        raise media_error(error, aside, "written") from error
    publish(aside, path)


def _safe(names: Iterable[str]) -> set[tuple[str, ...]]:
    places: set[tuple[str, ...]] = set()
    for name in names:
        try:
            places.add(target_path(name))
        except MalformedError:
            continue
    return places
