"""The image repository's documents: snapshot, targets and delegations (lockbox-format 3.6, 3.7, 10.2 V5).

The rules, enforced by raising :class:`RuntimeError` on misuse:

1. Timestamp (if there is one), snapshot and targets are offered once each, in this order, after the chain of
   roots has ended.
2. The snapshot must be signed for its role and must not have expired; devices read no timestamp offline, so
   one that has expired is only worth a warning.
3. The targets must be listed in the snapshot with version, hash and length, be signed and not expired.
4. A delegation is judged anew for every delegator that leads to it: signed by the keys that this delegator
   names, listed in the snapshot, not expired.
5. A target is searched in pre-order. The first entry of that name is final. A terminating delegation ends the
   search. No delegation lies deeper than five levels.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_meta
from lockstick.metadata.targets import read_targets
from lockstick.trust.freshness import check_expiry
from lockstick.trust.listing import check_listing
from lockstick.trust.names import RESERVED_LOCKBOX_NAMES
from lockstick.trust.patterns import check_pattern, speaks_of
from lockstick.trust.signatures import check_role, check_signatures
from lockstick.trust.trail import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.document import Document
    from lockstick.metadata.roles import MetaEntry, Root
    from lockstick.metadata.targets import Delegation, Target, Targets
    from lockstick.trust.evidence import RepositoryEvidence
    from lockstick.trust.findings import Ledger

__all__ = ["IMAGE_SNAPSHOT", "MAX_DELEGATION_DEPTH", "ImageDocuments", "check_delegation_name"]

MAX_DELEGATION_DEPTH = 5
"""How many levels below the top-level targets a device follows (lockbox-format 3.7)."""

# Not a number and ".root": as a file, that name would take the place of a root.
_DELEGATION_NAME = re.compile(r"(?!\d+\.root$)[A-Za-z0-9_-][A-Za-z0-9_.-]{0,49}", re.IGNORECASE)
IMAGE_SNAPSHOT = "image-repo/snapshot.json"
_TIMESTAMP = "image-repo/timestamp.json"
_TARGETS = "image-repo/targets.json"


def check_delegation_name(name: str) -> None:
    """Check the name of a delegated role, which becomes a file name (cloud-apis 1.7).

    Args:
        name: The role's name.

    Raises:
        MalformedError: If no server could have given it, or it is that of a top-level role.
    """
    if _DELEGATION_NAME.fullmatch(name) is None or name.lower() in RESERVED_LOCKBOX_NAMES:
        raise MalformedError("delegation-name", f"the delegated role name {name[:60]!r} is not one a server gives")


class ImageDocuments:
    """Judges the image repository and finds targets in it.

    Args:
        root: The image repository's root in force.
        evidence: Its documents, for the delegations.
        at: The time to judge by.
        ledger: Where findings go.

    Attributes:
        used: Every document that was relied on, by its subject in findings.
        routes: Target name to the delegations that its search came to.
    """

    def __init__(self, root: Root, evidence: RepositoryEvidence, at: datetime, ledger: Ledger) -> None:
        self._root = root
        self._evidence = evidence
        self._at = at
        self._ledger = ledger
        self._offered: list[str] = []
        self._timestamp: Mapping[str, MetaEntry] | None = None
        self._snapshot: Mapping[str, MetaEntry] | None = None
        self._top: Targets | None = None
        self._top_holds = False
        self._delegated: dict[str, Targets | None] = {}
        self._judged: dict[tuple[str, str], bool] = {}
        self.used: dict[str, Document] = {}
        self.routes: dict[str, list[Step]] = {}

    @property
    def listing(self) -> Mapping[str, MetaEntry]:
        """What the snapshot lists, by file name."""
        return self._snapshot or {}

    @property
    def top(self) -> Targets | None:
        """The top-level targets, once they could be read."""
        return self._top

    def offer_timestamp(self, raw: bytes) -> None:
        """Offer ``timestamp.json``; devices do without it."""
        self._in_order("timestamp")
        try:
            document = read_document(raw, _TIMESTAMP, self._root.document.dialect)
            check_role(document, "timestamp", self._root, self._ledger, _TIMESTAMP)
            if document.expires < self._at:
                self._ledger.report("timestamp-stale", _TIMESTAMP, "the timestamp has expired, as it does within a day")
            self._timestamp = read_meta(document)
        except MalformedError as error:
            self._ledger.malformed(_TIMESTAMP, error)

    def offer_snapshot(self, raw: bytes) -> None:
        """Offer ``snapshot.json``."""
        self._in_order("snapshot")
        try:
            document = read_document(raw, IMAGE_SNAPSHOT, self._root.document.dialect)
            check_role(document, "snapshot", self._root, self._ledger, IMAGE_SNAPSHOT)
            check_expiry(document.expires, self._at, self._ledger, IMAGE_SNAPSHOT)
            if self._timestamp is not None:
                entry = self._timestamp.get("snapshot.json")
                check_listing(document, entry, self._ledger, IMAGE_SNAPSHOT, lister="the timestamp")
            self._snapshot = read_meta(document)
            self.used[IMAGE_SNAPSHOT] = document
        except MalformedError as error:
            self._ledger.malformed(IMAGE_SNAPSHOT, error)
            return
        self._check_root_entry()

    def offer_targets(self, raw: bytes) -> None:
        """Offer ``targets.json``."""
        self._in_order("targets")
        try:
            document = read_document(raw, _TARGETS, self._root.document.dialect)
            is_signed = check_role(document, "targets", self._root, self._ledger, _TARGETS)
            check_expiry(document.expires, self._at, self._ledger, _TARGETS)
            self._check_listed(document, "targets.json", _TARGETS)
            self._top = read_targets(document)
            self._check_delegations(self._top, _TARGETS)
            # What nobody has signed leads nowhere: following it would only be work for whoever wrote it.
            self._top_holds = is_signed
            self.used[_TARGETS] = document
        except MalformedError as error:
            self._ledger.malformed(_TARGETS, error)

    def find(self, name: str) -> Target | None:
        """Search a target by the rules above; problems met on the way are reported.

        Args:
            name: The target's name.

        Returns:
            The final entry of that name; None if there is none, or no readable targets were offered.
        """
        if self._top is None:
            return None
        found, _ = self._search(self._top, name, (), set())
        return found

    def judge_unvisited(self) -> None:
        """Judge every delegation that no search has led to, so that no document on the medium goes unproven."""
        if self._top is not None and self._top_holds:
            self._judge_below(self._top, 1, set())

    def _judge_below(self, delegator: Targets, depth: int, visited: set[str]) -> None:
        for delegation in delegator.delegations:
            if f"{delegation.name}.json" not in self._evidence.files:
                continue  # no device needs what no target of this lockbox is looked for in
            role = self._delegated_role(delegation, delegator)
            if role is not None and delegation.name not in visited and depth < MAX_DELEGATION_DEPTH:
                visited.add(delegation.name)
                self._judge_below(role, depth + 1, visited)

    def _in_order(self, role: str) -> None:
        order = ("timestamp", "snapshot", "targets")
        if any(order.index(earlier) >= order.index(role) for earlier in self._offered):
            raise RuntimeError("timestamp, snapshot and targets are offered once each, in this order")
        self._offered.append(role)

    def _check_root_entry(self) -> None:
        entry = (self._snapshot or {}).get("root.json")
        if entry is None:
            return
        root = self._root.document
        if entry.version > root.version:
            self._ledger.report(
                "root-behind-snapshot",
                IMAGE_SNAPSHOT,
                f"the snapshot was made with root version {entry.version}, the newest root here is {root.version}",
            )
        elif entry.version == root.version:
            check_listing(root, entry, self._ledger, f"image-repo/{root.version}.root.json", lister="the snapshot")

    def _check_delegations(self, role: Targets, subject: str) -> None:
        """Check what a role says of the roles below it, whether a search leads there or not.

        A device refuses the whole document for a reserved name in it (lockbox-format 3.7).
        """
        for delegation in role.delegations:
            try:
                check_delegation_name(delegation.name)
                for pattern in delegation.paths:
                    check_pattern(pattern)
            except MalformedError as error:
                self._ledger.malformed(subject, error)
        names = [delegation.name.casefold() for delegation in role.delegations]
        if len(set(names)) < len(names):
            self._ledger.report("delegation-name", subject, "it delegates twice to one name, case apart")

    def _check_listed(self, document: Document, file_name: str, subject: str) -> None:
        if self._snapshot is not None:
            check_listing(document, self._snapshot.get(file_name), self._ledger, subject, lister="the snapshot")

    def _search(self, role: Targets, name: str, path: tuple[str, ...], visited: set[str]) -> tuple[Target | None, bool]:
        """Search a role and what it delegates; the second value says that the search ends here."""
        try:
            entry = role.find(name)
        except MalformedError as error:
            self._ledger.malformed(role.document.name, error)
            return None, True
        if entry is not None:
            return entry, True
        for delegation in role.delegations if self._top_holds else ():
            if not speaks_of(delegation, name, role.document.dialect):
                continue
            if delegation.name in path:
                self._ledger.report(
                    "delegation-cycle",
                    role.document.name,
                    f"the role {delegation.name} is delegated to itself",
                )
                continue
            if len(path) >= MAX_DELEGATION_DEPTH:
                self._ledger.report(
                    "delegation-depth",
                    role.document.name,
                    f"the role {delegation.name} lies deeper than {MAX_DELEGATION_DEPTH} levels",
                )
                return None, True
            below = self._delegated_role(delegation, role)
            self.routes.setdefault(name, []).append(Step(delegator=role, delegation=delegation, role=below))
            if below is None:
                return None, True
            if delegation.name in visited:
                continue  # it was searched on another path and had no such target; that will not have changed
            visited.add(delegation.name)
            # Only what a search leads to must be in date: feeds that no target needs may have run out.
            check_expiry(below.document.expires, self._at, self._ledger, below.document.name)
            self.used[below.document.name] = below.document
            found, final = self._search(below, name, (*path, delegation.name), visited)
            if final or delegation.terminating:
                return found, True
        return None, False

    def _delegated_role(self, delegation: Delegation, delegator: Targets) -> Targets | None:
        subject = f"image-repo/{delegation.name}.json"
        role = self._read_delegated(delegation.name, subject)
        by = delegator.document.name
        if role is None:
            return None
        if (by, delegation.name) not in self._judged:
            self._judged[by, delegation.name] = check_signatures(
                role.document, delegation.signers, self._ledger, subject, according_to=by
            )
        return role if self._judged[by, delegation.name] else None

    def _read_delegated(self, name: str, subject: str) -> Targets | None:
        if name in self._delegated:
            return self._delegated[name]
        self._delegated[name] = None
        try:
            check_delegation_name(name)
            raw = self._evidence.files.get(f"{name}.json")
            if raw is None:
                reason = self._evidence.unreadable.get(f"{name}.json")
                if reason is None:
                    self._ledger.report("document-missing", subject, "a delegation leads to this document")
                return None
            document = read_document(raw, subject, self._root.document.dialect)
            if document.role != "targets":
                self._ledger.report(
                    "type-unexpected", subject, f"it is of the role {document.role} in place of targets"
                )
            self._check_listed(document, f"{name}.json", subject)
            self._delegated[name] = role = read_targets(document)
            self._check_delegations(role, subject)
        except MalformedError as error:
            self._ledger.malformed(subject, error)
        return self._delegated[name]
