"""Building a lockbox: fetch the documents, prove them, fetch what is missing, prove it, make it visible.

The steps, in an order that makes it safe to die after any of them:

1. The signed documents are fetched and judged. Nothing else happens if they are not to be trusted.
2. What is there already is hashed; the rest is planned.
3. The rest comes from this machine's store, or is fetched; every file appears only when it is complete and proven.
4. Documents and bytes together are given to the same judgement that ``verify`` uses.
5. If that is wanted, as for a stick, everything is read back from the medium and verified.
6. The documents become visible under ``metadata/``: the last step.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lockstick.disk.sizes import size
from lockstick.disk.space import Room, check_space, is_same_disk
from lockstick.errors import MediaError
from lockstick.lockbox.demanding import require_verified
from lockstick.lockbox.gathering import Gatherer
from lockstick.lockbox.outputfolder import refuse_foreign
from lockstick.lockbox.places import listed_places, read_places, write_places
from lockstick.lockbox.plan import make_plan, stored_digest
from lockstick.lockbox.readback import ReadBack
from lockstick.lockbox.replaced import find_replaced
from lockstick.lockbox.sources import Fetch, Repository, Shelf, Source
from lockstick.lockbox.verify import conclude
from lockstick.lockbox.workplace import Workplace, open_workplace
from lockstick.progress import SILENT
from lockstick.transfer.store.pruning import prune
from lockstick.transfer.surroundings import Surroundings
from lockstick.trust.findings import Ledger, Verdict, verdict_of
from lockstick.trust.judge import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from lockstick.disk.tree import Tree
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.gathering import Gathered
    from lockstick.lockbox.outcome import VerifyOutcome
    from lockstick.lockbox.plan import Plan, PlannedPackage
    from lockstick.lockbox.proof import Measured
    from lockstick.lockbox.replaced import Replaced
    from lockstick.progress import Observer
    from lockstick.transfer.store.content import ContentStore, Session
    from lockstick.trust.evidence import Evidence
    from lockstick.trust.expected import ExpectedPackage
    from lockstick.trust.findings import Finding
    from lockstick.trust.judge import Judgement

__all__ = ["BuildOutcome", "Fetch", "Repository", "Shelf", "Source", "build", "plan_build"]

_RENEW = "Define the lockbox again, or have the repository renew its documents; then build it again."
_FREE_BYTES = Surroundings().free_bytes


@dataclass(frozen=True, kw_only=True)
class BuildOutcome:
    """What a build did.

    Attributes:
        output: The folder.
        fetched: How many bytes of packages came over the line.
        fetch_seconds: How long that took.
        reused: How many bytes of packages were there already, proven.
        stored: How many bytes of packages came out of this machine's store.
        verified: The verification of the result.
        replaced: The lockbox, or its older version, that lay in the folder before, or None.
    """

    output: Path
    fetched: int
    fetch_seconds: float
    reused: int
    verified: VerifyOutcome
    replaced: Replaced | None = None
    stored: int = 0


def plan_build(
    lockbox: str,
    output: Path,
    *,
    repository: Repository,
    anchors: AnchorChoice,
    at: datetime,
    observer: Observer = SILENT,
    free_bytes: Callable[[Path], int] = _FREE_BYTES,
    store: ContentStore | None = None,
) -> Plan:
    """Say what a build would do, without writing anything.

    Args:
        lockbox: The lockbox's name.
        output: The folder that would become the lockbox.
        repository: Where documents and bytes come from.
        anchors: What to believe.
        at: The time to judge by.
        observer: Told of the progress.
        free_bytes: How many bytes can still be written below an existing folder.
        store: This machine's store of verified bytes; None to do without.

    Returns:
        The plan.

    Raises:
        LockstickError: As :func:`build`, up to the first byte of a package.
    """
    judgement = _judge(repository.documents(lockbox, observer), lockbox, anchors, at)
    refuse_foreign(output)
    place = Workplace(output)
    plan = make_plan(judgement.packages, place, observer, store)
    _require_room(plan, output, store, free_bytes)
    return replace(plan, replaces=find_replaced(place.layout, judgement.lockbox))


def build(
    lockbox: str,
    output: Path,
    *,
    repository: Repository,
    anchors: AnchorChoice,
    at: datetime,
    clock: Callable[[], float],
    fetch: Fetch,
    observer: Observer = SILENT,
    free_bytes: Callable[[Path], int] = _FREE_BYTES,
    store: ContentStore | None = None,
    store_limit: int | None = None,
    shelves: Sequence[Shelf] = (),
    read_back: Callable[[Path], Tree] | None = None,
) -> BuildOutcome:
    """Build a lockbox into a folder.

    Args:
        lockbox: The lockbox's name.
        output: The folder that becomes the lockbox: new, empty, an older lockbox, or an interrupted build.
        repository: Where documents and bytes come from.
        anchors: What to believe.
        at: The time to judge by.
        clock: A monotonic clock in seconds.
        fetch: The download engine.
        observer: Told of the progress.
        free_bytes: How many bytes can still be written below an existing folder.
        store: This machine's store of verified bytes; None to do without.
        store_limit: How many bytes stay in the store afterwards, besides those that this build used; None for any.
        shelves: Other places that may have the bytes, asked before their origins and stocked afterwards.
        read_back: Opens a folder so that its files are read from the medium itself; everything is then read back and
            verified before it becomes visible. None to believe what was written.

    Returns:
        What was done. The result is verified, or this raises.

    Raises:
        DistrustError: If the documents, or bytes that were fetched, are not to be trusted.
        NotCurrentError: If a document has expired.
        UsageError: If the folder is unsuitable, or a package is of a kind that cannot be gathered yet.
        LockstickError: Whatever the repository, the engine and the disk raise.
    """
    started = clock()
    evidence = repository.documents(lockbox, observer)
    judgement = _judge(evidence, lockbox, anchors, at)
    with open_workplace(output) as place, _session(store, observer) as session:
        observer.phase("planning")
        replaced = find_replaced(place.layout, judgement.lockbox)
        plan = make_plan(judgement.packages, place, observer, store)
        wanted = {package.path for package in judgement.packages}
        obsolete = (read_places(place.places) | listed_places(place.layout)) - wanted
        write_places(place.places, obsolete | wanted)
        gatherer = Gatherer(
            place,
            repository=repository,
            shelves=shelves,
            fetch=fetch,
            session=session,
            observer=observer,
            clock=clock,
            free_bytes=free_bytes,
        )
        gathered = gatherer.gather(plan)
        measured = _facts(plan, gathered)
        verified = conclude(judgement, measured, at=at, extra=Ledger(), seconds=clock() - started)
        _require(verified.verdict, verified.findings, lockbox)
        observer.phase("publishing")
        moves = _moves(plan, place, gathered)
        proof = None
        if read_back is not None:
            proof = ReadBack(place=place, open=read_back, anchors=anchors, at=at, clock=clock, observer=observer)
        if moves or obsolete or not place.shows(evidence):
            place.write_metadata(evidence)
            lengths = {package.path: package.length for package in judgement.packages}
            place.publish(moves, sorted(obsolete), lengths, proof)
        elif proof is not None:
            proof.of_visible()
        place.finished = True
        if shelves:
            files = [
                (one.package, _best_copy(one.package, store, place.layout.package(one.package.path)))
                for one in plan.missing
            ]
            for shelf in shelves:
                shelf.stock(files)
        if store is not None and session is not None:
            _keep_to(store_limit, store, session, observer)
    return BuildOutcome(
        output=output,
        fetched=gathered.fetched,
        fetch_seconds=gathered.seconds,
        reused=plan.bytes_present + gathered.resumed,
        stored=gathered.stored,
        verified=verified,
        replaced=replaced,
    )


@contextmanager
def _session(store: ContentStore | None, observer: Observer) -> Iterator[Session | None]:
    """Work in the store; one that cannot be used, full or broken, is no reason not to build."""
    with ExitStack() as stack:
        session = None
        if store is not None:
            try:
                session = stack.enter_context(store.session())
            except MediaError as error:
                observer.message(f"The store is not used: {error}. Packages are fetched into the output itself.")
        yield session


def _best_copy(package: ExpectedPackage, store: ContentStore | None, place: Path) -> Path:
    """The copy of a package on this machine's own disk, or that in the output, which may be on a slow medium."""
    digest = stored_digest(package)
    return store.places.entry(digest) if store and digest and store.length_of(digest) == package.length else place


