"""Writing one file of a stick: flushed as it goes, and gone on with where it was interrupted.

What is there already is compared with the source, byte by byte; only what differs is written. So a length that lies,
as after a power cut, costs nothing but the bytes that are missing.

Bytes count as done when the medium has them. The system is told to begin with every piece at once and is waited for
every now and then: about twice a second, however fast or slow the stick is.
"""

from __future__ import annotations

import os
import queue
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush, flush_data, read_at, reserve, start_flushing, write_at

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from lockstick.media.writing.medium import Medium

__all__ = ["Pace", "StoppedError", "Terms", "fill", "read_ahead"]

_LEAST_WINDOW = 1 << 20
_MOST_WINDOW = 32 << 20
_SOON, _LATE = 0.25, 1.0
_AHEAD = 8


class StoppedError(Exception):
    """The work was ended early."""


@dataclass
class Pace:
    """How many bytes of a stick are written before they are waited for; it finds out by itself.

    Attributes:
        window: Bytes.
    """

    window: int = 4 << 20

    def took(self, seconds: float) -> None:
        """Learn from how long the last wait took."""
        if seconds < _SOON:
            self.window = min(self.window * 2, _MOST_WINDOW)
        elif seconds > _LATE:
            self.window = max(self.window // 2, _LEAST_WINDOW)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms a stick is written.

    Attributes:
        clock: A monotonic clock in seconds.
        stopped: Asked after every piece; True ends the work.
        pace: How much is written before it is waited for.
    """

    clock: Callable[[], float]
    stopped: Callable[[], bool]
    pace: Pace = field(default_factory=Pace)


def fill(
    medium: Medium,
    path: Path,
    chunks: Iterable[bytes],
    *,
    size: int,
    terms: Terms,
    advanced: Callable[[int], None],
) -> int:
    """Bring a file to what it is to be.

    Args:
        medium: Where it lies.
        path: The file; what is there already is compared, and only what differs is written.
        chunks: All its bytes, from the start.
        size: How many they are.
        terms: The stick's.
        advanced: Told of every byte that is on the medium, whether it was written or lay there.

    Returns:
        How many bytes were written.

    Raises:
        StoppedError: The work was ended early; what was written stays.
        LockstickError: The medium or the source failed.
    """
    fd = medium.open(path)
    try:
        try:
            return _fill(fd, chunks, size, terms, advanced)
        except OSError as error:
            raise medium.trouble(error, path, "written") from error
    finally:
        with suppress(OSError):
            os.close(fd)


def _fill(
    fd: int,
    chunks: Iterable[bytes],
    size: int,
    terms: Terms,
    advanced: Callable[[int], None],
) -> int:
    there = min(os.fstat(fd).st_size, size)
    if os.fstat(fd).st_size > size:
        os.ftruncate(fd, size)
    if size > there:
        reserve(fd, size)
    written = offset = flushed = 0
    for data in chunks:
        if terms.stopped():
            raise StoppedError
        view = memoryview(data)
        same = _same_length(fd, view[: max(there - offset, 0)], offset) if offset < there else 0
        rest = view[same:]
        at = offset + same
        if rest:
            start = at
            while rest:
                count = write_at(fd, rest, at)
                written += count
                at += count
                rest = rest[count:]
            start_flushing(fd, start, at - start)
        offset += len(view)
        if offset - flushed >= terms.pace.window:
            began = terms.clock()
            flush_data(fd)
            terms.pace.took(terms.clock() - began)
            advanced(offset - flushed)
            flushed = offset
    flush(fd)
    advanced(offset - flushed)
    return written


def _same_length(fd: int, view: memoryview, offset: int) -> int:
    """How many bytes in front are on the medium as they should be."""
    found = bytearray(len(view))
    got = read_at(fd, memoryview(found), offset)
    if got == len(view) and found == view:
        return len(view)
    low, high = 0, got
    while low < high:  # the first difference, by halves
        middle = (low + high + 1) // 2
        if found[low:middle] == view[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def read_ahead(chunks: Iterator[bytes]) -> Generator[bytes]:
    """Have a thread fetch the next few pieces while these are written.

    Args:
        chunks: The pieces.

    Yields:
        The same.

    Raises:
        BaseException: Whatever the pieces raise.
    """
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
    given_up = threading.Event()

    def put(one: bytes | BaseException | None) -> None:
        while not given_up.is_set():
            with suppress(queue.Full):
                waiting.put(one, timeout=0.1)
                return

    def work() -> None:
        try:
            for chunk in chunks:
                put(chunk)
                if given_up.is_set():
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the caller's thread
            put(error)

    thread = threading.Thread(target=work, name="lockstick-read-ahead", daemon=True)
    thread.start()
    try:
        while (one := waiting.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        given_up.set()
        thread.join()
