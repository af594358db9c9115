"""One signing repository: its keys, its chain of roots, its stored documents.

The director and the image repository are both built on this. It knows how a document gets its version and its
signatures and how a root comes after a root; it knows nothing of HTTP.

1. Every stored document is an envelope whose ``signed.version`` is the version under which it is stored.
2. A root is signed by its own root keys and, from version 2 on, by those of the version before.
3. A *frozen* document is never renewed by the server: what a real server does when a role's keys are offline
   (lockbox-format 7.2, 7.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from lockstick.instant import format_instant, parse_instant
from lockstick.sandbox.signing import KeyType, RoleKey, sign

if TYPE_CHECKING:
    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.state import State

__all__ = ["Clock", "Repository", "expiry_of", "signed_part", "version_of"]

Clock = Callable[[], datetime]
"""Gives the time to sign and to judge by (aware)."""

ROOT = "root.json"
_ROOT_VALIDITY = timedelta(days=365)
_RENEW_BEFORE = timedelta(hours=1)


def signed_part(document: JsonObject) -> JsonObject:
    """Give the value of ``signed``."""
    return cast("JsonObject", document["signed"])


def expiry_of(document: JsonObject) -> datetime:
    """Give the time at which a document expires."""
    return parse_instant(str(signed_part(document)["expires"]))


def version_of(document: JsonObject) -> int:
    """Give the version of a document."""
    return cast("int", signed_part(document)["version"])


class Repository:
    """Keys, roots and documents of one repository.

    Args:
        state: Where they are kept.
        name: ``director`` or ``image-repo``.
        now: The time to sign by.
    """

    def __init__(self, state: State, name: str, now: Clock) -> None:
        self.state = state
        self.name = name
        self.now = now

    # --- documents -----------------------------------------------------------------------------

    def document(self, path: str, version: int | None = None) -> JsonObject | None:
        """Give a stored document: one version, or the newest."""
        return self.state.document(self.name, path, version)

    def current(self, path: str) -> JsonObject:
        """Give the newest version of a document that must exist.

        Raises:
            LookupError: If there is none.
        """
        document = self.document(path)
        if document is None:
            raise LookupError(f"{self.name} has no {path}")
        return document

    def publish(
        self,
        path: str,
        role: str,
        signed: Mapping[str, JsonValue],
        *,
        expires: datetime,
        keys: Sequence[RoleKey] | None = None,
    ) -> JsonObject:
        """Sign and store the next version of a document.

        Args:
            path: Its path below the repository's base, e.g. ``delegations/tdx-quarterly.json``.
            role: Whose keys sign.
            signed: The content; ``expires`` and ``version`` are added here where absent, so that a test can
                have a lie of its own signed.
            expires: When it expires.
            keys: Other keys than the role's.

        Returns:
            The envelope.
        """
        with self.state.transaction():
            version = self.state.last_version(self.name, path) + 1
            body = {"expires": format_instant(expires), "version": version, **signed}
            envelope = sign(body, self.state.keys(self.name, role) if keys is None else keys)
            self.state.put_document(self.name, path, version, envelope)
        return envelope

    def resign(self, path: str, role: str, *, expires: datetime) -> JsonObject:
        """Publish the same content again with the next version and another expiry."""
        content = {k: v for k, v in signed_part(self.current(path)).items() if k not in ("expires", "version")}
        return self.publish(path, role, content, expires=expires)

    def expiry(self, path: str) -> datetime:
        """Give when the newest version of a document expires."""
        return expiry_of(self.current(path))

    def freeze(self, path: str, *, frozen: bool = True) -> None:
        """Stop (or allow again) the renewal of a document by the server."""
        self.state.set_setting(f"frozen/{self.name}/{path}", "1" if frozen else "")

    def frozen(self, path: str) -> bool:
        """Say whether a document is frozen."""
        return bool(self.state.setting(f"frozen/{self.name}/{path}"))

    def is_due(self, path: str, *, margin: timedelta = _RENEW_BEFORE) -> bool:
        """Say whether a document is to be renewed: it is not frozen and ends within the margin."""
        return not self.frozen(path) and expiry_of(self.current(path)) <= self.now() + margin

    # --- keys and roots ------------------------------------------------------------------------

    def create(self, roles: Mapping[str, KeyType]) -> None:
        """Make a key for each role and the first root."""
        with self.state.transaction():
            for role, keytype in roles.items():
                self.state.set_keys(self.name, role, [RoleKey.generate(keytype)])
            self.next_root(expires=self.now() + _ROOT_VALIDITY)

    def root(self, *, not_before: datetime | None = None) -> JsonObject:
        """Give the newest root, renewed first where that is due (lockbox-format 7.2).

        Args:
            not_before: The time that the root must outlive.

        Returns:
            The root, with a new version if it was renewed. A frozen root is given as it is.
        """
        with self.state.transaction():
            root = self.current(ROOT)
            now = self.now()
            floor = now if not_before is None else max(now, not_before)
            too_short = expiry_of(root) <= now + _RENEW_BEFORE or expiry_of(root) < floor
            if too_short and not self.frozen(ROOT):
                root = self.next_root(expires=floor + _ROOT_VALIDITY)
        return root

    def rotate_root(self) -> JsonObject:
        """Replace the root key: the next root is signed by the old one and the new one."""
        with self.state.transaction():
            old = self.state.keys(self.name, "root")
            self.state.set_keys(self.name, "root", [RoleKey.generate(old[0].keytype)])
            return self.next_root(expires=expiry_of(self.current(ROOT)), previous=old)

    def add_roles(self, roles: Sequence[str]) -> JsonObject:
        """Add roles that share one new key, of the root key's type, as a new root version."""
        with self.state.transaction():
            shared = RoleKey.generate(self.state.keys(self.name, "root")[0].keytype)
            for role in roles:
                self.state.set_keys(self.name, role, [shared])
            return self.next_root(expires=expiry_of(self.current(ROOT)))

    def next_root(self, *, expires: datetime, previous: Sequence[RoleKey] = ()) -> JsonObject:
        """Publish a root that says which keys the roles have now.

        Args:
            expires: When it expires.
            previous: Root keys of the version before that are no root keys any more.

        Returns:
            The envelope.
        """
        keys: JsonObject = {}
        roles: JsonObject = {}
        for role in self.state.roles(self.name):
            if "/" in role:
                continue  # a delegation's keys stand in the document that delegates
            role_keys = self.state.keys(self.name, role)
            keys |= {key.keyid: key.public for key in role_keys}
            roles[role] = {"keyids": [key.keyid for key in role_keys], "threshold": 1}
        signed: JsonObject = {"_type": "Root", "consistent_snapshot": False, "keys": keys, "roles": roles}
        signers = [*previous, *self.state.keys(self.name, "root")]
        return self.publish(ROOT, "root", signed, expires=expires, keys=signers)
