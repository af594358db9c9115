"""Write damaged blocks once more, and look whether the medium keeps them now."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush
from lockstick.disk.trouble import media_error
from lockstick.media.readback.comparing import check_present, read_part
from lockstick.media.readback.damage import BLOCK, Damage, Look, Telling
from lockstick.media.readback.finding import find_damage
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockstick.disk.tree import Place, Tree
    from lockstick.media.readback.tree import PastCacheTree

__all__ = ["Mending", "rewrite_bad"]

_PIECE = 256 * BLOCK
_FLAGS = os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, kw_only=True)
class Mending:
    """What came of writing damaged blocks once more.

    Attributes:
        rewritten: How many bytes were written again.
        left: What is damaged all the same. It is not tried again.
    """

    rewritten: int
    left: tuple[Damage, ...]

    @property
    def is_whole(self) -> bool:
        """True if nothing is damaged any more."""
        return not self.left

    @property
    def words(self) -> str:
        """The same for a person."""
        if self.is_whole:
            return (
                f"{self.rewritten} bytes were written again, and are right now; use this medium no longer than you must"
            )
        return "written again and wrong again: this medium is done for; do not use it any more"


def rewrite_bad(
    source: Tree,
    medium: PastCacheTree,
    damages: Sequence[Damage],
    *,
    observer: Observer = SILENT,
    stopped: Callable[[], bool] = lambda: False,
) -> Mending:
    """Write the damaged blocks of some files once more, flush them, and read these files again past the cache.

    What was right whenever it was read again is not written. A file that is missing is not made: that is no matter of
    blocks.

    Args:
        source: What the files should be.
        medium: The medium, for reading it back; written is below its root.
        damages: What :func:`find_damage` found there.
        observer: Told of each file that is read again.
        stopped: Asked now and then; True ends the work early.

    Raises:
        OSError: The source failed.
        MediaError: The medium does not take it, or is gone.
    """
    rewritten = 0
    for place in dict.fromkeys(one.place for one in damages):
        if not stopped():
            rewritten += _mend(source, medium, place, [one for one in damages if one.place == place])
    medium.refresh()
    places = list(dict.fromkeys(one.place for one in damages))
    found = find_damage(source, medium, places, again=1, all_refused=False, observer=observer, stopped=stopped)
    left = tuple(one for one in found if one.telling is not Telling.ONLY_REMEMBERED)
    return Mending(rewritten=rewritten, left=left)


def _mend(source: Tree, medium: PastCacheTree, place: Place, damages: Sequence[Damage]) -> int:
    right_there = (Telling.RIGHT_AGAIN, Telling.ONLY_REMEMBERED)
    wanted = [one for one in damages if one.look is not Look.MISSING and one.telling not in right_there]
    entry = source.look(place)
    if not wanted or entry is None:
        return 0
    path = medium.root.joinpath(*place)
    written = 0
    try:
        fd = os.open(path, _FLAGS)
    except OSError as error:
        check_present(error, medium)
        raise media_error(error, path, "written") from error
    try:
        for damage in wanted:
            if damage.look is Look.LONG:
                os.ftruncate(fd, entry.size)
            else:
                written += _copy(source, place, fd, damage)
        flush(fd)
    except OSError as error:
        check_present(error, medium)
        raise media_error(error, path, "written") from error
    finally:
        with suppress(OSError):  # all is flushed, or an error is on its way already
            os.close(fd)
    return written


def _copy(source: Tree, place: Place, fd: int, damage: Damage) -> int:
    done = 0
    with source.open(place) as file:
        while done < damage.length:
            piece = read_part(source, file, damage.offset + done, min(_PIECE, damage.length - done))
            if not piece:
                break
            os.lseek(fd, damage.offset + done, os.SEEK_SET)
            view = memoryview(piece)
            while view:
                view = view[os.write(fd, view) :]
            done += len(piece)
    return done
