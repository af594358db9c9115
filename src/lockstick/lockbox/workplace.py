"""The hidden folder in which a lockbox is put together, and the steps that make it visible.

Nothing that a device or the verifier could take for a lockbox exists before the last step: ``metadata/`` gets
its name only when everything else is in place, proven and flushed (lockbox-format 10.1 B10). An older lockbox in
the same folder stays whole until its successor is ready; then it disappears first.

The folder ``.lockstick`` holds::

    lock            taken by the build that runs
    metadata/       the new documents
    partial/        unfinished package files and their journals
    staged/         finished package files whose place an older lockbox still needs
    old-metadata/   the documents of the older lockbox while it is being replaced
    places.json     which package files are ours to remove
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush_folders, prepare_folder, publish, write_new
from lockstick.disk.lock import take_lock
from lockstick.disk.plainfile import obstacle
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError
from lockstick.lockbox.layout import WORK_FOLDER, Layout
from lockstick.lockbox.outputfolder import refuse_foreign
from lockstick.lockbox.reading import read_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lockstick.trust.evidence import Evidence

__all__ = ["Workplace", "open_workplace"]


class Workplace:
    """Where one build happens; made by :func:`open_workplace`.

    Args:
        output: The folder that becomes the lockbox.

    Attributes:
        finished: Set by the build when the hidden folder has served its purpose.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.layout = Layout(output)
        self.work = output / WORK_FOLDER
        self.partial = self.work / "partial"
        self.staged = self.work / "staged"
        self.old_metadata = self.work / "old-metadata"
        self.places = self.work / "places.json"
        self._new = Layout(self.work)
        self.metadata_aside = self._new.metadata
        self.finished = False

    @property
    def has_lockbox(self) -> bool:
        """True if a lockbox is visible in the output folder."""
        return self.layout.metadata.exists()

    def shows(self, evidence: Evidence) -> bool:
        """Say whether the visible lockbox has exactly these documents, so that nothing needs to change.

        Args:
            evidence: The documents.

        Returns:
            True if the same files with the same bytes lie under ``metadata/``.
        """
        if not self.has_lockbox:
            return False
        return _same(read_evidence(self.layout.tree), evidence)

    def destination(self, path: tuple[str, ...], waiting: str) -> Path:
        """Where a fetched package goes: its own place if that is free, else aside until the end.

        Args:
            path: The segments of its path.
            waiting: Its name while it waits.

        Returns:
            The place, in a folder that exists and is reached without links.
        """
        if self.has_lockbox:
            return self.staged / waiting
        place = self.layout.package(path)
        self._make_folders(place.parent)
        return place

    def write_metadata(self, evidence: Evidence) -> None:
        """Write the documents, byte for byte as received, into the hidden folder.

        Args:
            evidence: The documents.

        Raises:
            MediaError: If the disk does not take them, or does not give them back as they were.
        """
        try:
            _remove_tree(self._new.metadata)
            for folder, files in (
                (self._new.director, evidence.director.files),
                (self._new.image_repo, evidence.image_repo.files),
            ):
                prepare_folder(folder)
                for name, data in files.items():
                    write_new(folder / name, data)
        except OSError as error:
            raise media_error(error, self._new.metadata, "written") from error
        if not _same(read_evidence(self._new.tree), evidence):
            raise MediaError(
                f"{self._new.metadata} does not read as it was written",
                remedy="Check the disk or the medium; it may be failing, or unable to hold these names.",
            )
        flush_folders([self._new.director, self._new.image_repo, self._new.metadata])

    def publish(
        self,
        moves: Mapping[Path, tuple[str, ...]],
        obsolete: Iterable[tuple[str, ...]],
        wanted: Mapping[tuple[str, ...], int],
        prove: Callable[[], None] | None = None,
    ) -> None:
        """Make the new lockbox visible, as the last of several steps that can each be the last one done.

        Args:
            moves: Staged files and the segments of their final places.
            obsolete: Segments of the packages that only the older lockbox had.
            wanted: Segments and length of every package of the new lockbox.
            prove: Called before the last step; it raises if what lies there is not the lockbox.

        Raises:
            MediaError: If the disk refuses a step; the next build continues.
        """
        try:
            self.hide()
            # Before the moves: where case does not count, the new file may have the old one's name.
            self._remove_all(obsolete, wanted)
            for source, path in moves.items():
                place = self.layout.package(path)
                self._make_folders(place.parent)
                publish(source, place)
            self._require_all(wanted)
            flush_folders(self._folders_of(wanted))
            if prove is not None:
                prove()
            self._new.metadata.rename(self.layout.metadata)
            flush_folders([self.output, self.work])
        except OSError as error:
            raise media_error(error, self.output, "published") from error

    def hide(self) -> None:
        """Take an older lockbox out of sight, if there is one."""
        if not self.has_lockbox:
            return
        _remove_tree(self.old_metadata)
        self.layout.metadata.rename(self.old_metadata)
        flush_folders([self.output, self.work])

    def _require_all(self, wanted: Mapping[tuple[str, ...], int]) -> None:
        """The last look before the lockbox becomes visible: every package is where it belongs."""
        for path, length in wanted.items():
            place = self.layout.package(path)
            problem = obstacle(self.output, place)
            if problem or place.lstat().st_size != length:
                raise MediaError(f"{place} is not there as it was written", why=problem or "its length differs")

    def _folders_of(self, wanted: Iterable[tuple[str, ...]]) -> set[Path]:
        folders = {self.layout.images, self.output}
        for path in wanted:
            folders.update(
                parent for parent in self.layout.package(path).parents if self.layout.images in parent.parents
            )
        return folders

    def _make_folders(self, folder: Path) -> None:
        """Make a folder below the output, refusing to go through a link that somebody planted."""
        current = self.output
        for part in folder.relative_to(self.output).parts:
            current /= part
            if current.is_symlink():
                raise MediaError(
                    f"{current} is a link",
                    why="writing through it would leave the output folder",
                    remedy="Remove the link, or choose another output folder.",
                )
            prepare_folder(current)

    def _remove_all(self, obsolete: Iterable[tuple[str, ...]], wanted: Iterable[tuple[str, ...]]) -> None:
        """Remove packages of older builds, unless they are wanted ones under another spelling of the name."""
        spelt = {tuple(part.casefold() for part in path): self.layout.package(path) for path in wanted}
        for path in obsolete:
            place = self.layout.package(path)
            twin = spelt.get(tuple(part.casefold() for part in path))
            if obstacle(self.output, place) or (twin is not None and twin.exists() and twin.samefile(place)):
                continue
            place.unlink()
            for folder in place.parents:
                if folder == self.layout.images:
                    break
                with suppress(OSError):
                    folder.rmdir()


