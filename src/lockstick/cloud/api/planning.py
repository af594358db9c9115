"""What a definition would change, worked out before it is published.

A definition replaces all of a lockbox, and what it leaves out is gone. So somebody should see, against what is there:

1. which packages come, go, get another version, have other bytes under the same id, or are said other things of;
2. when it expires, before and after;
3. what devices would refuse: two packages for one hardware id cost the whole lockbox (lockbox-format 3.4), and a
   package without any goes nowhere;
4. what the account does not have: the service refuses the definition for it.

Nothing here is judged by signatures: it is advice, and the medium is proven later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.cloud.api.shapes import INT64, Fields, ShapeError, text
from lockstick.errors import TransferError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.cloud.api.model import Package, SignedDocument
    from lockstick.cloud.api.requests import Custom, LockboxDefinition

__all__ = ["DefinitionPlan", "LockboxContent", "agree", "content_of", "is_for", "plan_definition", "says"]

_METADATA = ("metadata", "userDefinedCustom")


@dataclass(frozen=True, kw_only=True)
class LockboxContent:
    """What a lockbox says, as far as a plan needs it.

    Attributes:
        version: Its version.
        expires: When it ends; None where it does not say.
        hashes: Package id to digests by algorithm.
        lengths: Package id to bytes; those that do not say are not in it.
        custom: Package id to what is said of it, hardware ids among it.
    """

    version: int
    expires: datetime | None
    hashes: Mapping[str, Mapping[str, str]]
    lengths: Mapping[str, int] = field(default_factory=dict)
    custom: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DefinitionPlan:
    """What would change. Ids are in the definition's order, what goes in the old lockbox's.

    Attributes:
        before: The lockbox as it is; None for a new one.
        expires: When it is to end; None for what the service thinks right.
        added: Ids of packages that come.
        removed: Ids of packages that go.
        replaced: Pairs of ids: a package goes, and another version of it comes.
        changed: Ids of packages that stay, but whose bytes are others now.
        kept: Ids of packages that stay as they are.
        restated: Ids of packages that stay, but of which other things are said, or that are for other hardware ids.
        unknown: Ids that the account does not have.
        crowded: Hardware id to the ids of the several packages for it.
        homeless: Ids of packages for no hardware id.
    """

    before: LockboxContent | None
    expires: datetime | None
    added: tuple[str, ...]
    removed: tuple[str, ...]
    replaced: tuple[tuple[str, str], ...]
    changed: tuple[str, ...]
    kept: tuple[str, ...]
    restated: tuple[str, ...]
    unknown: tuple[str, ...]
    crowded: Mapping[str, tuple[str, ...]]
    homeless: tuple[str, ...]

    @property
    def is_refused_by_devices(self) -> bool:
        """Whether a device that it is for would refuse all of it."""
        return bool(self.crowded)

    @property
    def changes_packages(self) -> bool:
        """Whether its packages, or what is said of them, would be others than before."""
        return bool(self.added or self.removed or self.replaced or self.changed or self.restated)


def content_of(document: SignedDocument) -> LockboxContent:
    """Read what a lockbox says.

    Args:
        document: The lockbox, as the service gave it.

    Raises:
        TransferError: It says nothing of the kind.
    """
    try:
        fields = Fields(document.signed, "signed")
        entries = fields.table("targets", _entry)
        return LockboxContent(
            version=fields.integer("version"),
            expires=fields.time_or_none("expires"),
            hashes={name: entry.hashes for name, entry in entries.items()},
            lengths={name: entry.length for name, entry in entries.items() if entry.length is not None},
            custom={name: entry.custom for name, entry in entries.items()},
        )
    except ShapeError as error:
        raise TransferError(
            "the lockbox that is there cannot be read",
            why=str(error),
            remedy="Look at it in the web interface; it can be defined anew all the same.",
        ) from None


def plan_definition(
    definition: LockboxDefinition, packages: Mapping[str, Package], before: LockboxContent | None
) -> DefinitionPlan:
    """Work out what a definition would change.

    Args:
        definition: The definition.
        packages: Package id to package: those that it names and those that are in the lockbox, as far as the account
            has them.
        before: The lockbox as it is; None for a new one.
    """
    wanted = tuple(dict.fromkeys(definition.package_ids))
    old = {} if before is None else before.hashes
    staying = [one for one in wanted if one in old]
    changed = tuple(one for one in staying if one in packages and not agree(packages[one].hashes, old[one]))
    customs: Mapping[str, Mapping[str, object]] = {} if before is None else before.custom
    restated = [
        one
        for one in staying
        if not says(customs.get(one, {}), definition.custom.get(one))
        or not is_for(customs.get(one, {}), packages.get(one))
    ]
    coming = [one for one in wanted if one not in old]
    going = [one for one in old if one not in wanted]
    replaced = _pairs(going, coming, packages)
    paired = {one for pair in replaced for one in pair}
    by_hardware: dict[str, list[str]] = {}
    for one in wanted:
        for hardware_id in dict.fromkeys(packages[one].hardware_ids if one in packages else ()):
            by_hardware.setdefault(hardware_id, []).append(one)
    return DefinitionPlan(
        before=before,
        expires=definition.expires,
        added=tuple(one for one in coming if one not in paired),
        removed=tuple(one for one in going if one not in paired),
        replaced=replaced,
        changed=changed,
        kept=tuple(one for one in staying if one not in changed and one not in restated),
        restated=tuple(one for one in restated if one not in changed),
        unknown=tuple(one for one in wanted if one not in packages),
        crowded={name: tuple(ids) for name, ids in by_hardware.items() if len(ids) > 1},
        homeless=tuple(one for one in wanted if one in packages and not packages[one].hardware_ids),
    )


@dataclass(frozen=True, kw_only=True)
class _Entry:
    hashes: Mapping[str, str]
    length: int | None
    custom: Mapping[str, object]


def _entry(value: object, where: str) -> _Entry:
    fields = Fields(value, where)
    length, custom = fields.anything("length"), fields.anything("custom")
    return _Entry(
        hashes=fields.table("hashes", text),
        length=length if isinstance(length, int) and not isinstance(length, bool) and length in INT64 else None,
        custom=custom if isinstance(custom, dict) else {},
    )


def says(custom: Mapping[str, object], wanted: Custom | None) -> bool:
    """Say whether a lockbox says what is wanted of a package.

    Where the service puts the metadata is documented nowhere: any member may hold it, or its members may stand among
    others. Where none is wanted, members that nobody asked for do not count: a service that adds some of its own must
    not make every definition a change.

    Args:
        custom: What it says.
        wanted: What is wanted.
    """
    metadata = None if wanted is None else wanted.metadata
    if metadata is None or metadata == {}:
        return all(custom.get(name) in (None, {}) for name in _METADATA)
    said = {name: _as_text(value) for name, value in custom.items()}
    if _as_text(metadata) in said.values():
        return True
    return isinstance(metadata, dict) and all(said.get(name) == _as_text(value) for name, value in metadata.items())


def is_for(custom: Mapping[str, object], package: Package | None) -> bool:
    """Say whether a lockbox lists a package for the hardware that it is for by now, as far as both say it."""
    listed = custom.get("hardwareIds")
    return (
        package is None
        or not isinstance(listed, list)
        or set(map(_as_text, listed)) == {_as_text(one) for one in package.hardware_ids}
    )


def _as_text(value: object) -> str:
    """Write JSON in one way; for Python, 1 and true are equal."""
    return json.dumps(value, sort_keys=True)


def agree(some: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Say whether digests are of the same bytes, as far as they are by the same algorithm."""
    return all(others[name].lower() == digest.lower() for name, digest in some.items() if name in others)


def _pairs(going: list[str], coming: list[str], packages: Mapping[str, Package]) -> tuple[tuple[str, str], ...]:
    """Match what goes with what comes under the same name, each once, in the order of what comes."""
    left = {one: packages[one].name for one in going if one in packages}
    found = []
    for one in coming:
        name = packages[one].name if one in packages else None
        match = next((other for other, its_name in left.items() if its_name == name), None)
        if match is not None:
            del left[match]
            found.append((match, one))
    return tuple(found)
