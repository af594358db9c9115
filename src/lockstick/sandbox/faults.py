"""Misbehaviour on demand: what a test can ask a server to do wrong.

A :class:`Fault` says for which requests, how often, and which kind of wrong; a :class:`FaultTable` holds the
faults of a running server and may be changed from any thread at any time. How each kind is carried out is
:mod:`lockstick.sandbox.misbehave`'s affair.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lockstick.sandbox.requestlog import LoggedRequest, Origin

__all__ = [
    "Alter",
    "BodyKind",
    "Chunked",
    "Drip",
    "Drop",
    "Fault",
    "FaultTable",
    "Hang",
    "Headers",
    "IgnoreRange",
    "Kind",
    "Meanwhile",
    "Overpromise",
    "Redirect",
    "Replace",
    "Resize",
    "Retag",
    "ShiftRange",
    "Stall",
    "Status",
]


@dataclass(frozen=True, kw_only=True)
class Status:
    """Answer with a status of its own, e.g. 429 with ``retry_after`` seconds."""

    status: int
    retry_after: int | str | None = None
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Drop:
    """Close the connection after so many bytes of the body; with None, without any answer."""

    after: int | None = 0


@dataclass(frozen=True)
class Hang:
    """Take the request and never answer."""


@dataclass(frozen=True, kw_only=True)
class Stall:
    """Send so many bytes of the body, then nothing more, and keep the connection open."""

    after: int


@dataclass(frozen=True, kw_only=True)
class Drip:
    """Send the body in pieces of ``size`` bytes with ``pause`` seconds between them."""

    size: int = 1024
    pause: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Overpromise:
    """Announce ``by`` bytes more than come, then close the connection."""

    by: int


@dataclass(frozen=True, kw_only=True)
class Resize:
    """Send a body that is ``by`` bytes longer (zeros) or, negative, shorter, and announce that length."""

    by: int


@dataclass(frozen=True)
class Chunked:
    """Announce no length: chunked transfer."""


@dataclass(frozen=True, kw_only=True)
class Alter:
    """Invert the byte at this offset of the whole file (also when a range is asked for)."""

    offset: int = 0


@dataclass(frozen=True)
class IgnoreRange:
    """Answer 200 with everything where a range is asked for."""


@dataclass(frozen=True, kw_only=True)
class Retag:
    """Be a server on which the file has changed: another ETag, and 200 where ``If-Range`` names the old one."""

    etag: str = '"another"'


@dataclass(frozen=True, kw_only=True)
class ShiftRange:
    """Answer 206 with a ``Content-Range`` that starts ``by`` bytes away from what was asked for."""

    by: int = 1


@dataclass(frozen=True, kw_only=True)
class Headers:
    """Set and remove headers of an otherwise right answer."""

    put: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Redirect to ``location``; with None, to the same address again: a circle."""

    location: str | None = None
    status: int = 302


@dataclass(frozen=True)
class Meanwhile:
    """Let something happen, e.g. a lockbox be defined anew, and then answer rightly.

    The action runs in the server's thread, before the request is looked at.
    """

    action: Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Answer 200 with these bytes instead of the right ones."""

    body: bytes
    content_type: str = "application/json"


BodyKind: TypeAlias = Drop | Stall | Drip | Overpromise | Resize | Chunked | Alter | ShiftRange | Headers
"""What spoils a right answer on its way out."""

Kind: TypeAlias = BodyKind | Status | Replace | Redirect | Hang | IgnoreRange | Retag | Meanwhile
"""Everything that can be asked for."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One wrong to do.

    Attributes:
        kind: What to do.
        match: Shell pattern over the percent-decoded path; ``*`` crosses ``/``.
        origin: Only on this server.
        method: Only for this method.
        times: How often; None for always.
        skip: How many matching requests to treat well first.
    """

    kind: Kind
    match: str = "*"
    origin: Origin | None = None
    method: str | None = None
    times: int | None = 1
    skip: int = 0


class FaultTable:
    """The faults of a running server, in order; the first that applies to a request is used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, int]] = []

    def add(self, *faults: Fault) -> None:
        """Add faults behind those that are there."""
        with self._lock:
            self._faults.extend((fault, 0) for fault in faults)

    def clear(self) -> None:
        """Behave from now on."""
        with self._lock:
            self._faults.clear()

    def take(self, request: LoggedRequest) -> Kind | None:
        """Give what to do wrong with a request, if anything, and count it."""
        with self._lock:
            for index, (fault, seen) in enumerate(self._faults):
                if not _fits(fault, request) or (fault.times is not None and seen >= fault.skip + fault.times):
                    continue
                self._faults[index] = (fault, seen + 1)
                if seen >= fault.skip:
                    return fault.kind
        return None


def _fits(fault: Fault, request: LoggedRequest) -> bool:
    return (
        fnmatchcase(request.path, fault.match)
        and fault.origin in (None, request.origin)
        and fault.method in (None, request.method)
    )
