"""What the files of a TUF repository are called, and how large they may be."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import quote

from lockstick.metadata.malformed import MalformedError

__all__ = ["CLIENT_LIMITS", "TOP_LEVEL", "ClientLimits", "check_role_name", "metadata_name", "target_name"]

TOP_LEVEL = frozenset({"root", "timestamp", "snapshot", "targets"})


@dataclass(frozen=True, kw_only=True)
class ClientLimits:
    """Largest sizes and counts.

    Attributes:
        root: Most bytes of a root.
        timestamp: Most bytes of a timestamp.
        snapshot: Most bytes of a snapshot whose length is not listed.
        targets: Most bytes of a role of targets whose length is not listed.
        most: Most bytes of any document, whatever length is listed.
        root_steps: Most new roots in one update.
        delegations: Most delegated roles in one search.
    """

    root: int
    timestamp: int
    snapshot: int
    targets: int
    most: int
    root_steps: int
    delegations: int


CLIENT_LIMITS = ClientLimits(
    root=512_000,
    timestamp=16_384,
    snapshot=2_000_000,
    targets=5_000_000,
    most=64 << 20,
    root_steps=256,
    delegations=32,
)
"""What the reference client allows, and a cap of our own on listed lengths."""


def check_role_name(name: str) -> None:
    """Refuse a delegated role whose file would take the place of a top-level one.

    Raises:
        MalformedError: The name is empty, or a top-level role's in any case of letters: there are file systems
            that ignore it.
    """
    if not name or name.lower() in TOP_LEVEL:
        raise MalformedError("delegation-name", f"a delegated role may not be called {name!r}")


def metadata_name(role: str, version: int | None = None) -> str:
    """The name of a role's file: one segment of a path, whatever the role is called.

    Args:
        role: The role's name.
        version: Its version where the name begins with one; None where it does not.

    Returns:
        The name, percent-encoded with nothing left as it is but letters, digits and ``_.-~``.
    """
    name = f"{quote(role, safe='')}.json"
    return name if version is None else f"{version}.{name}"


def target_name(name: str, digest: str | None) -> str:
    """The path of a target's file below the base URL, percent-encoded.

    Args:
        name: The target's name.
        digest: The hash that its last component begins with under consistent snapshots; None without.

    Returns:
        The path.
    """
    folder, base = posixpath.split(name)
    return quote(posixpath.join(folder, base if digest is None else f"{digest}.{base}"), safe="/")
