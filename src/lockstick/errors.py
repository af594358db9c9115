"""The error tree: what went wrong, why, and what to do next.

Every failure that a user can cause, or that a server, a medium or an attacker can cause, is a leaf of this
tree. The first branches are the exit codes of the command line contract, so a caller can tell "do not trust
this" from "try again later" without reading text:

    LockstickError
    ├── UsageError          2   the request makes no sense as it stands
    ├── DistrustError       3   something is not to be trusted
    ├── NotCurrentError     4   genuine, but expired or superseded
    ├── TransferError       5   bytes did not arrive; trying again may help
    ├── MediaError          6   the disk or the medium is at fault
    ├── NotAllowedError     7   credentials missing, of the wrong kind, or refused
    └── NotFoundError       8   no such lockbox, package, version or device

No error text ever holds a secret: secrets have the type :class:`lockstick.secret.Secret`, which does
not print.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "DistrustError",
    "LockstickError",
    "MediaError",
    "NotAllowedError",
    "NotCurrentError",
    "NotFoundError",
    "TransferError",
    "UsageError",
]


class LockstickError(Exception):
    """Base of every error that Lockstick raises on purpose.

    Args:
        what: One sentence: what failed, naming the thing (file, role, URL, package).
        why: One sentence: the reason, as far as it is known. May be empty.
        remedy: One sentence: what the user can do next. Falls back to the class's own remedy.

    Attributes:
        exit_code: The process exit code of the contract (docs/cli.md, "Exit codes").
    """

    exit_code: ClassVar[int] = 1
    default_remedy: ClassVar[str] = "This looks like a bug; please report it with the command you ran."

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy or self.default_remedy

    def __str__(self) -> str:
        return f"{self.what} ({self.why})" if self.why else self.what


class UsageError(LockstickError):
    """The request cannot be carried out as given: wrong option, unsuitable folder, unsupported content."""

    exit_code = 2
    default_remedy = "Run the command with --help to see what it takes."


class DistrustError(LockstickError):
    """A signature, threshold, hash or match is wrong, or there is no trust anchor to judge by."""

    exit_code = 3
    default_remedy = "Do not use it. Build it again from the repository; if it fails again, treat it as an attack."


class NotCurrentError(LockstickError):
    """Genuine, but no longer (or not yet) current: expired or superseded."""

    exit_code = 4
    default_remedy = "Define the lockbox again in the cloud, so that it is signed afresh, and build it again."


class TransferError(LockstickError):
    """Bytes did not arrive as promised. What did arrive is kept, and the next run continues."""

    exit_code = 5
    default_remedy = "Run the same command again: what was fetched is kept and the run continues from there."


class MediaError(LockstickError):
    """The local disk or the medium cannot take or give the bytes."""

    exit_code = 6
    default_remedy = "Check the disk or the medium, then run the same command again."


class NotAllowedError(LockstickError):
    """Credentials are missing, of the wrong kind, or were refused."""

    exit_code = 7
    default_remedy = "Download a fresh credentials.zip from the account's settings page and use that."


class NotFoundError(LockstickError):
    """There is no such lockbox, package, version or device."""

    exit_code = 8
    default_remedy = "Check the spelling; names are case-sensitive."
