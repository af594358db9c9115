"""Plain files on a medium: reached without a link, read no further than a cap.

What lies on a medium was put there by anybody. Every room that reads one goes through here.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind, FolderTree

if TYPE_CHECKING:
    import io
    from pathlib import Path

    from lockstick.disk.tree import Entry, Place, Tree

__all__ = [
    "LINKED",
    "MISSING",
    "find_entry",
    "find_plain",
    "is_linked",
    "obstacle",
    "read_capped",
    "read_plain",
    "read_up_to",
    "unreadable",
]

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

MISSING = "missing"
"""What :func:`find_plain` says of a file that is not there."""


LINKED = "a link lies in its place or on the way to it"
"""What it says of a file that would be reached through a link."""

_PIECE = 1 << 18


def find_plain(tree: Tree, place: Place) -> tuple[int, str]:
    """Look for a file that can be read as a plain one.

    Args:
        tree: What lies on the medium.
        place: A place in it.

    Returns:
        Its size and an empty text if it is a regular file reached without links; otherwise 0 and :data:`MISSING`,
        or another reason in words.
    """
    found, problem = find_entry(tree, place)
    return 0 if found is None else found.size, problem


def find_entry(tree: Tree, place: Place) -> tuple[Entry | None, str]:
    """Look what has a name, and say what keeps it from being read as a plain file.

    Args:
        tree: As for :func:`find_plain`.
        place: As for :func:`find_plain`.

    Returns:
        What is there, or None; and the words of :func:`find_plain`.
    """
    try:
        found = tree.look(place)
        if found is None:
            return None, LINKED if is_linked(tree, place) else MISSING
    except OSError as error:
        return None, unreadable(error)
    if found.kind is EntryKind.LINK:
        return found, LINKED
    return found, "" if found.kind is EntryKind.FILE else "something else than a file lies in its place"


def is_linked(tree: Tree, place: Place) -> bool:
    """Say whether a link lies in a place or on the way to it.

    Args:
        tree: What lies on the medium.
        place: A place in it.

    Returns:
        True if so; False as well if there is nothing at all.

    Raises:
        OSError: The medium failed.
    """
    for depth in range(1, len(place) + 1):
        found = tree.look(place[:depth])
        if found is None or found.kind is not EntryKind.FOLDER:
            return found is not None and found.kind is EntryKind.LINK
    return False


def obstacle(root: Path, path: Path) -> str:
    """Say what keeps a file from being read as a plain file below a folder.

    Args:
        root: The folder that nothing may lead out of.
        path: A path below it.

    Returns:
        :data:`MISSING`, another reason in words, or an empty text if it is a regular file reached without links.
    """
    return find_plain(FolderTree(root), path.relative_to(root).parts)[1]


def unreadable(error: OSError) -> str:
    """Say that something cannot be read.

    Args:
        error: What the medium said.

    Returns:
        The words for a finding.
    """
    return f"it cannot be read: {error.strerror or error}"


def read_up_to(file: io.RawIOBase, count: int) -> bytes:
    """Read the beginning of an unbuffered file.

    Args:
        file: The file.
        count: How many bytes are wanted.

    Returns:
        So many, or fewer if it ends before.

    Raises:
        OSError: The medium failed.
    """
    pieces: list[bytes] = []
    while count > 0 and (piece := file.read(min(count, _PIECE))):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def read_capped(tree: Tree, place: Place, cap: int) -> tuple[bytes, str]:
    """Read a small file from a medium.

    Args:
        tree: As in :func:`find_plain`.
        place: As in :func:`find_plain`.
        cap: The most bytes that it may have.

    Returns:
        Its bytes and an empty text, or no bytes and what kept it from being read: as :func:`find_plain` says, or
        that it is too large, or that the medium failed.
    """
    size, problem = find_plain(tree, place)
    if problem:
        return b"", problem
    try:
        with tree.open(place) as file:
            # One byte more than allowed tells a file that fits from one that does not.
            data = read_up_to(file, min(cap, size) + 1)
    except OSError as error:
        return b"", unreadable(error)
    if len(data) > cap:
        return b"", f"it is larger than {cap} bytes"
    return data, ""


def read_plain(path: Path, cap: int) -> bytes:
    """Read a small file that this program keeps for itself, where others may have put something else in its place.

    Nobody waits for a pipe, and no link is followed.

    Args:
        path: The file.
        cap: The most bytes that it may have.

    Returns:
        All its bytes.

    Raises:
        OSError: It cannot be read, is no plain file, or is too large.
    """
    fd = os.open(path, _FLAGS)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        with open(fd, "rb", closefd=False) as file:
            data = file.read(min(cap, status.st_size) + 1)
    finally:
        os.close(fd)
    if len(data) > cap:
        raise OSError(errno.EFBIG, f"it is larger than {cap} bytes", str(path))
    return data
