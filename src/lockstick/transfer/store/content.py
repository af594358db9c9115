"""The content store: verified bytes, once on this machine, under their hash.

The rules:

1. What is in the store is never believed. Whoever uses an entry proves its bytes, or has just fetched them.
2. An entry appears under its name when it is complete, proven and flushed, in one step.
3. Runs share a store: what one fetches the others wait for, and what one uses nobody removes.
4. Nothing in the store is reached through a link.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.lock import try_lock
from lockstick.errors import MediaError
from lockstick.transfer.journal import journal_path
from lockstick.transfer.store.claims import Claims
from lockstick.transfer.store.folders import clear, own_folder, prepare_root, write_marker
from lockstick.transfer.store.index import Use, read_index, write_index
from lockstick.transfer.store.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["ContentStore", "Granted", "Session"]

_BLINK = 0.02
_LONGEST_WAIT = 60.0
_READ_ONLY = 0o444


class ContentStore:
    """A folder of verified bytes. Making the value touches nothing on the disk.

    Args:
        folder: The folder; it need not exist.
        now: The time of day in seconds since 1970.
        sleep: Waits so many seconds.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.places = Places(folder.resolve())
        self.now = now
        self.sleep = sleep

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.places.folder

    def prepare(self) -> None:
        """Make the store, or make sure that the one that is there can be used and written to.

        Raises:
            UsageError: The folder is something else.
            MediaError: It belongs to somebody else, is read-only, or of an unknown format.
        """
        prepare_root(self.places)
        with self.held():
            write_marker(self.places)

    def length_of(self, digest: str) -> int | None:
        """How many bytes an entry has; the disk is looked at, the bytes are not.

        Args:
            digest: A SHA-256 in lower-case hex.

        Returns:
            The length; None if there is no such entry, or something else lies in its place.
        """
        return _plain_length(self.places.entry(digest))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the store's lock, for a moment.

        Raises:
            MediaError: It cannot be had.
        """
        waited = 0.0
        while (fd := try_lock(self.places.lock)) is None:
            if waited >= _LONGEST_WAIT:
                raise MediaError(f"the store {self.folder} is busy", why="another run holds its lock for too long")
            self.sleep(_BLINK)
            waited += _BLINK
        try:
            yield
        finally:
            os.close(fd)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Work in the store: claim entries, use them, have missing ones fetched.

        Yields:
            The session; what it claims is let go of at the end.

        Raises:
            MediaError: The disk refused.
        """
        self.prepare()
        with self.held():
            claims = Claims(self.places.sessions)
        session = Session(self, claims)
        try:
            yield session
        finally:
            with suppress(MediaError):
                session.note_uses()
            claims.end()


@dataclass(frozen=True)
class Granted:
    """What a claim came to.

    Attributes:
        present: Digests of entries that are there; nobody removes them until they are released.
        ours: Digests that are missing and that this session is to fetch; others wait for them.
        busy: Digests that another live session fetches.
    """

    present: frozenset[str]
    ours: frozenset[str]
    busy: frozenset[str]


class Session:
    """One run at work in a store; made by :meth:`ContentStore.session`. For several threads.

    Args:
        store: The store.
        claims: What this run claims.
    """

    def __init__(self, store: ContentStore, claims: Claims) -> None:
        self.store = store
        self._claims = claims
        self._uses: dict[str, Use] = {}
        self._guard = threading.Lock()

    @property
    def name(self) -> str:
        """A name that no other live session in this store has."""
        return self._claims.name

    @property
    def used(self) -> frozenset[str]:
        """The digests of the entries that this session has used."""
        with self._guard:
            return frozenset(self._uses)

    def claim(self, wanted: Mapping[str, int]) -> Granted:
        """Claim entries: those that are there to use them, those that are missing to fetch them.

        What was claimed before is released by this.

        Args:
            wanted: Digest to signed length. An entry of another length is damaged, and gives way.

        Returns:
            Which are there, which are to be fetched by this session, which are fetched by others.

        Raises:
            MediaError: The disk refused.
        """
        places = self.store.places
        with self.store.held():
            others = self._claims.others()
            present: set[str] = set()
            ours: set[str] = set()
            for digest, length in wanted.items():
                own_folder(places.entry(digest).parent)
                if _plain_length(places.entry(digest)) == length:
                    present.add(digest)
                elif digest not in others.fetching:
                    ours.add(digest)
                    clear(places.entry(digest))
                    for part in (places.partial(digest), journal_path(places.partial(digest))):
                        if _plain_length(part) is None:
                            clear(part)
            self._claims.set(frozenset(ours), frozenset(present | ours))
        return Granted(frozenset(present), frozenset(ours), frozenset(wanted.keys() - present - ours))

    def claim_present(self, wanted: Mapping[str, int]) -> frozenset[str]:
        """Claim entries that are there, to use them; what is missing stays so.

        Args:
            wanted: Digest to length.

        Returns:
            Which are there.

        Raises:
            MediaError: The disk refused.
        """
        with self.store.held():
            present = {
                digest for digest, length in wanted.items() if _plain_length(self.store.places.entry(digest)) == length
            }
            self._claims.set(frozenset(), frozenset(present))
        return frozenset(present)

    def release(self) -> None:
        """Let go of everything that was claimed.

        Raises:
            MediaError: The disk refused.
        """
        with self.store.held():
            self._claims.set(frozenset(), frozenset())

    def seal(self, digest: str) -> os.stat_result | None:
        """Make an entry that was just fetched read-only, where that does not keep it from being removed.

        Returns:
            The entry as it is then, to tell later whether it was touched; None if it is gone already.
        """
        entry = self.store.places.entry(digest)
        if os.name == "posix":
            with suppress(OSError):
                entry.chmod(_READ_ONLY)
        with suppress(OSError):
            return entry.lstat()
        return None

    def discard(self, digest: str, seen: os.stat_result | None) -> None:
        """Remove an entry that was found to be damaged, unless another session has replaced it meanwhile.

        Args:
            digest: Which.
            seen: What was found to be damaged; None if it could not even be looked at.

        Raises:
            MediaError: The disk refused.
        """
        place = self.store.places.entry(digest)
        with self.store.held():
            if digest in self._claims.others().fetching:
                return
            with suppress(FileNotFoundError):
                status = place.lstat()
                if seen is None or os.path.samestat(seen, status):
                    clear(place)

    def note(self, digest: str, names: Iterable[str]) -> None:
        """Remember that an entry was used, and what it was called; written down at the end."""
        with self._guard:
            before = self._uses.get(digest, Use(used=0.0))
            self._uses[digest] = before.again(self.store.now(), tuple(names))

    def note_uses(self) -> None:
        """Write down what was used.

        Raises:
            MediaError: The store's lock cannot be had.
        """
        with self._guard:
            uses = dict(self._uses)
        if not uses:
            return
        with self.store.held():
            known = read_index(self.store.places.index)
            for digest, use in uses.items():
                known[digest] = known.get(digest, use).again(use.used, use.names)
            write_index(self.store.places.index, known)


def _plain_length(path: Path) -> int | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
