"""What a request sends: its method, and a body of known length that comes in pieces, so that none is held whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["GET", "Method", "Outgoing"]

Method = Literal["GET", "POST", "PATCH", "DELETE"]
"""The methods that are sent."""


def _nothing() -> Iterable[bytes]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """What a request sends beside its address and headers.

    Attributes:
        method: Its method.
        content_type: What the body is; None where there is no body.
        length: The body's bytes; None where there is no body.
        pieces: Gives the body from its start, each time it is called: ``length`` bytes in all. A piece is good until
            the next one is asked for. Whatever it raises is passed on; an OSError would be taken for the line's.
        may_repeat: Whether it may be sent once more, over another connection, where the first turns out to have been
            given up by the server before it answered (RFC 9110, section 9.2.2).
    """

    method: Method = "GET"
    content_type: str | None = None
    length: int | None = None
    pieces: Callable[[], Iterable[bytes | memoryview]] = _nothing
    may_repeat: bool = False

    @classmethod
    def of(cls, method: Method, body: bytes, content_type: str, *, may_repeat: bool = False) -> Outgoing:
        """Make a request that sends a few bytes.

        Args:
            method: Its method.
            body: The bytes.
            content_type: What they are.
            may_repeat: See the attribute.
        """
        return cls(
            method=method,
            content_type=content_type,
            length=len(body),
            pieces=lambda: (body,),
            may_repeat=may_repeat,
        )

    @property
    def headers(self) -> dict[str, str]:
        """The headers that speak of the body."""
        found = {} if self.content_type is None else {"Content-Type": self.content_type}
        return found if self.length is None else {**found, "Content-Length": str(self.length)}


GET = Outgoing(may_repeat=True)
"""A request that sends nothing."""
