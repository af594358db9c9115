"""The Director's documents, in the client's order (lockbox-format 1.7, 3.1 to 3.4).

1. Roots.
2. The offline-snapshot: one that is newer than the stored one is checked, compared entry by entry with the stored
   one, and stored; otherwise the stored one is used, whatever the medium's holds. Then its expiry.
3. The lockbox: the first listed name, in byte order, under which anything lies. Its version against the entry, its
   signatures; it is stored; then its expiry, delegations, ECUs named twice. Hash and length are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.trust.device.documents import Header, Snapshot, Targets, read_snapshot, read_targets, untrusted_version
from lockstick.trust.device.lenientjson import parse
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.rootwalk import walk_roots
from lockstick.trust.device.signatures import ROLES, delegation_role
from lockstick.trust.device.values import as_integer, items, member

if TYPE_CHECKING:
    from lockstick.trust.device.limits import Client
    from lockstick.trust.device.media import Media
    from lockstick.trust.device.memory import RepositoryMemory, SeenSnapshot
    from lockstick.trust.device.signatures import KeyRing
    from lockstick.trust.device.situation import Situation
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["DirectorChoice", "update_director"]

_SNAPSHOT, _LOCKBOX = "offline-snapshot", "offline-updates"


@dataclass(frozen=True)
class DirectorChoice:
    """The lockbox that the client chose.

    Attributes:
        lockbox: Its name.
        targets: Its targets with the device's ECUs, in byte order of their names.
    """

    lockbox: str
    targets: tuple[DeviceTarget, ...]


@dataclass(frozen=True)
class _Effective:
    snapshot: Snapshot
    stored: bool


def update_director(memory: RepositoryMemory, situation: Situation, seen: SeenSnapshot | None = None) -> DirectorChoice:
    """Take over the Director's documents from a medium.

    Args:
        memory: What the ECU has stored of the Director; it changes, also on failure.
        situation: The iteration.
        seen: An offline-snapshot that the device has stored but of which only numbers are known.

    Returns:
        The choice.

    Raises:
        RefusedError: If the device would refuse.
    """
    root = walk_roots(memory, "director", situation)
    if seen is not None and _SNAPSHOT not in memory.documents:
        effective = _judge_by_numbers(memory, root.ring, situation, seen)
    else:
        effective = _offline_snapshot(memory, root.ring, situation)
    if effective.snapshot.header.expired(situation.now):
        raise RefusedError("expired", _SNAPSHOT)
    return _lockbox(memory, root.ring, effective, situation)


def _fetch(media: Media, name: str, limit: int) -> bytes:
    raw = media.read("director", name, limit)
    if raw is None:
        raise RefusedError("fetch", f"director/{name}: missing, or larger than {limit} bytes")
    return raw


def _offline_snapshot(memory: RepositoryMemory, ring: KeyRing, situation: Situation) -> _Effective:
    client = situation.client
    fetched = _fetch(situation.media, f"{_SNAPSHOT}.json", client.offline_snapshot)
    stored = memory.documents.get(_SNAPSHOT)
    if untrusted_version(fetched, client) > (-1 if stored is None else untrusted_version(stored, client)):
        snapshot = read_snapshot(fetched, client, _SNAPSHOT, ring)
        _check_rollback(fetched, stored, client)
        memory.documents[_SNAPSHOT] = fetched
        return _Effective(snapshot, stored=False)
    # With nothing stored the client goes on with an empty text, and fails at that.
    return _Effective(read_snapshot(stored or b"", client, _SNAPSHOT, ring), stored=stored is not None)


def _check_rollback(new: bytes, old: bytes | None, client: Client) -> None:
    if old is None:
        return
    before = dict(items(member(member(parse(old, client.depth).value, "signed"), "meta")))
    after = member(member(parse(new, client.depth).value, "signed"), "meta")
    for name, entry in items(after):
        if name in before and as_integer(member(before[name], "version")) > as_integer(member(entry, "version")):
            raise RefusedError("rollback", name)


def _judge_by_numbers(memory: RepositoryMemory, ring: KeyRing, situation: Situation, seen: SeenSnapshot) -> _Effective:
    """The same, where of the stored document only numbers are known.

    One of the same version is taken for the stored one. An older one leaves the numbers alone; without the
    lockbox's own number there is nothing to go on with, and the device would most likely refuse.
    """
    client = situation.client
    fetched = _fetch(situation.media, f"{_SNAPSHOT}.json", client.offline_snapshot)
    version = untrusted_version(fetched, client)
    if version >= seen.version:
        snapshot = read_snapshot(fetched, client, _SNAPSHOT, ring)
        lowered = [name for name in snapshot.names if snapshot.version(_role(name)) < seen.lockboxes.get(name, -1)]
        if lowered:
            raise RefusedError("rollback", lowered[0])
        memory.documents[_SNAPSHOT] = fetched
        return _Effective(snapshot, stored=False)
    if not seen.lockboxes:
        raise RefusedError("lockbox-superseded", f"{seen.version} is stored, {version} is on the medium")
    # The stored one's expiry is unknown as well; it is given the benefit of the doubt.
    header = Header(seen.version, "9999-12-31T23:59:59Z")
    known = {_role(name): listed for name, listed in seen.lockboxes.items()}
    names = sorted(seen.lockboxes, key=lambda name: f"{name}.json")
    return _Effective(Snapshot(header, tuple(names), known, {}), stored=True)


def _role(name: str) -> str:
    return name if name in ROLES else delegation_role(name)


def _lockbox(memory: RepositoryMemory, ring: KeyRing, effective: _Effective, situation: Situation) -> DirectorChoice:
    media = situation.media
    name = next((name for name in effective.snapshot.names if media.exists("director", f"{name}.json")), None)
    if name is None:
        raise RefusedError("lockbox-superseded" if effective.stored else "lockbox-missing")
    try:
        return DirectorChoice(name, _take(memory, ring, effective, name, situation))
    except RefusedError as error:
        error.lockbox = name
        raise


def _take(
    memory: RepositoryMemory, ring: KeyRing, effective: _Effective, name: str, situation: Situation
) -> tuple[DeviceTarget, ...]:
    client = situation.client
    role = delegation_role(name)
    raw = _fetch(situation.media, f"{name}.json", client.lockbox)
    version = as_integer(member(member(parse(raw, client.depth).value, "signed"), "version"))
    if version != effective.snapshot.version(role):
        listed = f"{name} {effective.snapshot.version(role)} is listed, {version} is on the medium"
        raise RefusedError("lockbox-superseded" if effective.stored else "lockbox-version", listed)
    lockbox = read_targets(raw, client, _LOCKBOX, ring)
    targets = tuple(target.addressed(situation.ecus) for target in lockbox.targets)
    memory.documents[_LOCKBOX] = raw
    _check_sanity(lockbox, targets, situation.now)
    return targets


def _check_sanity(lockbox: Targets, targets: tuple[DeviceTarget, ...], now: str) -> None:
    if lockbox.header.expired(now):
        raise RefusedError("expired", "lockbox")
    if lockbox.delegations:
        raise RefusedError("delegation-in-lockbox")
    seen: set[str] = set()
    for target in targets:
        if again := seen.intersection(target.ecus):
            raise RefusedError("repeated-ecu", f"{target.name}, ECU {min(again)}")
        seen.update(target.ecus)
