"""One call of the API: what is asked, and in which words to speak of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.transfer.outgoing import GET, Outgoing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.transfer.outgoing import Method

__all__ = ["Answer", "Call", "sending"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is asked.

    Attributes:
        path: The parts of the path below the base.
        subject: What it is about, as a noun phrase: ``the lockbox 'kiosk'``.
        doing: What is done with that, as it stands after "could not": ``define``.
        done: The same after "was": ``defined``.
        query: Names and values of the query.
        what: Method and body.
        limit: The most bytes that the answer may have.
        remedy: What to do when it is not known whether it was done, or when it is refused for what it says.
        is_probe: Whether the status alone is asked for: any but 401 and those that mean "later" is an answer.
    """

    path: Sequence[str]
    subject: str
    doing: str = "fetch"
    done: str = "fetched"
    query: Sequence[tuple[str, str]] = ()
    what: Outgoing = GET
    limit: int = 32 << 20
    remedy: str = ""
    is_probe: bool = False

    @property
    def is_idempotent(self) -> bool:
        """Whether doing it twice is doing it once (RFC 9110, section 9.2.2)."""
        return self.what.method in ("GET", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, and means that it was done (or, of a probe, whatever came).

    Attributes:
        status: The status code.
        body: The whole body.
    """

    status: int
    body: bytes


def sending(method: Method, value: object = None) -> Outgoing:
    """Make a request with a JSON body; None for no body."""
    if value is None:
        return Outgoing(method=method)
    return Outgoing.of(method, json.dumps(value).encode(), "application/json")
