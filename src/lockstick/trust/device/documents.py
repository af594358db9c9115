"""The four kinds of documents as the client understands them (lockbox-format 2.2, 2.8, 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.trust.device.lenientjson import parse
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.signatures import ROLES, KeyRing, delegation_role, named_role
from lockstick.trust.device.targets import DeviceTarget, read_target
from lockstick.trust.device.values import Value, as_bool, as_integer, as_text, is_integral, items, member
from lockstick.trust.device.writing import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.trust.device.jsonreader import Parsed
    from lockstick.trust.device.limits import Client

__all__ = [
    "Delegation",
    "Header",
    "Root",
    "Snapshot",
    "Targets",
    "check_hashes",
    "read_root",
    "read_snapshot",
    "read_targets",
    "untrusted_version",
]

_TIME_LENGTH = 20


@dataclass(frozen=True)
class Header:
    """What every document has.

    Attributes:
        version: Its version.
        expires: When it expires, as written: the client compares texts.
    """

    version: int
    expires: str

    def expired(self, now: str) -> bool:
        """Say whether it has expired at a time written as the client writes it; the very second is still good."""
        return self.expires < now


@dataclass(frozen=True)
class Root:
    """A root: its header and whom it trusts."""

    header: Header
    ring: KeyRing


@dataclass(frozen=True)
class Snapshot:
    """A snapshot or offline-snapshot.

    Attributes:
        header: Its header.
        names: The names it lists without their last extension, in byte order of the full names.
        versions: Role to version.
        hashes: Role to pairs of algorithm and digits, in lower case.
    """

    header: Header
    names: tuple[str, ...]
    versions: Mapping[str, int]
    hashes: Mapping[str, tuple[tuple[str, str], ...]]

    def version(self, role: str) -> int:
        """The version it lists for a role; -1 for none."""
        return self.versions.get(role, -1)


@dataclass(frozen=True)
class Delegation:
    """One entry of a list of delegations."""

    name: str
    paths: tuple[str, ...]
    terminating: bool


@dataclass(frozen=True)
class Targets:
    """A lockbox, targets document or delegation."""

    header: Header
    targets: tuple[DeviceTarget, ...]
    ring: KeyRing
    delegations: tuple[Delegation, ...]


def read_root(raw: bytes, client: Client, signers: KeyRing | None = None) -> Root:
    """Read a root and check that it is signed by its own keys, and by those of the root before it.

    Args:
        raw: Its bytes.
        client: The revision of the client.
        signers: Whom the root before it trusts; None for a first root.

    Returns:
        The root.

    Raises:
        RefusedError: If it is refused. Neither its version nor its expiry is judged.
    """
    document = _parse(raw, client)
    header = _header(document)
    ring = KeyRing(client)
    body = member(document.value, "signed")
    ring.add_keys(member(body, "keys"))
    for name, value in items(member(body, "roles")):
        if role := named_role(name):
            ring.add_role(role, value)
    if signers is not None:
        signers.check("root", document)
    ring.check("root", document)
    return Root(header, ring)


def read_snapshot(raw: bytes, client: Client, role: str, signers: KeyRing) -> Snapshot:
    """Read a snapshot or offline-snapshot and check its signatures.

    Args:
        raw: Its bytes.
        client: The revision of the client.
        role: ``snapshot`` or ``offline-snapshot``.
        signers: Whom the root trusts.

    Returns:
        The snapshot.

    Raises:
        RefusedError: If it is refused. Its expiry is not judged.
    """
    document = _parse(raw, client)
    signers.check(role, document)
    header = _header(document)
    body = member(document.value, "signed")
    entries = member(body, "meta")
    if member(body, "_type") not in ("Snapshot", "Offline-Snapshot") or not isinstance(entries, dict):
        raise RefusedError("type", role)
    names: list[str] = []
    versions: dict[str, int] = {}
    hashes: dict[str, list[tuple[str, str]]] = {}
    for full, entry in items(entries):
        name = full.rpartition(".")[0] if "." in full else full
        if not is_integral(member(entry, "version")):
            raise RefusedError("shape", f"the entry {full} has no version")
        listed = name if name in ROLES else delegation_role(name)
        names.append(name)
        versions[listed] = as_integer(member(entry, "version"))
        if isinstance(member(entry, "hashes"), dict):
            hashes.setdefault(listed, []).extend(
                (algorithm.lower(), as_text(digits).lower()) for algorithm, digits in items(member(entry, "hashes"))
            )
    return Snapshot(header, tuple(names), versions, {name: tuple(pairs) for name, pairs in hashes.items()})


def read_targets(raw: bytes, client: Client, role: str, signers: KeyRing) -> Targets:
    """Read a lockbox, targets document or delegation and check its signatures.

    Args:
        raw: Its bytes.
        client: The revision of the client.
        role: The role it is signed for.
        signers: Whom the root, or the delegating document, trusts.

    Returns:
        The document.

    Raises:
        RefusedError: If it is refused. Neither its version nor its expiry is judged.
    """
    document = _parse(raw, client)
    signers.check(role, document)
    header = _header(document)
    body = member(document.value, "signed")
    if member(body, "_type") not in ("Targets", "Offline-Updates"):
        raise RefusedError("type", role)
    targets = tuple(read_target(name, value, client) for name, value in items(member(body, "targets")))
    ring = KeyRing(client)
    delegations = member(body, "delegations")
    listed: list[str] = []
    paths: dict[str, tuple[str, ...]] = {}
    terminating: dict[str, bool] = {}
    if isinstance(delegations, dict):
        ring.add_keys(member(delegations, "keys"))
        for _, value in items(member(delegations, "roles")):
            name = as_text(member(value, "name"))
            ring.add_role(delegation_role(name), value)
            listed.append(name)
            paths[name] = tuple(as_text(path) for _, path in items(member(value, "paths")))
            terminating[name] = as_bool(member(value, "terminating"))
    return Targets(header, targets, ring, tuple(Delegation(name, paths[name], terminating[name]) for name in listed))


def untrusted_version(raw: bytes, client: Client) -> int:
    """The version that a document claims, before anything about it is checked; -1 if it claims none."""
    value = member(member(parse(raw, client.depth).value, "signed"), "version")
    return as_integer(value) if is_integral(value) else -1


def check_hashes(raw: bytes, client: Client, listed: tuple[tuple[str, str], ...]) -> bool:
    """Say whether the canonical form of a whole document has all hashes that a snapshot lists (lockbox-format 3.6).

    Args:
        raw: Its bytes as they lie on the medium.
        client: The revision of the client.
        listed: Pairs of algorithm and digits, in lower case; unknown algorithms are passed over.

    Returns:
        True if none of them differs; also if there are none.
    """
    document = parse(raw, client.depth)
    data = written(document.value)
    digests = {"sha256": hashlib.sha256(data).hexdigest(), "sha512": hashlib.sha512(data).hexdigest()}
    known = [(algorithm, digits) for algorithm, digits in listed if algorithm in digests]
    # Comments are written as well, so that no hash can be right.
    return all(digests[algorithm] == digits and not document.commented for algorithm, digits in known)


def _parse(raw: bytes, client: Client) -> Parsed:
    document = parse(raw, client.depth)
    if not isinstance(document.value, dict) or "signed" not in document.value:
        raise RefusedError("json")
    return document


def _header(document: Parsed) -> Header:
    body: Value = member(document.value, "signed")
    version = as_integer(member(body, "version"))
    expires = as_text(member(body, "expires"))
    if len(expires.encode("utf-8", "surrogatepass")) != _TIME_LENGTH or not expires.endswith("Z"):
        raise RefusedError("timestamp")
    return Header(version, expires)
