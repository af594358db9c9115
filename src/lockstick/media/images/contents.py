"""What of a lockbox's folder goes into an image: all that lies in ``metadata`` and ``images``, nothing beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind, shown_in
from lockstick.disk.trouble import media_error
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.disk.tree import Entry, Place, Tree

__all__ = ["FIXED_TIME", "Contents", "Packed", "gather"]

FIXED_TIME = 315_532_800
"""The time of everything in an image, in seconds: 1980, the first that FAT can hold. One lockbox gives one image."""

# In this order, so that whoever unpacks or reads on sees the payloads first: metadata makes devices look.
_FOLDERS = ("images", "metadata")


@dataclass(frozen=True)
class Packed:
    """One name that goes into an image.

    Attributes:
        place: Where it lies in the lockbox.
        kind: A folder, a file or a link.
        size: A file's length.
        is_program: True if its permissions let it be run: commits of operating systems have such files.
    """

    place: Place
    kind: EntryKind
    size: int = 0
    is_program: bool = False


@dataclass(frozen=True)
class Contents:
    """All that goes into an image.

    Attributes:
        tree: Where it is read.
        names: Every folder, file and link; folders before what lies in them, otherwise in the order of names.
    """

    tree: Tree
    names: tuple[Packed, ...]

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(one.size for one in self.names)

    @property
    def files(self) -> tuple[Packed, ...]:
        """The files."""
        return tuple(one for one in self.names if one.kind is EntryKind.FILE)


def gather(tree: Tree) -> Contents:
    """List what goes into an image.

    Args:
        tree: The lockbox.

    Returns:
        Everything in it.

    Raises:
        UsageError: Something in it is neither a file, nor a folder, nor a link.
        MediaError: It cannot be read.
    """
    try:
        return Contents(tree, tuple(_listed(tree)))
    except OSError as error:
        raise media_error(error, tree.shown, "read") from error


def _listed(tree: Tree) -> Iterator[Packed]:
    for top in _FOLDERS:
        found = tree.look((top,))
        if found is not None:
            yield from _below(tree, (), found)


def _below(tree: Tree, folder: Place, entry: Entry) -> Iterator[Packed]:
    place = (*folder, entry.name)
    if entry.kind is EntryKind.OTHER:
        raise UsageError(
            f"{shown_in(tree, place)} cannot be packed",
            why="it is neither a file, nor a folder, nor a link",
            remedy="Remove it, then pack again.",
        )
    yield Packed(place, entry.kind, entry.size, is_program=bool(entry.mode & 0o111))
    if entry.kind is EntryKind.FOLDER:
        for inside in sorted(tree.entries(place), key=lambda one: one.name):
            yield from _below(tree, place, inside)
