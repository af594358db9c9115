"""How near an account is to the limits that its lockboxes share (cloud-apis 1.7 and 1.9).

An account holds 300 lockboxes, and one offline-snapshot lists them all. Devices refuse one of more than 64 KiB, and
with it every stick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.metadata.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lockstick.metadata.types import JsonObject

__all__ = ["MOST_LOCKBOXES", "MOST_SNAPSHOT_BYTES", "Crowding", "crowding"]

MOST_LOCKBOXES = 300
"""With as many, the service lets none be made or changed."""

MOST_SNAPSHOT_BYTES = 64 << 10
"""The most bytes of an offline-snapshot that every device takes."""

_NEAR = 0.9
_KEYID, _RSA_SIGNATURE = "0" * 64, "0" * 344  # of a 2048-bit key, in base64


@dataclass(frozen=True, kw_only=True)
class Crowding:
    """How full it is.

    Attributes:
        lockboxes: How many lockboxes there are.
        snapshot_bytes: About how many bytes the offline-snapshot has, for a service that writes it without blanks and
            signs it with one 2048-bit key. Only how many digits its numbers have is not known.
    """

    lockboxes: int
    snapshot_bytes: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to tell somebody who is about to define a lockbox."""
        found = []
        if self.lockboxes >= MOST_LOCKBOXES * _NEAR:
            found.append(
                f"The account has {self.lockboxes} of {MOST_LOCKBOXES} lockboxes; when it is full, none can be changed."
            )
        if self.snapshot_bytes >= MOST_SNAPSHOT_BYTES * _NEAR:
            found.append(
                f"The list of all lockboxes has about {self.snapshot_bytes} of the {MOST_SNAPSHOT_BYTES} bytes that "
                "devices take; delete lockboxes that no stick needs, or give shorter names."
            )
        return tuple(found)


def crowding(names: Iterable[str]) -> Crowding:
    """Work out how full an account is.

    Args:
        names: The names of its lockboxes.
    """
    entry: JsonObject = {"hashes": {"sha256": _KEYID}, "length": 1000, "version": 10}
    meta: JsonObject = {f"{name}.json": entry for name in names}
    snapshot: JsonObject = {
        "signatures": [{"keyid": _KEYID, "method": "rsassa-pss-sha256", "sig": _RSA_SIGNATURE}],
        "signed": {"_type": "Offline-Snapshot", "expires": "2026-12-31T00:00:00Z", "meta": meta, "version": 100},
    }
    return Crowding(lockboxes=len(meta), snapshot_bytes=len(canonical(snapshot)))
