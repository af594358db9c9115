"""The lockboxes of an account, for a person and as JSON. Nothing in them is proven here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.report.plain import printable
from lockstick.report.sizes import day, size
from lockstick.report.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from lockstick.cloud.api import Crowding, LockboxContent

__all__ = ["Listed", "list_json", "list_text", "show_json", "show_text", "state_of"]


@dataclass(frozen=True)
class Listed:
    """A lockbox of the account.

    Attributes:
        name: Its name.
        content: What it says; None if that cannot be read.
    """

    name: str
    content: LockboxContent | None


def state_of(content: LockboxContent | None, now: datetime) -> str:
    """Say what is to be known first: ``unreadable``, ``expired``, ``revoked`` or ``current``."""
    if content is None:
        return "unreadable"
    if content.expires is not None and content.expires <= now:
        return "expired"
    return "current" if content.hashes else "revoked"


def list_json(listed: Sequence[Listed], crowd: Crowding, now: datetime) -> dict[str, object]:
    """Write a list as ``lockboxes list --json`` has it (docs/cli.md)."""
    return {
        "lockboxes": [
            {
                "name": one.name,
                "version": None if one.content is None else one.content.version,
                "expires": None if one.content is None else _instant(one.content.expires),
                "state": state_of(one.content, now),
                "packages": None if one.content is None else len(one.content.hashes),
            }
            for one in listed
        ],
        "snapshot_bytes": crowd.snapshot_bytes,
        "warnings": list(crowd.warnings),
    }


def list_text(listed: Sequence[Listed], crowd: Crowding, now: datetime) -> Iterator[str]:
    """Write a list for a person.

    Yields:
        Lines without line ends.
    """
    yield from table(("name", "version", "good until", "packages", "state"), [_row(one, now) for one in listed])
    for warning in crowd.warnings:
        yield f"warning: {warning}"


def _row(one: Listed, now: datetime) -> tuple[str, ...]:
    if one.content is None:
        return one.name, "-", "-", "-", state_of(None, now)
    ends = "-" if one.content.expires is None else day(one.content.expires)
    return one.name, str(one.content.version), ends, str(len(one.content.hashes)), state_of(one.content, now)


def show_json(name: str, content: LockboxContent, now: datetime) -> dict[str, object]:
    """Write one as ``lockboxes show --json`` has it (docs/cli.md)."""
    return {
        "name": name,
        "version": content.version,
        "expires": _instant(content.expires),
        "state": state_of(content, now),
        "packages": [
            {
                "id": one,
                "length": content.lengths.get(one),
                "hashes": dict(hashes),
                "hardware_ids": _hardware_ids(content, one),
                "custom": {k: v for k, v in content.custom.get(one, {}).items() if k != "hardwareIds"},
            }
            for one, hashes in content.hashes.items()
        ],
    }


def show_text(name: str, content: LockboxContent, now: datetime) -> Iterator[str]:
    """Write one for a person.

    Yields:
        Lines without line ends.
    """
    ends = "no end that was told" if content.expires is None else f"good until {day(content.expires)}"
    yield f"{printable(name)}: version {content.version}, {ends} ({state_of(content, now)})"
    rows = [
        (
            one,
            size(content.lengths[one]) if one in content.lengths else "-",
            ", ".join(_hardware_ids(content, one)) or "-",
            hashes.get("sha256", "-")[:16],
        )
        for one, hashes in content.hashes.items()
    ]
    yield from (f"  {line}" for line in table(("package", "size", "hardware ids", "sha256"), rows))


def _hardware_ids(content: LockboxContent, package: str) -> list[str]:
    found = content.custom.get(package, {}).get("hardwareIds")
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
