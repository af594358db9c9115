"""The director: lockboxes and the one offline-snapshot that lists them (lockbox-format 7.1 to 7.3).

1. The first lockbox of a repository adds the roles ``offline-updates`` and ``offline-snapshot``, with one
   shared key, as a new root version.
2. Defining a lockbox gives it its last version + 1 (also after a deletion) and bumps the offline-snapshot,
   whose expiry is the latest of all lockboxes.
3. Reading the offline-snapshot renews it when it ends within a quarter of a year; a lockbox is never renewed.
4. Reading the unversioned root makes it outlive the latest lockbox by 180 days; reading version N does not.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lockstick.sandbox.repository import ROOT, Clock, Repository, expiry_of, version_of
from lockstick.sandbox.wire import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.state import State

__all__ = ["Director", "RefusedError"]

LOCKBOXES = "offline-updates/"
SNAPSHOT = "offline-snapshot.json"

_UPDATES_ROLE = "offline-updates"
_SNAPSHOT_ROLE = "offline-snapshot"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,253}")
_MOST_LOCKBOXES = 300
_VALIDITY = timedelta(days=365)
_SNAPSHOT_MARGIN = timedelta(days=365) / 4
_ROOT_MARGIN = timedelta(days=180)


class RefusedError(Exception):
    """The server says no: becomes a JSON error of the real server's shape.

    Args:
        status: The HTTP status.
        code: The machine-readable code, e.g. ``missing_admin_role``.
        message: The text for people.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Director:
    """The director repository.

    Args:
        state: Where its keys and documents are kept.
        now: The time to sign by.
    """

    def __init__(self, state: State, now: Clock) -> None:
        self.repository = Repository(state, "director", now)
        self._state = state
        self._now = now

    def create(self) -> None:
        """Make the keys and root version 1, in a new data directory."""
        self.repository.create({"root": "RSA", "targets": "ED25519", "snapshot": "ED25519", "timestamp": "ED25519"})

    def define(self, name: str, values: Mapping[str, JsonValue], *, expires: datetime | None = None) -> JsonObject:
        """Create or replace a lockbox.

        Args:
            name: Its name.
            values: Target name to entry (``hashes``, ``length``, ``custom``), taken as it is.
            expires: When it expires; default 365 days from now. May be in the past.

        Returns:
            The signed lockbox.

        Raises:
            RefusedError: If the name is none, or there are too many lockboxes.
        """
        if _NAME.fullmatch(name) is None:
            raise RefusedError(400, "invalid_offline_target_name", f"not a lockbox name: {name!r}")
        with self._state.transaction():
            # The real server counts before it looks whether the name is new (cloud-apis 1.7).
            if len(self._state.paths(self.repository.name, LOCKBOXES)) >= _MOST_LOCKBOXES:
                raise RefusedError(400, "too_many_offline_roles", f"at most {_MOST_LOCKBOXES} lockboxes")
            if _UPDATES_ROLE not in self._state.roles(self.repository.name):
                self.repository.add_roles([_SNAPSHOT_ROLE, _UPDATES_ROLE])
            lockbox = self.repository.publish(
                f"{LOCKBOXES}{name}.json",
                _UPDATES_ROLE,
                {"_type": "Offline-Updates", "targets": dict(values)},
                expires=self._now() + _VALIDITY if expires is None else expires,
            )
            self.publish_snapshot()
        return lockbox

    def delete(self, name: str) -> None:
        """Take a lockbox out; a new offline-snapshot without it keeps its expiry.

        Raises:
            RefusedError: If there is no such lockbox.
        """
        with self._state.transaction():
            self.lockbox(name)
            expires = expiry_of(self.repository.current(SNAPSHOT))
            self._state.withdraw(self.repository.name, f"{LOCKBOXES}{name}.json")
            self.publish_snapshot(expires=expires)

    def lockbox(self, name: str, version: int | None = None) -> JsonObject:
        """Give a lockbox: one version, or the newest.

        Raises:
            RefusedError: If there is none.
        """
        return self._existing(f"{LOCKBOXES}{name}.json", version)

    def names(self) -> list[str]:
        """Give the names of all lockboxes, expired and revoked ones too.

        Raises:
            RefusedError: None was ever defined, so that there is no such role.
        """
        if _UPDATES_ROLE not in self._state.roles(self.repository.name):
            raise RefusedError(404, "missing_admin_role", "role not found")
        paths = self._state.paths(self.repository.name, LOCKBOXES)
        return [path.removeprefix(LOCKBOXES).removesuffix(".json") for path in paths]

    def snapshot(self, version: int | None = None) -> JsonObject:
        """Give the offline-snapshot; the newest is renewed first where that is due.

        Raises:
            RefusedError: If there is none.
        """
        with self._state.transaction():
            document = self._existing(SNAPSHOT, version)
            if version is None and self.repository.is_due(SNAPSHOT, margin=_SNAPSHOT_MARGIN):
                document = self.repository.resign(SNAPSHOT, _SNAPSHOT_ROLE, expires=self._now() + _VALIDITY)
        return document

    def root(self, version: int | None = None) -> JsonObject:
        """Give a root: one version as it is, or the newest, renewed to outlive every lockbox.

        Raises:
            RefusedError: If there is no such version.
        """
        if version is not None:
            return self._existing(ROOT, version)
        ends = [expiry_of(lockbox) for lockbox in self._lockboxes().values()]
        return self.repository.root(not_before=max(ends) + _ROOT_MARGIN if ends else None)

    def publish_snapshot(
        self, *, expires: datetime | None = None, entries: Mapping[str, JsonValue] | None = None
    ) -> JsonObject:
        """Publish the next offline-snapshot over the lockboxes as they are.

        Args:
            expires: Another expiry than the latest of all lockboxes.
            entries: Entries to add or to replace, for tests that need a snapshot that lies.

        Returns:
            The envelope.
        """
        lockboxes = self._lockboxes()
        meta: dict[str, JsonValue] = {
            path.removeprefix(LOCKBOXES): {**fingerprint(box), "version": version_of(box)}
            for path, box in lockboxes.items()
        }
        meta |= dict(entries or {})
        latest = max((expiry_of(box) for box in lockboxes.values()), default=self._now() + _VALIDITY)
        return self.repository.publish(
            SNAPSHOT,
            _SNAPSHOT_ROLE,
            {"_type": "Offline-Snapshot", "meta": meta},
            expires=latest if expires is None else expires,
        )

    def _lockboxes(self) -> dict[str, JsonObject]:
        paths = self._state.paths(self.repository.name, LOCKBOXES)
        return {path: self.repository.current(path) for path in paths}

    def _existing(self, path: str, version: int | None) -> JsonObject:
        document = self.repository.document(path, version)
        if document is None:
            code = "missing_root_role" if path == ROOT else "missing_admin_role"
            raise RefusedError(404, code, "role not found")
        return document
