"""One connection to one origin: a request goes out, the head of the answer and then its body come in, and again."""

from __future__ import annotations

import select
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from lockstick.transfer.http1.body import Body
from lockstick.transfer.http1.connecting import connect
from lockstick.transfer.http1.head import MAX_HEAD, Head, MalformedAnswer, read_head
from lockstick.transfer.http1.incoming import Ended, Incoming
from lockstick.transfer.outgoing import GET, Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Connection", "NoAnswer"]

_SWITCHING, _FIRST_FINAL = 101, 200
_MOST_INTERIM = 16


class NoAnswer(Exception):  # noqa: N818 - it never leaves the package
    """The connection ended before the first byte of an answer: it had been given up by the server meanwhile."""


class Connection:
    """A connection that was made.

    Args:
        connection: The socket, with TLS where it is to be; its timeout is set.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._incoming = Incoming(connection)
        self._body: Body | None = None
        self._keeps_alive = True
        self.requests = 0

    @classmethod
    def open(
        cls,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        connect_timeout: float,
        read_timeout: float,
        clock: Callable[[], float],
        opened: Callable[[socket.socket], None],
    ) -> Connection:
        """Make a connection.

        Args:
            host: The host's name or address.
            port: Its port.
            tls: How to check its certificate; None for plain HTTP.
            connect_timeout: Seconds until it must stand, and until the TLS handshake must be over.
            read_timeout: Seconds of silence after which it counts as dead.
            clock: Seconds from any start, never going backwards.
            opened: Told of every socket that is opened, so that another thread can shut it down.

        Raises:
            OSError: It cannot be made (also: the certificate is not accepted).
        """
        connection = connect(host, port, timeout=connect_timeout, clock=clock, opened=opened)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(connect_timeout)
            if tls is not None:
                connection = tls.wrap_socket(
                    connection,
                    server_hostname=host,
                    suppress_ragged_eofs=False,  # who cuts the line must not end a body (RFC 9112, section 9.8)
                )
                opened(connection)
            connection.settimeout(read_timeout)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    @property
    def is_over(self) -> bool:
        """Whether the last answer was read to its end and the server promised to stay for another request."""
        return self._keeps_alive and self._incoming.is_empty and (self._body is None or self._body.is_complete)

    @property
    def is_ready(self) -> bool:
        """Whether another request may be sent: the last answer is over, and the server has neither left nor spoken."""
        if not self.is_over:
            return False
        try:
            if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
                return False  # it was received with the last answer, where select does not see it
            readable, _, _ = select.select([self._connection], [], [], 0)
        except (OSError, ValueError):
            return False
        return not readable

    def ask(self, host: str, target: str, headers: Mapping[str, str], sent: Outgoing = GET) -> tuple[Head, Body]:
        """Send a request and read the head of the answer.

        A server may refuse a large body before it has come, and leave or read no further: its answer is read even
        then.

        Args:
            host: What to send as Host.
            target: The path and query, percent-encoded.
            headers: The other headers; each name and value is checked.
            sent: The method and the body.

        Raises:
            NoAnswer: The connection had been given up meanwhile; only on one that was used before, and only for
                requests that may be repeated.
            MalformedAnswer: What came is no proper answer.
            OSError: The connection failed.
            ValueError: A header may not be sent as it is.
        """
        lines = [f"{sent.method} {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {text}" for name, text in {**headers, **sent.headers}.items()]
        if any("\r" in line or "\n" in line or "\0" in line for line in lines):
            raise ValueError("a header with a line break")
        raw = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        is_used = self.requests > 0
        self.requests += 1
        try:
            is_all_sent = self._send(raw, sent)
            head = self._head()
        except (Ended, ConnectionError, ssl.SSLEOFError) as error:
            if is_used and sent.may_repeat and self._incoming.is_empty:
                raise NoAnswer from error
            raise
        self._keeps_alive = head.keeps_alive and is_all_sent
        self._body = Body(head, self._incoming)
        return head, self._body

    def _send(self, head: bytes, sent: Outgoing) -> bool:
        """Send a request; says whether all of it went, or the server stopped reading, perhaps with an answer."""
        self._connection.sendall(head)
        for piece in sent.pieces():
            try:
                self._connection.sendall(piece)
            except (ConnectionError, ssl.SSLEOFError, TimeoutError):
                return False
        return True

    def _head(self) -> Head:
        for _ in range(_MOST_INTERIM):
            head = read_head(self._incoming.until(b"\r\n\r\n", MAX_HEAD))
            if head.status >= _FIRST_FINAL:
                return head
            if head.status == _SWITCHING:
                break
        raise MalformedAnswer("no final answer")

    def close(self) -> None:
        """End the connection, whatever state it is in."""
        with suppress(OSError):
            self._connection.close()
