"""Small documents into memory: byte for byte, capped, by the same rules as files."""

from __future__ import annotations

import pytest

from lockstick.errors import DistrustError, NotAllowedError, NotFoundError, TransferError
from lockstick.transfer import ClientFactory, DocumentReader, Policy
from transfer.ground import Notes, Token, World, fetch_document
from transfer.misbehaving import Blob, Request, Server, Talk, endless, in_turn, redirect, status


def test_a_document_comes_byte_for_byte(server: Server, clients: ClientFactory) -> None:
    data = b'\xef\xbb\xbf{ "a":1}\r\n'
    server.routes["/doc"] = Blob(data)
    assert fetch_document(server.url("/doc"), limit=len(data), clients=clients) == data


@pytest.mark.parametrize("code", [404, 410])
def test_a_missing_document_can_be_told_from_every_other_failure(
    server: Server, clients: ClientFactory, code: int
) -> None:
    server.routes["/doc"] = status(code)
    with pytest.raises(NotFoundError, match=r"there is no 7\.root\.json"):
        fetch_document(server.url("/doc"), limit=10, name="7.root.json", clients=clients)
    assert len(server.requests) == 1


def test_a_forbidden_document_is_not_asked_for_again(server: Server, clients: ClientFactory) -> None:
    server.routes["/doc"] = status(403)
    with pytest.raises(NotAllowedError):
        fetch_document(server.url("/doc"), limit=10, clients=clients)
    assert len(server.requests) == 1


def test_a_document_over_its_limit_is_refused_unread(server: Server, clients: ClientFactory) -> None:
    def offer(_: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": "5"})
        talk.closing.wait()  # whoever reads on will wait for long

    server.routes["/doc"] = offer
    with pytest.raises(DistrustError, match="more than the 4 bytes"):
        fetch_document(server.url("/doc"), limit=4, clients=clients, policy=Policy(read_timeout=1, attempts=1))


def test_an_endless_document_is_refused(server: Server, clients: ClientFactory) -> None:
    server.routes["/doc"] = endless
    with pytest.raises(DistrustError, match="more than the 100000 bytes"):
        fetch_document(server.url("/doc"), limit=100_000, clients=clients)


def test_a_document_that_broke_off_is_fetched_again(server: Server, clients: ClientFactory, world: World) -> None:
    server.routes["/doc"] = Blob(b"whole document", cuts=[5])
    notes = Notes()
    got = fetch_document(
        server.url("/doc?secret=canary"),
        limit=99,
        clients=clients,
        surroundings=world.surroundings,
        observer=notes,
    )
    assert got == b"whole document"
    assert len(notes.retries) == 1


def test_a_document_that_drips_its_framing_only_is_given_up(
    server: Server, clients: ClientFactory, world: World
) -> None:
    def drip(_: Request, talk: Talk) -> None:
        talk.head(200, {"Connection": "close"})
        talk.body(b"{")
        talk.closing.wait()

    server.routes["/doc"] = drip
    with pytest.raises(TransferError, match="no content came"):
        fetch_document(
            server.url("/doc"),
            limit=99,
            clients=clients,
            policy=Policy(attempts=2, read_timeout=9, stall_timeout=0.3),
            surroundings=world.surroundings,
        )


def test_a_part_or_an_encoding_of_a_document_is_refused(server: Server, clients: ClientFactory, world: World) -> None:
    server.routes["/part"] = status(206, {"Content-Range": "bytes 0-1/9"})
    server.routes["/encoded"] = status(200, {"Content-Encoding": "br"})
    with pytest.raises(TransferError, match="a part"):
        fetch_document(server.url("/part"), limit=9, clients=clients, surroundings=world.surroundings)
    with pytest.raises(TransferError, match="encoding"):
        fetch_document(server.url("/encoded"), limit=9, clients=clients)


def test_a_reader_keeps_its_connection_and_its_token_to_itself(
    server: Server, other_server: Server, clients: ClientFactory
) -> None:
    server.routes["/a"] = server.routes["/b"] = Blob(b"x", extra={"Set-Cookie": "session=canary"})
    server.routes["/c"] = redirect(other_server.url("/c"))
    other_server.routes["/c"] = Blob(b"y")
    token = Token(server.url())
    with DocumentReader(clients=clients) as reader:
        assert reader.fetch(server.url("/a"), limit=1, authority=token) == b"x"
        assert reader.fetch(server.url("/b"), limit=1, authority=token) == b"x"
        assert reader.fetch(server.url("/c"), limit=1, authority=token) == b"y"
    assert server.connections == 1
    assert all("authorization" in request.headers for request in server.requests)
    assert all("cookie" not in request.headers for request in server.requests)
    assert "authorization" not in other_server.requests[0].headers


def test_a_refused_token_is_renewed_once(server: Server, clients: ClientFactory) -> None:
    server.routes["/doc"] = in_turn([status(401), status(200, body=b"ok")])
    token = Token(server.url())
    assert fetch_document(server.url("/doc"), limit=9, authority=token, clients=clients) == b"ok"
    assert token.refusals == [server.url("/doc")]
