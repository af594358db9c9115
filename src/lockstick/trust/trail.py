"""The documents that a judgement went by, so that others can tell what it saw: no verdict is in here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.metadata.document import Document
    from lockstick.metadata.roles import MetaEntry, Root
    from lockstick.metadata.targets import Delegation, Target, Targets

__all__ = ["Step", "Trail"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One delegation that the search for a target came to.

    Attributes:
        delegator: The role that delegates.
        delegation: What it says.
        role: The delegated role; None if it cannot be believed, which ends the search.
    """

    delegator: Targets
    delegation: Delegation
    role: Targets | None


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What a judgement went by. A document that could not be read is None; one that is here may have findings.

    Attributes:
        director_roots: The Director's roots from the anchor to the last adopted one; empty without a root.
        image_roots: The same for the image repository.
        offline_snapshot: The Director's offline-snapshot.
        listing: What it lists, by file name.
        lockbox: The lockbox.
        targets: Its readable targets.
        snapshot: The image repository's snapshot.
        top: The image repository's top-level targets.
        used: The image repository's targets documents that searches went through, by subject.
        routes: Target name to the delegations that its search came to, in order.
        found: Target name to the image repository's entry, or None.
    """

    director_roots: tuple[Root, ...] = ()
    image_roots: tuple[Root, ...] = ()
    offline_snapshot: Document | None = None
    listing: Mapping[str, MetaEntry] = field(default_factory=dict)
    lockbox: Targets | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)
    snapshot: Document | None = None
    top: Targets | None = None
    used: Mapping[str, Document] = field(default_factory=dict)
    routes: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    found: Mapping[str, Target | None] = field(default_factory=dict)
