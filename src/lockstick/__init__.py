"""Lockstick carries signed software to devices that never see a network.

The names a Python program needs. Each is loaded when it is first used, so that importing the package costs
nothing::

    import time
    from datetime import UTC, datetime
    from pathlib import Path

    from lockstick import AnchorChoice, open_lockbox, read_anchors, verify

    with open_lockbox(Path("/media/stick")) as lockbox:
        outcome = verify(
            lockbox,
            anchors=AnchorChoice(given=read_anchors(Path("roots"))),
            at=datetime.now(UTC),
            clock=time.monotonic,
        )
    print(outcome.verdict, [finding.rule for finding in outcome.findings])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick._lazy import loader

if TYPE_CHECKING:
    from lockstick.cloud.credentials import read_credentials
    from lockstick.cloud.session import CloudSession
    from lockstick.errors import (
        DistrustError,
        LockstickError,
        MediaError,
        NotAllowedError,
        NotCurrentError,
        NotFoundError,
        TransferError,
        UsageError,
    )
    from lockstick.lockbox.anchors import AnchorChoice
    from lockstick.lockbox.anchors import read_folder as read_anchors
    from lockstick.lockbox.build import BuildOutcome, build
    from lockstick.lockbox.cloudsource import CloudSource
    from lockstick.lockbox.layout import find_lockbox
    from lockstick.lockbox.outcome import PackageOutcome, VerifyOutcome
    from lockstick.lockbox.profiles import read_profile
    from lockstick.lockbox.rehearse import DeviceStory, rehearse
    from lockstick.lockbox.verify import verify
    from lockstick.media.images.opening import open_lockbox
    from lockstick.media.writing.outcome import StickOutcome, WriteOutcome
    from lockstick.media.writing.write import write
    from lockstick.progress import Observer
    from lockstick.transfer.engine import fetch_all
    from lockstick.trust.device.client import Provisioned
    from lockstick.trust.device.memory import DeviceMemory
    from lockstick.trust.findings import Finding, Verdict

__all__ = [
    "AnchorChoice",
    "BuildOutcome",
    "CloudSession",
    "CloudSource",
    "DeviceMemory",
    "DeviceStory",
    "DistrustError",
    "Finding",
    "LockstickError",
    "MediaError",
    "NotAllowedError",
    "NotCurrentError",
    "NotFoundError",
    "Observer",
    "PackageOutcome",
    "Provisioned",
    "StickOutcome",
    "TransferError",
    "UsageError",
    "Verdict",
    "VerifyOutcome",
    "WriteOutcome",
    "build",
    "fetch_all",
    "find_lockbox",
    "open_lockbox",
    "read_anchors",
    "read_credentials",
    "read_profile",
    "rehearse",
    "verify",
    "write",
]

_HOME = {
    "AnchorChoice": "lockbox.anchors",
    "BuildOutcome": "lockbox.build",
    "CloudSession": "cloud.session",
    "CloudSource": "lockbox.cloudsource",
    "DeviceMemory": "trust.device.memory",
    "DeviceStory": "lockbox.rehearse",
    "DistrustError": "errors",
    "Finding": "trust.findings",
    "LockstickError": "errors",
    "MediaError": "errors",
    "NotAllowedError": "errors",
    "NotCurrentError": "errors",
    "NotFoundError": "errors",
    "Observer": "progress",
    "PackageOutcome": "lockbox.outcome",
    "Provisioned": "trust.device.client",
    "StickOutcome": "media.writing.outcome",
    "TransferError": "errors",
    "UsageError": "errors",
    "Verdict": "trust.findings",
    "VerifyOutcome": "lockbox.outcome",
    "WriteOutcome": "media.writing.outcome",
    "build": "lockbox.build",
    "fetch_all": "transfer.engine",
    "find_lockbox": "lockbox.layout",
    "open_lockbox": "media.images.opening",
    "read_anchors": "lockbox.anchors:read_folder",
    "read_credentials": "cloud.credentials",
    "read_profile": "lockbox.profiles",
    "rehearse": "lockbox.rehearse",
    "verify": "lockbox.verify",
    "write": "media.writing.write",
}

__getattr__ = loader(__name__, _HOME)
