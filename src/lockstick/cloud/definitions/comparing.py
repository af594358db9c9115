"""What tells two lockboxes apart: two versions, two names, or a file and what is published."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lockstick.cloud.api.model import Package
from lockstick.cloud.api.planning import LockboxContent, content_of, plan_definition, says
from lockstick.cloud.api.requests import Custom, LockboxDefinition
from lockstick.cloud.definitions.expiry import Date
from lockstick.cloud.definitions.lookup import look_up
from lockstick.cloud.definitions.publishing import ending, wanted_packages
from lockstick.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lockstick.cloud.api.client import ApiClient
    from lockstick.cloud.api.planning import DefinitionPlan
    from lockstick.cloud.definitions.reading import Definition

__all__ = ["Side", "compare", "defined_side", "published_side", "read_reference"]

_REFERENCE = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,253})(?:@(?P<version>[0-9]{1,10}))?")


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two.

    Attributes:
        label: What was asked for.
        version: Its version; None for a file.
        content: What it holds.
        fixes_end: Whether its end is a certain one; a file that names a span, or none, fits any.
    """

    label: str
    version: int | None
    content: LockboxContent
    fixes_end: bool = True


def read_reference(text: str) -> tuple[str, int | None]:
    """Read ``NAME`` or ``NAME@VERSION``.

    Returns:
        The name, and the version or None for the newest.

    Raises:
        UsageError: It is neither.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text[:80]!r} is neither a lockbox nor a file",
            remedy="Name a lockbox (line-a), a version of it (line-a@3), or a file that ends in .yaml or .yml.",
        )
    return found["name"], None if found["version"] is None else int(found["version"])


def published_side(api: ApiClient, text: str) -> Side:
    """Fetch what a reference names.

    Raises:
        NotFoundError: There is no such lockbox or version.
        UsageError: It is no reference.
    """
    name, version = read_reference(text)
    content = content_of(api.lockboxes.document(name, version))
    return Side(label=text, version=content.version, content=content)


def defined_side(api: ApiClient, wanted: Definition, *, now: datetime) -> Side:
    """Say what a lockbox would hold if a file were published now.

    Raises:
        NotFoundError: A package is not there.
        UsageError: The file makes no sense.
    """
    definition, known = wanted_packages(api, wanted, expires=ending(wanted, now))
    content = LockboxContent(
        version=0,
        expires=definition.expires,
        hashes={one: known[one].hashes for one in definition.package_ids},
        lengths={one: known[one].size for one in definition.package_ids},
        custom={
            one: {"hardwareIds": list(known[one].hardware_ids), **_metadata(definition.custom.get(one))}
            for one in definition.package_ids
        },
    )
    return Side(label=wanted.origin, version=None, content=content, fixes_end=isinstance(wanted.expires, Date))


def compare(api: ApiClient, before: Side, after: Side) -> DefinitionPlan:
    """Say what the second has that the first has not, and the other way round.

    Args:
        api: Knows the names of packages.
        before: The first.
        after: The second.
    """
    old, new = before.content, after.content
    known = look_up(api.packages, [*old.hashes, *new.hashes])
    # What each was signed with counts, not what the account has under that id by now.
    signed = {one: _signed(one, known.get(one), content) for content in (old, new) for one in content.hashes}
    definition = LockboxDefinition(package_ids=tuple(new.hashes), expires=new.expires)
    plan = plan_definition(definition, signed, old)
    staying = sorted({*plan.kept, *plan.restated}, key=definition.package_ids.index)
    restated = [one for one in staying if not _alike(before, after, one)]
    return replace(plan, restated=tuple(restated), kept=tuple(one for one in staying if one not in restated))


def _alike(before: Side, after: Side, package_id: str) -> bool:
    """Say whether the same is said of a package; a file does not know where the service puts its metadata."""
    old, new = (side.content.custom.get(package_id, {}) for side in (before, after))
    if _hardware_ids(old) != _hardware_ids(new):
        return False
    if before.version is None and after.version is not None:
        return says(new, Custom(metadata=old.get("metadata")))
    if after.version is None and before.version is not None:
        return says(old, Custom(metadata=new.get("metadata")))
    return _said(old) == _said(new)


def _signed(package_id: str, known: Package | None, content: LockboxContent) -> Package:
    stranger = Package(name=package_id, version="", package_id=package_id, size=0, hashes={})
    return replace(known or stranger, hashes=content.hashes[package_id])


def _metadata(custom: Custom | None) -> Mapping[str, object]:
    return {} if custom is None or custom.metadata is None else {"metadata": custom.metadata}


def _hardware_ids(custom: Mapping[str, object]) -> set[str]:
    listed = custom.get("hardwareIds")
    return {str(one) for one in listed} if isinstance(listed, list) else set()


def _said(custom: Mapping[str, object]) -> str:
    return json.dumps(
        {name: value for name, value in custom.items() if value is not None and name != "hardwareIds"}, sort_keys=True
    )
