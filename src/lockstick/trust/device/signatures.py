"""Who may sign what, and the client's way of counting signatures (lockbox-format 2.4, 2.5).

1. The type of the document is compared with the role, without regard to case.
2. Signatures are walked in order: a key id seen before, or a foreign method, refuses the document even beside good
   ones; a key id that is unknown or not of the role is skipped.
3. The threshold of the role must be usable.
4. One signature and it is bad: "bad key". Otherwise too few good ones: "unmet threshold".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.trust.device.keys import DeviceKey, read_key
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.values import Value, as_text, items, member
from lockstick.trust.device.writing import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.trust.device.jsonreader import Parsed
    from lockstick.trust.device.limits import Client

__all__ = ["ROLES", "KeyRing", "delegation_role", "named_role"]

ROLES = frozenset({"root", "snapshot", "targets", "timestamp", "offline-snapshot", "offline-updates"})
"""The top-level roles; their names are reserved in any case (lockbox-format 1.7)."""

_DELEGATION = "delegation:"
_INT64 = range(-(2**63), 2**63)


def named_role(name: str) -> str:
    """The top-level role that a name stands for, in any case; empty for none."""
    lowered = name.lower()
    return lowered if lowered in ROLES else ""


def delegation_role(name: str) -> str:
    """The role of a delegation (or of a lockbox file, which the client treats alike).

    Args:
        name: Its name.

    Returns:
        A key for it, never equal to a top-level role's.

    Raises:
        RefusedError: If the name is reserved, in any case.
    """
    if named_role(name):
        raise RefusedError("reserved", name)
    return _DELEGATION + name


@dataclass
class KeyRing:
    """The keys and roles of a document that lists keys: a root or the delegations of a targets document."""

    client: Client
    keys: dict[str, DeviceKey] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    thresholds: dict[str, int] = field(default_factory=dict)

    def add_keys(self, value: Value) -> None:
        """Read a list of keys by key id; ids are opaque.

        Raises:
            RefusedError: If one is of an unknown type.
        """
        for keyid, entry in items(value):
            self.keys[keyid] = read_key(entry, self.client)

    def add_role(self, role: str, value: Value) -> None:
        """Read one role.

        Raises:
            RefusedError: If its threshold is out of range.
        """
        threshold = _threshold(member(value, "threshold"))
        low, high = self.client.thresholds
        if not low <= threshold <= high:
            raise RefusedError("threshold-illegal", role.removeprefix(_DELEGATION))
        self.thresholds[role] = threshold
        self.members.setdefault(role, set()).update(as_text(keyid) for _, keyid in items(member(value, "keyids")))

    def check(self, role: str, document: Parsed) -> None:
        """Check that a document is signed for a role.

        Args:
            role: From :func:`named_role` or :func:`delegation_role`.
            document: The document, an object with a member ``signed``.

        Raises:
            RefusedError: If it is not, or not in a way that the client understands.
        """
        shown = role.removeprefix(_DELEGATION)
        wanted = "targets" if role.startswith(_DELEGATION) else role
        if named_role(as_text(member(member(document.value, "signed"), "_type"))) != wanted:
            raise RefusedError("type", shown)
        entries = member(document.value, "signatures")
        good = sum(self._good(role, document, entries))
        low, high = self.client.thresholds
        threshold = self.thresholds.get(role, 0)
        if not low <= threshold <= high:
            raise RefusedError("threshold-illegal", shown)
        if len(items(entries)) == 1 and good == 0:
            raise RefusedError("bad-key", shown)
        if good < threshold:
            raise RefusedError("threshold", shown)

    def _good(self, role: str, document: Parsed, entries: Value) -> Iterator[bool]:
        seen: set[str] = set()
        data: bytes | None = None
        for _, entry in items(entries):
            keyid = as_text(member(entry, "keyid"))
            if keyid in seen:
                raise RefusedError("repeated-signature", role.removeprefix(_DELEGATION))
            seen.add(keyid)
            method = as_text(member(entry, "method"))
            if method.lower() not in self.client.signature_methods:
                raise RefusedError("method", method)
            if keyid not in self.keys or keyid not in self.members.get(role, ()):
                continue
            data = written(member(document.value, "signed")) if data is None else data
            # Comments inside would be part of what the client writes; no signer has signed those.
            yield self.keys[keyid].signed(as_text(member(entry, "sig")), data) and not document.signed_commented


def _threshold(value: Value) -> int:
    match value:
        case None:
            return 0
        case bool() | int() | float():
            if not _INT64.start <= value < _INT64.stop:
                raise RefusedError("shape", "a threshold is too large")
            return int(value)
        case _:
            raise RefusedError("shape", "a threshold is not a number")
