"""A mounted medium as a tree of files, each read from the medium itself."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

from lockstick.disk.tree import Entry, FolderTree, Place
from lockstick.media.readback.exclusion import Exclusion, How
from lockstick.media.readback.file import Buffers, PastCacheFile

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.media.readback.source import Reader, Source

__all__ = ["PastCacheTree", "reader_for"]


class PastCacheTree:
    """A folder on a medium, whose files are read past the system's cache; an implementation of the seam of all readers.

    Names, sizes and permissions come from the system as usual: it offers no way past its memory of those. To be made
    when all is written; after more was written, :meth:`refresh` comes first.

    Args:
        root: The folder; links that lead to it are the user's own affair.
        reader: The way past the cache; that of this platform by default.
    """

    def __init__(self, root: Path, *, reader: Reader | None = None) -> None:
        self._folder = FolderTree(root)
        self._reader = reader if reader is not None else reader_for(root)
        self._buffers = Buffers()
        self._lock = threading.Lock()
        self._is_fresh = False
        self._files: Counter[How] = Counter()

    @property
    def root(self) -> Path:
        """The folder."""
        return self._folder.root

    @property
    def shown(self) -> str:
        """The folder's path."""
        return self._folder.shown

    @property
    def exclusion(self) -> Exclusion:
        """How the cache was kept out of the files that were read and closed so far."""
        with self._lock:
            return Exclusion(files=dict(self._files), reason=self._reader.reason)

    def refresh(self) -> None:
        """Do again what is done before the first file: flush, and forget what lies beneath the file system.

        Whoever reads a file a second time and wants to hear the medium again, calls this before.

        Raises:
            OSError: The medium failed.
        """
        with self._lock:
            self._reader.refresh()
            self._is_fresh = True

    def look(self, place: Place) -> Entry | None:
        """Say what has a name; see :class:`lockstick.disk.tree.Tree`."""
        return self._folder.look(place)

    def entries(self, place: Place) -> Iterator[Entry]:
        """List a folder; see :class:`lockstick.disk.tree.Tree`."""
        return self._folder.entries(place)

    def link(self, place: Place) -> bytes:
        """Read where a link leads to; see :class:`lockstick.disk.tree.Tree`."""
        return self._folder.link(place)

    def attribute(self, place: Place, name: str) -> bytes | None:
        """Read an extended attribute; see :class:`lockstick.disk.tree.Tree`."""
        return self._folder.attribute(place, name)

    def open(self, place: Place) -> io.RawIOBase:
        """Open a file past the cache; see :class:`lockstick.disk.tree.Tree`."""
        if not self._is_fresh:
            self.refresh()
        return PastCacheFile(self._reader.open(self._folder.path(place)), self._buffers, self._note)

    def _note(self, source: Source) -> None:
        with self._lock:
            self._files[source.how] += 1


def reader_for(root: Path, platform: str = sys.platform) -> Reader:
    """This platform's way past its cache."""
    if platform == "linux":
        from lockstick.media.readback.linux import LinuxReader  # noqa: PLC0415 - each platform has its own

        return LinuxReader(root)
    if platform == "darwin":
        from lockstick.media.readback.macos import MacReader  # noqa: PLC0415

        return MacReader(root)
    if platform == "win32":
        from lockstick.media.readback.windows import WindowsReader  # noqa: PLC0415

        return WindowsReader(root)
    from lockstick.media.readback.plain import PlainReader  # noqa: PLC0415

    return PlainReader()
