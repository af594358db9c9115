"""What the bytes behind a target must be, put together from what the lockbox and the image repository say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstick.metadata.malformed import MalformedError
from lockstick.trust.matching import check_clock, check_match, check_shape
from lockstick.trust.names import collisions, target_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from lockstick.metadata.targets import Target
    from lockstick.trust.findings import Ledger

__all__ = ["ExpectedPackage", "check_collisions", "expected_package"]


@dataclass(frozen=True, kw_only=True)
class ExpectedPackage:
    """What one target's bytes must be.

    Attributes:
        target: The target's name.
        path: The segments of its path below ``images/``; empty if the name is unsafe.
        name: The package's name by the image repository, or empty.
        version: The package's version by the image repository, or empty.
        target_format: ``OSTREE`` or ``BINARY``: what the lockbox says, else the image repository, else what
            the length means to a device.
        hardware_ids: For which hardware ids the lockbox wants it.
        length: Its length in bytes.
        hashes: Algorithm to digest: all that either document gives.
        custom: The image repository's ``custom`` member, which says where the bytes come from.
        agreed: True if lockbox and image repository agree about it.
    """

    target: str
    path: tuple[str, ...]
    name: str
    version: str
    target_format: str
    hardware_ids: tuple[str, ...]
    length: int
    hashes: Mapping[str, str]
    custom: Mapping[str, object] = field(repr=False)
    agreed: bool


def expected_package(target: Target, listed: Target | None, at: datetime, ledger: Ledger) -> ExpectedPackage:
    """Compare the two entries for a target and say what its bytes must be.

    Args:
        target: The lockbox's entry.
        listed: The image repository's entry, or None.
        at: The time to judge by.
        ledger: Where findings go.

    Returns:
        The package.
    """
    path: tuple[str, ...] = ()
    try:
        path = target_path(target.name)
    except MalformedError as error:
        ledger.malformed(target.name, error)
    agreed = check_match(target, listed, ledger)
    if listed is not None:
        check_clock(listed, at, ledger)
    check_shape(target, listed, ledger)
    known = target if listed is None else listed
    by_length = "BINARY" if target.length else "OSTREE"
    return ExpectedPackage(
        target=target.name,
        path=path,
        name=known.package,
        version=known.version,
        target_format=target.target_format or known.target_format or by_length,
        hardware_ids=target.hardware_ids,
        length=target.length,
        hashes={**known.hashes, **target.hashes},
        custom=known.custom,
        agreed=agreed,
    )


def check_collisions(packages: Iterable[ExpectedPackage], ledger: Ledger) -> None:
    """Report packages whose files would be one where case does not count.

    Args:
        packages: All packages of a lockbox.
        ledger: Where findings go.
    """
    for group in collisions(package.target for package in packages if package.path):
        ledger.report(
            "target-name-collision",
            group[0],
            f"these names are one on file systems that ignore case: {', '.join(repr(name) for name in group)}",
        )
