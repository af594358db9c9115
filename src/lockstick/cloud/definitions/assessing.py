"""What a definition would do, and whether it should be done.

1. It changes something if the packages, what is said of them, or the end would be others. A span says how long a
   lockbox lasts when it is published: one that is there, is not over, and ends no later than the span allows, is left
   as it is.
2. What devices or the service would refuse is an obstacle: two packages for one hardware id (lockbox-format 3.4), a
   lockbox or an offline-snapshot of more bytes than devices read (lockbox-format 1.3), more lockboxes than an account
   holds (cloud-apis 1.7). An end that is over is a mistake in any case.
3. What may surprise is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from lockstick.cloud.api.limits import MOST_LOCKBOXES, MOST_SNAPSHOT_BYTES, crowding
from lockstick.cloud.definitions.expiry import Date
from lockstick.errors import UsageError
from lockstick.metadata.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from lockstick.cloud.api.model import Package
    from lockstick.cloud.api.planning import DefinitionPlan
    from lockstick.cloud.api.requests import LockboxDefinition
    from lockstick.cloud.definitions.expiry import Expiry
    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["MOST_LOCKBOX_BYTES", "Assessment", "assess", "lockbox_bytes"]

MOST_LOCKBOX_BYTES = 64 << 10
"""The most bytes of a lockbox's signed list that devices read (lockbox-format 1.3)."""

