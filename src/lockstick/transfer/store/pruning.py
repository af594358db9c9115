"""Making room in a store: what is too old goes, and then what was not used for the longest time.

What a live run fetches or uses stays, whatever its age; the next pruning gets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.transfer.journal import drop_journal
from lockstick.transfer.store.claims import read_claims
from lockstick.transfer.store.folders import clear
from lockstick.transfer.store.index import read_index, write_index
from lockstick.transfer.store.listing import kept_in

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lockstick.transfer.store.content import ContentStore
    from lockstick.transfer.store.listing import Kept

__all__ = ["Pruned", "prune"]


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What a pruning did, or would do.

    Attributes:
        removed: What goes.
        kept: What stays.
        in_use: How much of what would go stays, because a live run uses it.
    """

    removed: tuple[Kept, ...]
    kept: tuple[Kept, ...]
    in_use: int

    @property
    def bytes_removed(self) -> int:
        """How many bytes go; a file that an output shares keeps its room there."""
        return sum(one.length for one in self.removed)

    @property
    def bytes_kept(self) -> int:
        """How many bytes stay."""
        return sum(one.length for one in self.kept)


def prune(
    store: ContentStore,
    *,
    limit: int | None,
    max_age: float | None = None,
    spare: Collection[str] = (),
    dry_run: bool = False,
) -> Pruned:
    """Make room.

    Args:
        store: The store; prepared, unless this is a dry run.
        limit: How many bytes may stay; None for any number.
        max_age: How many seconds ago something may have been used last; None for any time.
        spare: Digests that stay in any case.
        dry_run: True to remove nothing.

    Returns:
        What was done, or would be done.

    Raises:
        MediaError: The disk refused.
    """
    if dry_run:
        claimed = read_claims(store.places.sessions) if store.places.sessions.is_dir() else None
        busy = frozenset(spare) if claimed is None else claimed.fetching | claimed.using | frozenset(spare)
        return _choose(store, kept_in(store.places), busy, limit=limit, max_age=max_age)
    with store.held():
        claimed = read_claims(store.places.sessions)
        busy = claimed.fetching | claimed.using | frozenset(spare)
        pruned = _choose(store, kept_in(store.places), busy, limit=limit, max_age=max_age)
        for one in pruned.removed:
            clear(one.path)
            if not one.is_complete:
                drop_journal(one.path)
        if pruned.removed:
            gone = {one.digest for one in pruned.removed} - {one.digest for one in pruned.kept}
            uses = read_index(store.places.index)
            write_index(store.places.index, {digest: use for digest, use in uses.items() if digest not in gone})
    return pruned


def _choose(
    store: ContentStore, found: Sequence[Kept], busy: Collection[str], *, limit: int | None, max_age: float | None
) -> Pruned:
    oldest = None if max_age is None else store.now() - max_age
    total = sum(one.length for one in found)
    removed: list[Kept] = []
    kept: list[Kept] = []
    in_use = 0
    for one in reversed(found):  # what was not used for the longest time comes first
        is_over = limit is not None and total > limit
        if not is_over and (oldest is None or one.used >= oldest):
            kept.append(one)
        elif one.digest in busy:
            in_use += one.length
            kept.append(one)
        else:
            total -= one.length
            removed.append(one)
    return Pruned(removed=tuple(removed), kept=tuple(kept), in_use=in_use)
