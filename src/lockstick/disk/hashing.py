"""Hashing: while bytes pass by, and of files that are already there.

Nothing here needs the network; the verifier uses it on machines that have none.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from typing import TYPE_CHECKING, Protocol

from lockstick.disk.tree import shown_in
from lockstick.disk.trouble import media_error
from lockstick.errors import DistrustError, MediaError
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from lockstick.disk.tree import Place, Tree

__all__ = ["KNOWN_ALGORITHMS", "Digester", "hash_file", "hash_place", "known_digests"]

_BUFFER = 1 << 20


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


_ALGORITHMS: dict[str, Callable[[], _Hash]] = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}

KNOWN_ALGORITHMS = frozenset(_ALGORITHMS)
"""The digest algorithms that Uptane repositories of this kind use and that this room can check."""


def known_digests(digests: Mapping[str, str]) -> dict[str, str]:
    """Keep what can be checked of a set of expected digests, in lower case.

    Raises:
        DistrustError: None of them is of a known algorithm, or one is not a digest of its algorithm.
    """
    kept = {name: text.lower() for name, text in digests.items() if name in _ALGORITHMS}
    if not kept:
        raise DistrustError(
            "a file cannot be checked",
            why=f"its metadata has no digest of a known kind ({', '.join(sorted(_ALGORITHMS))})",
        )
    for name, text in kept.items():
        if len(text) != len(_ALGORITHMS[name]().hexdigest()) or not set(text) <= set("0123456789abcdef"):
            raise DistrustError("a file cannot be checked", why=f"its metadata has a malformed {name} digest")
    return kept


class Digester:
    """Hashes passing bytes with one or more algorithms at once.

    Args:
        algorithms: Names out of :data:`KNOWN_ALGORITHMS`.

    Raises:
        ValueError: An algorithm is not known.
    """

    def __init__(self, algorithms: Iterable[str]) -> None:
        names = tuple(sorted(set(algorithms)))
        if not names or not KNOWN_ALGORITHMS.issuperset(names):
            raise ValueError(f"algorithms must be some of {sorted(KNOWN_ALGORITHMS)}, not {list(names)}")
        self._hashes = {name: _ALGORITHMS[name]() for name in names}

    def update(self, data: bytes | memoryview) -> None:
        """Take in the next bytes."""
        for one in self._hashes.values():
            one.update(data)

    def digests(self) -> dict[str, str]:
        """Give the digests of everything so far, as lower-case hex; more bytes may follow."""
        return {name: one.hexdigest() for name, one in self._hashes.items()}


def hash_file(
    path: Path,
    algorithms: Iterable[str] = ("sha256",),
    *,
    observer: Observer = SILENT,
    name: str | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, str]:
    """Hash one file on disk, streaming, in constant memory.

    Args:
        path: A regular file. At most as many bytes as it had when it was opened are read, so a file that
            somebody keeps writing to cannot hold the reader forever.
        algorithms: Names out of :data:`KNOWN_ALGORITHMS`.
        observer: Told of the file and of every piece of it.
        name: What to call the file towards the observer; its path by default.
        stopped: Asked now and then; True ends the work early, and the digests are then of a part only.

    Returns:
        Algorithm name to lower-case hex digest.

    Raises:
        MediaError: The file cannot be read or is not a regular file.
    """
    shown = str(path) if name is None else name
    digester = Digester(algorithms)
    try:
        # Not blocking, so that a pipe somebody planted under the name is noticed instead of waited for.
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        with io.FileIO(fd, "r") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise MediaError(f"{path} cannot be read", why="it is not a regular file")
            _hash_opened(file, status.st_size, digester, observer=observer, name=shown, stopped=stopped)
    except OSError as error:
        raise media_error(error, path, "read") from error
    observer.file_finished(shown)
    return digester.digests()


def hash_place(
    tree: Tree,
    place: Place,
    size: int,
    algorithms: Iterable[str] = ("sha256",),
    *,
    observer: Observer = SILENT,
    name: str | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, str]:
    """Hash one file of a tree, as :func:`hash_file` does one on disk.

    Args:
        tree: The tree.
        place: A place in it that was looked at.
        size: The file's size, as was seen then; no more is read.
        algorithms: As for :func:`hash_file`.
        observer: As for :func:`hash_file`.
        name: What to call the file towards the observer; where it lies by default.
        stopped: As for :func:`hash_file`.

    Returns:
        Algorithm name to lower-case hex digest.

    Raises:
        MediaError: The file cannot be read.
    """
    where = shown_in(tree, place)
    shown = where if name is None else name
    digester = Digester(algorithms)
    try:
        with tree.open(place) as file:
            _hash_opened(file, size, digester, observer=observer, name=shown, stopped=stopped)
    except OSError as error:
        raise media_error(error, where, "read") from error
    observer.file_finished(shown)
    return digester.digests()


def _hash_opened(
    file: io.RawIOBase,
    size: int,
    digester: Digester,
    *,
    observer: Observer,
    name: str,
    stopped: Callable[[], bool],
) -> None:
    observer.file_started(name, length=size)
    left = size
    buffer = memoryview(bytearray(min(_BUFFER, max(left, 1))))
    while left and not stopped():
        count = file.readinto(buffer[: min(left, _BUFFER)])
        if not count:
            break
        digester.update(buffer[:count])
        left -= count
        observer.advanced(name, count)