_NEAR = 0.9
_SOON = 0.1
_SHORT = timedelta(days=1)
_SKEW = timedelta(minutes=5)
_LARGEST_FILE = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What a definition would do.

    Attributes:
        name: The lockbox.
        definition: What would be sent.
        plan: What would change of its packages.
        changes: Whether there is anything to send.
        lockboxes: How many lockboxes the account has so far.
        obstacles: What devices or the service would refuse; each a sentence.
        warnings: What may surprise; each a sentence.
        packages: Id to package as it was when this was worked out, of those in the definition.
    """

    name: str
    definition: LockboxDefinition
    plan: DefinitionPlan
    changes: bool
    lockboxes: int
    obstacles: tuple[str, ...]
    warnings: tuple[str, ...]
    packages: Mapping[str, Package] = field(default_factory=dict, repr=False)


def assess(
    name: str,
    definition: LockboxDefinition,
    plan: DefinitionPlan,
    *,
    expiry: Expiry | None,
    packages: Mapping[str, Package],
    names: Collection[str],
    now: datetime,
    renew: bool = False,
) -> Assessment:
    """Assess a definition.

    Args:
        name: The lockbox.
        definition: What would be sent.
        plan: What would change.
        expiry: The end as it was asked for.
        packages: Id to package, of those in the definition at least.
        names: The lockboxes of the account.
        now: The time.
        renew: Whether it is to be published even if nothing changes.

    Raises:
        UsageError: It would be over already.
    """
    if definition.expires is not None and definition.expires <= now:
        raise UsageError(
            f"the lockbox {name!r} would be over before it is published",
            why=f"it would end on {definition.expires:%Y-%m-%d %H:%M} UTC",
            remedy="Write a later date, or a span as in 90d.",
        )
    case = _Case(name, definition, plan, expiry, packages, names, now)
    changes = renew or plan.before is None or plan.changes_packages or _moves_end(case)
    return Assessment(
        name=name,
        definition=definition,
        plan=plan,
        changes=changes,
        lockboxes=len(names),
        obstacles=tuple(_obstacles(case)) if changes else (),
        warnings=tuple(_warnings(case) if changes else _running_out(case)),
        packages={one: packages[one] for one in definition.package_ids if one in packages},
    )


@dataclass(frozen=True)
class _Case:
    name: str
    definition: LockboxDefinition
    plan: DefinitionPlan
    expiry: Expiry | None
    packages: Mapping[str, Package]
    names: Collection[str]
    now: datetime


def lockbox_bytes(definition: LockboxDefinition, packages: Mapping[str, Package]) -> int:
    """Say about how many bytes the signed list of a lockbox has, for a service that writes it without blanks.

    Args:
        definition: The lockbox.
        packages: Id to package.
    """
    targets: JsonObject = {}
    for one in definition.package_ids:
        package, custom = packages.get(one), definition.custom.get(one)
        said: JsonObject = {"hardwareIds": [] if package is None else list(package.hardware_ids)}
        if custom is not None and custom.metadata is not None:
            said["metadata"] = _json(custom.metadata)
        targets[one] = {
            "custom": said,
            "hashes": {"sha256": "0" * 64},
            "length": 0 if package is None else package.size,
        }
    signed: JsonObject = {
        "_type": "Offline-Updates",
        "expires": "2026-12-31T00:00:00Z",
        "targets": targets,
        "version": 100,
    }
    signature: JsonObject = {"keyid": "0" * 64, "method": "rsassa-pss-sha256", "sig": "0" * 344}
    return len(canonical({"signatures": [signature], "signed": signed}))


def _json(value: object) -> JsonValue:
    return value  # type: ignore[return-value]  # read as JSON, or about to be refused by the service


def _moves_end(case: _Case) -> bool:
    ends = None if case.plan.before is None else case.plan.before.expires
    if ends is None:
        return case.expiry is not None
    if ends <= case.now:
        return True  # over: it is published anew
    if case.expiry is None:
        return False
    wanted = case.expiry.after(case.now)
    return ends != wanted if isinstance(case.expiry, Date) else ends > wanted + _SKEW


def _obstacles(case: _Case) -> Iterator[str]:
    for hardware_id, ids in case.plan.crowded.items():
        listed = " and ".join(repr(one) for one in ids)
        yield f"{listed} are for one hardware id, {hardware_id!r}: devices with it refuse the whole lockbox."
    length = lockbox_bytes(case.definition, case.packages)
    if length > MOST_LOCKBOX_BYTES:
        yield f"Its signed list would have about {length} bytes; devices refuse more than {MOST_LOCKBOX_BYTES}."
    if len(case.names) >= MOST_LOCKBOXES:
        yield (
            f"The account has {len(case.names)} lockboxes; with {MOST_LOCKBOXES}, the service lets none be made or "
            "changed: delete some that no stick needs."
        )
    crowd = crowding({*case.names, case.name})
    if crowd.snapshot_bytes > MOST_SNAPSHOT_BYTES and case.name not in case.names:
        yield (
            f"The list of all lockboxes would have about {crowd.snapshot_bytes} bytes; devices that read "
            f"{MOST_SNAPSHOT_BYTES} would refuse every stick of the account."
        )


def _warnings(case: _Case) -> Iterator[str]:
    yield from crowding({*case.names, case.name}).warnings
    length = lockbox_bytes(case.definition, case.packages)
    if MOST_LOCKBOX_BYTES * _NEAR <= length <= MOST_LOCKBOX_BYTES:
        yield f"Its signed list has about {length} of the {MOST_LOCKBOX_BYTES} bytes that devices read."
    for one in case.plan.homeless:
        yield f"The package {one!r} is for no hardware id: no device takes it."
    for one in case.definition.package_ids:
        if one in case.packages and case.packages[one].size > _LARGEST_FILE:
            yield f"The package {one!r} has {case.packages[one].size} bytes: a FAT32 stick cannot hold such a file."
    ends = case.definition.expires
    if ends is not None and ends - case.now < _SHORT:
        yield f"It ends on {ends:%Y-%m-%d %H:%M} UTC, in less than a day."


def _running_out(case: _Case) -> Iterator[str]:
    """Say that a lockbox that is left as it is will not last."""
    ends = None if case.plan.before is None else case.plan.before.expires
    if ends is None or case.expiry is None or isinstance(case.expiry, Date):
        return
    whole = case.expiry.after(case.now) - case.now
    if ends - case.now < whole * _SOON:
        yield f"It ends on {ends:%Y-%m-%d %H:%M} UTC; --renew publishes it anew."
