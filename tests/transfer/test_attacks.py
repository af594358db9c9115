"""Attacks by whoever owns the server, the line without its keys, or the partial files on the disk."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lockstick.transfer import ClientFactory, Policy, fetch_all
from lockstick.transfer import partial as partial_module
from lockstick.transfer.disk import Seeking
from transfer.ground import Notes, Want, World, noise
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
