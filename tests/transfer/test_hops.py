"""Redirects, tokens and addresses: who is asked, with what, and what is never shown."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import LockstickError, NotAllowedError, NotFoundError, TransferError, UsageError
from lockstick.transfer import ClientFactory, Policy, client_factory, fetch_all
from transfer.ground import Token, Want, World, fetch_document, noise
from transfer.misbehaving import Blob, Request, Server, Talk, hang, in_turn, redirect, status
from transfer.secure import tls_server, trusting

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_the_token_goes_to_its_origin_and_not_to_where_it_redirects(
    server: Server, other_server: Server, want: Want, clients: ClientFactory, code: int
) -> None:
    server.routes["/file"] = redirect(other_server.url("/stored?X-Amz-Signature=a%2Fb+c/d&y=%20"), code)
    other_server.routes["/stored"] = Blob(b"abc")
    token = Token(server.url())
    (fetched,) = fetch_all([want(b"abc", authority=token)], clients=clients)
    assert fetched.destination.read_bytes() == b"abc"
    assert server.requests[0].headers["authorization"] == "Bearer canary-0"
    (foreign,) = other_server.requests
    assert "authorization" not in foreign.headers
    assert "canary" not in repr(foreign)
    assert foreign.target == "/stored?X-Amz-Signature=a%2Fb+c/d&y=%20"


def test_the_address_is_asked_for_as_it_is_written(server: Server, want: Want, clients: ClientFactory) -> None:
    target = "/a%20b%2Fc+d%C3%A9~(x)"
    server.routes[target] = Blob(b"abc")
    fetch_all([want(b"abc", url=server.url(target))], clients=clients)
    assert [request.target for request in server.requests] == [target]


def test_a_redirect_within_the_origin_keeps_the_token(server: Server, want: Want, clients: ClientFactory) -> None:
    server.routes["/file"] = redirect("/there")
    server.routes["/there"] = Blob(b"abc")
    fetch_all([want(b"abc", authority=Token(server.url()))], clients=clients)
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer canary-0"] * 2
    assert server.connections == 1


def test_every_attempt_starts_at_the_first_address(
    server: Server, other_server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(100_000)
    stored = Blob(data, cuts=[40_000])
    spent: set[str] = set()

    def once_only(request: Request, talk: Talk) -> None:
        if request.target in spent:
            status(403)(request, talk)
        else:
            spent.add(request.target)
            stored(request, talk)

    other_server.routes["/stored"] = once_only
    server.routes["/file"] = in_turn(
        [redirect(other_server.url("/stored?n=1")), redirect(other_server.url("/stored?n=2"))]
    )
    (fetched,) = fetch_all([want(data)], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == len(data)
    assert other_server.requests[1].first == 40_000


def test_a_refused_token_is_renewed_once_and_tried_again(server: Server, want: Want, clients: ClientFactory) -> None:
    server.routes["/file"] = in_turn([status(401), Blob(b"abc")])
    token = Token(server.url())
    fetch_all([want(b"abc", authority=token)], clients=clients)
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer canary-0", "Bearer canary-1"]


@pytest.mark.parametrize("renewals", [0, 1, 5])
def test_a_token_that_stays_refused_is_an_error_that_does_not_show_it(
    server: Server, want: Want, clients: ClientFactory, renewals: int
) -> None:
    server.routes["/file"] = status(401)
    token = Token(server.url(), renewals=renewals)
    with pytest.raises(NotAllowedError, match="answered 401") as caught:
        fetch_all([want(b"abc", authority=token)], clients=clients)
    assert len(server.requests) == min(renewals, 1) + 1
    assert "canary" not in str(caught.value) + caught.value.remedy


def test_a_refusal_without_an_authority_is_final(server: Server, want: Want, clients: ClientFactory) -> None:
    server.routes["/file"] = status(401)
    with pytest.raises(NotAllowedError):
        fetch_all([want(b"abc")], clients=clients)
    assert len(server.requests) == 1


def test_redirects_in_a_circle_end(server: Server, want: Want, clients: ClientFactory) -> None:
    server.routes["/file"] = redirect("/back")
    server.routes["/back"] = redirect("/file")
    with pytest.raises(TransferError, match="redirected more than 3 times"):
        fetch_all([want(b"abc")], clients=clients, policy=Policy(max_redirects=3))
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://files.example/x?secret=canary", "plain http"),
        ("http://user:canary@127.0.0.1/x", "user name or password"),
        ("ftp://files.example/canary", "not an absolute http or https URL"),
        ("http://[canary", "not an absolute http or https URL"),
        ("file:///etc/passwd", "not an absolute http or https URL"),
        ("https://", "not an absolute http or https URL"),
    ],
)
def test_a_redirect_to_an_address_that_is_not_allowed_is_refused(
    server: Server, want: Want, clients: ClientFactory, location: str, words: str
) -> None:
    server.routes["/file"] = redirect(location)
    with pytest.raises(TransferError, match=words) as caught:
        fetch_all([want(b"abc")], clients=clients)
    assert len(server.requests) == 1
    if "ftp" not in location:
        assert "canary" not in str(caught.value)


def test_nothing_secret_is_logged_or_shown(
    server: Server,
    other_server: Server,
    want: Want,
    clients: ClientFactory,
    *,
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.routes["/file"] = redirect(other_server.url("/stored?signature=canary-signature"))
    download = want(b"abc", authority=Token(server.url()))
    for route in (status(404), status(403), status(400), status(500), Blob(b"abcd"), Blob(b"xyz")):
        other_server.routes["/stored"] = route
        with pytest.raises(LockstickError) as caught:
            fetch_all([download], clients=clients, surroundings=world.surroundings)
        assert "canary" not in f"{caught.value} {caught.value.remedy}"
    other_server.routes["/stored"] = Blob(b"abc")
    fetch_all([download], clients=clients)
    assert "canary" not in caplog.text


def test_plain_http_to_loopback_goes_to_no_proxy(
    server: Server, other_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", other_server.url())
    monkeypatch.setenv("ALL_PROXY", other_server.url())
    server.routes["/doc"] = status(200, body=b"direct")
    assert fetch_document(server.url("/doc"), limit=10, clients=client_factory()) == b"direct"
    assert other_server.connections == 0


def test_https_goes_to_the_proxy_of_the_environment(
    other_server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", other_server.url())
    with pytest.raises(TransferError, match="proxy refused"):
        fetch_document("https://files.example/doc", limit=10, clients=client_factory(), surroundings=world.surroundings)
    assert {request.method for request in other_server.requests} == {"CONNECT"}


def test_a_file_is_fetched_over_https_and_continued(certificate: Path, want: Want, world: World) -> None:
    data = noise(500_000)
    with tls_server(certificate) as server:
        server.routes["/file"] = Blob(data, cuts=[100_000])
        (fetched,) = fetch_all(
            [want(data, url=server.url("/file"))],
            clients=trusting(certificate),
            surroundings=world.surroundings,
        )
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == len(data)


def test_a_certificate_nobody_vouches_for_is_refused_without_another_try(
    certificate: Path, want: Want, clients: ClientFactory
) -> None:
    with tls_server(certificate) as server:
        with pytest.raises(TransferError, match=r"certificate of https://.* was not accepted"):
            fetch_all([want(b"abc", url=server.url("/file"))], clients=clients)
        assert server.connections == 1


def test_https_never_redirects_back_to_plain_http(certificate: Path, server: Server, want: Want) -> None:
    with tls_server(certificate) as secure:
        secure.routes["/file"] = redirect(server.url("/file"))
        server.routes["/file"] = Blob(b"abc")
        with pytest.raises(TransferError, match="from https back to plain http"):
            fetch_all([want(b"abc", url=secure.url("/file"))], clients=trusting(certificate))
    assert server.requests == []


def test_a_stalled_https_connection_is_cut_and_hung_up_like_a_plain_one(certificate: Path, want: Want) -> None:
    asked = threading.Event()

    def silent(request: Request, talk: Talk) -> None:
        asked.set()
        hang(request, talk)

    def missing(_: Request, talk: Talk) -> None:
        assert asked.wait(10)
        talk.head(404, {"Content-Length": "0"})

    with tls_server(certificate) as secure:
        secure.routes["/silent"], secure.routes["/gone"] = silent, missing
        finished = threading.Event()

        def run() -> None:
            wanted = [
                want(b"xx", "silent", url=secure.url("/silent")),
                want(b"x", "gone", url=secure.url("/gone")),
            ]
            with pytest.raises(NotFoundError):
                fetch_all(wanted, clients=trusting(certificate))
            finished.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert finished.wait(10)
        thread.join()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HTTPS_PROXY", "gopher://user:canary@proxy.example", "proxy of the environment"),
        ("SSL_CERT_FILE", "/nowhere/canary.pem", "certificate authorities of the environment"),
    ],
)
def test_an_environment_that_makes_no_sense_is_said_so(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=words) as caught:
        fetch_document("https://files.example/doc", limit=10)
    assert "canary" not in f"{caught.value} {caught.value.remedy}"
