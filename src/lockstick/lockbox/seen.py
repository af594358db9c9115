"""What this machine has verified before, one file for each pair of stored anchors: ``NAME.seen.json``.

It is a help, not a gate: a memory that cannot be read or written never keeps a lockbox from being verified.
A file that cannot be read is left alone, since it may be that of a newer version of this program.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from lockstick.disk.durable import publish, write_new
from lockstick.disk.lock import try_lock
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError
from lockstick.lockbox.truststore import SEEN_SUFFIX
from lockstick.trust.memory import Seen, advance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lockstick.lockbox.truststore import StoredAnchors
    from lockstick.trust.evidence import Anchors

__all__ = ["SeenFiles"]

_FORMAT = 1
_LOCK_TRIES = 50
_LOCK_PAUSE = 0.1
_MAX_FILE = 4 * 1024 * 1024


class SeenFiles:
    """The memory of verified versions beside the stored anchors.

    Args:
        folder: The trust store's folder.
        entries: The stored anchors.
        say: Told in words if a memory cannot be read or written.
        is_kept: False to compare with what is remembered and to write nothing.
        wait: Waits so many seconds.
    """

    def __init__(
        self,
        folder: Path,
        entries: Sequence[StoredAnchors],
        *,
        say: Callable[[str], None],
        is_kept: bool = True,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._entries = entries
        self._say = say
        self._is_kept = is_kept
        self._wait = wait

    def recall(self, anchors: Anchors) -> Seen | None:
        """What was verified before by these anchors.

        Args:
            anchors: The anchors that were chosen.

        Returns:
            The versions; None if they are none of the stored ones, or nothing can be told.
        """
        place = self._place(anchors)
        if place is None:
            return None
        try:
            return _read(place)
        except (OSError, ValueError, RecursionError):
            self._say(
                f"{place} cannot be read, so older lockboxes are not recognized. Delete it to start a new memory."
            )
            return None

    def remember(self, anchors: Anchors, now: Seen) -> None:
        """Remember what was verified; what was remembered is never lowered.

        Args:
            anchors: The anchors that it was verified by.
            now: The versions that were verified.
        """
        place = self._place(anchors)
        if place is None or not self._is_kept:
            return
        try:
            with self._alone(place):
                _advance(place, now)
        except MediaError as error:
            self._say(f"What was verified is not remembered: {error}")

    @contextmanager
    def _alone(self, place: Path) -> Iterator[None]:
        """Keep other runs from writing: two that read, advance and write at once could lower what is remembered."""
        lock = place.with_suffix(".lock")
        for _ in range(_LOCK_TRIES):
            fd = try_lock(lock)
            if fd is not None:
                break
            self._wait(_LOCK_PAUSE)
        else:
            raise MediaError(f"{lock} is held by another run", remedy="Verify again when that has ended.")
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()
            os.close(fd)

    def _place(self, anchors: Anchors) -> Path | None:
        if anchors.source != "store":
            return None
        name = next((entry.name for entry in self._entries if entry.anchors == anchors), None)
        return None if name is None else self._folder / f"{name}{SEEN_SUFFIX}"


def _advance(place: Path, now: Seen) -> None:
    try:
        # Read again: another run may have written since.
        before = _read(place)
    except (OSError, ValueError, RecursionError):
        return
    after = advance(before, now)
    if after == before:
        return
    document = {"format": _FORMAT, "documents": dict(after.documents), "lockboxes": dict(after.lockboxes)}
    aside = place.with_suffix(".new")
    _write(aside, json.dumps(document, indent=1).encode("ascii"))
    publish(aside, place)


def _write(path: Path, data: bytes) -> None:
    try:
        write_new(path, data)
    except OSError as error:
        raise media_error(error, path, "written") from error


def _read(place: Path) -> Seen | None:
    """Read a memory; None if there is none yet. Raises OSError or ValueError if it cannot be read."""
    try:
        with place.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        return None
    if len(data) > _MAX_FILE:
        raise ValueError("too large")
    document: object = json.loads(data)
    if not isinstance(document, dict) or set(document) != {"format", "documents", "lockboxes"}:
        raise ValueError("not a memory")
    if document["format"] != _FORMAT:
        raise ValueError("another format")
    return Seen(documents=_versions(document["documents"]), lockboxes=_versions(document["lockboxes"]))


def _versions(value: object) -> dict[str, int]:
    # To Python, true is a number as well.
    if not isinstance(value, dict) or not all(type(version) is int and version > 0 for version in value.values()):
        raise ValueError("not versions")
    return cast("dict[str, int]", value)
