"""What to do with a stick: what of it is kept, what is written, what goes. Pure: facts in, a plan out.

A file that lies on the stick is worth keeping if something says that its bytes are the wanted ones: the documents of
the older lockbox, the journal of an interrupted run, or its own name. None of that is believed. It only decides what
is not written; what was not written is read back and proven like everything else, and written after all if it is
wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.lockbox.consignment import is_named_by_content, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lockstick.disk.tree import Place
    from lockstick.lockbox.consignment import Piece

__all__ = ["NEXT", "Lying", "Move", "Plan", "Writing", "make_plan"]

NEXT = "next"
"""The pool of an interrupted run: what lies in it lies where it belongs already."""


@dataclass(frozen=True, kw_only=True)
class Lying:
    """A file that lies on the stick already.

    Attributes:
        pool: In which folder: :data:`NEXT`, or one that holds an older lockbox.
        place: Where in it.
        size: How many bytes it has; less than 0 for what is no file, or not this name's alone, and so is never kept.
        claim: What its bytes are said to be, by algorithm; empty if nothing says so.
        is_same: True if the very lockbox that is wanted put it there.
        allocated: How much room it takes, which for a file that is begun is more than it has bytes.
    """

    pool: str
    place: Place
    size: int
    claim: Mapping[str, str] = field(default_factory=dict)
    is_same: bool = False
    allocated: int = 0


@dataclass(frozen=True, kw_only=True)
class Writing:
    """A file that is written.

    Attributes:
        piece: What is written.
        begun: How many bytes of it seem to be there from an interrupted run.
        allocated: How much room it has already.
    """

    piece: Piece
    begun: int = 0
    allocated: int = 0


@dataclass(frozen=True, kw_only=True)
class Move:
    """A file of an older lockbox that is kept.

    Attributes:
        piece: What it is to be.
        pool: Where it lies now.
    """

    piece: Piece
    pool: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is done with a stick.

    Attributes:
        ready: Files that an interrupted run has finished.
        moves: Files that an older lockbox has as well.
        writes: Files that are written, in this order.
        drops: Files of an interrupted run that nobody wants any more.
        obsolete: Files that only an older lockbox has.
    """

    ready: tuple[Piece, ...]
    moves: tuple[Move, ...]
    writes: tuple[Writing, ...]
    drops: tuple[Lying, ...]
    obsolete: tuple[Lying, ...]

    @property
    def removable(self) -> tuple[Lying, ...]:
        """What of an older lockbox may go before the new one is proven, where there is no room for both.

        Its documents stay, since they say what the rest is, to the next run too; and what is nobody's stays.
        """
        return tuple(one for one in self.obsolete if one.place[0] == "images" and (one.claim or is_ours(one.place)))

    @property
    def bytes_kept(self) -> int:
        """How many bytes are not written, because they are there."""
        return sum(piece.size for piece in self.ready) + sum(move.piece.size for move in self.moves)

    @property
    def bytes_to_write(self) -> int:
        """How many bytes are written at most; what an interrupted run has begun counts as there."""
        return sum(max(one.piece.size - one.begun, 0) for one in self.writes)


def make_plan(pieces: Sequence[Piece], lying: Iterable[Lying]) -> Plan:
    """Decide what is kept, what is written and what goes.

    Args:
        pieces: What is wanted, in the order in which it is written.
        lying: What lies on the stick.

    Returns:
        The plan.
    """
    in_next: dict[Place, Lying] = {}
    elsewhere: dict[Place, list[Lying]] = {}
    for one in lying:
        if one.pool == NEXT:
            in_next[one.place] = one
        else:
            elsewhere.setdefault(one.place, []).append(one)
    ready: list[Piece] = []
    moves: list[Move] = []
    writes: list[Writing] = []
    kept: set[tuple[str, Place]] = set()
    for piece in pieces:
        begun = in_next.get(piece.place)
        is_right = begun is not None and begun.size >= 0 and _may_be(piece, begun)
        if begun is not None and is_right and begun.size == piece.size:
            ready.append(piece)
            kept.add((NEXT, piece.place))
            continue
        old = next((one for one in elsewhere.get(piece.place, ()) if _is_whole(piece, one)), None)
        if old is not None:
            moves.append(Move(piece=piece, pool=old.pool))
            kept.add((old.pool, piece.place))
            continue
        if begun is not None and is_right and begun.size < piece.size:
            writes.append(Writing(piece=piece, begun=begun.size, allocated=max(begun.size, begun.allocated)))
            kept.add((NEXT, piece.place))
        else:
            writes.append(Writing(piece=piece))
    return Plan(
        ready=tuple(ready),
        moves=tuple(moves),
        writes=tuple(writes),
        drops=tuple(one for one in in_next.values() if (NEXT, one.place) not in kept),
        obsolete=tuple(one for group in elsewhere.values() for one in group if (one.pool, one.place) not in kept),
    )


def _is_whole(piece: Piece, one: Lying) -> bool:
    return one.size == piece.size and _may_be(piece, one)


def _may_be(piece: Piece, one: Lying) -> bool:
    """Say whether it is worth being looked at: a promise that the read-back has to keep."""
    if one.is_same:
        return True
    if not piece.digests:
        return is_named_by_content(piece.place)
    shared = piece.digests.keys() & one.claim.keys()
    return bool(shared) and all(piece.digests[name].lower() == one.claim[name].lower() for name in shared)
