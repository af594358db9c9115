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
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lockstick.errors import MediaError, UsageError
from lockstick.lockbox.layout import Layout
from lockstick.lockbox.lock import take_lock
from lockstick.lockbox.reading import obstacle, read_evidence
from lockstick.transfer.disk import flush, flush_folders, media_error, prepare_folder, publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from lockstick.trust.evidence import Evidence

__all__ = ["WORK_FOLDER", "Workplace", "open_workplace"]

WORK_FOLDER = ".lockstick"


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
        visible = read_evidence(self.layout)
        return all(
            not old.unreadable and dict(old.files) == dict(new.files)
            for old, new in ((visible.director, evidence.director), (visible.image_repo, evidence.image_repo))
        )

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
        if self._new.metadata.exists():
            shutil.rmtree(self._new.metadata)
        for folder, files in (
            (self._new.director, evidence.director.files),
            (self._new.image_repo, evidence.image_repo.files),
        ):
            prepare_folder(folder)
            _write_all(folder, files)
        flush_folders([self._new.director, self._new.image_repo, self._new.metadata])

    def publish(self, moves: Mapping[Path, tuple[str, ...]], obsolete: Iterable[tuple[str, ...]]) -> None:
        """Make the new lockbox visible, as the last of several steps that can each be the last one done.

        Args:
            moves: Staged files and the segments of their final places.
            obsolete: Segments of the packages that only the older lockbox had.

        Raises:
            MediaError: If the disk refuses a step; the next build continues.
        """
        try:
            self.hide()
            for source, path in moves.items():
                place = self.layout.package(path)
                self._make_folders(place.parent)
                publish(source, place)
            for path in obsolete:
                self._remove(path)
            flush_folders({self.layout.package(path).parent for path in moves.values()} | {self.layout.images})
            self._new.metadata.rename(self.layout.metadata)
            flush_folders([self.output, self.work])
        except OSError as error:
            raise media_error(error, self.output, "published") from error

    def hide(self) -> None:
        """Take an older lockbox out of sight, if there is one."""
        if not self.has_lockbox:
            return
        if self.old_metadata.exists():
            shutil.rmtree(self.old_metadata)
        self.layout.metadata.rename(self.old_metadata)
        flush_folders([self.output, self.work])

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

    def _remove(self, path: tuple[str, ...]) -> None:
        place = self.layout.package(path)
        if obstacle(self.output, place):
            return
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
    _refuse_foreign(output)
    place = Workplace(output)
    if place.work.is_symlink():
        raise MediaError(f"{place.work} is a link", remedy="Remove it, or choose another output folder.")
    for folder in (output, place.work, place.partial, place.staged):
        prepare_folder(folder)
    with take_lock(place.work / "lock", busy=f"another build is at work in {output}"):
        yield place
    if place.finished:
        # After the lock is let go, for systems that keep an open file; what stays is harmless.
        shutil.rmtree(place.work, ignore_errors=True)


def _refuse_foreign(output: Path) -> None:
    try:
        names = {entry.name for entry in output.iterdir()} if output.exists() else set()
    except NotADirectoryError:
        raise UsageError(f"{output} is a file", remedy="Name a folder for the output.") from None
    except OSError as error:
        raise media_error(error, output, "read") from error
    if names and not names & {WORK_FOLDER, "metadata", "images"}:
        raise UsageError(
            f"{output} is not empty and holds no lockbox",
            why="a build would mix its files with what is there",
            remedy="Name a new or empty folder, or one that an earlier build wrote.",
        )


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        place = folder / name
        try:
            with place.open("wb") as file:
                file.write(data)
                file.flush()
                flush(file.fileno())
            if os.stat(place).st_size != len(data):  # noqa: PTH116 - one call for all
                raise MediaError(f"{place} is not as long as what was written", remedy="Check the disk or the medium.")
        except OSError as error:
            raise media_error(error, place, "written") from error
