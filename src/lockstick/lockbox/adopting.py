"""Taking into the store what lies in the output already, where that costs nothing.

A lockbox may have been built without a store, or the store pruned since. Its files were hashed a moment ago, for
the build; where the file system can share bytes, the next stick need not fetch them. They are never copied
for that: who builds again wants the lockbox, not a fuller store.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush, flush_folders, publish
from lockstick.disk.plainfile import obstacle
from lockstick.errors import MediaError
from lockstick.lockbox.plan import stored_digest
from lockstick.transfer.store.passage import share

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.lockbox.plan import Plan
    from lockstick.lockbox.workplace import Workplace
    from lockstick.transfer.store.content import Session
    from lockstick.transfer.store.passage import Passage

__all__ = ["adopt"]


def adopt(plan: Plan, place: Workplace, session: Session, passage: Passage) -> None:
    """Take proven files of the output into the store.

    Nobody depends on what this does: what cannot be adopted is left alone, and what was changed since it was
    hashed is noticed at its first use, like any damaged entry.

    Args:
        plan: What lies in the output, hashed.
        place: The output.
        session: The session in the store.
        passage: How bytes get from one to the other.

    Raises:
        MediaError: The store's lock cannot be had, or its disk refused.
    """
    store = session.store
    lying: dict[str, tuple[Path, int]] = {}
    for planned in plan.packages:
        digest = stored_digest(planned.package)
        if planned.measured is None or not digest or store.length_of(digest) is not None:
            continue
        lying[digest] = (planned.waiting or place.layout.package(planned.package.path), planned.length)
    if passage.method.takes_room or not lying:
        return
    granted = session.claim({digest: length for digest, (_, length) in lying.items()})
    for digest in granted.ours:
        source, length = lying[digest]
        aside = store.places.partials / f"{digest}.adopted"
        entry = store.places.entry(digest)
        with suppress(OSError, MediaError):
            aside.unlink(missing_ok=True)
            _flush(source)
            if share(source, aside, passage) and obstacle(aside.parent, aside) == "" and _size(aside) == length:
                publish(aside, entry)
            else:
                aside.unlink(missing_ok=True)
    flush_folders(store.places.entry(digest).parent for digest in granted.ours)
    session.release()


def _size(path: Path) -> int:
    return path.lstat().st_size


def _flush(path: Path) -> None:
    """It was flushed if a build of ours wrote it; but somebody may have copied it here."""
    fd = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        flush(fd)
    finally:
        os.close(fd)
