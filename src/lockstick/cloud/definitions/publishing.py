"""From a definition to a published lockbox: look at what is there, assess, send, look again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lockstick.cloud.api.lockboxes import check_name
from lockstick.cloud.api.planning import agree, content_of, is_for, plan_definition
from lockstick.cloud.api.requests import Custom, LockboxDefinition
from lockstick.cloud.definitions.assessing import assess
from lockstick.cloud.definitions.lookup import find_packages, look_up
from lockstick.errors import NotFoundError, TransferError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from lockstick.cloud.api.client import ApiClient
    from lockstick.cloud.api.model import Package
    from lockstick.cloud.api.planning import LockboxContent
    from lockstick.cloud.definitions.assessing import Assessment
    from lockstick.cloud.definitions.reading import Definition

__all__ = ["current", "ending", "prepare", "prepare_revocation", "publish", "wanted_packages"]

_ROUNDING = timedelta(minutes=1)


def current(api: ApiClient, name: str) -> LockboxContent | None:
    """Give what a lockbox says now; None if there is none."""
    try:
        return content_of(api.lockboxes.document(name))
    except NotFoundError:
        return None


def wanted_packages(
    api: ApiClient, wanted: Definition, *, expires: datetime | None = None, before: LockboxContent | None = None
) -> tuple[LockboxDefinition, dict[str, Package]]:
    """Make what can be sent of what a file says.

    Args:
        api: Where the packages are.
        wanted: What the file says.
        expires: When the lockbox is to end.
        before: A lockbox whose packages are to be looked up as well.

    Returns:
        The definition, and id to package as far as the account has them.

    Raises:
        NotFoundError: A package is not there.
        UsageError: A package is ambiguous, or not for what it should be for.
    """
    ids = [one.package_id for one in wanted.packages if one.package_id is not None]
    named = [(one.name, one.version) for one in wanted.packages if one.name is not None and one.version is not None]
    known = look_up(api.packages, [*ids, *(before.hashes if before is not None else ())], named)
    found = find_packages(api.packages, wanted.packages, known)
    custom = {
        package.package_id: Custom(metadata=one.metadata)
        for one, package in zip(wanted.packages, found, strict=True)
        if one.metadata is not None
    }
    definition = LockboxDefinition(package_ids=[one.package_id for one in found], custom=custom, expires=expires)
    return definition, known


def prepare(api: ApiClient, name: str, wanted: Definition, *, now: datetime, renew: bool = False) -> Assessment:
    """Work out what a definition would do. Nothing is sent.

    Args:
        api: The account.
        name: The lockbox.
        wanted: What it should be.
        now: The time.
        renew: Whether it is to be published even if nothing changes.

    Raises:
        UsageError: The definition is for another lockbox, or makes no sense; or the name is none.
        NotFoundError: A package is not there.
        LockstickError: Whatever the service does.
    """
    if wanted.lockbox is not None and wanted.lockbox != name:
        raise UsageError(
            f"{wanted.origin} defines the lockbox {wanted.lockbox!r}, not {name!r}",
            remedy="Name that lockbox, or correct the file.",
        )
    check_name(name)
    before = current(api, name)
    definition, known = wanted_packages(api, wanted, expires=ending(wanted, now), before=before)
    return assess(
        name,
        definition,
        plan_definition(definition, known, before),
        expiry=wanted.expires,
        packages=known,
        names=api.lockboxes.names(),
        now=now,
        renew=renew,
    )


def prepare_revocation(api: ApiClient, name: str, *, now: datetime, renew: bool = False) -> Assessment:
    """Work out what publishing a lockbox with nothing in it would do. Nothing is sent.

    Raises:
        NotFoundError: There is no such lockbox.
        LockstickError: Whatever the service does.
    """
    before = content_of(api.lockboxes.document(name))
    known = look_up(api.packages, before.hashes)
    definition = LockboxDefinition(package_ids=())
    return assess(
        name,
        definition,
        plan_definition(definition, known, before),
        expiry=None,
        packages=known,
        names=api.lockboxes.names(),
        now=now,
        renew=renew,
    )


def publish(api: ApiClient, assessed: Assessment, *, was_shown: bool = False) -> LockboxContent:
    """Publish a lockbox, and look whether it is what was meant.

    Args:
        api: The account.
        assessed: What is meant.
        was_shown: Whether somebody has read the assessment meanwhile, so that the lockbox may have changed.

    Returns:
        The lockbox as it is now.

    Raises:
        UsageError: The lockbox is no longer what it was when this was assessed.
        TransferError: Among others, the lockbox is not what was sent.
        LockstickError: Whatever the service does.
    """
    if was_shown:
        _check_unchanged(api, assessed)
    api.lockboxes.define(assessed.name, assessed.definition)
    now = content_of(api.lockboxes.document(assessed.name))
    if (difference := _difference(assessed, now)) is not None:
        raise TransferError(
            f"the lockbox {assessed.name!r} is not what was defined",
            why=f"its version {now.version} {difference}: somebody else may have changed it, or a package, at the same "
            "moment",
            remedy=f"Look at it (lockstick lockboxes show {assessed.name}), and define it again.",
        )
    return now


def _check_unchanged(api: ApiClient, assessed: Assessment) -> None:
    why = ""
    if _version(current(api, assessed.name)) != _version(assessed.plan.before):
        why = "somebody else defined it after you were shown what would change"
    else:
        # An id stays the same if a package is deleted and another one is uploaded under its name and version.
        known = look_up(api.packages, assessed.packages)
        for one, shown in assessed.packages.items():
            if one not in known or not _is_same(shown, known[one]):
                why = f"the package {one!r} is not the one any more that it was when you were shown what would change"
                break
    if why:
        raise UsageError(
            f"the lockbox {assessed.name!r} has changed meanwhile",
            why=why,
            remedy="Run the same command again, and look at what would change now.",
        )


def _is_same(shown: Package, now: Package) -> bool:
    return (
        shown.size == now.size and agree(shown.hashes, now.hashes) and set(shown.hardware_ids) == set(now.hardware_ids)
    )


def _difference(assessed: Assessment, now: LockboxContent) -> str | None:
    """Say by what a lockbox is not what was meant; None if it is.

    What is said of a package is not looked at: where the service puts it is documented nowhere.
    """
    before, meant = _version(assessed.plan.before), assessed.definition
    if before is not None and now.version <= before:
        return "is no newer than the one before"
    if set(now.hashes) != set(meant.package_ids):
        return "holds other packages"
    for one, package in assessed.packages.items():
        if not agree(package.hashes, now.hashes[one]) or now.lengths.get(one, package.size) != package.size:
            return f"holds other bytes as {one!r}"
        if not is_for(now.custom.get(one, {}), package):
            return f"has {one!r} for other hardware ids"
    if meant.expires is not None and (now.expires is None or abs(now.expires - meant.expires) > _ROUNDING):
        return "ends at another time"
    return None


def _version(content: LockboxContent | None) -> int | None:
    return None if content is None else content.version


def ending(wanted: Definition, now: datetime) -> datetime | None:
    """Say when a lockbox would end that is published now.

    Args:
        wanted: What the file says.
        now: The time.

    Returns:
        The end; None for what the service thinks right.

    Raises:
        UsageError: It is after the end of the calendar.
    """
    try:
        return None if wanted.expires is None else wanted.expires.after(now)
    except ValueError:
        raise UsageError(
            "the lockbox would end after the end of the calendar", remedy="Write a shorter span."
        ) from None
