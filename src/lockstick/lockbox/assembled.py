"""A lockbox that is complete but not visible yet, as the tree that it will be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.lockbox.layout import WORK_FOLDER

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from lockstick.disk.tree import Entry, Place, Tree

__all__ = ["AssembledTree"]

_METADATA = "metadata"


class AssembledTree:
    """The output folder of a build, with the hidden documents where they are about to be.

    Args:
        tree: The output folder.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    @property
    def shown(self) -> str:
        """The folder's path."""
        return self._tree.shown

    def look(self, place: Place) -> Entry | None:
        """Say what has a name; see :class:`lockstick.disk.tree.Tree`."""
        return self._tree.look(_really(place))

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`lockstick.disk.tree.Tree`."""
        return self._tree.entries(_really(place))

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file; see :class:`lockstick.disk.tree.Tree`."""
        return self._tree.open(_really(place))

    def link(self, place: Place) -> bytes:
        """Read where a link leads to; see :class:`lockstick.disk.tree.Tree`."""
        return self._tree.link(_really(place))

    def attribute(self, place: Place, name: str) -> bytes | None:
        """Read an extended attribute; see :class:`lockstick.disk.tree.Tree`."""
        return self._tree.attribute(_really(place), name)


def _really(place: Place) -> Place:
    return (WORK_FOLDER, *place) if place[:1] == (_METADATA,) else place