def _keep_to(limit: int | None, store: ContentStore, session: Session, observer: Observer) -> None:
    """Prune the store to its limit; it is a convenience, so the lockbox does not fail by it."""
    try:
        pruned = prune(store, limit=limit, spare=session.used)
    except MediaError as error:
        observer.message(f"The store is not pruned: {error}")
        return
    if pruned.removed:
        observer.message(
            f"{size(pruned.bytes_removed)} that were not used for the longest time were removed from the store "
            f"{store.folder}, to keep it within {size(limit or 0)}."
        )


def _require_room(plan: Plan, output: Path, store: ContentStore | None, free_bytes: Callable[[Path], int]) -> None:
    """Refuse what cannot fit, as far as that can be said without writing anything."""
    if store is not None and is_same_disk(store.folder, output):
        # The bytes are there once; whether they can be shared is tried out by the build itself.
        begun = [
            Room(store.places.partial(digest), one.length)
            for one in plan.to_fetch
            if (digest := stored_digest(one.package))
        ]
        begun += [Room(one.partial, one.length) for one in plan.to_fetch if not stored_digest(one.package)]
        check_space(begun, free_bytes, shown=output)
    else:
        check_space(plan.missing, free_bytes, shown=output)


def _judge(evidence: Evidence, lockbox: str, anchors: AnchorChoice, at: datetime) -> Judgement:
    judgement = judge(evidence, anchors.choose(evidence), at)
    _require(verdict_of(judgement.findings), judgement.findings, lockbox)
    return judgement


def _require(verdict: Verdict, findings: Sequence[Finding], lockbox: str) -> None:
    # The documents were fetched a moment ago: to build once more would not renew them.
    require_verified(verdict, findings, f"the lockbox {lockbox!r} is not built", renewal=_RENEW)


def _facts(plan: Plan, gathered: Gathered) -> dict[str, Measured]:
    """What is known of every package's bytes: hashed while they came, or where they lay."""
    facts: dict[str, Measured] = {}
    for planned in plan.packages:
        target = planned.package.target
        facts[target] = planned.measured if planned.measured is not None else gathered.measured[target]
    return facts


def _moves(plan: Plan, place: Workplace, gathered: Gathered) -> dict[Path, tuple[str, ...]]:
    """The files that wait for their final place."""
    return {
        source: planned.package.path
        for planned in plan.packages
        if (source := _waiting_place(planned, place, gathered)) is not None
    }


def _waiting_place(planned: PlannedPackage, place: Workplace, gathered: Gathered) -> Path | None:
    if planned.waiting is not None:
        return planned.waiting
    at = gathered.places.get(planned.package.target)
    return at if at is not None and at.parent == place.staged else None
