"""Whether the Director's target agrees with the image repository's (lockbox-format 3.6, 10.2 V6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

_CLOCK_TOLERANCE = timedelta(minutes=10)

if TYPE_CHECKING:
    from lockstick.metadata.targets import Target
    from lockstick.trust.findings import Ledger

__all__ = ["check_clock", "check_match", "check_shape"]


def check_match(wanted: Target, listed: Target | None, ledger: Ledger) -> bool:
    """Check that the image repository lists what the lockbox wants: length, hashes, hardware ids.

    Every hash that the lockbox gives must be the image repository's where that gives one, and one at least must
    be common to both. Every hardware id of the lockbox must be among the image repository's: the device looks
    only at its own, but nobody decided that the others may have it.

    Args:
        wanted: The lockbox's entry.
        listed: The image repository's final entry of the same name, or None.
        ledger: Where findings go.

    Returns:
        True if they agree.
    """
    subject = wanted.name
    if listed is None:
        ledger.report("target-unknown", subject, "the image repository does not list this target")
        return False
    agree = True
    if listed.length != wanted.length:
        agree = False
        ledger.report(
            "target-length",
            subject,
            f"the lockbox wants {wanted.length} bytes, the image repository lists {listed.length}",
        )
    common = wanted.hashes.keys() & listed.hashes.keys()
    for algorithm in sorted(common):
        if wanted.hashes[algorithm] != listed.hashes[algorithm]:
            agree = False
            ledger.report(
                "target-hash",
                subject,
                f"the lockbox wants {algorithm} {wanted.hashes[algorithm][:16]}…, "
                f"the image repository lists {listed.hashes[algorithm][:16]}…",
            )
    if not common:
        agree = False
        ledger.report("target-without-hash", subject, "lockbox and image repository have no known hash in common")
    foreign = sorted(set(wanted.hardware_ids) - set(listed.hardware_ids))
    if foreign:
        agree = False
        ledger.report(
            "target-hardware-id",
            subject,
            f"the image repository does not list it for the hardware ids {', '.join(foreign)}",
        )
    return agree


def check_clock(listed: Target, at: datetime, ledger: Ledger) -> None:
    """Refuse to judge by a time at which something signed did not exist yet.

    A clock that is behind blesses what has expired. What was created or changed later than the clock says
    shows that it is.

    Args:
        listed: The image repository's entry.
        at: The time to judge by.
        ledger: Where findings go.
    """
    for member in ("createdAt", "updatedAt"):
        value = listed.custom.get(member)
        try:
            instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            continue  # what it looks like is nobody's rule
        if instant is not None and instant.tzinfo is not None and instant - _CLOCK_TOLERANCE > at:
            ledger.report(
                "clock-behind",
                listed.name,
                f"judged by {at:%Y-%m-%d %H:%M} UTC, but this was signed with the date {instant:%Y-%m-%d %H:%M}",
            )
            return


def check_shape(wanted: Target, listed: Target | None, ledger: Ledger) -> None:
    """Check that length and format go together: only an operating-system commit has no bytes of its own.

    A device takes a target without bytes for a commit unless the lockbox says otherwise, and its process dies
    when it fetches one as a file (lockbox-format 4, 11).

    Args:
        wanted: The lockbox's entry.
        listed: The image repository's entry, or None.
        ledger: Where findings go.
    """
    formats = {target.target_format for target in (wanted, listed) if target is not None and target.target_format}
    if wanted.length == 0 and formats - {"OSTREE"}:
        ledger.report("target-empty", wanted.name, "the target has no bytes but is not an operating-system commit")
    if wanted.length != 0 and "OSTREE" in formats:
        ledger.report("target-format", wanted.name, "an operating-system commit cannot have a length of its own")
    if len(formats) > 1:
        ledger.report("target-format", wanted.name, "lockbox and image repository disagree about its format")
    if "ecuIdentifiers" in wanted.custom:
        ledger.report(
            "target-names-ecus",
            wanted.name,
            "the lockbox names single devices, which only an online update does",
        )
