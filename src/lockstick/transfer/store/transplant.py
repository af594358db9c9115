"""From the store to where the bytes are wanted: by sharing them where the file system can, else by copying.

The rules:

1. A target appears under a name of the caller's that nobody takes for a finished file; the caller publishes it.
2. What was not proven in this run is proven here: while it is copied, or on the very file that was shared. What was
   proven counts as long as it is the same file and nobody has touched it since.
3. What is there when this returns is flushed, and so were the bytes that are shared, when they were stored.
"""

from __future__ import annotations

import io
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush
from lockstick.disk.hashing import Digester, hash_file
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError
from lockstick.transfer.store.passage import Method, open_up, share
from lockstick.transfer.store.reflink import clone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lockstick.transfer.store.passage import Passage

__all__ = ["Damaged", "Interrupted", "transplant"]

_BUFFER = 1 << 20
_FLUSH_BYTES = 64 << 20


class Damaged(Exception):  # noqa: N818 - it is caught next door and never leaves the room as an error
    """An entry is not what its name says.

    Args:
        why: In words.
        seen: The file that was looked at, or None if it could not be.
    """

    def __init__(self, why: str, seen: os.stat_result | None) -> None:
        super().__init__(why)
        self.seen = seen


class Interrupted(Exception):  # noqa: N818 - as above
    """The caller wanted no more; nothing was left behind."""


def transplant(
    entry: Path,
    target: Path,
    *,
    length: int,
    digests: Mapping[str, str],
    passage: Passage,
    fresh: os.stat_result | None = None,
    stopped: Callable[[], bool] = lambda: False,
    advanced: Callable[[int], None] = lambda _: None,
    copier: Callable[[Path, Path], None] = clone,
) -> None:
    """Bring an entry's bytes to a target.

    Args:
        entry: The entry.
        target: Where to; whatever has the name is removed.
        length: How many bytes it must have.
        digests: What its bytes must have, by algorithm.
        passage: How; where it fails after all, the next best is used.
        fresh: The entry as it was when this very run had proven it; None if this run has not.
        stopped: Asked now and then; True ends the work.
        advanced: Told of every piece that is done.
        copier: Makes copy-on-write copies.

    Raises:
        Damaged: The entry is not what it must be. Nothing is left under the target's name.
        Interrupted: ``stopped`` said so. The same.
        MediaError: The target cannot be written. The same.
    """
    try:
        seen = entry.lstat()
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror}", None) from error
    _require_plain(seen, length, seen)
    try:
        target.unlink(missing_ok=True)
        if share(entry, target, passage, copier=copier):
            shared = target.lstat()
            _require_plain(shared, length, seen)
            # A second name is itself a change; a clone is made of whatever had the name.
            after = shared if os.path.samestat(shared, seen) else entry.lstat()
            is_proven = _is_untouched(fresh, seen) and _is_same_file(seen, after)
            wanted = None if is_proven else digests
            _prove(target, seen, length=length, digests=wanted, stopped=stopped, advanced=advanced)
            if passage.method is not Method.COPY:
                open_up(target, passage)
        elif not _copy(entry, target, seen, fresh, length=length, digests=digests, stopped=stopped, advanced=advanced):
            _prove(target, seen, length=length, digests=digests, stopped=stopped, advanced=lambda _: None)
    except OSError as error:
        _drop(target)
        raise media_error(error, target, "written") from error
    except BaseException:
        _drop(target)
        raise


def _drop(target: Path) -> None:
    with suppress(OSError):
        target.unlink(missing_ok=True)


def _prove(
    target: Path,
    seen: os.stat_result,
    *,
    length: int,
    digests: Mapping[str, str] | None,
    stopped: Callable[[], bool],
    advanced: Callable[[int], None],
) -> None:
    if digests is None:
        advanced(length)
        return
    try:
        actual = hash_file(target, digests, observer=_Counter(advanced), stopped=stopped)
    except MediaError as error:
        raise Damaged(str(error), seen) from error
    if stopped():
        raise Interrupted
    _require_same(actual, digests, seen)


def _copy(
    entry: Path,
    target: Path,
    seen: os.stat_result,
    fresh: os.stat_result | None,
    *,
    length: int,
    digests: Mapping[str, str],
    stopped: Callable[[], bool],
    advanced: Callable[[int], None],
) -> bool:
    """Copy, and prove unless that was done already; False if the entry was touched meanwhile and nothing is proven."""
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        source = io.FileIO(os.open(entry, flags), "r")
    except OSError as error:
        raise Damaged(f"it cannot be opened: {error.strerror}", seen) from error
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with source, io.FileIO(os.open(target, flags, 0o666), "w") as file:
        opened = os.fstat(source.fileno())
        _require_plain(opened, length, seen)
        digester = None if _is_untouched(fresh, opened) else Digester(digests)
        buffer = memoryview(bytearray(min(_BUFFER, max(length, 1))))
        left, unflushed = length, 0
        while left:
            if stopped():
                raise Interrupted
            try:
                count = source.readinto(buffer[: min(left, len(buffer))])
            except OSError as error:
                raise Damaged(f"it cannot be read: {error.strerror}", seen) from error
            if not count:
                raise Damaged("it is shorter than it was", seen)
            if digester is not None:
                digester.update(buffer[:count])
            _write(file, buffer[:count])
            left -= count
            unflushed += count
            if unflushed >= _FLUSH_BYTES:
                # In between, so that a slow medium is kept busy, and the progress told is the medium's own.
                flush(file.fileno())
                unflushed = 0
            advanced(count)
        if digester is not None:
            _require_same(digester.digests(), digests, seen)
        flush(file.fileno())
        return digester is not None or _is_untouched(fresh, os.fstat(source.fileno()))


def _write(file: io.FileIO, data: memoryview) -> None:
    written = 0
    while written < len(data):
        written += file.write(data[written:])


def _require_plain(status: os.stat_result, length: int, seen: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Damaged("it is not a plain file", seen)
    if status.st_size != length:
        raise Damaged(f"it has {status.st_size} bytes instead of {length}", seen)


def _is_untouched(fresh: os.stat_result | None, now: os.stat_result) -> bool:
    """Whether a file is the one that was proven, and neither its bytes nor its names have changed since."""
    return fresh is not None and _is_same_file(fresh, now) and fresh.st_ctime_ns == now.st_ctime_ns


def _is_same_file(one: os.stat_result, other: os.stat_result) -> bool:
    return os.path.samestat(one, other) and (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _require_same(actual: Mapping[str, str], digests: Mapping[str, str], seen: os.stat_result) -> None:
    for algorithm, expected in digests.items():
        if actual[algorithm] != expected:
            raise Damaged(f"its {algorithm} is {actual[algorithm]}", seen)


class _Counter:
    """The observer of :func:`hash_file` that passes on how many bytes are done, and nothing else."""

    def __init__(self, advanced: Callable[[int], None]) -> None:
        self._advanced = advanced

    def phase(self, name: object, *, total_bytes: int | None = None, files: int | None = None) -> None:
        pass

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        pass

    def advanced(self, name: str, count: int) -> None:  # noqa: ARG002 - the observer's signature
        self._advanced(count)

    def file_finished(self, name: str) -> None:
        pass

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        pass

    def message(self, text: str) -> None:
        pass
