"""A part of a tree as a tree of its own: the lockbox in an image that holds it in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.tree import shown_in

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from lockstick.disk.tree import Entry, Place, Tree

__all__ = ["Below"]


@dataclass(frozen=True)
class Below:
    """What lies below a folder of a tree.

    Attributes:
        tree: The whole.
        folder: The folder.
    """

    tree: Tree
    folder: Place

    @property
    def shown(self) -> str:
        """The whole's name with the folder behind it."""
        return shown_in(self.tree, self.folder)

    def look(self, place: Place) -> Entry | None:
        """Say what has a name; see :class:`~lockstick.disk.tree.Tree`."""
        return self.tree.look((*self.folder, *place))

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`~lockstick.disk.tree.Tree`."""
        return self.tree.entries((*self.folder, *place))

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file; see :class:`~lockstick.disk.tree.Tree`."""
        return self.tree.open((*self.folder, *place))

    def link(self, place: Place) -> bytes:
        """Read where a link leads to; see :class:`~lockstick.disk.tree.Tree`."""
        return self.tree.link((*self.folder, *place))

    def attribute(self, place: Place, name: str) -> bytes | None:
        """Read an extended attribute; see :class:`~lockstick.disk.tree.Tree`."""
        return self.tree.attribute((*self.folder, *place), name)
