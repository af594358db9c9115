"""The Director's offline documents: which lockbox this is, and whether to believe it (lockbox-format 3.2, 3.3).

The rules, enforced by raising :class:`RuntimeError` on misuse:

1. The offline-snapshot is offered once, after the Director's chain of roots has ended.
2. The lockbox is offered once, after the offline-snapshot.
3. The offline-snapshot must be signed for the role ``offline-snapshot`` and must not have expired.
4. The lockbox must be listed there with its version, hash and length, be signed for the role
   ``offline-updates``, must not have expired, must not delegate, and must not name a hardware id twice.

The device checks neither hash nor length (3.3 point 4); the standard asks for both.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_meta
from lockstick.metadata.targets import read_target, read_targets
from lockstick.trust.freshness import check_expiry
from lockstick.trust.listing import check_listing
from lockstick.trust.names import check_listed_name
from lockstick.trust.signatures import check_role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.document import Document
    from lockstick.metadata.roles import MetaEntry, Root
    from lockstick.metadata.targets import Target, Targets
    from lockstick.trust.findings import Ledger

__all__ = ["OFFLINE_SNAPSHOT", "DirectorDocuments", "LockboxFacts"]

OFFLINE_SNAPSHOT = "director/offline-snapshot.json"


@dataclass(frozen=True, kw_only=True)
class LockboxFacts:
    """What the lockbox says of itself."""

    name: str
    version: int
    expires: datetime


class DirectorDocuments:
    """Judges the offline-snapshot and one lockbox.

    Args:
        root: The Director's root in force.
        at: The time to judge by.
        ledger: Where findings go.

    Attributes:
        snapshot: The offline-snapshot, once it could be read.
        listing: What it lists, by file name.
        lockbox: The lockbox, once it could be read.
        facts: What it says of itself, once it could be read.
        targets: The lockbox's readable targets by name.
    """

    def __init__(self, root: Root, at: datetime, ledger: Ledger) -> None:
        self._root = root
        self._at = at
        self._ledger = ledger
        self._snapshot_offered = False
        self._lockbox_offered = False
        self.snapshot: Document | None = None
        self.listing: Mapping[str, MetaEntry] = {}
        self.lockbox: Targets | None = None
        self.facts: LockboxFacts | None = None
        self.targets: Mapping[str, Target] = {}

    def offer_snapshot(self, raw: bytes) -> None:
        """Offer ``offline-snapshot.json``.

        Args:
            raw: Its bytes.

        Raises:
            RuntimeError: If it was offered before.
        """
        if self._snapshot_offered:
            raise RuntimeError("the offline-snapshot is offered once")
        self._snapshot_offered = True
        try:
            document = read_document(raw, OFFLINE_SNAPSHOT, self._root.document.dialect)
            check_role(document, "offline-snapshot", self._root, self._ledger, OFFLINE_SNAPSHOT)
            check_expiry(document.expires, self._at, self._ledger, OFFLINE_SNAPSHOT)
            self.snapshot = document
            self.listing = read_meta(document)
        except MalformedError as error:
            self._ledger.malformed(OFFLINE_SNAPSHOT, error)
            return
        for listed in self.listing:
            try:
                check_listed_name(listed)
            except MalformedError as error:
                self._ledger.malformed(OFFLINE_SNAPSHOT, error)

    def skip_snapshot(self) -> None:
        """Say that there is no offline-snapshot, so that the lockbox is judged by the rest.

        Raises:
            RuntimeError: If one was offered before.
        """
        if self._snapshot_offered:
            raise RuntimeError("the offline-snapshot was offered already")
        self._snapshot_offered = True

    def offer_lockbox(self, name: str, raw: bytes) -> None:
        """Offer the lockbox.

        Args:
            name: Its name, without ``.json``.
            raw: Its bytes.

        Raises:
            RuntimeError: If the offline-snapshot was not offered yet, or a lockbox was.
        """
        if not self._snapshot_offered or self._lockbox_offered:
            raise RuntimeError("the lockbox is offered once, after the offline-snapshot")
        self._lockbox_offered = True
        subject = f"director/{name}.json"
        try:
            document = read_document(raw, subject, self._root.document.dialect)
            check_role(document, "offline-updates", self._root, self._ledger, subject)
            check_expiry(document.expires, self._at, self._ledger, subject)
            if self.snapshot is not None:
                entry = self.listing.get(f"{name}.json")
                check_listing(document, entry, self._ledger, subject, lister="the offline-snapshot")
            self.facts = LockboxFacts(name=name, version=document.version, expires=document.expires)
            self.lockbox = read_targets(document)
        except MalformedError as error:
            self._ledger.malformed(subject, error)
            return
        if self.lockbox.has_delegations:
            self._ledger.report("lockbox-delegates", subject, "a lockbox must not delegate, not even to nobody")
        self.targets = self._read_targets(self.lockbox, subject)
        self._check_hardware_ids(subject)

    def _read_targets(self, lockbox: Targets, subject: str) -> Mapping[str, Target]:
        targets: dict[str, Target] = {}
        for name, value in lockbox.entries.items():
            try:
                targets[name] = read_target(name, value, subject)
            except MalformedError as error:
                self._ledger.malformed(subject, error)
        if not lockbox.entries:
            self._ledger.report(
                "lockbox-empty", subject, "the lockbox lists no target: it was defined empty or revoked"
            )
        return targets

    def _check_hardware_ids(self, subject: str) -> None:
        wanted_by: dict[str, list[str]] = defaultdict(list)
        for name, target in self.targets.items():
            if not target.hardware_ids:
                self._ledger.report("target-without-hardware-id", name, "no device would take this target")
            for hardware_id in dict.fromkeys(target.hardware_ids):
                wanted_by[hardware_id].append(name)
        for hardware_id, names in wanted_by.items():
            if len(names) > 1:
                listed = ", ".join(sorted(names))
                self._ledger.report(
                    "hardware-id-twice",
                    subject,
                    f"the hardware id {hardware_id} would get several targets: {listed}",
                )
