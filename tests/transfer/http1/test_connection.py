"""One connection: bodies of all framings, what a server may do between two requests, and races of addresses."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.transfer.http1.body import Body
from lockstick.transfer.http1.connecting import connect, in_turns
from lockstick.transfer.http1.connection import Connection, NoAnswer
from lockstick.transfer.http1.head import MAX_HEAD, MalformedAnswer, read_head
from lockstick.transfer.http1.incoming import Incoming
from lockstick.transfer.outgoing import Outgoing

Talker = Callable[[socket.socket], None]


@contextmanager
def talking(server: Talker, timeout: float = 10) -> Iterator[Connection]:
    """A connection whose other end is a function in a thread."""
    ours, theirs = socket.socketpair()
    ours.settimeout(timeout)

    def run() -> None:
        with suppress(OSError), theirs:
            server(theirs)

    thread = threading.Thread(target=run)
    thread.start()
    connection = Connection(ours)
    try:
        yield connection
    finally:
        connection.close()
        thread.join(10)


def answers(*raw: bytes) -> Talker:
    """Read a request and send the next of these, and end after the last."""

    def server(theirs: socket.socket) -> None:
        for one in raw:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += theirs.recv(4096)
            theirs.sendall(one)

    return server


def read_all(body: Body, size: int = 7) -> bytes:
    found = bytearray()
    view = memoryview(bytearray(size))
    while count := body.read_into(view):
        found += view[:count]
    return bytes(found)


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n006 ;x=y\r\n world\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello world",
        (
            b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Go\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"
        ),
    ],
)
def test_a_body_of_any_framing_is_read_to_its_end(raw: bytes, size: int) -> None:
    with talking(answers(raw)) as connection:
        head, body = connection.ask("h", "/", {})
        assert head.status == 200
        assert read_all(body, size) == b"hello world"
        assert body.is_complete
        assert body.read_into(memoryview(bytearray(1))) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 12\r\n\r\nhello world",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 20 + b"5\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 100 + b"\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A" * 5000 + b"\r\n\r\n",
    ],
)
def test_a_body_without_a_proper_end_is_no_body(body: bytes) -> None:
    with talking(answers(b"HTTP/1.1 200 OK\r\n" + body)) as connection:
        _, found = connection.ask("h", "/", {})
        with pytest.raises(MalformedAnswer):
            read_all(found)
        assert not connection.is_ready


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * MAX_HEAD + b"\r\n\r\n",
        b"HTTP/1.1 100 Go\r\n\r\n" * 50,
        b"HTTP/1.1 101 Other\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_an_answer_without_a_proper_head_is_no_answer(raw: bytes) -> None:
    with talking(answers(raw)) as connection, pytest.raises(MalformedAnswer):
        connection.ask("h", "/", {})


def test_a_request_is_what_was_given_and_nothing_else() -> None:
    seen: list[bytes] = []

    def server(theirs: socket.socket) -> None:
        seen.append(theirs.recv(4096))
        theirs.sendall(b"HTTP/1.1 204 No\r\n\r\n")

    with talking(server) as connection:
        connection.ask("example:81", "/a?b", {"Accept": "*/*"})
    assert seen == [b"GET /a?b HTTP/1.1\r\nHost: example:81\r\nAccept: */*\r\n\r\n"]


def test_a_body_goes_out_in_its_pieces_behind_what_it_is_and_how_long() -> None:
    seen = bytearray()

    def server(theirs: socket.socket) -> None:
        while not seen.endswith(b"56"):
            seen.extend(theirs.recv(4096))
        theirs.sendall(b"HTTP/1.1 204 No\r\n\r\n")

    body = Outgoing(method="PATCH", content_type="a/b", length=6, pieces=lambda: [b"1234", memoryview(b"56")])
    with talking(server) as connection:
        connection.ask("h", "/", {"Accept": "*/*"}, body)
    assert bytes(seen) == (
        b"PATCH / HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nContent-Type: a/b\r\nContent-Length: 6\r\n\r\n123456"
    )


@pytest.mark.parametrize("stays", [False, True])
def test_the_answer_of_a_server_that_does_not_want_to_see_the_whole_body_is_read(*, stays: bool) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1
            yield b"x" * 65536

    done = threading.Event()

    def server(theirs: socket.socket) -> None:
        theirs.recv(4096)
        theirs.sendall(b"HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno")
        if stays:
            done.wait(10)

    with talking(server, timeout=0.5 if stays else 10) as connection:
        head, body = connection.ask("h", "/", {}, Outgoing(method="POST", length=655_360_000, pieces=pieces))
        assert (head.status, read_all(body)) == (413, b"no")
        done.set()
        assert not connection.is_ready  # the rest of the body would be taken for another request
    assert sent < 10_000


def test_what_may_be_done_only_once_is_not_taken_for_unsent_when_a_used_connection_ends() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with talking(answers(short)) as connection:
        read_all(connection.ask("h", "/", {})[1])
        with pytest.raises((MalformedAnswer, ConnectionError)):
            connection.ask("h", "/", {}, Outgoing.of("POST", b"{}", "application/json"))


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\nb", "a\0b"])
def test_a_header_with_a_line_break_is_never_sent(value: str) -> None:
    with talking(lambda _: None) as connection, pytest.raises(ValueError, match="line break"):
        connection.ask("h", "/", {"If-Range": value})


def test_a_connection_is_used_again_only_when_it_is_quiet() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with talking(answers(short, short)) as connection:
        for _ in range(2):
            assert connection.is_ready
            assert read_all(connection.ask("h", "/", {})[1]) == b"ok"
        deadline = time.monotonic() + 10
        while connection.is_ready:  # the server leaves after its second answer
            assert time.monotonic() < deadline


def test_a_connection_with_bytes_nobody_asked_for_is_not_used_again() -> None:
    with talking(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n")) as connection:
        assert read_all(connection.ask("h", "/", {})[1]) == b"ok"
        assert not connection.is_ready


def test_a_used_connection_that_was_given_up_is_told_from_a_server_without_answer() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with talking(answers(short)) as connection:
        read_all(connection.ask("h", "/", {})[1])
        with pytest.raises(NoAnswer):
            connection.ask("h", "/", {})


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_a_body_or_refused(noise: bytes, size: int) -> None:
    for framing in (b"Content-Length: 50", b"Transfer-Encoding: chunked"):
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                theirs.sendall(noise)
            body = Body(read_head(b"HTTP/1.1 200 OK\r\n" + framing), Incoming(ours))
            with suppress(MalformedAnswer):
                assert len(read_all(body, size)) <= max(50, len(noise))


def addresses(*ports: int) -> Callable[..., list[Any]]:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    return lambda *_args, **_names: found


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _connect(opened: Callable[[socket.socket], None] = lambda _: None, timeout: float = 10) -> socket.socket:
    return connect("example", 1, timeout=timeout, clock=time.monotonic, opened=opened)


def test_an_address_that_refuses_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr(socket, "getaddrinfo", addresses(_closed_port(), port))
        opened: list[socket.socket] = []
        with _connect(opened.append) as made:
            assert made.getpeername()[1] == port
        assert len(opened) == 2


def test_an_address_that_is_silent_costs_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent, socket.create_server(("127.0.0.1", 0)) as listener:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        fillers = [socket.socket() for _ in range(4)]  # a listener whose queue is full does not answer
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(silent.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", addresses(silent.getsockname()[1], listener.getsockname()[1]))
        with _connect() as made:
            assert made.getpeername() == listener.getsockname()
        for filler in fillers:
            filler.close()


def test_when_nobody_answers_the_last_word_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for ports in ((_closed_port(),), (_closed_port(), _closed_port())):
        monkeypatch.setattr(socket, "getaddrinfo", addresses(*ports))
        with pytest.raises(ConnectionRefusedError):
            _connect()


def test_the_families_take_turns() -> None:
    six, four = int(socket.AF_INET6), int(socket.AF_INET)
    given_order = [(six, ("a",)), (six, ("b",)), (four, ("c",)), (four, ("d",)), (four, ("e",))]
    assert [where[0] for _, where in in_turns(given_order)] == ["a", "c", "b", "d", "e"]


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python does not know IPv6")
def test_a_server_on_the_sixth_version_of_the_protocol_is_reached() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listener:
        made = connect("::1", listener.getsockname()[1], timeout=10, clock=time.monotonic, opened=lambda _: None)
        made.close()
