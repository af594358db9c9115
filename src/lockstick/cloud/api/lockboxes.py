"""The operations on lockboxes (cloud-apis 1.2, L1 to L5).

Every definition and deletion bumps one offline-snapshot, which all lockboxes of an account share: a device that has
seen the new one refuses every stick that was built before (cloud-apis 4).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from lockstick.cloud.api.calls import Call, sending
from lockstick.cloud.api.reading import read_signed_document, read_texts
from lockstick.cloud.api.requests import LockboxDefinition
from lockstick.cloud.api.shapes import table
from lockstick.errors import NotFoundError, UsageError
from lockstick.trust.names import RESERVED_LOCKBOX_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.cloud.api.caller import Caller
    from lockstick.cloud.api.model import SignedDocument

__all__ = ["Lockboxes", "check_name"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,253}")
_LAST_VERSION = 2**31 - 1
_MAX_DOCUMENT = 4 << 20
_PATH, _ALL = "lockboxes", "the lockboxes of the account"
_WHICH = "'lockstick lockboxes list' says which there are; names are case-sensitive."


class Lockboxes:
    """Lockboxes.

    Args:
        caller: Makes the calls; the errors of its methods come through here.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def names(self) -> tuple[str, ...]:
        """Give the names of all lockboxes, expired and revoked ones too."""
        try:
            return self._caller.read(Call(path=(_PATH,), subject=_ALL), read_texts)
        except NotFoundError:
            return ()  # the service has nothing to list them from before the first one

    def details(self) -> Mapping[str, SignedDocument]:
        """Give all lockboxes as they are signed, by name."""
        call = Call(path=("lockbox-details",), subject=_ALL)
        try:
            return self._caller.read(call, partial(table, where="the answer", read=read_signed_document))
        except NotFoundError:
            return {}

    def document(self, name: str, version: int | None = None) -> SignedDocument:
        """Give one lockbox as it is signed.

        Args:
            name: Its name.
            version: Which version; None for the newest.

        Raises:
            NotFoundError: There is no such lockbox or version.
            UsageError: There can be no such version.
        """
        if version is not None and not 0 < version <= _LAST_VERSION:
            raise UsageError(f"a lockbox has no version {version}", remedy="Versions count from 1.")
        subject = _called(name) if version is None else f"version {version} of {_called(name)}"
        query = [] if version is None else [("version", str(version))]
        remedy = _WHICH if version is None else f"'lockstick lockboxes show {name}' says which version is the newest."
        call = Call(path=(_PATH, name), query=query, subject=subject, limit=_MAX_DOCUMENT, remedy=remedy)
        raw = self._caller.call(call).body
        return self._caller.understood(call, raw, partial(_document, raw=raw))

    def define(self, name: str, definition: LockboxDefinition) -> None:
        """Create a lockbox, or replace all of it.

        Args:
            name: Its name.
            definition: What is to be in it.

        Raises:
            UsageError: The name is none, or one that devices reserve; or the service refuses the definition: there are
                too many lockboxes, or it cannot be signed.
            NotFoundError: A package is not known.
            TransferError: Among others, nobody knows whether it was defined.
        """
        check_name(name, is_empty=not definition.package_ids)
        self._caller.call(
            Call(
                path=(_PATH, name),
                subject=_called(name),
                doing="define",
                done="defined",
                what=sending("POST", definition.wire()),
                remedy=(
                    "Look at the lockbox's version and packages, and at the ids of the packages; then define it again "
                    "if it is not as it should be."
                ),
            )
        )

    def revoke(self, name: str) -> None:
        """Publish a lockbox with nothing in it.

        Raises:
            LockstickError: As in :meth:`define`.
        """
        self.define(name, LockboxDefinition(package_ids=()))

    def delete(self, name: str) -> None:
        """Take a lockbox out. Sticks that are in the field stay good for devices that see no newer stick.

        Raises:
            NotFoundError: There is no such lockbox.
        """
        self._caller.call(
            Call(
                path=(_PATH, name),
                subject=_called(name),
                doing="delete",
                done="deleted",
                what=sending("DELETE"),
                remedy=_WHICH,
            )
        )


def check_name(name: str, *, is_empty: bool = False) -> None:
    """Check the name of a lockbox that is to be defined (cloud-apis 1.7, lockbox-format 1.7).

    Args:
        name: Its name.
        is_empty: Whether it is to hold nothing. One that is there already can still be revoked, whatever its name.

    Raises:
        UsageError: The service would refuse the name, or devices reserve it.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"{name[:80]!r} cannot be a lockbox's name",
            why="letters, digits, '-' and '_' may be in it, 253 at most",
            remedy="Choose another name.",
        )
    if not is_empty and name.lower() in RESERVED_LOCKBOX_NAMES:
        raise UsageError(
            f"{name!r} cannot be a lockbox's name",
            why="devices reserve it for themselves and would refuse the lockbox, though the service would take it",
            remedy="Choose another name.",
        )


def _called(name: str) -> str:
    return f"the lockbox {name!r}"


def _document(value: object, *, raw: bytes) -> SignedDocument:
    return read_signed_document(value, raw=raw)
