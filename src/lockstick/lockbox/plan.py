"""What a build needs: which packages, how many bytes, and what is there already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.hashing import hash_file
from lockstick.errors import UsageError
from lockstick.lockbox.proof import Measured, measure
from lockstick.payloads.coverage import ungathered_part
from lockstick.payloads.kind import kind_of
from lockstick.transfer.journal import kept_bytes
from lockstick.transfer.store.places import ALGORITHM, is_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lockstick.lockbox.replaced import Replaced
    from lockstick.lockbox.workplace import Workplace
    from lockstick.progress import Observer
    from lockstick.transfer.store.content import ContentStore
    from lockstick.trust.expected import ExpectedPackage

__all__ = ["Plan", "PlannedPackage", "make_plan", "stored_digest", "waiting_name"]


@dataclass(frozen=True, kw_only=True)
class PlannedPackage:
    """One package of a build.

    Attributes:
        package: What was signed.
        measured: Its bytes' facts where they are there already, proven by hashing them; else None.
        waiting: Where they are if they still wait for their final place; else None.
        partial: Where they gather while they are fetched, if they do not go through a store.
        begun: How many bytes of them an interrupted build left.
        is_stored: True if the store seems to have them; nobody has looked at the bytes yet.
    """

    package: ExpectedPackage
    measured: Measured | None
    waiting: Path | None
    partial: Path
    begun: int = 0
    is_stored: bool = False

    @property
    def length(self) -> int:
        """Its signed length in bytes."""
        return self.package.length


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a build needs.

    Attributes:
        packages: All packages, in the order of the lockbox.
        replaces: The lockbox that gives way to the new one, or None.
    """

    packages: tuple[PlannedPackage, ...]
    replaces: Replaced | None = None

    @property
    def missing(self) -> tuple[PlannedPackage, ...]:
        """The packages that are not in the output yet."""
        return tuple(planned for planned in self.packages if planned.measured is None)

    @property
    def to_fetch(self) -> tuple[PlannedPackage, ...]:
        """The packages that must be fetched, as the store does not have them either."""
        return tuple(planned for planned in self.missing if not planned.is_stored)

    @property
    def bytes_missing(self) -> int:
        """How many bytes must be fetched (unfinished files count as missing)."""
        return sum(planned.length for planned in self.to_fetch)

    @property
    def bytes_stored(self) -> int:
        """How many bytes need not be fetched because the store seems to have them."""
        return sum(planned.length for planned in self.missing if planned.is_stored)

    @property
    def bytes_partial(self) -> int:
        """How many bytes an interrupted build left of what is missing; not all of them may be of use."""
        return sum(min(planned.begun, planned.length) for planned in self.to_fetch)

    @property
    def bytes_present(self) -> int:
        """How many bytes are there already."""
        return sum(planned.package.length for planned in self.packages if planned.measured is not None)


def waiting_name(package: ExpectedPackage) -> str:
    """The name under which a package's bytes wait for their place: one per target and content.

    Args:
        package: The package.

    Returns:
        A plain file name.
    """
    content = "".join(f"{algorithm}:{digest}" for algorithm, digest in sorted(package.hashes.items()))
    return hashlib.sha256(f"{content} {package.target}".encode()).hexdigest()


def stored_digest(package: ExpectedPackage) -> str:
    """The digest under which a store keeps a package.

    Args:
        package: The package.

    Returns:
        Its SHA-256 in lower-case hex, or an empty text: a package without one does not go through a store.
    """
    return package.hashes.get(ALGORITHM, "").lower()


def make_plan(
    packages: Sequence[ExpectedPackage], place: Workplace, observer: Observer, store: ContentStore | None = None
) -> Plan:
    """Look what is there already; nothing on the disk is believed without hashing it.

    Args:
        packages: What was signed; only packages that passed judgement.
        place: The output folder; it need not be there yet.
        observer: Told of the progress.
        store: This machine's store, or None.

    Returns:
        The plan.

    Raises:
        UsageError: If a package is of a kind that this version cannot gather.
    """
    for package in packages:
        part = ungathered_part(kind_of(package))
        if part:
            raise UsageError(
                f"the package {package.target!r} is of the kind {kind_of(package).value}",
                why=f"this version of Lockstick cannot gather {part}, and a device would fail without them",
                remedy="Leave the package out of the lockbox, or build with a later version.",
            )
    present = measure(place.layout.tree, packages, observer)
    candidates = [
        package for package in packages if not _is_there(package, present) and _candidate(package, place) is not None
    ]
    if candidates:
        observer.phase("hashing", total_bytes=sum(package.length for package in candidates), files=len(candidates))
    planned: list[PlannedPackage] = []
    for package in packages:
        measured = present.get(package.target)
        partial = place.partial / f"{waiting_name(package)}.part"
        if _is_there(package, present):
            planned.append(PlannedPackage(package=package, measured=measured, waiting=None, partial=partial))
            continue
        waiting = _waiting(package, place, observer)
        planned.append(
            PlannedPackage(
                package=package,
                measured=None if waiting is None else Measured(length=package.length, digests=package.hashes),
                waiting=waiting,
                partial=partial,
                begun=max(kept_bytes(partial), _begun(package, store)),
                is_stored=waiting is None and _is_stored(package, store),
            )
        )
    return Plan(packages=tuple(planned))


def _is_there(package: ExpectedPackage, present: Mapping[str, Measured]) -> bool:
    measured = present.get(package.target)
    return (
        measured is not None
        and not measured.problem
        and measured.length == package.length
        and measured.digests == dict(package.hashes)
    )


def _is_stored(package: ExpectedPackage, store: ContentStore | None) -> bool:
    digest = stored_digest(package)
    return store is not None and is_digest(digest) and store.length_of(digest) == package.length


def _begun(package: ExpectedPackage, store: ContentStore | None) -> int:
    digest = stored_digest(package)
    return 0 if store is None or not is_digest(digest) else kept_bytes(store.places.partial(digest))


def _candidate(package: ExpectedPackage, place: Workplace) -> Path | None:
    """A file that waits under the package's name and has its length; its bytes are still to be proven."""
    candidate = place.staged / waiting_name(package)
    if candidate.is_symlink() or not candidate.is_file() or candidate.stat().st_size != package.length:
        return None
    return candidate


def _waiting(package: ExpectedPackage, place: Workplace, observer: Observer) -> Path | None:
    candidate = _candidate(package, place)
    if candidate is None:
        return None
    digests = hash_file(candidate, package.hashes, observer=observer, name=package.target)
    return candidate if digests == dict(package.hashes) else None
