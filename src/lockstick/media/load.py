"""What is to lie on a stick in the end: places and sizes, before a byte is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lockstick.disk.tree import Place, Tree

__all__ = ["Load", "LoadFile", "load_of"]

_JOURNAL_PER_FILE = 512  # a place of a few hundred bytes, a digest, a size, and what was proven
_JOURNAL = 64 * 1024
_RECEIPT = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class LoadFile:
    """One file that is to lie on the stick.

    Attributes:
        place: Where it is to lie, below the mount.
        size: Its length in bytes.
        there: How many of its bytes lie on the stick already and will be used, from a lockbox that is replaced or
            from a run that was interrupted; None if nothing of it is there.
    """

    place: Place
    size: int
    there: int | None = None

    @property
    def is_kept(self) -> bool:
        """True if all of it lies there already, so that it costs no room."""
        return self.there is not None and self.there >= self.size


@dataclass(frozen=True, kw_only=True)
class Load:
    """All that is to lie on the stick.

    Attributes:
        files: The files, kept ones included.
        obsolete: Files of the lockbox that is replaced which the new one does not need: room that can be had by
            removing them first, at the price of a stick without a lockbox until the run is through.
        beside: Bytes that the run itself needs: its journal and the receipt. None for the usual.
    """

    files: tuple[LoadFile, ...] = ()
    obsolete: tuple[LoadFile, ...] = ()
    beside: int | None = None

    @property
    def bytes_beside(self) -> int:
        """Bytes that the run itself needs."""
        if self.beside is not None:
            return self.beside
        return _JOURNAL + _JOURNAL_PER_FILE * len(self.files) + _RECEIPT

    def keeping(self, there: Mapping[Place, int]) -> Load:
        """Say which files lie on the stick already.

        Args:
            there: How many bytes of them, by place; places that are not part of the load are passed over.

        Returns:
            The load with that said.
        """
        return replace(self, files=tuple(replace(file, there=there.get(file.place, file.there)) for file in self.files))

    def replacing(self, old: Iterable[LoadFile]) -> Load:
        """Say what the lockbox that is replaced consists of; what the new one keeps of it is not obsolete.

        Args:
            old: Its files.

        Returns:
            The load with that said.
        """
        kept = {file.place for file in self.files if file.there is not None}
        return replace(self, obsolete=tuple(file for file in old if file.place not in kept))


def load_of(tree: Tree, below: Place) -> Load:
    """Tell what a tree of files would need on a stick.

    Links and other things that are no files are left out: they are never written.

    Args:
        tree: The files.
        below: The folder on the stick that they go to, as in ``("update",)``.

    Returns:
        The load.

    Raises:
        OSError: The tree cannot be read.
    """
    files = (LoadFile(place=(*below, *place), size=size) for place, size in _files(tree, ()))
    return Load(files=tuple(sorted(files, key=lambda file: file.place)))


def _files(tree: Tree, place: Place) -> Iterator[tuple[Place, int]]:
    waiting = [place]
    while waiting:
        folder = waiting.pop()
        for entry in tree.entries(folder):
            if entry.kind is EntryKind.FOLDER:
                waiting.append((*folder, entry.name))
            elif entry.kind is EntryKind.FILE:
                yield (*folder, entry.name), entry.size
