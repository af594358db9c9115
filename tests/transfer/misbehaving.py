"""A real HTTP server on loopback that does what it is told, above all the wrong thing.

Plain sockets and one thread per connection, so that every byte and every cut is under the test's control. A route
is a callable that takes the request and the talk; most tests use a :class:`Blob`, which serves bytes with ranges
and a validator, and can be told to cut.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

__all__ = [
    "Blob",
    "Request",
    "Route",
    "Server",
    "Talk",
    "endless",
    "hang",
    "hang_and_fail",
    "in_turn",
    "redirect",
    "status",
]

_PIECE = 64 * 1024


@dataclass(frozen=True)
class Request:
    """What a client asked: its raw target, and its headers with names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def first(self) -> int | None:
        """Where the range that is asked for starts."""
        match = re.fullmatch(r"bytes=(\d+)-\d*", self.headers.get("range", ""))
        return int(match[1]) if match else None

    @property
    def last(self) -> int | None:
        """Where the range that is asked for ends, if that is said."""
        match = re.fullmatch(r"bytes=\d+-(\d+)", self.headers.get("range", ""))
        return int(match[1]) if match else None


class CutError(Exception):
    """The conversation is over; the connection is closed without a further word."""


class Talk:
    """One connection, as a route sees it."""

    def __init__(self, server: Server, connection: socket.socket, request: Request) -> None:
        self._server = server
        self._connection = connection
        self._request = request

    @property
    def closing(self) -> threading.Event:
        """Set when the server shuts down; wait for it to hang."""
        return self._server.closing

    def head(self, code: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {code} Whatever", *(f"{name}: {text}" for name, text in headers.items())]
        self._connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def raw(self, data: bytes) -> None:
        self._connection.sendall(data)

    def body(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._connection.sendall(view[:_PIECE])
            self._server.note_body(self._request.path, len(view[:_PIECE]))
            view = view[_PIECE:]

    def end(self) -> None:
        """End the connection in good order, with TLS's own goodbye where there is TLS."""
        if isinstance(self._connection, ssl.SSLSocket):
            self._connection.settimeout(5)
            with suppress(OSError):
                self._connection.unwrap()
        raise CutError

    def cut(self, *, reset: bool = False) -> None:
        """End the connection here; with a reset, the client's system hears of it as an error."""
        if reset:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise CutError


Route = Callable[[Request, Talk], None]


class Server:
    """Listens on loopback, for as long as the ``with`` block lasts."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.routes: dict[str, Route] = {}
        self.requests: list[Request] = []
        self.body_bytes: defaultdict[str, int] = defaultdict(int)
        self.connections = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def url(self, target: str = "/") -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}{target}"

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def note_body(self, path: str, count: int) -> None:
        with self._lock:
            self.body_bytes[path] += count

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        # Waking the accepting thread by a connection works on every system.
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            pass
        with self._lock:
            still_open = tuple(self._open)
        for connection in still_open:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in tuple(self._threads):
            thread.join(10)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.closing.is_set():
                connection.close()
                return
            self._track(connection)
            with self._lock:
                self.connections += 1
            self._start(self._serve, connection)

    def _track(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with suppress(OSError, CutError):
                if self._tls is not None:
                    with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                        self._track(wrapped)
                        self._converse(wrapped)
                else:
                    self._converse(connection)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        buffered = b""
        while not self.closing.is_set():
            while b"\r\n\r\n" not in buffered:
                data = connection.recv(_PIECE)
                if not data:
                    return
                buffered += data
            head, _, buffered = buffered.partition(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ")
            pairs = (line.partition(":") for line in rest)
            request = Request(method, target, {name.lower(): text.strip() for name, _, text in pairs})
            with self._lock:
                self.requests.append(request)
            route = self.routes.get(request.path, status(404))
            route(request, Talk(self, connection, request))


@dataclass
class Blob:
    """Serves bytes as a good object store does, except where told otherwise.

    Attributes:
        cuts: For each request in turn, after how many body bytes the connection is cut; used up one by one.
        ranges: Whether range requests are understood.
        ignore_if_range: Whether a range is given even when the validator no longer fits (a broken server).
        claim: The Content-Length to claim, instead of the true one.
        before: Called with each request before it is answered.
    """

    data: bytes
    etag: str | None = '"first"'
    extra: Mapping[str, str] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    ignore_if_range: bool = False
    reset: bool = False
    claim: int | None = None
    before: Callable[[Request], None] = lambda _: None

    def __call__(self, request: Request, talk: Talk) -> None:
        self.before(request)
        first = request.first if self.ranges else None
        known = {self.etag, self.extra.get("Last-Modified")} - {None}
        condition = request.headers.get("if-range")
        if first is not None and not self.ignore_if_range and condition is not None and condition not in known:
            first = None
        if first is not None and first >= len(self.data):
            status(416)(request, talk)
            return
        end = len(self.data) if first is None or request.last is None else min(request.last + 1, len(self.data))
        body = self.data[first or 0 : end]
        headers = {"Content-Length": str(len(body) if self.claim is None else self.claim), **self.extra}
        if self.etag is not None:
            headers["ETag"] = self.etag
        if first is not None:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(self.data)}"
        talk.head(200 if first is None else 206, headers)
        if self.cuts and (after := self.cuts.pop(0)) < len(body):
            talk.body(body[:after])
            talk.cut(reset=self.reset)
        talk.body(body)
        if self.claim is not None:
            talk.cut()


def in_turn(routes: Iterable[Route]) -> Route:
    """Answer with each route in turn; the last one stays."""
    left = list(routes)
    lock = threading.Lock()

    def route(request: Request, talk: Talk) -> None:
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(request, talk)

    return route


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"no") -> Route:
    """Answer with a bare status."""

    def route(_: Request, talk: Talk) -> None:
        talk.head(code, {"Content-Length": str(len(body)), **(headers or {})})
        talk.raw(body)

    return route


def redirect(to: str, code: int = 302) -> Route:
    """Send the client elsewhere."""
    return status(code, {"Location": to})


def hang(_: Request, talk: Talk) -> None:
    """Take the request and never say a word."""
    talk.closing.wait()


def hang_and_fail() -> tuple[Route, Route]:
    """Two routes: one hangs, and the other, as soon as the first was asked, says that there is nothing."""
    asked = threading.Event()

    def silent(request: Request, talk: Talk) -> None:
        asked.set()
        hang(request, talk)

    def missing(_: Request, talk: Talk) -> None:
        assert asked.wait(10)
        talk.head(404, {"Content-Length": "0"})

    return silent, missing


def endless(_: Request, talk: Talk) -> None:
    """Send chunks until the client has had enough."""
    talk.head(200, {"Transfer-Encoding": "chunked"})
    while not talk.closing.is_set():
        talk.raw(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
