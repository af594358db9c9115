"""What comes over a connection: first through a small buffer, large reads past it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.transfer.http1.head import MalformedAnswer

if TYPE_CHECKING:
    import socket

__all__ = ["Ended", "Incoming"]

_BUFFER = 32 * 1024


class Ended(MalformedAnswer):
    """The connection ended before a single byte of what was waited for."""


class Incoming:
    """The receiving side of a connection.

    Args:
        connection: The socket; its timeout is used.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is buffered that nobody asked for."""
        return not self._buffer

    def read_into(self, view: memoryview) -> int:
        """Give what is buffered, or receive into the caller's own buffer; 0 when the connection has ended."""
        if self._buffer:
            count = min(len(view), len(self._buffer))
            view[:count] = self._buffer[:count]
            del self._buffer[:count]
            return count
        return self._connection.recv_into(view)

    def line(self, cap: int) -> bytes:
        """Give the next line without its end.

        Raises:
            MalformedAnswer: It is longer than the cap, or the connection ended in it.
        """
        return self.until(b"\r\n", cap)

    def until(self, mark: bytes, cap: int) -> bytes:
        """Give everything up to a mark, and take the mark away.

        Raises:
            MalformedAnswer: The mark did not come within the cap, or the connection ended before.
            Ended: The connection ended before a single byte.
        """
        searched = 0
        while (end := self._buffer.find(mark, searched)) < 0:
            if len(self._buffer) > cap:
                raise MalformedAnswer("longer than allowed")
            searched = max(0, len(self._buffer) - len(mark) + 1)
            received = self._connection.recv(_BUFFER)
            if not received:
                if not self._buffer:
                    raise Ended
                raise MalformedAnswer("the connection ended in the middle")
            self._buffer += received
        if end > cap:
            raise MalformedAnswer("longer than allowed")
        found = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return found
