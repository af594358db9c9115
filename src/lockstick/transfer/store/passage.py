"""How bytes get from a store to a folder: which ways the file systems between them allow.

A shared file may be written to by whoever may write to other files of its new folder: a build is copied on, and the
copies inherit what it allows. So a second name ends the protection that the entry had as a read-only file.
"""

from __future__ import annotations

import enum
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush
from lockstick.transfer.store.reflink import clone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Method", "Passage", "find_passage", "open_up", "share"]


class Method(enum.Enum):
    """How bytes get from the store to their target."""

    CLONE = "clone"
    """A copy that shares its bytes until one of the two is written to."""
    LINK = "link"
    """A second name for the same file."""
    COPY = "copy"
    """Bytes of their own."""

    @property
    def takes_room(self) -> bool:
        """True if the target's file system needs room for the bytes."""
        return self is Method.COPY


@dataclass(frozen=True, kw_only=True)
class Passage:
    """How bytes get from a store to one folder, as it was tried out.

    Attributes:
        method: The best way that works.
        mode: What a new file in that folder allows.
    """

    method: Method
    mode: int


def find_passage(store: Path, target: Path, name: str, *, copier: Callable[[Path, Path], None] = clone) -> Passage:
    """Try out how files can get from one folder to another.

    Args:
        store: A folder of the store that may be written to.
        target: A folder that may be written to.
        name: The beginning of a name that nobody else uses in either.
        copier: Makes copy-on-write copies.

    Returns:
        The best way that works.
    """
    probe, twin = store / f"{name}.probe", target / f"{name}.probe"
    mode = 0o644
    try:
        twin.unlink(missing_ok=True)
        with twin.open("xb"):
            mode = stat.S_IMODE(twin.lstat().st_mode)
        twin.unlink()
        if store.stat().st_dev != target.stat().st_dev:
            return Passage(method=Method.COPY, mode=mode)
        probe.unlink(missing_ok=True)
        with probe.open("xb") as file:
            file.write(b"probe")
        for method, way in ((Method.CLONE, copier), (Method.LINK, _link)):
            with suppress(OSError):
                way(probe, twin)
                return Passage(method=method, mode=mode)
    except OSError:
        pass  # whatever it is, the build will say it better when it writes
    finally:
        _drop(twin)
        _drop(probe)
    return Passage(method=Method.COPY, mode=mode)


def _link(source: Path, target: Path) -> None:
    os.link(source, target, follow_symlinks=os.link not in os.supports_follow_symlinks)


def share(entry: Path, target: Path, passage: Passage, *, copier: Callable[[Path, Path], None] = clone) -> bool:
    """Give a file a second name, or make a clone of it; the bytes are neither copied nor proven.

    Args:
        entry: The file.
        target: A name that is free, on the same file system.
        passage: How.
        copier: Makes copy-on-write copies.

    Returns:
        True if that was done, and is flushed; False if bytes cannot be shared here.
    """
    if passage.method is Method.CLONE:
        with suppress(OSError):
            copier(entry, target)
            fd = os.open(target, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            try:
                flush(fd)
            finally:
                os.close(fd)
            return True
    if passage.method is not Method.COPY:
        # Also where clones fail after all. A file may have a limited number of names.
        with suppress(OSError):
            target.unlink(missing_ok=True)
            _link(entry, target)
            return True
    return False


def open_up(target: Path, passage: Passage) -> None:
    """Allow a shared file what any new file in its folder allows. Only for proven bytes: it may be anybody's file.

    Args:
        target: A regular file in that folder.
        passage: How it got there.

    Raises:
        OSError: That cannot be done.
    """
    if stat.S_IMODE(target.lstat().st_mode) != passage.mode:
        target.chmod(passage.mode)


def _drop(target: Path) -> None:
    with suppress(OSError):
        target.unlink(missing_ok=True)
