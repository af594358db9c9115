"""The trusted metadata of a TUF client (TUF 1.0, 5.3 to 5.6).

The rules, enforced by raising :class:`RuntimeError` on misuse:

1. It starts with the root that was trusted last. Newer roots are adopted one version at a time, each signed by
   the threshold of the one before and by its own. An expired root may be stepped over.
2. After the last root it is asked to end the roots; that root must not have expired.
3. What was trusted before is recalled once, before a new timestamp. It is only a memory: it may have expired,
   and serves to notice older documents. If the root in force no longer stands behind the remembered timestamp
   or snapshot, its keys were replaced, and both are forgotten (5.3.11): that is how a repository recovers from a
   version that a thief of keys set far too high.
4. A timestamp is adopted if it is signed, newer than the remembered one and tells of no older snapshot. One of
   the same version is passed over in silence, whatever it holds.
5. A snapshot is adopted if the timestamp in force lists it, it is signed, and no role that the remembered one
   lists is missing or older.
6. Targets are adopted if the snapshot in force lists them and they are signed.
7. A delegated role is judged anew for each delegator: those whom one delegator believes are no proof to another.
8. Nothing that has expired is adopted, and nothing below it either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.errors import NotCurrentError
from lockstick.metadata.document import read_document
from lockstick.metadata.malformed import MalformedError
from lockstick.metadata.roles import read_meta
from lockstick.metadata.shape import as_object
from lockstick.metadata.targets import read_targets
from lockstick.trust.findings import Ledger
from lockstick.trust.listing import check_listing
from lockstick.trust.roots import RootChain, read_anchor
from lockstick.trust.signatures import check_role, check_signatures
from lockstick.trust.tuf.files import check_role_name, metadata_name
from lockstick.trust.tuf.refusal import RefusedError, RolledBackError, raise_errors, refuse_expired

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.metadata.dialect import Dialect
    from lockstick.metadata.document import Document
    from lockstick.metadata.roles import MetaEntry, Root
    from lockstick.metadata.targets import Delegation, Targets

__all__ = ["Listing", "TrustedMetadata"]


class Listing:
    """A timestamp or snapshot: a document and what it lists.

    Args:
        document: The document.

    Raises:
        MalformedError: What it lists cannot be read.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.entries: Mapping[str, MetaEntry] = read_meta(document)

    def entry(self, role: str) -> MetaEntry:
        """The line for a role.

        Raises:
            RefusedError: There is none, or it gives only hashes that nobody here can compute.
        """
        # Lines are written with the plain name; only addresses and file names are encoded.
        name = f"{role}.json"
        entry = self.entries.get(name)
        if entry is None:
            raise RefusedError(f"{metadata_name(role)} is refused", why=f"{self.document.name} does not list it")
        line = as_object(as_object(self.document.signed["meta"], "meta")[name], name)
        if "hashes" in line and not entry.hashes:
            raise RefusedError(f"{metadata_name(role)} is refused", why="none of its listed hashes is known here")
        return entry


