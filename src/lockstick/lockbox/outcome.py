"""What a verification yields; the JSON of the command line contract is written from this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.errors import LockstickError
    from lockstick.payloads.kind import Kind
    from lockstick.trust.currency import Answer
    from lockstick.trust.director import LockboxFacts
    from lockstick.trust.evidence import Anchors
    from lockstick.trust.findings import Finding, Verdict
    from lockstick.trust.freshness import Lifetime
    from lockstick.trust.trail import Trail

__all__ = ["Online", "PackageOutcome", "VerifyOutcome"]


@dataclass(frozen=True, kw_only=True)
class PackageOutcome:
    """One package of a lockbox.

    Attributes:
        target: The target's name.
        name: The package's name, or empty.
        version: Its version, or empty.
        kind: What it is made of.
        hardware_ids: For which hardware it is.
        length: Its signed length in bytes.
        digests: Its signed digests by algorithm.
        ok: True if everything about it was checked and holds.
        unchecked: What could not be checked, in words, or empty.
    """

    target: str
    name: str
    version: str
    kind: Kind
    hardware_ids: tuple[str, ...]
    length: int
    digests: Mapping[str, str]
    ok: bool
    unchecked: str


@dataclass(frozen=True, kw_only=True)
class Online:
    """What came of asking the cloud what is current.

    Attributes:
        asked: The Director's address.
        answer: What it publishes, held against the lockbox; None if nothing is known.
        lockbox_version: The version of the lockbox that it publishes; None if it publishes none, or nothing is known.
        snapshot_version: The same for the offline-snapshot.
        error: Why nothing is known; None if something is, or the cloud was not asked, since a lockbox that is not
            believed has nothing to compare.
    """

    asked: str
    answer: Answer | None = None
    lockbox_version: int | None = None
    snapshot_version: int | None = None
    error: LockstickError | None = None


@dataclass(frozen=True, kw_only=True)
class VerifyOutcome:
    """The answer to "is it genuine, complete and current?".

    Attributes:
        lockbox: What the lockbox says of itself, or None if it could not be read.
        verdict: The answer.
        at: The time it was judged by.
        weakest: The document that expires first, or None.
        director_anchor: Digest of the Director's trust anchor, or None.
        image_anchor: Digest of the image repository's trust anchor, or None.
        anchor_source: ``file``, ``store``, ``first-use`` or ``none``.
        findings: Every finding, in the order in which it was made.
        packages: Every package of the lockbox.
        bytes_hashed: How many bytes of packages were read and hashed.
        seconds: How long it took.
        trail: The documents that it went by.
        anchors: What was believed.
        online: What the cloud says is current; None if nobody wanted to know.
    """

    lockbox: LockboxFacts | None
    verdict: Verdict
    at: datetime
    weakest: Lifetime | None
    director_anchor: str | None
    image_anchor: str | None
    anchor_source: str
    findings: tuple[Finding, ...]
    packages: tuple[PackageOutcome, ...]
    bytes_hashed: int
    seconds: float
    trail: Trail = field(repr=False)
    anchors: Anchors = field(repr=False)
    online: Online | None = None
