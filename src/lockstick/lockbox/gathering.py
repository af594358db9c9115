"""Getting the bytes of every missing package to its place: out of the store, or fetched.

The rules:

1. What is in the store is not fetched. What is missing is fetched into it, and placed from there as soon as it
   is there. What has no place in a store is fetched to its place in the output.
2. Shelves are asked in their order, then the package's own origin. A shelf that fails, or gives other bytes than
   were signed, costs time and nothing else. One whose addresses have run out is asked for new ones, twice.
3. What another build is fetching is waited for, while this one holds nothing that the other could wait for. One that
   gets nowhere for long, stopped or made up, is waited for no longer.
4. An entry that turns out to be damaged is fetched again.
5. What lies in the output already is taken into the store where that costs nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.space import check_space
from lockstick.errors import DistrustError, MediaError, NotAllowedError, NotFoundError, TransferError
from lockstick.lockbox.adopting import adopt
from lockstick.lockbox.needs import Needs
from lockstick.lockbox.placing import Batch, Placer
from lockstick.lockbox.plan import stored_digest, waiting_name
from lockstick.lockbox.proof import Measured
from lockstick.lockbox.waiting import Silence
from lockstick.transfer.model import Download
from lockstick.transfer.store.passage import Method, Passage, find_passage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lockstick.lockbox.plan import Plan, PlannedPackage
    from lockstick.lockbox.sources import Fetch, Repository, Shelf, Source
    from lockstick.lockbox.workplace import Workplace
    from lockstick.progress import Observer
    from lockstick.transfer.model import Fetched
    from lockstick.transfer.store.content import Session
    from lockstick.trust.expected import ExpectedPackage

__all__ = ["Gathered", "Gatherer"]

_LOOK_AGAIN = 0.2
# Longer than a build is silent that waits for a server which asked it to, and tries again.
_LONGEST_SILENCE = 600.0
_TURNS = 3


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What was gathered.

    Attributes:
        measured: What was proven of every package, by target name.
        places: Where its bytes are, by target name.
        fetched: How many bytes came over the line.
        seconds: How long the download engine was at work.
        resumed: How many bytes an interrupted run had left that were used.
        stored: How many bytes came out of the store, without having been fetched in this run.
    """

    measured: dict[str, Measured]
    places: dict[str, Path]
    fetched: int
    seconds: float
    resumed: int
    stored: int


@dataclass(frozen=True)
class _Want:
    """A package that is to be fetched, and where to."""

    planned: PlannedPackage
    destination: Path
    partial: Path

    @property
    def package(self) -> ExpectedPackage:
        return self.planned.package


