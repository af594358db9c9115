"""Why a device refuses: our own short words, and what a technician can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

__all__ = ["REASONS", "Kind", "Reason", "RefusedError"]


class Kind(StrEnum):
    """What a refusal means for the person with the stick."""

    DISTRUST = "distrust"
    STALE = "stale"


@dataclass(frozen=True)
class Reason:
    """One reason for a refusal.

    Attributes:
        kind: Whether it is a matter of trust or of age.
        text: The reason in words.
        remedy: What to do.
    """

    kind: Kind
    text: str
    remedy: str


_BUILD = "Build the lockbox again from the cloud."
_DAMAGED = "Write the medium again. If 'lockstick verify' finds fault with it too, build the lockbox again."
_DEFINE = "Define the lockbox again in the cloud, so that it is signed afresh, and build it again."
_ONLINE = "Let the device go online once, or have the repository's root rotated, and build the lockbox again."
_BUMP = "Have the repository publish it under a higher version, and build the lockbox again."
_NEWER = "This device has seen a newer offline-snapshot; build the lockbox again."


_distrust = partial(Reason, Kind.DISTRUST)
_stale = partial(Reason, Kind.STALE)

REASONS: dict[str, Reason] = {
    "bad-key": _distrust("the only signature is not a good one", _BUILD),
    "compose": _distrust("the compose application cannot be loaded", _BUILD),
    "compose-crash": _distrust("an image archive ends early, and the client dies of it", _DAMAGED),
    "content-differs": _distrust(
        "the device has a package of this name already, with other content or for other hardware",
        "Give new content a new package name or version. A package that came online must not be in a lockbox again.",
    ),
    "crash": _distrust(
        "the client divides by the length of the file, which is zero, and dies",
        "Take the empty package out of the lockbox.",
    ),
    "delegation-hash": _distrust("a delegation is not the one that the snapshot lists", _BUILD),
    "delegation-in-lockbox": _distrust("the lockbox delegates, which only the image repository may", _DEFINE),
    "delegation-missing": _distrust("a delegation is not on the medium", _BUILD),
    "delegation-rollback": _stale("the device has a newer version of a delegation", _BUILD),
    "ecu-unknown": _distrust("a package names an ECU that this device does not have", _DEFINE),
    "expired": _stale("a document has expired", _DEFINE),
    "fetch": _distrust("a document cannot be read from the medium", _DAMAGED),
    "file-hash": _distrust("a package's file is damaged or cut short", _DAMAGED),
    "file-large": _distrust("a package's file is larger than it may be", _DAMAGED),
    "file-missing": _distrust("a package's file is not on the medium", _DAMAGED),
    "image-superseded": _stale("the device keeps image-repository documents that are not older than these", _BUMP),
    "json": _distrust("a document cannot be read as JSON", _BUILD),
    "key-type": _distrust("a document lists a key of a type that devices do not know", "Have that key removed."),
    "lockbox-missing": _distrust(
        "no lockbox on the medium is listed in the offline-snapshot",
        "Do not rename lockboxes. Build the lockbox again.",
    ),
    "lockbox-superseded": _stale("the device goes by the offline-snapshot that it has stored", _NEWER),
    "lockbox-version": _distrust("the lockbox is not of the version that the offline-snapshot lists", _BUILD),
    "method": _distrust("a signature was made by a method that devices do not know", _DEFINE),
    "no-root": _distrust(
        "there is no root to start from", "Give the device the account's roots, or put it online once."
    ),
    "not-ostree": _distrust("an operating system on this device can only be updated by OSTree", _DEFINE),
    "ostree": _distrust("the commit cannot be pulled from the medium", _DAMAGED),
    "ostree-secondary": _distrust("a package without length is for an ECU that needs a file", _DEFINE),
    "repeated-ecu": _distrust("two packages are for the same ECU", "Leave one package per hardware id in the lockbox."),
    "repeated-signature": _distrust("a key signed the same document twice", _BUILD),
    "reserved": _distrust("a role has a reserved name", "Give the lockbox or delegation another name."),
    "rollback": _stale("a lockbox is listed with a lower version than this device has seen", _NEWER),
    "root-import": _distrust(
        "the device does not take the root that it was made with", "Make the device with a good root."
    ),
    "root-version": _distrust("a root is not of the version that its file name says", _BUILD),
    "secondary-root": _distrust("an ECU that never held a root cannot be brought to the current one", _ONLINE),
    "secondary-metadata": _distrust("an ECU does not take the metadata", _BUILD),
    "shape": _distrust("a document is not made as the client expects", _BUILD),
    "snapshot-hash": _distrust("a document is not the one that the snapshot lists", _BUILD),
    "snapshot-version": _distrust("a document is not of the version that the snapshot lists", _BUILD),
    "target-mismatch": _distrust(
        "the image repository has no such package for this hardware",
        "Compare hardware ids, name, length and hash with the cloud; see whether its delegation has expired.",
    ),
    "threshold": _distrust("fewer good signatures than the threshold demands", _BUILD),
    "threshold-illegal": _distrust(
        "the root in force gives a role no usable threshold",
        "If the offline roles are missing, define a lockbox in the cloud and build with all roots.",
    ),
    "timestamp": _distrust("an expiry is not written as YYYY-MM-DDTHH:MM:SSZ", _DEFINE),
    "type": _distrust("a document is of another type than its place demands", _BUILD),
    "unregistered": _distrust(
        "the device installs, but reports failure, because it never registered its ECUs",
        "Let the device register with the server once.",
    ),
}
"""Every reason by its id."""


class RefusedError(Exception):
    """The device refuses. Never leaves this package: :mod:`~lockstick.trust.device.client` turns it into a step.

    Args:
        code: An id from :data:`REASONS`.
        detail: What exactly; may be empty.

    Attributes:
        lockbox: The lockbox that the client had chosen by then; filled in by whoever knows.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.reason = REASONS[code]
        self.code = code
        self.detail = detail
        self.lockbox = ""

    @property
    def text(self) -> str:
        """The reason with its detail, in words."""
        return f"{self.reason.text} ({self.detail})" if self.detail else self.reason.text
