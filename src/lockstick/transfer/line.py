"""One line to the network, whose waiting can be ended from another thread.

A thread that waits for a silent server cannot look at anything else. So each worker has a line of its own,
which remembers the sockets it opened; a :class:`~lockstick.transfer.watchdog.Watchdog` and whoever winds up the
transfer shut them down from outside, and the waiting thread wakes up with a broken connection.

Most requests go over connections of this package (:mod:`lockstick.transfer.http1`), whose bodies are received into one
buffer per line. Where the environment names a proxy, the HTTP library takes over (docs/adr/0022).
"""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

from lockstick.transfer.http1.connection import Connection, NoAnswer
from lockstick.transfer.http1.head import MalformedAnswer
from lockstick.transfer.origins import Origin, origin_of
from lockstick.transfer.outgoing import GET, Outgoing
from lockstick.transfer.setbacks import Setback, Stopped, Unreachable, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from lockstick.transfer.network import Network
    from lockstick.transfer.policy import Policy
    from lockstick.transfer.proxied import ProxiedLine
    from lockstick.transfer.urls import Url

__all__ = ["Line", "Response"]

_BASE_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "lockstick"}
_BUFFER = 256 * 1024
_DRAIN_CAP = 64 * 1024
_DRAIN_SECONDS = 2.0
_MOST_IDLE = 4