class TrustedMetadata:
    """What one client believes, from one anchor on.

    Args:
        anchor: The bytes of the root that was trusted last.
        at: The time of the whole update.
        dialect: The dialect that was pinned with the anchor.

    Raises:
        RefusedError: The anchor is not a root of that dialect, signed by its own keys.
    """

    def __init__(self, anchor: bytes, at: datetime, dialect: Dialect) -> None:
        self._at = at
        self._dialect = dialect
        self._ledger = Ledger()
        root = read_anchor(anchor, "root.json", dialect, self._ledger)
        raise_errors(self._ledger)
        if root is None:
            raise RefusedError("root.json is refused", why="it cannot be read as a root")
        self._chain = RootChain(root, "repository", dialect, self._ledger)
        self._roots_ended = False
        self._has_recalled = False
        self._old_timestamp: Listing | None = None
        self._old_snapshot: Listing | None = None
        self._timestamp: Listing | None = None
        self._snapshot: Listing | None = None
        self._targets: Targets | None = None

    @property
    def root(self) -> Root:
        """The newest adopted root."""
        return self._chain.trusted

    @property
    def consistent_snapshot(self) -> bool:
        """Whether file names begin with versions and hashes."""
        return self.root.document.signed.get("consistent_snapshot") is True

    @property
    def targets(self) -> Targets:
        """The top-level targets."""
        if self._targets is None:
            raise RuntimeError("targets are adopted before they are asked for")
        return self._targets

    def adopt_root(self, raw: bytes) -> None:
        """Take one step up the chain of roots; it may have expired.

        Args:
            raw: The bytes of the root whose version is one above :attr:`root`.

        Raises:
            RefusedError: It is not that root. The one before stays in force.
        """
        if self._roots_ended:
            raise RuntimeError("no root is adopted after the roots have ended")
        self._chain.offer(self.root.document.version + 1, raw)
        raise_errors(self._ledger)

    def end_roots(self) -> None:
        """Insist that the newest root has not expired.

        Raises:
            ExpiredError: It has.
        """
        refuse_expired(self.root.document, self._at)
        self._roots_ended = True

    def recall(self, *, timestamp: bytes | None, snapshot: bytes | None) -> None:
        """Remember what was trusted before; what cannot be used is forgotten without an error.

        Args:
            timestamp: The stored timestamp, if there is one.
            snapshot: The stored snapshot, if there is one.
        """
        if not self._roots_ended or self._has_recalled:
            raise RuntimeError("old documents are recalled once, after the roots have ended")
        self._has_recalled = True
        old = {}
        for role, raw in (("timestamp", timestamp), ("snapshot", snapshot)):
            if raw is None:
                continue
            try:
                old[role] = Listing(self._read(raw, role))
            except MalformedError:
                continue
            ledger = Ledger()
            check_role(old[role].document, role, self.root, ledger, role)
            if ledger.errors:
                return
        self._old_timestamp, self._old_snapshot = old.get("timestamp"), old.get("snapshot")

    def adopt_timestamp(self, raw: bytes) -> bool:
        """Adopt a timestamp that was fetched now.

        Args:
            raw: Its bytes.

        Returns:
            False if it is of the remembered one's version, which then stays in force.

        Raises:
            LockstickError: It may not be believed, or the one in force has expired.
        """
        if not self._has_recalled or self._timestamp is not None:
            raise RuntimeError("one timestamp is adopted, after old documents were recalled")
        document = self._read(raw, "timestamp")
        self._check_role(document, "timestamp")
        new, old = Listing(document), self._old_timestamp
        if old is not None and document.version == old.document.version:
            refuse_expired(old.document, self._at)
            self._timestamp = old
            return False
        version = new.entry("snapshot").version
        if old is not None:
            _refuse_older("timestamp.json", document.version, old.document.version)
            _refuse_older("the snapshot that timestamp.json lists", version, old.entry("snapshot").version)
        refuse_expired(document, self._at)
        self._timestamp = new
        return True

    def wanted(self, role: str) -> MetaEntry:
        """What the document of a role must be, by the timestamp or snapshot in force.

        Args:
            role: ``snapshot``, ``targets`` or a delegated role.

        Returns:
            Its version, and length and hashes where they are listed.

        Raises:
            RefusedError: It is not listed.
        """
        lister = self._timestamp if role == "snapshot" else self._snapshot
        if lister is None:
            raise RuntimeError("timestamp, snapshot and targets are adopted in this order")
        return lister.entry(role)

    def recall_snapshot(self) -> bool:
        """Go on with the remembered snapshot if it is the one that the timestamp lists.

        Returns:
            False if it is not; then a new one must be adopted.
        """
        old = self._old_snapshot
        if old is None:
            return False
        try:
            self._check_listed(old.document, "snapshot")
            refuse_expired(old.document, self._at)
        except (RefusedError, NotCurrentError):
            return False
        self._snapshot = old
        return True

    def adopt_snapshot(self, raw: bytes) -> None:
        """Adopt a snapshot that was fetched now.

        Args:
            raw: Its bytes.

        Raises:
            LockstickError: It may not be believed.
        """
        document = self._read(raw, "snapshot")
        self._check_listed(document, "snapshot")
        self._check_role(document, "snapshot")
        new = Listing(document)
        for name, before in self._old_snapshot.entries.items() if self._old_snapshot is not None else ():
            if name not in new.entries:
                raise RolledBackError("snapshot.json is refused", why=f"it no longer lists {name}")
            _refuse_older(f"{name} in snapshot.json", new.entries[name].version, before.version)
        refuse_expired(document, self._at)
        self._snapshot = new

    def adopt_targets(self, raw: bytes) -> None:
        """Adopt the top-level targets, stored before or fetched now.

        Args:
            raw: Their bytes.

        Raises:
            LockstickError: They may not be believed.
        """
        document = self._read(raw, "targets")
        self._check_listed(document, "targets")
        self._check_role(document, "targets")
        refuse_expired(document, self._at)
        self._targets = read_targets(document)

    def delegated(self, raw: bytes, delegation: Delegation, delegator: Targets) -> Targets:
        """Judge a delegated role by the word of one delegator.

        Args:
            raw: Its bytes, stored before or fetched now.
            delegation: What the delegator says about it.
            delegator: Who says so.

        Returns:
            Its content. Nothing is remembered: for another delegator it is judged again.

        Raises:
            LockstickError: It may not be believed.
        """
        check_role_name(delegation.name)
        document = read_document(raw, metadata_name(delegation.name), self._dialect)
        self._check_listed(document, delegation.name)
        ledger = Ledger()
        if document.role != "targets":
            ledger.report("type-unexpected", document.name, f"it is of the role {document.role} in place of targets")
        by = delegator.document.name
        check_signatures(document, delegation.signers, ledger, document.name, according_to=by)
        raise_errors(ledger)
        refuse_expired(document, self._at)
        return read_targets(document)

    def _read(self, raw: bytes, role: str) -> Document:
        return read_document(raw, f"{role}.json", self._dialect)

    def _check_role(self, document: Document, role: str) -> None:
        ledger = Ledger()
        check_role(document, role, self.root, ledger, document.name)
        raise_errors(ledger)

    def _check_listed(self, document: Document, role: str) -> None:
        lister = "timestamp.json" if role == "snapshot" else "snapshot.json"
        ledger = Ledger()
        check_listing(document, self.wanted(role), ledger, document.name, lister=lister)
        raise_errors(ledger)


def _refuse_older(what: str, version: int, before: int) -> None:
    if version < before:
        raise RolledBackError(f"{what} is older than before", why=f"version {version} now, {before} before")
