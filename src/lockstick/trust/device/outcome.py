"""What a device says to one lockbox."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.trust.device.refusal import Kind

__all__ = ["DeviceVerdict", "Stage", "Step"]


class DeviceVerdict(StrEnum):
    """The verdict."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    NOUPDATE = "NOUPDATE"
    CRASH = "CRASH"


class Stage(StrEnum):
    """Where an iteration ended early."""

    IMPORT_ROOT = "import-root"
    METADATA = "metadata"
    FETCH = "fetch"
    INSTALL = "install"
    COMPOSE = "compose"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the device says to one lockbox.

    Attributes:
        lockbox: The lockbox that it chose, or empty if it came to none.
        verdict: The verdict.
        stage: Where it ended early; None for an accepted lockbox and for a crash.
        reason: Why, in words; empty for an accepted lockbox.
        remedy: What to do; empty for an accepted lockbox.
        kind: Whether the reason is one of trust or of age; None if there is none.
    """

    lockbox: str
    verdict: DeviceVerdict
    stage: Stage | None = None
    reason: str = ""
    remedy: str = ""
    kind: Kind | None = None