@contextmanager
def open_workplace(output: Path) -> Iterator[Workplace]:
    """Prepare the output folder for a build and keep other builds out of it.

    Args:
        output: The folder that becomes the lockbox: new, empty, a lockbox, or an interrupted build.

    Yields:
        The workplace.

    Raises:
        UsageError: If the folder holds something else, or another build is at work in it.
        MediaError: If it cannot be used.
    """
    refuse_foreign(output)
    place = Workplace(output)
    prepare_folder(output)
    _refuse_links(place.work)
    prepare_folder(place.work)
    lock = place.work / "lock"
    with take_lock(lock, busy=f"another build is at work in {output}"):
        for folder in (place.partial, place.staged):
            prepare_folder(folder)
        yield place
        if place.finished:
            # What cannot be removed is harmless. The lock goes last, while it is held.
            for entry in (place.partial, place.staged, place.old_metadata, place.metadata_aside, place.places):
                with suppress(OSError):
                    _remove_tree(entry)
            with suppress(OSError):
                lock.unlink()
    if place.finished:
        # Again for systems that keep the name of an open file.
        with suppress(OSError):
            lock.unlink(missing_ok=True)
        with suppress(OSError):
            place.work.rmdir()


def _remove_tree(path: Path) -> None:
    """Remove a folder with all in it, or whatever else has its name; never through a link."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(status.st_mode):
        shutil.rmtree(path)
    else:
        path.unlink()


def _refuse_links(work: Path) -> None:
    """Refuse to work in a hidden folder in which somebody planted a link."""
    for folder, folders, files in os.walk(work):
        for path in (work, *(Path(folder) / name for name in (*folders, *files))):
            if path.is_symlink():
                raise MediaError(
                    f"{path} is a link",
                    why="writing through it would leave the output folder",
                    remedy=f"Remove {work}, or choose another output folder.",
                )
    if work.is_symlink():
        raise MediaError(f"{work} is a link", remedy="Remove it, or choose another output folder.")


def _same(one: Evidence, other: Evidence) -> bool:
    return all(
        not mine.unreadable and dict(mine.files) == dict(theirs.files)
        for mine, theirs in ((one.director, other.director), (one.image_repo, other.image_repo))
    )
