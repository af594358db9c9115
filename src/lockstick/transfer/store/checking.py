"""Reading every byte of a store: what is damaged goes, so that the next build fetches it again."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.hashing import hash_file
from lockstick.errors import MediaError
from lockstick.transfer.store.listing import kept_in
from lockstick.transfer.store.places import ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lockstick.progress import Observer
    from lockstick.transfer.store.content import ContentStore, Session
    from lockstick.transfer.store.listing import Kept

__all__ = ["Checked", "check", "prove"]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check of a store found.

    Attributes:
        sound: Entries whose bytes have the digest of their name.
        damaged: Entries whose bytes have not, or cannot be read; they were removed.
    """

    sound: tuple[Kept, ...]
    damaged: tuple[Kept, ...]


def check(store: ContentStore, observer: Observer, *, only: Iterable[Kept] | None = None) -> Checked:
    """Prove entries by hashing them, several at once, and remove damaged ones.

    Args:
        store: The store; prepared.
        observer: Told of the progress.
        only: Which entries; all by default. Unfinished downloads are passed over, as their journals prove them.

    Returns:
        What was found; entries that are gone since, or are being fetched, are in neither list.

    Raises:
        MediaError: The disk refused to remove an entry.
    """
    found = [one for one in (kept_in(store.places) if only is None else only) if one.is_complete]
    found.sort(key=lambda one: -one.length)
    with store.session() as session:
        present = session.claim_present({one.digest: one.length for one in found})
        wanted = [one for one in found if one.digest in present]
        observer.phase("hashing", total_bytes=sum(one.length for one in wanted), files=len(wanted))
        stopped = threading.Event()
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            try:
                sound = list(pool.map(lambda one: prove(session, one, observer, stopped.is_set), wanted))
            except BaseException:
                stopped.set()
                raise
    return Checked(
        sound=tuple(one for one, good in zip(wanted, sound, strict=True) if good),
        damaged=tuple(one for one, good in zip(wanted, sound, strict=True) if not good),
    )


def prove(session: Session, one: Kept, observer: Observer, stopped: Callable[[], bool]) -> bool:
    """Hash one entry; remove it if it is damaged.

    Args:
        session: A session that has claimed it.
        one: The entry.
        observer: Told of the progress.
        stopped: Asked now and then; True ends the work.

    Returns:
        True if its bytes are what its name says.

    Raises:
        MediaError: The disk refused to remove it.
    """
    seen = _look(one.path)
    try:
        digest = hash_file(one.path, observer=observer, name=one.digest, stopped=stopped)[ALGORITHM]
    except MediaError:
        digest = ""
    if digest == one.digest or stopped():
        return True
    session.discard(one.digest, seen)
    return False


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None
