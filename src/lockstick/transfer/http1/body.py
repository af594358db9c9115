"""The body of an answer: where it ends, and how its bytes get into a buffer with as few copies as may be.

A body of known length, or one that ends with its connection, is received straight into the caller's buffer. Chunks
are unpacked from what the connection has buffered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lockstick.transfer.http1.head import MalformedAnswer

if TYPE_CHECKING:
    from lockstick.transfer.http1.head import Head
    from lockstick.transfer.http1.incoming import Incoming

__all__ = ["Body"]

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_LONGEST_LINE = 4096
_MOST_TRAILERS = 64


class Body:
    """The body of one answer.

    Args:
        head: The answer's head.
        incoming: What comes over the connection after it.

    Attributes:
        is_complete: Whether its end was reached.
    """

    def __init__(self, head: Head, incoming: Incoming) -> None:
        self._framing = head.framing
        self._incoming = incoming
        self._left = head.length  # of the body, or of the present chunk
        self._is_first_chunk = True
        self.is_complete = head.framing == "length" and head.length == 0

    def read_into(self, view: memoryview) -> int:
        """Put the next bytes of the body into a buffer.

        Args:
            view: Where they go; not empty.

        Returns:
            How many came; 0 at the end of the body.

        Raises:
            MalformedAnswer: The connection ended before the body, or the chunks make no sense.
            OSError: The connection failed.
        """
        if self.is_complete:
            return 0
        if self._framing == "close":
            count = self._incoming.read_into(view)
            self.is_complete = count == 0
            return count
        if self._framing == "chunked" and self._left == 0 and not self._next_chunk():
            return 0
        count = self._incoming.read_into(view[: self._left])
        if count == 0:
            raise MalformedAnswer("the connection ended before the body")
        self._left -= count
        if self._framing == "length":
            self.is_complete = self._left == 0
        return count

    def _next_chunk(self) -> bool:
        """Read the line before a chunk; False after the last one (RFC 9112, section 7.1)."""
        if not self._is_first_chunk and self._incoming.line(_LONGEST_LINE):
            raise MalformedAnswer("a chunk that is longer than it said")
        self._is_first_chunk = False
        line = _CHUNK_LINE.fullmatch(self._incoming.line(_LONGEST_LINE))
        if line is None:
            raise MalformedAnswer("a chunk without a length")
        self._left = int(line[1], 16)
        if self._left:
            return True
        for _ in range(_MOST_TRAILERS):
            if not self._incoming.line(_LONGEST_LINE):
                self.is_complete = True
                return False
        raise MalformedAnswer("no end of trailers")
