"""Bodies that go out over TLS: straight to the server, and through a proxy by the other library."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from lockstick.transfer import Policy, check_url
from lockstick.transfer.line import Line
from lockstick.transfer.outgoing import Outgoing
from lockstick.transfer.setbacks import Setback
from transfer.secure import make_certificate, trusting
from transfer.test_proxied import Tunnel, through_proxies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.transfer import ClientFactory

Talker = Callable[[ssl.SSLSocket], object]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "own.pem"
    path.write_bytes(make_certificate())
    return path


@pytest.fixture(params=["direct", "proxied"])
def network(
    request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClientFactory]:
    if request.param == "direct":
        yield trusting(certificate)
        return
    with Tunnel() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.url)
        yield through_proxies(certificate)
        assert running.tunnels == 1


@contextmanager
def serving(certificate: Path, talk: Talker) -> Iterator[str]:
    """A TLS server for one connection, which is a function in a thread; gives its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def run() -> None:
        with suppress(OSError):
            near, _ = listener.accept()
            # Or the answer would wait for an acknowledgement, and be lost when the server leaves before that.
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with context.wrap_socket(near, server_side=True) as secure:
                talk(secure)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/a?b=c"
        thread.join(10)


def test_a_body_in_pieces_goes_out_with_its_length(certificate: Path, network: ClientFactory) -> None:
    seen = bytearray()

    def talk(secure: ssl.SSLSocket) -> None:
        while not seen.endswith(b"the end"):
            seen.extend(secure.recv(4096))
        secure.sendall(b"HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok")
        secure.recv(1)

    def pieces() -> Iterator[memoryview]:
        buffer = bytearray(7)
        for piece in (b"piece 1", b"piece 2", b"the end"):
            buffer[:] = piece
            yield memoryview(buffer)

    what = Outgoing(method="PATCH", content_type="a/b", length=21, pieces=pieces)
    with (
        serving(certificate, talk) as url,
        Line(network, policy=Policy(), clock=time.monotonic) as line,
        line.send(check_url(url), {"X-One": "1"}, what) as response,
    ):
        assert response.status_code == 201
        assert b"".join(line.chunks(response)) == b"ok"
        line.close()
    head, _, body = bytes(seen).partition(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    assert fields[0] == b"patch /a?b=c http/1.1"
    assert {b"x-one: 1", b"content-type: a/b", b"content-length: 21"} < set(fields)
    assert b"transfer-encoding" not in head.lower()
    assert body == b"piece 1piece 2the end"


@pytest.mark.parametrize("leaves", [False, True])
def test_a_refusal_in_the_middle_of_a_body_is_read(certificate: Path, *, leaves: bool) -> None:
    """Our own connections only: the other library gives up where a server reads no further and does not close."""
    sent = 0
    done = threading.Event()

    def talk(secure: ssl.SSLSocket) -> None:
        secure.recv(4096)
        secure.sendall(b"HTTP/1.1 413 Too large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        if not leaves:
            done.wait(10)

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(20_000):
            sent += 1
            yield b"x" * 65536

    what = Outgoing(method="POST", content_type="a/b", length=20_000 * 65536, pieces=pieces)
    with (
        serving(certificate, talk) as url,
        Line(trusting(certificate), policy=Policy(read_timeout=0.5), clock=time.monotonic) as line,
        line.send(check_url(url), {}, what) as response,
    ):
        done.set()
        assert response.status_code == 413
    assert sent < 20_000


def test_a_refusal_by_a_server_that_hears_us_out_is_read(certificate: Path, network: ClientFactory) -> None:
    length = 20 << 20

    def talk(secure: ssl.SSLSocket) -> None:
        secure.recv(4096)
        secure.sendall(b"HTTP/1.1 413 Too large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        while secure.recv(1 << 20):
            pass

    what = Outgoing(method="POST", content_type="a/b", length=length, pieces=lambda: [bytes(1 << 16)] * (length >> 16))
    with serving(certificate, talk) as url, Line(network, policy=Policy(), clock=time.monotonic) as line:
        with line.send(check_url(url), {}, what) as response:
            assert response.status_code == 413
        line.close()


def test_a_line_that_is_cut_while_it_sends_is_a_setback(certificate: Path, network: ClientFactory) -> None:
    stop = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"x"
        line.cut()
        stop.set()
        yield b"y"

    what = Outgoing(method="POST", content_type="a/b", length=2, pieces=pieces)
    with (
        serving(certificate, lambda _: stop.wait(5)) as url,
        Line(network, policy=Policy(), clock=time.monotonic) as line,
        pytest.raises(Setback) as cut,
        line.send(check_url(url), {}, what),
    ):
        pass
    assert cut.value.was_sent
