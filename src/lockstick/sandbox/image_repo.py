"""The image repository: which packages exist, and who vouches for them (lockbox-format 7.4, 7.5).

1. ``targets.json`` lists the account's own packages and delegates others to roles with keys of their own.
2. ``snapshot.json`` lists root, targets and every delegation with the fingerprint of the canonical whole;
   ``timestamp.json`` lists the snapshot. A change publishes them in that order, in one transaction.
3. Reading any of them renews what ends within the hour, unless it is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lockstick.sandbox.repository import ROOT, Clock, Repository, signed_part, version_of
from lockstick.sandbox.signing import RoleKey
from lockstick.sandbox.wire import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.state import State

__all__ = ["Delegation", "ImageRepository"]

TARGETS = "targets.json"
SNAPSHOT = "snapshot.json"
TIMESTAMP = "timestamp.json"
DELEGATIONS = "delegations/"

_VALIDITY: Mapping[str, timedelta] = {
    TARGETS: timedelta(days=31),
    SNAPSHOT: timedelta(days=31),
    TIMESTAMP: timedelta(days=1),
}
_DELEGATION_VALIDITY = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """A role that vouches for packages of its own.

    Attributes:
        name: The role's name, e.g. ``tdx-quarterly``.
        paths: The patterns of target names that it may list.
        terminating: Written into the document as it is.
    """

    name: str
    paths: Sequence[str]
    terminating: bool = True


class ImageRepository:
    """The image repository.

    Args:
        state: Where its keys and documents are kept.
        now: The time to sign by.
    """

    def __init__(self, state: State, now: Clock) -> None:
        self.repository = Repository(state, "image-repo", now)
        self._state = state
        self._now = now

    def create(self, *, delegations: Sequence[Delegation] = ()) -> None:
        """Make the keys, roots 1 and 2, and empty documents, in a new data directory.

        There are two roots from the start because a repository whose chain ends at 1 cannot update a new
        secondary (lockbox-format 1.6).
        """
        self.repository.create(dict.fromkeys(("root", "targets", "snapshot", "timestamp"), "ED25519"))
        self.repository.rotate_root()
        self.publish_targets({})
        for delegation in delegations:
            self.delegate(delegation)
        self.publish_snapshot()

    def delegate(self, delegation: Delegation) -> None:
        """Add a delegation with a new key of its own and an empty list; does not publish a snapshot."""
        key = RoleKey.generate("ED25519")
        role = DELEGATIONS + delegation.name
        with self._state.transaction():
            self._state.set_keys(self.repository.name, role, [key])
            self.publish_targets({}, delegation.name)
            delegations = self._delegations()
            keys, roles = delegations.get("keys"), delegations.get("roles")
            entry: JsonObject = {
                "keyids": [key.keyid],
                "name": delegation.name,
                "paths": list(delegation.paths),
                "terminating": delegation.terminating,
                "threshold": 1,
            }
            self.publish_targets(
                self.entries("targets"),
                extra={
                    "delegations": {
                        "keys": {**(keys if isinstance(keys, dict) else {}), key.keyid: key.public},
                        "roles": [*(roles if isinstance(roles, list) else []), entry],
                    }
                },
            )

    def delegated(self) -> list[str]:
        """Give the names of the delegated roles."""
        paths = self._state.paths(self.repository.name, DELEGATIONS)
        return [path.removeprefix(DELEGATIONS).removesuffix(".json") for path in paths]

    def entries(self, role: str) -> JsonObject:
        """Give the target entries that a role lists now."""
        targets = signed_part(self.repository.current(_path(role)))["targets"]
        return targets if isinstance(targets, dict) else {}

    def list_targets(self, changes: Mapping[str, Mapping[str, JsonValue]]) -> None:
        """Add, replace or (with None) remove target entries and publish what follows from it.

        Args:
            changes: Role (``targets`` or a delegation) to target name to entry, signed as it is.
        """
        with self._state.transaction():
            for role, entries in changes.items():
                merged = {**self.entries(role), **entries}
                self.publish_targets({k: v for k, v in merged.items() if v is not None}, role)
            self.publish_snapshot()

    def publish_targets(
        self,
        entries: Mapping[str, JsonValue],
        role: str = "targets",
        *,
        expires: datetime | None = None,
        extra: Mapping[str, JsonValue] | None = None,
    ) -> JsonObject:
        """Publish the next version of a list of targets; the snapshot is the caller's next step.

        Args:
            entries: The whole list.
            role: ``targets`` or a delegated role.
            expires: When it expires; default 31 days from now, for a delegation a year.
            extra: Members to set beside ``targets``, e.g. ``delegations``.

        Returns:
            The envelope.
        """
        path = _path(role)
        signed: JsonObject = {"_type": "Targets", "targets": dict(entries)}
        if role == "targets":
            signed["delegations"] = self._delegations()
        signed |= dict(extra or {})
        validity = _VALIDITY.get(path, _DELEGATION_VALIDITY)
        return self.repository.publish(
            path,
            "targets" if role == "targets" else DELEGATIONS + role,
            signed,
            expires=self._now() + validity if expires is None else expires,
        )

    def publish_snapshot(
        self, *, expires: datetime | None = None, entries: Mapping[str, JsonValue] | None = None
    ) -> JsonObject:
        """Publish the next snapshot over the documents as they are, and a timestamp over it.

        Args:
            expires: Another expiry than 31 days from now.
            entries: Entries to add or to replace, for tests that need a snapshot that lies.

        Returns:
            The snapshot's envelope.
        """
        with self._state.transaction():
            files = {ROOT: ROOT, TARGETS: TARGETS}
            files |= {f"{role}.json": _path(role) for role in self.delegated()}
            meta: dict[str, JsonValue] = {}
            for name, path in files.items():
                document = self.repository.current(path)
                meta[name] = {**fingerprint(document), "version": version_of(document)}
            meta |= dict(entries or {})
            snapshot = self.repository.publish(
                SNAPSHOT,
                "snapshot",
                {"_type": "Snapshot", "meta": meta},
                expires=self._now() + _VALIDITY[SNAPSHOT] if expires is None else expires,
            )
            self.publish_timestamp()
        return snapshot

    def publish_timestamp(self, *, expires: datetime | None = None) -> JsonObject:
        """Publish the next timestamp over the snapshot as it is."""
        snapshot = self.repository.current(SNAPSHOT)
        entry: JsonObject = {**fingerprint(snapshot), "version": version_of(snapshot)}
        return self.repository.publish(
            TIMESTAMP,
            "timestamp",
            {"_type": "Timestamp", "meta": {SNAPSHOT: entry}},
            expires=self._now() + _VALIDITY[TIMESTAMP] if expires is None else expires,
        )

    def document(self, path: str, version: int | None = None) -> JsonObject | None:
        """Give a document; what ends within the hour is renewed first.

        Args:
            path: Its path below the base: ``targets.json``, ``delegations/tdx-quarterly.json`` …
            version: A root version, or None for the newest.

        Returns:
            The envelope, or None when there is none.
        """
        if version is None:
            self._renew()
        return self.repository.document(path, version)

    def _renew(self) -> None:
        with self._state.transaction():
            before = version_of(self.repository.current(ROOT))
            changed = version_of(self.repository.root()) != before
            for role in ("targets", *self.delegated()):
                if self.repository.is_due(_path(role)):
                    self.publish_targets(self.entries(role), role)
                    changed = True
            if not self.repository.frozen(SNAPSHOT) and (changed or self.repository.is_due(SNAPSHOT)):
                self.publish_snapshot()
            elif self.repository.is_due(TIMESTAMP):
                self.publish_timestamp()

    def _delegations(self) -> JsonObject:
        document = self.repository.document(TARGETS)
        delegations = signed_part(document).get("delegations") if document else None
        return delegations if isinstance(delegations, dict) else {"keys": {}, "roles": []}


def _path(role: str) -> str:
    return TARGETS if role == "targets" else f"{DELEGATIONS}{role}.json"
