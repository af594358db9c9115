"""Attacks by whoever owns the server, the line without its keys, or the partial files on the disk."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lockstick.cloud.credentials import OAuthClient
from lockstick.cloud.token import TokenSource
from lockstick.disk.durable import Seeking
from lockstick.errors import MediaError, NotFoundError, TransferError
from lockstick.secret import Secret
from lockstick.transfer import ClientFactory, DocumentReader, Download, Policy, fetch_all
from lockstick.transfer import partial as partial_module
from lockstick.transfer.http1.connecting import connect
from lockstick.transfer.journal import journal_path, kept_bytes
from lockstick.transfer.line import Line
from transfer.ground import Notes, Token, Want, World, noise
from transfer.misbehaving import Blob, Request, Route, Server, Talk, in_turn, redirect, status
from transfer.secure import tls_server, trusting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KIB = 1 << 10
MIB = 1 << 20
PIECES = Policy(connections=4, start_connections=4, min_piece=256 * KIB, max_piece=MIB)


def _slowly(route: Route) -> Route:
    """Give the others time to help."""

    class Slow(Talk):
        def __init__(self, talk: Talk) -> None:
            self.__dict__.update(talk.__dict__)

        def body(self, data: bytes) -> None:
            for at in range(0, len(data), 64 * KIB):
                super().body(data[at : at + 64 * KIB])
                self.closing.wait(0.002)

    return lambda request, talk: route(request, Slow(talk))


def _promises_parts_and_gives_none(data: bytes) -> Route:
    return Blob(data, ranges=False, extra={"Accept-Ranges": "bytes"})


def _names_every_answer_differently(data: bytes) -> Route:
    numbers = itertools.count()

    def route(request: Request, talk: Talk) -> None:
        Blob(data, etag=f'"{next(numbers)}"', ignore_if_range=True, extra={"Accept-Ranges": "bytes"})(request, talk)

    return route


def _gives_no_part_under_a_condition(data: bytes) -> Route:
    def route(request: Request, talk: Talk) -> None:
        Blob(data, ranges="if-range" not in request.headers, extra={"Accept-Ranges": "bytes"})(request, talk)

    return route


def _gives_several_parts_at_once(data: bytes) -> Route:
    def route(request: Request, talk: Talk) -> None:
        if request.first is None:
            Blob(data, extra={"Accept-Ranges": "bytes"})(request, talk)
            return
        talk.head(206, {"Content-Type": "multipart/byteranges; boundary=x", "Content-Length": "4", "ETag": '"first"'})
        talk.raw(b"--x\r")

    return route


def test_a_system_without_calls_that_read_and_write_at_an_offset_mixes_nothing_up(
    server: Server, want: Want, clients: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(fd: int, offset: int, whence: int) -> int:
        found = real(fd, offset, whence)
        time.sleep(0.0005)  # somebody else's turn
        return found

    real = os.lseek
    seeking = Seeking()
    monkeypatch.setattr(partial_module, "write_at", seeking.write_at)
    monkeypatch.setattr(partial_module, "read_at", seeking.read_at)
    monkeypatch.setattr(os, "lseek", interrupted)
    data = noise(8 * MIB)
    server.routes["/file"] = _slowly(Blob(data))
    policy = replace(PIECES, max_lag=8 * MIB)
    notes = Notes()
    (fetched,) = fetch_all([want(data)], clients=clients, policy=policy, observer=notes)
    assert fetched.destination.read_bytes() == data
    assert notes.retries == []


def _leave_half(server: Server, want: Want, clients: ClientFactory, data: bytes) -> Download:
    """Leave a file that is half there, with its journal."""
    server.routes["/file"] = in_turn([Blob(data, cuts=[len(data) // 2]), status(404)])
    download = want(data)
    with pytest.raises(NotFoundError):
        fetch_all([download], clients=clients, policy=Policy(backoff_base=0))
    server.routes["/file"] = Blob(data)
    return download


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def _folder(path: Path) -> None:
    path.mkdir()


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("planted", [_pipe, _link_to_a_pipe, _endless])
def test_what_lies_in_the_place_of_a_journal_is_not_waited_for(
    server: Server, want: Want, clients: ClientFactory, planted: Callable[[Path], None]
) -> None:
    data = noise(200_000)
    download = _leave_half(server, want, clients, data)
    journal = journal_path(download.partial)
    journal.unlink()
    planted(journal)
    done: list[int] = []

    def run() -> None:
        done.append(kept_bytes(download.partial))
        (fetched,) = fetch_all([download], clients=clients)
        done.append(fetched.bytes_fetched)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10)
    assert done == [0, len(data)]
    assert download.destination.read_bytes() == data
    assert not journal.is_symlink()
    assert not journal.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("planted", [_pipe, _folder, _endless])
def test_what_lies_in_the_place_of_a_partial_file_is_neither_written_to_nor_waited_for(
    server: Server, want: Want, clients: ClientFactory, planted: Callable[[Path], None]
) -> None:
    server.routes["/file"] = Blob(b"abc")
    download = want(b"abc")
    download.partial.parent.mkdir(parents=True)
    planted(download.partial)
    with pytest.raises(MediaError, match="cannot be opened"):
        fetch_all([download], clients=clients)
    assert server.requests == []


def test_a_partial_file_that_has_another_name_too_is_left_alone(
    server: Server, want: Want, clients: ClientFactory, tmp_path: Path
) -> None:
    data = noise(200_000)
    download = _leave_half(server, want, clients, data)
    other = tmp_path / "other"
    os.link(download.partial, other)
    before = other.read_bytes()
    (fetched,) = fetch_all([download], clients=clients)
    assert fetched.bytes_fetched == len(data)
    assert download.destination.read_bytes() == data
    assert other.read_bytes() == before
    assert not other.samefile(download.destination)


def test_stretches_that_nothing_names_are_not_continued(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(400_000)
    download = _leave_half(server, want, clients, data)
    with download.partial.open("r+b") as file:
        file.write(noise(200_000, seed=2))
    journal = journal_path(download.partial)
    nothing = {"sha256": hashlib.sha256(b"").hexdigest()}
    forged = {"flushed": 0, "prefix": nothing, "beyond": [[100_000, 200_000]], "validator": None}
    journal.write_text(json.dumps({**json.loads(journal.read_text()), **forged}))
    notes = Notes()
    (fetched,) = fetch_all([download], clients=clients, observer=notes)
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == len(data)
    assert notes.retries == []


@pytest.mark.parametrize(
    "head", [(302, {"Location": "/there"}), (503, {"Retry-After": "0"}), (401, {})], ids=["redirect", "busy", "refused"]
)
def test_a_body_that_nobody_wants_is_not_waited_for_long(
    server: Server, want: Want, clients: ClientFactory, head: tuple[int, dict[str, str]]
) -> None:
    def drip(_: Request, talk: Talk) -> None:
        talk.head(head[0], {"Content-Length": "60000", **head[1]})
        while not talk.closing.wait(0.05):
            talk.raw(b"z")

    server.routes["/file"] = in_turn([drip, Blob(b"abc")])
    server.routes["/there"] = Blob(b"abc")
    policy = Policy(read_timeout=5, stall_timeout=0.4, backoff_base=0)
    began = time.monotonic()
    (fetched,) = fetch_all([want(b"abc", authority=Token(server.url("/")))], clients=clients, policy=policy)
    assert time.monotonic() - began < 4
    assert fetched.destination.read_bytes() == b"abc"


def test_a_token_service_that_drips_its_head_is_given_up(server: Server, clients: ClientFactory, world: World) -> None:
    def drip(_: Request, talk: Talk) -> None:
        talk.raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _again in range(200):
            if talk.closing.wait(0.05):
                break
            talk.raw(b"z")

    server.routes["/token"] = drip
    policy = Policy(read_timeout=5, stall_timeout=0.4, attempts=2)
    oauth = OAuthClient(token_url=server.url("/token"), client_id="me", client_secret=Secret("canary"))
    began = time.monotonic()
    with Line(clients, policy=policy, clock=time.monotonic) as line:
        tokens = TokenSource(oauth, line, policy=policy, surroundings=world.surroundings)
        with pytest.raises(TransferError, match=r"no content came for 0\.4 s"):
            tokens.token()
    assert time.monotonic() - began < 5


def test_a_host_with_very_many_addresses_is_not_tried_at_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[socket.socket] = []
    refusing = socket.create_server(("127.0.0.1", 0))
    port = refusing.getsockname()[1]
    refusing.close()
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{last}", port)) for last in range(1, 250)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_names: found)
    with pytest.raises(OSError, match="refused"):
        connect("many.example", port, timeout=5, clock=time.monotonic, opened=tried.append)
    assert len(tried) == 16


@pytest.mark.parametrize(
    "host",
    ["a..b", ".example.com", "..", "a" * 64 + ".example.com", "a." * 127 + "b", "a" * 2000],
)
def test_a_redirect_to_a_host_that_no_name_service_knows_is_an_ordinary_failure(
    server: Server, want: Want, clients: ClientFactory, world: World, host: str
) -> None:
    server.routes["/file"] = redirect(f"https://{host}/")
    with pytest.raises(TransferError):
        fetch_all([want(b"abc")], clients=clients, policy=Policy(attempts=2), surroundings=world.surroundings)


def test_what_follows_a_body_in_the_same_tls_record_is_not_the_next_answer(certificate: Path) -> None:
    def talkative(_: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": "3"})
        talk.raw(b"abc" + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\njunk")

    with tls_server(certificate) as server, DocumentReader(clients=trusting(certificate)) as reader:
        server.routes["/first"], server.routes["/second"] = talkative, Blob(b"right")
        assert reader.fetch(server.url("/first"), limit=100) == b"abc"
        assert reader.fetch(server.url("/second"), limit=100) == b"right"
        assert server.connections == 2


def test_a_tls_connection_that_somebody_cut_is_not_the_end_of_a_body(certificate: Path, world: World) -> None:
    def cut(_: Request, talk: Talk) -> None:
        talk.head(200, {})
        talk.raw(b'[{"allowed": true}]'[:17])
        talk.cut()

    def ended(_: Request, talk: Talk) -> None:
        talk.head(200, {})
        talk.raw(b"whole")
        talk.end()

    with (
        tls_server(certificate) as server,
        DocumentReader(clients=trusting(certificate), surroundings=world.surroundings) as reader,
    ):
        server.routes["/cut"], server.routes["/ended"] = cut, ended
        assert reader.fetch(server.url("/ended"), limit=100) == b"whole"
        with pytest.raises(TransferError, match="broke off"):
            reader.fetch(server.url("/cut"), limit=100)


def test_a_tls_connection_that_was_given_up_meanwhile_is_replaced(certificate: Path, world: World) -> None:
    left = threading.Event()

    def once(_: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": "2"})
        talk.raw(b"ok")
        left.set()
        talk.cut()

    notes = Notes()
    with (
        tls_server(certificate) as server,
        DocumentReader(clients=trusting(certificate), surroundings=world.surroundings, observer=notes) as reader,
    ):
        server.routes["/once"] = once
        for _ in range(3):
            assert reader.fetch(server.url("/once"), limit=100) == b"ok"
    assert notes.retries == []


@pytest.mark.parametrize(
    "lying",
    [
        _promises_parts_and_gives_none,
        _names_every_answer_differently,
        _gives_no_part_under_a_condition,
        _gives_several_parts_at_once,
    ],
)
def test_a_server_whose_parts_do_not_go_together_gives_the_file_over_one_connection(
    server: Server, want: Want, clients: ClientFactory, world: World, lying: Callable[[bytes], Route]
) -> None:
    data = noise(12 * MIB)
    server.routes["/file"] = _slowly(lying(data))
    (fetched,) = fetch_all([want(data)], clients=clients, policy=PIECES, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert len(server.requests) <= 3 * PIECES.connections
