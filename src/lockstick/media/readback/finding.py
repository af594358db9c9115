"""Find the damage in files that a proof refused: where, what it looks like, and who most likely did it.

How the culprits are told apart, for each stretch of damaged blocks:

1. It is read again, past the cache, some times. Different bytes, or right ones: on their way, so the reader, the cable
   or the port. A medium whose cells are about to go reads like that as well, and shows itself at another reader.
2. The same wrong bytes each time, and the computer's cache, if it still has the file, holds the right ones: those were
   sent, so the medium lost them. It holds the same wrong ones: they were wrong before they were sent, so the memory.
3. The same wrong bytes each time, and nothing remembered: the medium.
4. Nothing differs any more: if the cache holds something else, the memory; otherwise the reader.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

from lockstick.disk.tree import EntryKind
from lockstick.media.readback.comparing import Stretch, check_present, differing, read_part, stretches
from lockstick.media.readback.damage import BLOCK, Damage, Look, Telling
from lockstick.media.readback.looks import look_of
from lockstick.media.readback.remembering import remembered
from lockstick.media.readback.tree import PastCacheTree
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lockstick.disk.tree import Place, Tree

__all__ = ["find_damage"]

_MOST_STRETCHES = 500  # of one file; beyond it the last one spans the rest
_SAMPLE = 4  # blocks of a stretch that are looked at closely
_AROUND = 16 * BLOCK
_PIECE = 256 * BLOCK


def find_damage(
    source: Tree,
    medium: Tree,
    places: Iterable[Place],
    *,
    again: int = 3,
    all_refused: bool = True,
    observer: Observer = SILENT,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Damage, ...]:
    """Say what is wrong with some files on a medium.

    Args:
        source: What they should be.
        medium: What they are; a :class:`PastCacheTree`, or else the culprit is a guess.
        places: The files that were refused.
        again: How many times damaged blocks are read again.
        all_refused: False if it is not known which of them were refused; those that are right are then left out.
        observer: Told of each file, and of every piece of it.
        stopped: Asked now and then; True ends the work early.

    Returns:
        The damage, file by file, each in order. A file that was refused and is right now is damage too: something
        read it wrongly once.

    Raises:
        OSError: The source failed.
        MediaError: The medium is gone.
    """
    search = _Search(source, medium, again, all_refused, stopped)
    found: list[Damage] = []
    for place in places:
        if stopped():
            break
        name = "/".join(place)
        entry = source.look(place)
        observer.file_started(name, length=entry.size if entry is not None else 0)
        found += search.one(place, partial(observer.advanced, name))
        observer.file_finished(name)
    return tuple(search.with_owners(found))


@dataclass(frozen=True)
class _Search:
    source: Tree
    medium: Tree
    again: int
    all_refused: bool
    stopped: Callable[[], bool]

    def one(self, place: Place, advanced: Callable[[int], None]) -> list[Damage]:
        """Look at one file."""
        wanted = self.source.look(place)
        size = wanted.size if wanted is not None else 0
        try:
            there = self.medium.look(place)
        except OSError as error:
            check_present(error, self.medium)
            return [_whole(place, size, Look.UNREADABLE)]
        if there is None or there.kind is not EntryKind.FILE:
            return [_whole(place, size, Look.MISSING)]
        try:
            self.medium.open(place).close()
        except OSError as error:
            check_present(error, self.medium)
            return [_whole(place, size, Look.UNREADABLE)]
        blocks = differing(self.source, self.medium, place, advanced=advanced, stopped=self.stopped)
        bad = stretches(blocks, _MOST_STRETCHES)
        found = self._judged(place, bad)
        if there.size < size:
            found.append(_end(place, there.size, size - there.size, Look.SHORT))
        elif there.size > size:
            found.append(_end(place, size, there.size - size, Look.LONG))
        if found:
            return found
        whole = self._right_now(place, size)
        return [whole] if self.all_refused or whole.telling is Telling.ONLY_REMEMBERED else []

    def _judged(self, place: Place, bad: Sequence[Stretch]) -> list[Damage]:
        if not bad:
            return []
        right = [self._sample(self.source, place, one) for one in bad]
        reads: list[list[bytes | None]] = []
        for _ in range(self.again):
            if self.stopped():
                break
            if isinstance(self.medium, PastCacheTree):
                self.medium.refresh()
            reads.append([self._sample(self.medium, place, one) for one in bad])
        return [
            self._damage(place, one, right[index], [each[index] for each in reads]) for index, one in enumerate(bad)
        ]

    def _sample(self, tree: Tree, place: Place, stretch: Stretch) -> bytes | None:
        length = min(stretch.length, _SAMPLE * BLOCK)
        try:
            with tree.open(place) as file:
                return read_part(tree, file, stretch.offset, length)
        except OSError as error:
            check_present(error, tree)
            return None

    def _damage(self, place: Place, stretch: Stretch, right: bytes | None, reads: Sequence[bytes | None]) -> Damage:
        wrong = next((one for one in reads if one is not None and one != right), None)
        look, detail = Look.OTHER, ""
        if not stretch.is_readable:
            look = Look.UNREADABLE
        elif right is not None and wrong is not None:
            look, detail = self._look(place, stretch, right, wrong)
        telling = self._telling(place, stretch, right, reads)
        if telling is Telling.RIGHT_AGAIN and stretch.is_readable:
            look = Look.RIGHT_NOW
        return Damage(
            place=place, offset=stretch.offset, length=stretch.length, look=look, telling=telling, detail=detail
        )

    def _look(self, place: Place, stretch: Stretch, right: bytes, wrong: bytes) -> tuple[Look, str]:
        """What most of the blocks look like."""
        begin = max(stretch.offset - _AROUND, 0)
        with self.source.open(place) as file:
            around = read_part(self.source, file, begin, stretch.offset - begin + len(wrong) + _AROUND) or right
        looks: Counter[tuple[Look, str]] = Counter()
        for start in range(0, len(wrong), BLOCK):
            expected, found = right[start : start + BLOCK], wrong[start : start + BLOCK]
            if expected != found:
                looks[look_of(expected, found, around=around, at=stretch.offset - begin + start)] += 1
        return looks.most_common(1)[0][0] if looks else (Look.OTHER, "")

    def _telling(self, place: Place, stretch: Stretch, right: bytes | None, reads: Sequence[bytes | None]) -> Telling:
        if not reads:
            return Telling.NOT_READ_AGAIN
        if all(one == right for one in reads):
            return Telling.RIGHT_AGAIN
        if any(one != reads[0] for one in reads):
            return Telling.VARIES
        known = self._remembered(place, stretch.offset, min(stretch.length, _SAMPLE * BLOCK))
        if known is None or reads[0] is None:
            return Telling.SAME_AGAIN
        if known == right:
            return Telling.SENT_RIGHT
        return Telling.SENT_WRONG if known == reads[0] else Telling.SAME_AGAIN

    def _remembered(self, place: Place, offset: int, length: int) -> bytes | None:
        """What the cache has; nothing if the medium is not read past it, as then all is from there."""
        if not isinstance(self.medium, PastCacheTree):
            return None
        return remembered(self.medium.root, place, offset, length)

    def _right_now(self, place: Place, size: int) -> Damage:
        """A file without damage that was refused all the same."""
        with self.source.open(place) as file:
            for offset in range(0, size, _PIECE):
                if self.stopped():
                    break
                known = self._remembered(place, offset, min(_PIECE, size - offset))
                if known is not None and known != read_part(self.source, file, offset, len(known)):
                    return Damage(
                        place=place,
                        offset=offset,
                        length=len(known),
                        look=Look.RIGHT_NOW,
                        telling=Telling.ONLY_REMEMBERED,
                    )
        return Damage(place=place, offset=0, length=size, look=Look.RIGHT_NOW, telling=Telling.RIGHT_AGAIN)

    def with_owners(self, found: Sequence[Damage]) -> Iterator[Damage]:
        """Look for bytes that belong nowhere in their file in the other files of the source."""
        strange: dict[bytes, list[int]] = {}
        for index, one in enumerate(found):
            if one.look is Look.OTHER:
                for digest in self._digests(one):
                    strange.setdefault(digest, []).append(index)
        owners = self._owners(strange) if strange else {}
        for index, one in enumerate(found):
            owner = owners.get(index)
            if owner is None:
                yield one
            elif owner == one.place:
                yield replace(one, look=Look.OTHER_PLACE)
            else:
                yield replace(one, look=Look.OTHER_FILE, detail="/".join(owner))

    def _digests(self, damage: Damage) -> list[bytes]:
        stretch = Stretch(damage.offset, damage.length)
        found = self._sample(self.medium, damage.place, stretch) or b""
        return [_digest(found[at : at + BLOCK]) for at in range(0, len(found) - BLOCK + 1, BLOCK)]

    def _owners(self, strange: dict[bytes, list[int]]) -> dict[int, Place]:
        owners: dict[int, Place] = {}
        for place in _files(self.source, ()):
            with self.source.open(place) as file:
                offset = 0
                while not self.stopped() and (piece := read_part(self.source, file, offset, _PIECE)):
                    for at in range(0, len(piece) - BLOCK + 1, BLOCK):
                        for index in strange.get(_digest(piece[at : at + BLOCK]), ()):
                            owners.setdefault(index, place)
                    offset += len(piece)
        return owners


def _files(tree: Tree, folder: Place) -> Iterator[Place]:
    for entry in sorted(tree.entries(folder), key=lambda one: one.name):
        place = (*folder, entry.name)
        if entry.kind is EntryKind.FOLDER:
            yield from _files(tree, place)
        elif entry.kind is EntryKind.FILE:
            yield place


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _whole(place: Place, size: int, look: Look) -> Damage:
    return Damage(place=place, offset=0, length=size, look=look, telling=Telling.NOT_READ_AGAIN)


def _end(place: Place, offset: int, length: int, look: Look) -> Damage:
    return Damage(place=place, offset=offset, length=length, look=look, telling=Telling.NOT_READ_AGAIN)