class Response(Protocol):
    """An answer with its body still to come."""

    @property
    def status_code(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, looked up without regard to case."""

    def read_into(self, view: memoryview) -> int:
        """Put the next bytes of the body into a buffer and say how many; 0 at its end."""


class _Direct:
    """An answer that came over a connection of our own."""

    def __init__(self, status_code: int, headers: Mapping[str, str], read_into: Callable[[memoryview], int]) -> None:
        self.status_code = status_code
        self.headers = headers
        self.read_into = read_into


class Line:
    """Sends requests one at a time and knows how to be interrupted.

    Args:
        network: What all lines share.
        policy: Its timeouts are used.
        clock: Seconds from any start, never going backwards.
    """

    def __init__(self, network: Network, *, policy: Policy, clock: Callable[[], float]) -> None:
        self._network = network
        self._policy = policy
        self._clock = clock
        self._idle: dict[Origin, Connection] = {}
        self._proxied: ProxiedLine | None = None
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._buffer: memoryview | None = None
        self._waiting_since: float | None = None
        self._was_cut = False
        self._is_down = False
        self._origin: Origin | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for connection in self._idle.values():
            connection.close()
        self._idle.clear()
        if self._proxied is not None:
            self._proxied.close()

    @contextmanager
    def get(self, url: Url, headers: Mapping[str, str]) -> Iterator[Response]:
        """Ask for a URL; as :meth:`send` without a body."""
        with self.send(url, headers, GET) as response:
            yield response

    @contextmanager
    def send(self, url: Url, headers: Mapping[str, str], what: Outgoing) -> Iterator[Response]:
        """Send a request and give the answer once its headers are there.

        No cookies, no stored passwords, no redirects: only the headers given here go out.

        Args:
            url: What to ask.
            headers: What to send beside what every request has.
            what: The method and the body. One that may not be repeated gets a connection of its own, as another may
                have been given up by the server without a word.

        Raises:
            Setback: No answer came; another attempt may get one.
            TransferError: No attempt will.
            Stopped: The line was hung up.
        """
        self._was_cut = False
        self._origin = origin = origin_of(url)
        fields = {**_BASE_HEADERS, **headers}
        what = replace(what, pieces=partial(self._watched, what.pieces))
        if not self._network.is_direct(origin):
            with ExitStack() as stack:
                with self._waiting():
                    response = stack.enter_context(self._through_proxy().send(url, fields, what))
                yield response
            return
        connection: Connection | None = None
        try:
            with self._waiting():
                connection, answer = self._ask(origin, url, fields, what)
            yield answer
        finally:
            if connection is not None:
                self._put_back(origin, connection)

    def chunks(self, response: Response) -> Iterator[memoryview]:
        """Give the body as it arrives, undecoded; each piece is good until the next one is asked for.

        Raises:
            Setback: It broke off, or the watchdog cut it.
            Stopped: The line was hung up.
        """
        if self._buffer is None:
            self._buffer = memoryview(bytearray(_BUFFER))
        buffer, read_into, clock = self._buffer, response.read_into, self._clock
        while True:
            # The same as _waiting, spelt out: this is the one loop that every byte goes through.
            self._waiting_since = clock()
            try:
                count = read_into(buffer)
            except (OSError, MalformedAnswer) as error:
                raise self._meaning(error) from error
            finally:
                self._waiting_since = None
            if self._is_down or self._was_cut:
                self._raise_if_ended()
            if not count:
                return
            yield buffer[:count]

    def drain(self, response: Response) -> None:
        """Read the rest of a small body nobody wants, so that its connection can be used again.

        One that is large, or comes slowly, is left: a new connection costs less.
        """
        received = 0
        until = self._clock() + min(_DRAIN_SECONDS, self._policy.stall_timeout)
        for chunk in self.chunks(response):
            received += len(chunk)
            if received > _DRAIN_CAP or self._clock() > until:
                return

    def cut_if_stalled(self) -> None:
        """End the present wait, if it has lasted longer than the policy allows. From any thread."""
        since = self._waiting_since
        if since is not None and self._clock() - since > self._policy.stall_timeout:
            self.cut()

    def cut(self) -> None:
        """End the present wait; what was asked for is a setback. From any thread."""
        self._was_cut = True
        self._shut_sockets()

    def hang_up(self) -> None:
        """End the present wait and every later one. From any thread."""
        self._is_down = True
        self._shut_sockets()

    def _ask(self, origin: Origin, url: Url, headers: Mapping[str, str], what: Outgoing) -> tuple[Connection, Response]:
        """Ask over the connection that is there already, else over a new one."""
        connection = self._idle.pop(origin, None)
        if connection is not None and not (what.may_repeat and connection.is_ready):
            connection.close()
            connection = None
        while True:
            is_new = connection is None
            used = connection or self._connect(origin)
            try:
                head, body = used.ask(url.authority, url.target, headers, what)
            except NoAnswer:
                used.close()
                if is_new:
                    raise  # cannot be: only a connection that was used before says so
                connection = None
            except BaseException:
                used.close()
                raise
            else:
                return used, _Direct(head.status, head.headers, body.read_into)

    def _watched(self, pieces: Callable[[], Iterable[bytes | memoryview]]) -> Iterator[bytes | memoryview]:
        """Let every piece that goes out count as a sign of life; a hung-up line sends no more."""
        for piece in pieces():
            self._waiting_since = self._clock()
            yield piece
            self._raise_if_ended()
        self._waiting_since = self._clock()

    def _connect(self, origin: Origin) -> Connection:
        try:
            return Connection.open(
                origin.host,
                origin.port,
                tls=self._network.tls() if origin.scheme == "https" else None,
                connect_timeout=self._policy.connect_timeout,
                read_timeout=self._policy.read_timeout,
                clock=self._clock,
                opened=self._note,
            )
        except OSError as error:
            raise Unreachable(error) from error

    def _put_back(self, origin: Origin, connection: Connection) -> None:
        if not connection.is_over or self._was_cut or self._is_down:
            connection.close()
            return
        while len(self._idle) >= _MOST_IDLE:
            self._idle.pop(next(iter(self._idle))).close()
        self._idle[origin] = connection

    def _through_proxy(self) -> ProxiedLine:
        if self._proxied is None:
            from lockstick.transfer.proxied import ProxiedLine  # noqa: PLC0415 - brings the HTTP library

            self._proxied = ProxiedLine(self._network(), policy=self._policy, opened=self._note)
        return self._proxied

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self._waiting_since = self._clock()
        try:
            yield
        except (OSError, MalformedAnswer) as error:
            raise self._meaning(error) from error
        finally:
            self._waiting_since = None
        # A body that ends with its connection looks complete when the connection was ended from here.
        self._raise_if_ended()

    def _meaning(self, error: Exception) -> Exception:
        self._raise_if_ended()
        return explain(error, self._policy, self._origin)

    def _raise_if_ended(self) -> None:
        if self._is_down:
            raise Stopped
        if self._was_cut:
            raise Setback(f"no content came for {self._policy.stall_timeout:g} s")

    def _note(self, opened: socket.socket) -> None:
        with self._lock:
            self._sockets = {known for known in self._sockets if known.fileno() != -1}
            self._sockets.add(opened)
        if self._is_down:
            self._shut_sockets()

    def _shut_sockets(self) -> None:
        with self._lock:
            sockets = tuple(self._sockets)
        for one in sockets:
            with suppress(OSError, ValueError):
                # Below TLS on purpose: the TLS layer's own shutdown may not be called from another thread.
                socket.socket.shutdown(one, socket.SHUT_RDWR)
