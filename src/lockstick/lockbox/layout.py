"""Where everything in a lockbox lies (lockbox-format 1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind, FolderTree
from lockstick.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MEDIA_FOLDER", "WORK_FOLDER", "Layout", "find_lockbox"]

MEDIA_FOLDER = "update"
"""The folder that holds a lockbox on a stick by custom."""

WORK_FOLDER = ".lockstick"
"""The hidden folder of a build that is not finished."""

_MOST_LOOKED_AT = 1000
_MOST_PROPOSED = 3


@dataclass(frozen=True)
class Layout:
    """The places in one lockbox.

    Attributes:
        root: The folder that holds ``metadata/`` and ``images/``.
    """

    root: Path

    @property
    def tree(self) -> FolderTree:
        """The folder, to be read; whoever proves or reads a lockbox takes this and no path."""
        return FolderTree(self.root)

    @property
    def metadata(self) -> Path:
        """The folder whose existence makes a device look: it appears last and disappears first."""
        return self.root / "metadata"

    @property
    def director(self) -> Path:
        """The Director's documents."""
        return self.metadata / "director"

    @property
    def image_repo(self) -> Path:
        """The image repository's documents, delegations included."""
        return self.metadata / "image-repo"

    @property
    def images(self) -> Path:
        """The payloads."""
        return self.root / "images"

    def package(self, path: tuple[str, ...]) -> Path:
        """The place of a package's bytes.

        Args:
            path: Segments from :func:`lockstick.trust.names.target_path`, the only source of them.

        Returns:
            The path below ``images/``.
        """
        return self.images.joinpath(*path)


def find_lockbox(folder: Path) -> Layout:
    """Find the lockbox in a folder: the folder itself, or ``update/`` in it (a mounted stick).

    Args:
        folder: What the user named.

    Returns:
        The layout.

    Raises:
        UsageError: If both hold a ``metadata`` folder, or ``update`` is a link: it may have been put there by whoever
            had the stick, and leads elsewhere on a device.
        NotFoundError: If neither holds a ``metadata`` folder.
    """
    found = [place for place in (folder, folder / MEDIA_FOLDER) if (place / "metadata").is_dir()]
    if len(found) > 1:
        raise UsageError(
            f"there are two lockboxes in {folder}: in itself and in {MEDIA_FOLDER!r}",
            why="a device looks at one of them only",
            remedy=f"Name the one you mean; {found[1]} is where devices look by custom.",
        )
    if found and found[0] != folder and _is_link(folder):
        raise UsageError(
            f"{found[0]} is a link",
            why="what it leads to need not lie on the stick, and a device would find something else there",
            remedy="Look where it leads. If you put it there yourself, name the folder that it leads to.",
        )
    if found:
        return Layout(found[0])
    for place in (folder, folder / MEDIA_FOLDER):
        if (place / WORK_FOLDER).is_dir():
            raise NotFoundError(
                f"there is no lockbox in {folder} yet",
                why=f"an unfinished build or write is in {place}",
                remedy="Run that command again; it continues where it was interrupted.",
            )
    nearby = _lockboxes_below(folder)
    raise NotFoundError(
        f"there is no lockbox in {folder}",
        why="neither it nor a folder 'update' in it holds a folder 'metadata'",
        remedy=f"Did you mean {' or '.join(nearby)}?"
        if nearby
        else "Name the folder that 'lockstick build --output' wrote. If that build was interrupted, run it again.",
    )


def _is_link(folder: Path) -> bool:
    try:
        entry = FolderTree(folder).look((MEDIA_FOLDER,))
    except OSError:
        return True  # nobody knows
    return entry is None or entry.kind is not EntryKind.FOLDER


def _lockboxes_below(folder: Path) -> list[str]:
    """The first few folders right below one that look like lockboxes."""
    try:
        entries = sorted(islice(folder.iterdir(), _MOST_LOOKED_AT))
        return [str(entry) for entry in entries if (entry / "metadata").is_dir()][:_MOST_PROPOSED]
    except OSError:
        return []