class Gatherer:
    """Gathers the missing packages of one build.

    Args:
        place: The output.
        repository: Where every package's own origin is known.
        shelves: Where its bytes may be as well, the preferred one first.
        fetch: The download engine.
        session: The session in this machine's store; None to do without.
        observer: Told of the progress.
        clock: A monotonic clock in seconds.
        free_bytes: How many bytes can still be written below an existing folder.
    """

    def __init__(
        self,
        place: Workplace,
        *,
        repository: Repository,
        shelves: Sequence[Shelf],
        fetch: Fetch,
        session: Session | None,
        observer: Observer,
        clock: Callable[[], float],
        free_bytes: Callable[[Path], int],
    ) -> None:
        self._place = place
        self._repository = repository
        self._shelves = shelves
        self._fetch = fetch
        self._session = session
        self._observer = observer
        self._clock = clock
        self._seconds = 0.0
        self._free_bytes = free_bytes
        self._fetched: dict[str, Fetched] = {}
        self._places: dict[str, Path] = {}
        self._passage = Passage(method=Method.COPY, mode=0o644)

    def gather(self, plan: Plan) -> Gathered:
        """Do it all.

        Args:
            plan: What is missing.

        Returns:
            What was gathered: everything.

        Raises:
            LockstickError: Something could not be had, or could not be written.
        """
        if self._session is None:
            check_space(plan.missing, self._free_bytes, shown=self._place.output)
            self._choose_places(plan)
            self._fetch_from_all([self._direct(planned) for planned in plan.missing], lambda _: None)
            return self._sum_up(plan, {})
        self._passage = find_passage(self._session.store.places.partials, self._place.partial, self._session.name)
        with suppress(MediaError):  # nobody asked for it
            adopt(plan, self._place, self._session, self._passage)
        if not plan.missing:
            return self._sum_up(plan, {})
        in_store = self._find_room(plan, self._session)
        self._choose_places(plan)
        batches, direct = self._sort(plan, self._session, in_store=in_store)
        with Placer(self._session, self._place.partial, passage=self._passage, observer=self._observer) as placer:
            self._rounds(batches, direct, self._session, placer)
            return self._sum_up(plan, placer.placed)

    def _find_room(self, plan: Plan, session: Session) -> bool:
        """Say whether what is missing goes through the store; where that has no room, the output must have it."""
        needs = Needs(
            plan=plan, place=self._place, places=session.store.places, is_copying=self._passage.method.takes_room
        )
        if needs.fit(self._free_bytes):
            return True
        needs.require_without_store(self._free_bytes)
        self._observer.message(
            f"There is no room in the store {session.store.folder}; what is missing is fetched into the output itself. "
            "'lockstick store prune --limit SIZE' makes room."
        )
        return False

    def _choose_places(self, plan: Plan) -> None:
        for planned in plan.missing:
            package = planned.package
            self._places[package.target] = self._place.destination(package.path, waiting_name(package))

    # --- rounds --------------------------------------------------------------------------------

    def _sort(self, plan: Plan, session: Session, *, in_store: bool) -> tuple[dict[str, Batch], list[_Want]]:
        """Put packages with the same bytes together; the rest goes to its place directly."""
        together: dict[str, list[PlannedPackage]] = {}
        direct: list[_Want] = []
        for planned in plan.missing:
            digest = stored_digest(planned.package)
            first = together.get(digest, [planned])[0].package
            is_same = first.length == planned.length and dict(first.hashes) == dict(planned.package.hashes)
            if digest and is_same and (in_store or session.store.length_of(digest) == planned.length):
                together.setdefault(digest, []).append(planned)
            else:
                direct.append(self._direct(planned))
        batches = {
            digest: Batch(
                digest=digest, packages=tuple((planned, self._places[planned.package.target]) for planned in packages)
            )
            for digest, packages in together.items()
        }
        return batches, direct

    def _rounds(self, batches: dict[str, Batch], direct: list[_Want], session: Session, placer: Placer) -> None:
        has_told = False
        silence = Silence(session.store.places.partials)
        while batches or direct:
            granted = session.claim({digest: batch.length for digest, batch in batches.items()})
            if not (granted.present or granted.ours or direct):
                if not has_told:
                    names = ", ".join(sorted(batch.names[0] for batch in batches.values())[:3])
                    self._observer.message(f"Another build is fetching {names}; waiting for it.")
                    has_told = True
                session.store.sleep(_LOOK_AGAIN)
                if silence.after(_LOOK_AGAIN) >= _LONGEST_SILENCE:
                    self._observer.message("The other build gets nowhere; what it holds is fetched without the store.")
                    direct = [self._direct(planned) for batch in batches.values() for planned, _ in batch.packages]
                    batches = {}
                continue
            for digest in sorted(granted.present, key=lambda digest: -batches[digest].length):
                placer.submit(batches[digest], is_fresh=False)
            wanted = direct + [self._into_store(batches[digest], session) for digest in granted.ours]
            fresh = {batches[digest].names[0]: batches[digest] for digest in granted.ours}

            def finished(one: Fetched, fresh: dict[str, Batch] = fresh) -> None:
                if one.name in fresh:
                    placer.submit(fresh[one.name], is_fresh=True)

            if wanted:
                self._fetch_from_all(wanted, finished)
            placer.announce("flushing" if wanted else "hashing")
            damaged = placer.drain()
            session.release()
            self._refuse_again(damaged, session)
            batches = {digest: batches[digest] for digest in granted.busy} | {batch.digest: batch for batch in damaged}
            direct = []

    def _refuse_again(self, damaged: Sequence[Batch], session: Session) -> None:
        """Give up on a store that damages what was just written to it."""
        for batch in damaged:
            if batch.names[0] in self._fetched:
                raise MediaError(
                    f"the store {session.store.folder} does not keep what is written to it",
                    why=f"{batch.names[0]} was fetched, and is damaged already",
                    remedy="Check the disk. Name another folder with --store DIR, or do without: --store none.",
                )

    # --- fetching ------------------------------------------------------------------------------

    def _direct(self, planned: PlannedPackage) -> _Want:
        return _Want(planned, self._places[planned.package.target], planned.partial)

    def _into_store(self, batch: Batch, session: Session) -> _Want:
        places = session.store.places
        return _Want(batch.packages[0][0], places.entry(batch.digest), places.partial(batch.digest))

    def _fetch_from_all(self, wanted: Sequence[_Want], finished: Callable[[Fetched], None]) -> None:
        """Fetch files from the first place that gives them."""

        def done(one: Fetched) -> None:
            self._fetched[one.name] = one
            finished(one)

        for shelf in self._shelves:
            wanted = self._fetch_from(shelf, wanted, done)
        if wanted:
            self._run([(want, self._repository.source(want.package)) for want in wanted], done)

    def _fetch_from(self, shelf: Shelf, wanted: Sequence[_Want], done: Callable[[Fetched], None]) -> Sequence[_Want]:
        """Fetch what a shelf has; what it gives no longer is asked for again, as its addresses may have run out."""
        for _ in range(_TURNS):
            sources = shelf.sources([want.package for want in wanted])
            found = [(want, source) for want, source in zip(wanted, sources, strict=True) if source is not None]
            if not found:
                break
            try:
                self._run(found, done)
            except NotAllowedError:
                wanted = self._missing(wanted)
                continue
            except (TransferError, DistrustError, NotFoundError) as error:
                self._observer.message(f"{shelf.name} failed: {error}; the rest is fetched elsewhere.")
            return self._missing(wanted)
        else:
            self._observer.message(f"{shelf.name} failed: it refuses what it offers; the rest is fetched elsewhere.")
        return wanted

    def _missing(self, wanted: Sequence[_Want]) -> Sequence[_Want]:
        return [want for want in wanted if want.package.target not in self._fetched]

    def _run(self, found: Sequence[tuple[_Want, Source]], done: Callable[[Fetched], None]) -> None:
        downloads = [
            Download(
                name=want.package.target,
                url=source.url,
                length=want.package.length,
                digests=want.package.hashes,
                destination=want.destination,
                partial=want.partial,
                authority=source.authority,
            )
            for want, source in found
        ]
        started = self._clock()
        self._fetch(downloads, observer=self._observer, finished=done)
        self._seconds += self._clock() - started

    def _sum_up(self, plan: Plan, placed: Mapping[str, Measured]) -> Gathered:
        measured = {
            name: Measured(length=one.length, digests=one.digests) for name, one in self._fetched.items()
        } | dict(placed)
        return Gathered(
            measured=measured,
            places=self._places,
            fetched=sum(one.bytes_fetched for one in self._fetched.values()),
            seconds=self._seconds,
            resumed=sum(one.resumed_from for one in self._fetched.values()),
            stored=sum(one.length for one in plan.missing if one.package.target not in self._fetched),
        )
