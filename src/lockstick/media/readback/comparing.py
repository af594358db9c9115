"""Which blocks of a file on a medium differ from what they should be, and what is read there."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.errors import MediaError
from lockstick.media.readback.damage import BLOCK

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

    from lockstick.disk.tree import Place, Tree

__all__ = ["Stretch", "check_present", "differing", "read_part", "stretches"]

_PIECE = 256 * BLOCK
_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESHUTDOWN}


@dataclass(frozen=True)
class Stretch:
    """Blocks of a file that follow each other.

    Attributes:
        offset: Where they begin.
        length: How many bytes they are.
        is_readable: False if the medium reports an error there.
    """

    offset: int
    length: int
    is_readable: bool = True


def check_present(error: OSError, tree: Tree) -> None:
    """Return if an error is about a part of the medium.

    Raises:
        MediaError: The whole medium is gone, so that nothing can be said about its parts.
    """
    if error.errno in _GONE:
        raise MediaError(
            f"the medium at {tree.shown} is gone",
            why=error.strerror or "",
            remedy="Insert it again, then run the same command again.",
        ) from error


def differing(
    source: Tree,
    medium: Tree,
    place: Place,
    *,
    advanced: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Stretch]:
    """Compare a file with what it should be, as far as both go.

    Args:
        source: What it should be.
        medium: What it is.
        place: The file.
        advanced: Told how many bytes more were compared.
        stopped: Asked now and then; True ends the work early.

    Yields:
        Each block that differs or cannot be read, in order.

    Raises:
        OSError: The source failed, or the file cannot be opened on the medium.
        MediaError: The medium is gone.
    """
    with source.open(place) as right, medium.open(place) as wrong:
        offset = 0
        while not stopped():
            expected = _fill(right, _PIECE)
            if not expected:
                return
            found = read_part(medium, wrong, offset, len(expected))
            if found != expected:
                yield from _blocks(medium, wrong, offset, expected, found)
            if found is not None and len(found) < len(expected):
                return  # the file is too short; its end is told of by itself
            offset += len(expected)
            advanced(len(expected))


def _blocks(medium: Tree, file: io.RawIOBase, offset: int, expected: bytes, found: bytes | None) -> Iterator[Stretch]:
    for start in range(0, len(expected), BLOCK):
        wanted = expected[start : start + BLOCK]
        got: bytes | None = b"" if found is None else found[start : start + BLOCK]
        if found is None:  # somewhere in the piece is an error: each block is asked for by itself
            got = read_part(medium, file, offset + start, len(wanted))
        if got is None:
            yield Stretch(offset + start, len(wanted), is_readable=False)
        elif got and got != wanted[: len(got)]:
            yield Stretch(offset + start, len(got))


def read_part(medium: Tree, file: io.RawIOBase, offset: int, length: int) -> bytes | None:
    """Read a part of a file; shorter at its end, None if the medium reports an error there.

    Raises:
        MediaError: The medium is gone.
    """
    try:
        file.seek(offset)
        return _fill(file, length)
    except OSError as error:
        check_present(error, medium)
        return None


def stretches(blocks: Iterator[Stretch], most: int) -> list[Stretch]:
    """Join blocks that follow each other; beyond so many stretches the last one spans the rest."""
    joined: list[Stretch] = []
    for one in blocks:
        last = joined[-1] if joined else None
        follows = last is not None and last.offset + last.length == one.offset and last.is_readable is one.is_readable
        if last is not None and (follows or len(joined) >= most):
            joined[-1] = Stretch(last.offset, one.offset + one.length - last.offset, is_readable=last.is_readable)
        else:
            joined.append(one)
    return joined


def _fill(file: io.RawIOBase, length: int) -> bytes:
    buffer = bytearray(length)
    view = memoryview(buffer)
    done = 0
    while done < length and (count := file.readinto(view[done:])):
        done += count
    return bytes(view[:done])
