"""Through a proxy, where the HTTP library does the talking: the same bytes, rules, and ends of waiting."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import pytest

from lockstick.errors import NotFoundError
from lockstick.transfer import Policy, fetch_all
from lockstick.transfer.network import Network
from transfer.ground import Want, World, noise
from transfer.misbehaving import Blob, hang_and_fail
from transfer.secure import tls_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KIB = 1 << 10


class Tunnel:
    """A proxy on loopback that knows CONNECT only, and counts."""

    def __init__(self) -> None:
        self.tunnels = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                head = b""
                while b"\r\n\r\n" not in head:
                    head += near.recv(4096)
                host, _, port = head.split()[1].decode().rpartition(":")
                far = socket.create_connection((host, int(port)))
                self._open += [near, far]
                self.tunnels += 1
                near.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


def through_proxies(certificate: Path) -> Network:
    """A way to the network that believes this certificate alone, and the environment about proxies."""
    return Network(tls=ssl.create_default_context(cafile=certificate))


@pytest.fixture
def tunnel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnel]:
    with Tunnel() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.url)
        yield running


def test_a_file_comes_through_a_proxy_in_pieces_and_is_continued(
    tunnel: Tunnel, certificate: Path, want: Want, world: World
) -> None:
    data = noise(2000 * KIB)
    policy = Policy(connections=3, min_piece=100 * KIB, max_piece=300 * KIB)
    with tls_server(certificate) as server:
        server.routes["/file"] = Blob(data, cuts=[50 * KIB])
        (fetched,) = fetch_all(
            [want(data, url=server.url("/file"))],
            clients=through_proxies(certificate),
            policy=policy,
            surroundings=world.surroundings,
        )
        assert server.connections == tunnel.tunnels > 1
        assert len([request for request in server.requests if "range" in request.headers]) > 1
    assert fetched.destination.read_bytes() == data


def test_a_server_that_hangs_behind_a_proxy_is_hung_up(tunnel: Tunnel, certificate: Path, want: Want) -> None:
    with tls_server(certificate) as server:
        server.routes["/silent"], server.routes["/gone"] = hang_and_fail()
        wanted = [want(b"xx", "silent", url=server.url("/silent")), want(b"x", "gone", url=server.url("/gone"))]
        failed = threading.Event()

        def run() -> None:
            with pytest.raises(NotFoundError):
                fetch_all(wanted, clients=through_proxies(certificate))
            failed.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert failed.wait(10)
        thread.join()
    assert tunnel.tunnels == 2


def test_what_the_environment_excepts_goes_around_the_proxy(
    tunnel: Tunnel, certificate: Path, want: Want, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with tls_server(certificate) as server:
        server.routes["/file"] = Blob(b"abc")
        fetch_all([want(b"abc", url=server.url("/file"))], clients=through_proxies(certificate))
        assert server.connections == 1
    assert tunnel.tunnels == 0
