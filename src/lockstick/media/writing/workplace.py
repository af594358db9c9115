"""The hidden folder on a stick, and the steps that make a lockbox visible.

A device looks for ``update/metadata``. That name appears by one step, the last one, when everything below it is proven.
An older lockbox stays visible until all new bytes are on the medium, if both fit.

The folder ``.lockstick`` on the medium holds::

    lock           taken by the run that writes
    journal.json   what is being written
    next/          the new lockbox as far as it is written; it becomes update/
    old/, old-1/   an older lockbox while it is being replaced

Every step is followed by a flush of the whole file system, so that the steps reach the medium in their order also where
the file system keeps no journal of its own (FAT, exFAT).
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING

from lockstick.disk.lock import take_lock
from lockstick.disk.space import allocated
from lockstick.disk.tree import EntryKind, FolderTree
from lockstick.errors import MediaError
from lockstick.lockbox.consignment import MOST_FILES, claims_of, is_ours
from lockstick.lockbox.layout import MEDIA_FOLDER, WORK_FOLDER
from lockstick.media.writing.covers import cover_in
from lockstick.media.writing.journal import read_journal, write_journal
from lockstick.media.writing.planning import NEXT, Lying

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from lockstick.disk.tree import Place
    from lockstick.lockbox.consignment import Consignment
    from lockstick.media.writing.medium import Medium

__all__ = ["KEPT_ASIDE", "StickPlace", "open_stick"]

KEPT_ASIDE = "update-kept"
"""Where files go that lay in an older lockbox and are nobody's: logs of a device, somebody's notes."""

_OLD = "old"
_JOURNAL = "journal.json"
_DEEPEST = 64
_TRIES = 10


class StickPlace:
    """The places on one stick; made by :func:`open_stick`.

    Args:
        medium: The stick.

    Attributes:
        next: The new lockbox while it is put together.
        update: The lockbox that devices see.
    """

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self.work = medium.mount / WORK_FOLDER
        self.next = self.work / NEXT
        self.update = medium.mount / MEDIA_FOLDER
        self._journal = self.work / _JOURNAL
        self._hidden_update = self.work / _OLD
        self._made: set[Path] = set()

    @property
    def has_update(self) -> bool:
        """True if a lockbox, or at least its folder, is visible."""
        return os.path.lexists(self.update)

    def look(self, consignment: Consignment) -> tuple[Lying, ...]:
        """Say what lies on the stick already.

        Args:
            consignment: What is to be on it.

        Raises:
            LockstickError: It cannot be read.
        """
        self._medium.require()
        for folder in (self.work, self.next, self.update):
            self._require_folder(folder)
        self.require_uncovered()
        journal = read_journal(self._journal)
        is_same = journal is not None and journal.identity == consignment.identity
        claims = {} if journal is None else journal.claims
        try:
            lying = [
                Lying(
                    pool=NEXT,
                    place=place,
                    size=size if _is_alone(self.next.joinpath(*place)) else -1,
                    claim=claims.get(place, {}),
                    is_same=is_same,
                    allocated=allocated(self.next.joinpath(*place)),
                )
                for place, size in _files(self.next)
            ]
            for pool, folder in self._older():
                claims = claims_of(FolderTree(folder))
                lying += [
                    Lying(pool=pool, place=place, size=size, claim=claims.get(place, {}))
                    for place, size in _files(folder)
                ]
        except OSError as error:
            raise self._medium.trouble(error, self._medium.mount, "read") from error
        return tuple(lying)

    def begin(self, consignment: Consignment) -> None:
        """Write down what is being written, unless that is known already.

        Raises:
            LockstickError: The medium refused.
        """
        self._medium.require()
        known = read_journal(self._journal)
        try:
            if known is None or known.identity != consignment.identity:
                write_journal(self._journal, consignment)
        except OSError as error:
            raise self._medium.trouble(error, self._journal, "written") from error
        self._medium.make_folder(self.next)
        self._medium.flush([self.work, self._medium.mount])

    def room_for(self, place: Place) -> Path:
        """Where a file of the new lockbox goes, in a folder that is there.

        Raises:
            LockstickError: The folder cannot be made.
        """
        path = self.next.joinpath(*place)
        if path.parent not in self._made:
            self._medium.make_folder(path.parent)
            self._made.add(path.parent)
        return path

    def drop(self, lying: Iterable[Lying]) -> None:
        """Remove files from what was begun, or from an older lockbox that is hidden.

        Raises:
            LockstickError: The medium refused.
        """
        for one in lying:
            folder = self.work / self._hidden(one.pool)
            self._medium.remove(folder.joinpath(*one.place))
        # A folder may have the name that a file is to have.
        _prune(self.next)
        self._made.clear()

    def hide(self) -> None:
        """Take an older lockbox out of sight, by one step.

        Raises:
            LockstickError: The medium refused.
        """
        if not self.has_update:
            return
        self._require_folder(self.update)
        self._hidden_update = self._free_name(self.work, _OLD)
        self._medium.rename(self.update, self._hidden_update)
        self._medium.flush([self.work, self._medium.mount])

    def take_over(self, pool: str, place: Place) -> None:
        """Move a file of a hidden older lockbox to where it belongs in the new one.

        Raises:
            LockstickError: The medium refused.
        """
        destination = self.room_for(place)
        self._medium.remove(destination)
        self._medium.rename((self.work / self._hidden(pool)).joinpath(*place), destination)

    def settle(self) -> None:
        """Have all names and bytes of the new lockbox on the medium.

        Raises:
            LockstickError: The medium refused.
        """
        self._medium.flush({self.next, self.work, *self._made, *(folder.parent for folder in self._made)})

    def reveal(self, wanted: Mapping[Place, int]) -> None:
        """Give the new lockbox the name that devices look for: one step. Everything in it has been proven.

        Args:
            wanted: The places of the new lockbox, with the size of each file.

        Raises:
            LockstickError: The medium refused, or lost what it had when that got another name.
        """
        self._medium.require()
        self.require_uncovered()
        if os.path.lexists(self.update):
            raise MediaError(
                f"something appeared at {self.update} meanwhile", remedy="Remove it, then run the same command again."
            )
        self._medium.rename(self.next, self.update)
        self._medium.flush([self.work, self._medium.mount])
        try:
            is_there = wanted.items() <= dict(_files(self.update)).items()
        except OSError as error:
            raise self._medium.trouble(error, self.update, "read") from error
        if not is_there:
            self.hide()
            raise MediaError(
                f"{self.update} lost files when it got its name",
                why="this system's driver for the stick's file system is faulty",
                remedy="Write the stick on another machine, or format it with another file system (exFAT).",
            )

    def clean(self, wanted: Iterable[Place]) -> Path | None:
        """Remove what is left of older lockboxes and of this run's work. What cannot be removed is harmless.

        Args:
            wanted: The places of the new lockbox: what lies there in an older one belonged to it, too.

        Returns:
            Where files that nobody knows were put, or None if there were none.
        """
        aside = None
        if cover_in((self.work, self.update)) is not None:
            return None
        listed = set(wanted)
        for _, folder in self._older():
            listed |= claims_of(FolderTree(folder)).keys()
        for _, folder in list(self._older(visible=False)):
            with suppress(OSError):
                if _without_ours(folder, listed):
                    aside = self._free_name(self._medium.mount, KEPT_ASIDE)
                    folder.rename(aside)
        with suppress(OSError):
            shutil.rmtree(self.next) if self.next.is_dir() else None
        for name in (_JOURNAL, "journal.new"):
            with suppress(OSError):
                (self.work / name).unlink(missing_ok=True)
        return aside

    def require_uncovered(self) -> None:
        """Make sure that all of a lockbox is on this medium: nothing else is mounted in its folders.

        Raises:
            MediaError: Something is.
        """
        cover = cover_in((self.work, self.update))
        if cover is not None:
            raise MediaError(
                f"something else is mounted at {cover}",
                why="what is written there does not lie where it belongs on the stick",
                remedy="Unmount that, then run the same command again.",
            )

    def _require_folder(self, path: Path) -> None:
        """Refuse a file or a link where a folder of ours belongs: nothing is ever done through it."""
        try:
            if stat.S_ISDIR(path.lstat().st_mode):
                return
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._medium.trouble(error, path, "read") from error
        raise MediaError(
            f"{path} is not a folder",
            why="a file or a link lies in its place",
            remedy="Remove it, then run the same command again.",
        )

    def _older(self, *, visible: bool = True) -> Iterator[tuple[str, Path]]:
        """The folders with older lockboxes, whatever became of them; their name as a pool first."""
        if visible and self.update.is_dir() and not self.update.is_symlink():
            yield MEDIA_FOLDER, self.update
        if self.work.is_dir():
            for entry in sorted(self.work.iterdir()):
                if entry.name.split("-")[0] == _OLD and entry.is_dir() and not entry.is_symlink():
                    yield entry.name, entry

    def _hidden(self, pool: str) -> str:
        return self._hidden_update.name if pool == MEDIA_FOLDER else pool

    def _free_name(self, folder: Path, name: str) -> Path:
        names = (folder / (f"{name}-{number}" if number else name) for number in count())
        return next(path for path in names if not os.path.lexists(path))


@contextmanager
def open_stick(medium: Medium) -> Iterator[StickPlace]:
    """Prepare the hidden folder on a stick and keep other runs out of it.

    Args:
        medium: The stick.

    Yields:
        Its places.

    Raises:
        UsageError: Another run writes to it.
        LockstickError: It cannot be used.
    """
    place = StickPlace(medium)
    lock = place.work / "lock"
    with _locked(medium, place.work, lock):
        yield place
        is_done = medium.is_here and not (place.work / _JOURNAL).exists()
        if is_done:
            with suppress(OSError):
                lock.unlink()
    if is_done and medium.is_here:
        with suppress(OSError):
            if os.name == "nt":  # there, a file that is open cannot be removed; elsewhere it may be the next run's
                lock.unlink(missing_ok=True)
            # Where another run is at work, or work is left to do, the folder is not empty.
            place.work.rmdir()


@contextmanager
def _locked(medium: Medium, work: Path, lock: Path) -> Iterator[None]:
    """Make the hidden folder and take the lock in it; a run that ends takes both away, maybe just now."""
    with ExitStack() as stack:
        for left in reversed(range(_TRIES)):
            medium.make_folder(work)
            try:
                stack.enter_context(
                    take_lock(lock, busy=f"another run is writing to {medium.mount}", remedy="Wait until it has ended.")
                )
                break
            except MediaError as error:
                if not left or not isinstance(error.__cause__, FileNotFoundError):
                    raise
        yield


def _files(folder: Path) -> Iterator[tuple[Place, int]]:
    """All files below a folder; something else than a file counts as one of no length, to be put out of the way."""
    tree = FolderTree(folder)
    if tree.look(()) is None:
        return
    seen = 0
    stack: list[Place] = [()]
    while stack:
        current = stack.pop()
        for entry in tree.entries(current):
            place = (*current, entry.name)
            seen += 1
            if seen > MOST_FILES or len(place) > _DEEPEST:
                raise MediaError(
                    f"{folder} holds more than a lockbox ever does",
                    remedy="Look at what is in it, remove it, then run the same command again.",
                )
            if entry.kind is EntryKind.FOLDER:
                stack.append(place)
            else:
                yield place, entry.size if entry.kind is EntryKind.FILE else -1


def _is_alone(path: Path) -> bool:
    """False for a file that has another name as well: whoever writes to it would write to that one too."""
    return path.lstat().st_nlink <= 1


def _without_ours(folder: Path, listed: set[Place]) -> bool:
    """Remove what belongs to an older lockbox, and folders that are empty then; True if something is left."""
    # The documents last: they say what the rest is, to the next run too.
    for place, _ in sorted(_files(folder)):
        if place in listed or is_ours(place):
            folder.joinpath(*place).unlink()
    _prune(folder)
    return folder.exists()


def _prune(folder: Path) -> None:
    """Remove the empty folders in a folder, and itself if it is empty then."""
    for current, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            os.rmdir(current)  # noqa: PTH106 - a walk yields texts
