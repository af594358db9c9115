"""One stick, from what it is to a proven lockbox.

The steps, in an order that makes it safe to die after any of them:

1. What lies on the stick is looked at, and a plan is made. If the stick shows the very lockbox already, it is read back
   and that is all.
2. What is new is written into the hidden folder and flushed. The older lockbox stays visible; only where both do not
   fit, it is hidden first.
3. The older lockbox is hidden, by one rename; what the new one shares with it is moved over.
4. Everything is read back from the medium and judged by ``verify``. What was not written by this run and proves to be
   wrong is written after all, once, and read back again.
5. The lockbox gets the name that devices look for, by one rename.
6. What is left of the older one is removed.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.errors import LockstickError, MediaError
from lockstick.lockbox.layout import MEDIA_FOLDER
from lockstick.media.writing.filling import StoppedError, Terms, fill, read_ahead
from lockstick.media.writing.medium import Medium
from lockstick.media.writing.outcome import StickOutcome
from lockstick.media.writing.planning import NEXT, Writing, make_plan
from lockstick.media.writing.proving import examine
from lockstick.media.writing.room import require_room
from lockstick.media.writing.stopping import Watching
from lockstick.media.writing.workplace import open_stick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lockstick.disk.tree import Tree
    from lockstick.lockbox.consignment import Consignment, Piece
    from lockstick.media.readback import Damage
    from lockstick.media.writing.holding import Held
    from lockstick.media.writing.planning import Lying, Plan
    from lockstick.media.writing.proving import Proof, Prove
    from lockstick.media.writing.supply import Supply
    from lockstick.media.writing.workplace import StickPlace
    from lockstick.progress import Observer

__all__ = ["StickRun"]

_VERIFIED = "verified"
_SHOWN = 3


@dataclass(kw_only=True)
class StickRun:
    """The work on one stick.

    Attributes:
        mount: Where it is mounted.
        consignment: What is to be on it.
        source: The lockbox.
        supply: Its bytes.
        prove: Reads back.
        clock: A monotonic clock in seconds.
        observer: Told of the progress.
        stopped: Asked now and then; True ends the work.
        retry_bad: True to write once more what was written and is read back wrong.
        held: Knows whether it is still the stick that was looked at before; None if nobody looked.
    """

    mount: Path
    consignment: Consignment
    source: Tree
    supply: Supply
    prove: Prove
    clock: Callable[[], float]
    observer: Observer
    stopped: Callable[[], bool]
    retry_bad: bool = False
    held: Held | None = None
    _terms: Terms = field(init=False)
    _written: int = 0
    _write_seconds: float = 0.0
    _read_seconds: float = 0.0
    _fresh: set[str] = field(default_factory=set)
    _rewritten: tuple[str, ...] = ()
    _damage: tuple[Damage, ...] = ()
    _mended: int = 0
    _examined: bool = False

    def __post_init__(self) -> None:
        self._terms = Terms(clock=self.clock, stopped=self.stopped)

    def run(self) -> StickOutcome:
        """Do it.

        Returns:
            What became of the stick; if it holds no proven lockbox, the error says why.

        Raises:
            StoppedError: The work was ended early.
        """
        try:
            with Medium(self.mount) as medium:
                if self.held is not None and (lost := self.held.lost(self.mount)) is not None:
                    raise lost
                try:
                    with open_stick(medium) as place:
                        return self._run(medium, place)
                except OSError as error:
                    raise medium.trouble(error, self.mount, "written to") from error
        except LockstickError as error:
            return self._outcome(error=error)

    def _run(self, medium: Medium, place: StickPlace) -> StickOutcome:
        lying = place.look(self.consignment)
        plan = make_plan(self.consignment.pieces, lying)
        if _is_there(plan):
            proof = self._read_back(medium, place.update)
            if proof.verified.verdict == _VERIFIED:
                aside = place.clean(piece.place for piece in self.consignment.pieces)
                return self._outcome(proof=proof, aside=aside, kept=plan.bytes_kept)
            # What devices see is not what was proven once: out of their sight with it, then as with any other.
            self.observer.message(f"The lockbox on {self.mount} is damaged; it is hidden and written again.")
            place.begin(self.consignment)
            place.hide()
            plan = make_plan(self.consignment.pieces, place.look(self.consignment))
        must_hide = require_room(medium, plan)
        # Before the journal says that what lies there is for this lockbox.
        place.drop(plan.drops)
        if must_hide:
            self.observer.message(
                f"There is no room on {self.mount} for the old lockbox and the new one: the old one is hidden first."
            )
            place.hide()
            place.drop(plan.removable)
        place.begin(self.consignment)
        self._write(medium, place, plan.writes)
        place.settle()
        place.hide()
        for move in plan.moves:
            place.take_over(move.pool, move.piece.place)
        place.settle()
        proof = self._proven(medium, place)
        self.observer.phase("publishing")
        place.reveal({piece.place: piece.size for piece in self.consignment.pieces})
        aside = place.clean(piece.place for piece in self.consignment.pieces)
        return self._outcome(
            proof=proof,
            aside=aside,
            kept=max(self.consignment.size - self._written, 0),
            was_replaced=any(one.pool != NEXT for one in lying),
        )

    def _write(self, medium: Medium, place: StickPlace, writes: Sequence[Writing]) -> None:
        began = self.clock()
        self.observer.phase("writing", total_bytes=sum(one.piece.size for one in writes), files=len(writes))
        for one in writes:
            self._write_one(medium, place, one.piece)
        self._write_seconds += self.clock() - began

    def _write_one(self, medium: Medium, place: StickPlace, piece: Piece) -> None:
        if self.stopped():
            raise StoppedError
        shown = piece.shown
        self.observer.file_started(shown, length=piece.size)
        chunks = self.supply.chunks(piece)
        with closing(chunks if piece.data is not None else read_ahead(chunks)) as ahead:
            self._written += fill(
                medium,
                place.room_for(piece.place),
                ahead,
                size=piece.size,
                terms=self._terms,
                advanced=lambda count: self.observer.advanced(shown, count),
            )
        self._fresh.add(shown)
        self.observer.file_finished(shown)

    def _proven(self, medium: Medium, place: StickPlace) -> Proof:
        """Read everything back; what was taken over unread and proves to be wrong is written after all."""
        proof = self._read_back(medium, place.next)
        while proof.verified.verdict != _VERIFIED:
            bad = self._bad(proof)
            doubtful = [piece for piece in bad if piece.shown not in self._fresh]
            if doubtful:
                self._write_after_all(medium, place, doubtful)
            else:
                self._examine(medium, place, proof, bad)
            proof = self._read_back(medium, place.next)
        return proof

    def _write_after_all(self, medium: Medium, place: StickPlace, doubtful: Sequence[Piece]) -> None:
        self.observer.message(
            f"{len(doubtful)} file(s) that lay on {self.mount} already proved to be wrong; they are written again."
        )
        for piece in doubtful:
            medium.remove(place.room_for(piece.place))
        self._write(medium, place, [Writing(piece=piece) for piece in doubtful])
        self._rewritten += tuple(piece.shown for piece in doubtful)
        place.settle()

    def _examine(self, medium: Medium, place: StickPlace, proof: Proof, bad: Sequence[Piece]) -> None:
        """Find out what is wrong with what this run has written, and mend it, once, if that is wanted."""
        # It may be the source that has changed since its bytes were hashed; then no stick is to blame.
        for piece in bad:
            self.supply.prove(piece)
        retries = self.retry_bad and not self._examined
        places = [piece.place for piece in bad]
        try:
            found = examine(
                self.source, place.next, places, retry_bad=retries, observer=self.observer, stopped=self.stopped
            )
        except OSError as error:
            raise medium.trouble(error, place.next, "examined") from error
        self._damage += found.damage
        if not found.is_mended:
            raise _differs(self.mount, proof, found.damage)
        self._examined = True
        self._mended += found.rewritten
        if found.rewritten:
            said = f"{found.rewritten} byte(s) on {self.mount} were wrong and are written once more; "
            said += "take another stick soon."
        else:
            said = f"What was read back from {self.mount} was wrong, and right when it was read again: nothing had to "
            said += "be written. Try another reader or port; what is right only sometimes may be wrong on the device."
        self.observer.message(said)

    def _read_back(self, medium: Medium, folder: Path) -> Proof:
        if self.stopped():
            raise StoppedError
        medium.require()
        began = self.clock()
        try:
            proof = self.prove(folder, Watching(self.observer, self.stopped))
        except OSError as error:
            raise medium.trouble(error, folder, "read back") from error
        finally:
            self._read_seconds += self.clock() - began
            medium.require()
        if proof.verified.verdict != _VERIFIED:
            # A stick that was pulled is no bad stick.
            medium.require_after_trouble()
        return proof

    def _bad(self, proof: Proof) -> list[Piece]:
        """The files of packages that are not what they should be; the documents if no package is to blame.

        Where the documents are not to be trusted, no package was looked at.
        """
        bad = {package.target for package in proof.verified.packages if not package.ok and proof.verified.bytes_hashed}
        pieces = [piece for piece in self.consignment.pieces if piece.target in bad]
        return pieces or [piece for piece in self.consignment.pieces if not piece.target]

    def _outcome(
        self,
        *,
        error: LockstickError | None = None,
        proof: Proof | None = None,
        aside: Path | None = None,
        kept: int = 0,
        was_replaced: bool = False,
    ) -> StickOutcome:
        return StickOutcome(
            mount=self.mount,
            error=error,
            verified=None if proof is None else proof.verified,
            exclusion="" if proof is None else proof.exclusion,
            exclusion_words="" if proof is None else proof.words,
            exclusion_files={} if proof is None else proof.files,
            written=self._written,
            kept=kept,
            write_seconds=self._write_seconds,
            read_seconds=self._read_seconds,
            rewritten=self._rewritten,
            damage=self._damage,
            mended=self._mended,
            set_aside=aside,
            was_replaced=was_replaced,
        )


def _is_there(plan: Plan) -> bool:
    """True if the stick shows the very lockbox: all its files, and none that belongs to another one."""
    return (
        not plan.writes
        and not plan.ready
        and all(move.pool == MEDIA_FOLDER for move in plan.moves)
        and not any(_disturbs(one) for one in plan.obsolete)
    )


def _disturbs(one: Lying) -> bool:
    return one.pool == MEDIA_FOLDER and one.place[0] in ("metadata", "images")


def _differs(mount: Path, proof: Proof, damage: Sequence[Damage]) -> MediaError:
    errors = [one for one in proof.verified.findings if one.severity.value == "error"]
    told = [f"{one.words}; to blame is most likely the {one.culprit.value}: {one.evidence}" for one in damage]
    told = told or [f"{one.rule}: {one.subject}: {one.message}" for one in errors]
    more = len(told) - _SHOWN
    remedies = dict.fromkeys(one.remedy for one in damage)
    return MediaError(
        f"what was read back from {mount} is not what was written",
        why="; ".join(told[:_SHOWN]) + (f"; and {more} more" if more > 0 else ""),
        remedy=" ".join(remedies)
        or "Try another reader or port with the same stick; if it fails again, throw it away.",
    )
