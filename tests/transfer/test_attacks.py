"""Attacks by whoever owns the server, the line without its keys, or the partial files on the disk."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from lockstick.transfer import ClientFactory, Policy, fetch_all
from transfer.ground import Want, World, noise
from transfer.misbehaving import Blob, Request, Route, Server, Talk

if TYPE_CHECKING:
    from collections.abc import Callable

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
