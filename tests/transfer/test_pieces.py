"""One large file over several connections: every byte once, in its place, hashed once, and never of two states."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from lockstick.disk import hashing as hashing_module
from lockstick.errors import DistrustError, MediaError, TransferError
from lockstick.transfer import ClientFactory, Policy, fetch_all
from lockstick.transfer.journal import kept_bytes
from transfer.ground import Notes, Want, World, noise
from transfer.misbehaving import Blob, Request, Server, Talk

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1 << 10
MIB = 1 << 20


def pieces(**changes: Any) -> Policy:
    """A policy that cuts small files up as the default one does large ones."""
    values: dict[str, Any] = {
        "connections": 4,
        "start_connections": 4,
        "min_piece": 256 * KIB,
        "max_piece": MIB,
        "backoff_base": 0.01,
    }
    return Policy(**{**values, **changes})


def together(number: int) -> Any:
    """Hold the first so many requests until all of them are there."""
    barrier = threading.Barrier(number, timeout=20)
    left = iter(range(number))

    def before(_: Request) -> None:
        if next(left, None) is not None:
            barrier.wait()

    return before


def test_a_large_file_comes_over_several_connections_and_every_byte_once(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(8 * MIB)
    seen: list[Request] = []

    def route(request: Request, talk: Talk) -> None:
        seen.append(request)
        if len(seen) > 1:  # the others wait for each other, so that nobody is done before the last one has come
            waiting(request)
        Blob(data)(request, talk)

    waiting = together(3)
    server.routes["/file"] = route
    notes = Notes()
    (fetched,) = fetch_all([want(data)], clients=clients, policy=pieces(), observer=notes)
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == len(data)
    assert notes.done == {"file": len(data)}
    assert notes.started == notes.finished == ["file"]
    assert server.connections == 4
    assert "if-range" not in seen[0].headers
    assert all(request.headers["if-range"] == '"first"' for request in seen[1:])
    assert not fetched.destination.with_name("file.journal").exists()


def test_every_byte_is_hashed_exactly_once(
    server: Server, want: Want, clients: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise(6 * MIB)
    hashed: Counter[str] = Counter()

    class Counting:
        def __init__(self) -> None:
            self._real = hashlib.sha256()

        def update(self, piece: bytes | memoryview) -> None:
            hashed["bytes"] += len(piece)
            self._real.update(piece)

        def hexdigest(self) -> str:
            return self._real.hexdigest()

    def late_beginning(request: Request, talk: Talk) -> None:
        """The first piece comes last, so that everything else is out of order."""
        if not request.first:
            head = {"Content-Length": str(request.last + 1), "ETag": '"first"'} if request.last else {}
            talk.head(206, {**head, "Content-Range": f"bytes 0-{request.last}/{len(data)}"})
            others_done.wait(20)
            talk.body(data[: (request.last or 0) + 1])
            return
        Blob(data)(request, talk)

    others_done = threading.Event()
    first_piece = 768 * KIB

    def watch(_: str, count: int) -> None:
        hashed["arrived"] += count
        if hashed["arrived"] >= len(data) - first_piece:
            others_done.set()

    monkeypatch.setitem(hashing_module._ALGORITHMS, "sha256", Counting)
    server.routes["/file"] = late_beginning
    wanted = want(data)
    policy = pieces(max_piece=first_piece, min_piece=first_piece)
    (fetched,) = fetch_all([wanted], clients=clients, policy=policy, observer=Notes(watch))
    assert fetched.destination.read_bytes() == data
    assert hashed["bytes"] == len(data)


def test_whoever_is_free_takes_half_of_what_is_left(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(12 * MIB)
    helped = threading.Event()

    def route(request: Request, talk: Talk) -> None:
        if not request.first:
            head = {"Content-Length": str(len(data)), "ETag": '"first"', "Accept-Ranges": "bytes"}
            talk.head(200, head)
            talk.body(data[:MIB])
            assert helped.wait(20)
            talk.body(data[MIB:])
            return
        helped.set()
        Blob(data)(request, talk)

    server.routes["/file"], server.routes["/small"] = route, Blob(b"small")
    # Too small for pieces: the first worker asks for all of it; the second is free after the small one.
    policy = pieces(min_piece=32 * MIB, max_piece=32 * MIB, connections=2)
    fetched, _ = fetch_all([want(data), want(b"small", "small")], clients=clients, policy=policy)
    assert fetched.destination.read_bytes() == data
    (helper, *_) = [request for request in server.requests if request.first]
    assert helper.first is not None
    assert 6 * MIB <= helper.first <= 7 * MIB


@pytest.mark.parametrize("signed", ["old", "new"])
def test_a_file_that_changes_between_two_ranges_is_never_mixed(
    server: Server, want: Want, clients: ClientFactory, signed: str
) -> None:
    old, new = noise(4 * MIB, 1), noise(4 * MIB, 2)
    state = Blob(old)
    answered = 0

    def route(request: Request, talk: Talk) -> None:
        nonlocal answered
        answered += 1
        if answered == 4:
            state.data, state.etag = new, '"second"'
        Blob(state.data, etag=state.etag)(request, talk)

    server.routes["/file"] = route
    download = want(old if signed == "old" else new)
    if signed == "new":
        (fetched,) = fetch_all([download], clients=clients, policy=pieces())
        assert fetched.destination.read_bytes() == new
    else:
        with pytest.raises(DistrustError, match="not what was signed"):
            fetch_all([download], clients=clients, policy=pieces())
        assert not download.destination.exists()
        assert not download.partial.exists()


def test_a_server_that_ignores_the_condition_is_caught_by_its_own_validator(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    old, new = noise(4 * MIB, 1), noise(4 * MIB, 2)
    count = 0

    def route(request: Request, talk: Talk) -> None:
        nonlocal count
        count += 1
        blob = Blob(old) if count < 4 else Blob(new, etag='"second"', ignore_if_range=True)
        blob(request, talk)

    server.routes["/file"] = route
    notes = Notes()
    (fetched,) = fetch_all([want(new)], clients=clients, policy=pieces(), observer=notes)
    assert fetched.destination.read_bytes() == new
    assert any("changed on the server" in reason for reason in notes.retries)


def test_wrong_bytes_in_one_range_cost_that_file_once_more(server: Server, want: Want, clients: ClientFactory) -> None:
    data, other = noise(4 * MIB, 1), noise(4 * MIB, 2)
    lies = 1

    def route(request: Request, talk: Talk) -> None:
        nonlocal lies
        if request.first and lies:
            lies -= 1
            Blob(bytes(len(data)))(request, talk)
            return
        Blob(data)(request, talk)

    server.routes["/file"], server.routes["/other"] = route, Blob(other)
    notes = Notes()
    first, second = fetch_all([want(data), want(other, "other")], clients=clients, policy=pieces(), observer=notes)
    assert first.destination.read_bytes() == data
    assert second.destination.read_bytes() == other
    assert (first.bytes_fetched, second.bytes_fetched) == (2 * len(data), len(other))
    assert notes.done == {"file": len(data), "other": len(other)}


def test_wrong_bytes_in_one_range_again_are_an_error_that_names_the_origin(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(4 * MIB)

    def route(request: Request, talk: Talk) -> None:
        Blob(bytes(len(data)) if request.first else data)(request, talk)

    server.routes["/file"] = route
    download = want(data)
    with pytest.raises(DistrustError) as caught:
        fetch_all([download], clients=clients, policy=pieces())
    assert f"127.0.0.1:{server.port}" in str(caught.value)
    assert server.body_bytes["/file"] <= 2 * len(data) + MIB  # a piece that was split may have been on its way
    assert not download.destination.exists()
    assert not download.partial.exists()


@pytest.mark.parametrize("has_validator", [True, False])
def test_a_server_without_ranges_gives_a_large_file_over_one_connection(
    server: Server, want: Want, clients: ClientFactory, *, has_validator: bool
) -> None:
    data = noise(4 * MIB)
    server.routes["/file"] = Blob(data, ranges=False, etag='"first"' if has_validator else None)
    (fetched,) = fetch_all([want(data)], clients=clients, policy=pieces())
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == len(data)
    assert len(server.requests) == 1


def test_ranges_of_bytes_that_nothing_names_are_not_put_together(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(4 * MIB)
    server.routes["/file"] = Blob(data, etag=None)
    (fetched,) = fetch_all([want(data)], clients=clients, policy=pieces())
    assert fetched.destination.read_bytes() == data
    assert [request.headers.get("range") is None for request in server.requests] == [False, True]


def test_a_server_that_stops_giving_ranges_gives_all_of_it_once(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(4 * MIB)
    count = 0

    def route(request: Request, talk: Talk) -> None:
        nonlocal count
        count += 1
        Blob(data, ranges=count < 3)(request, talk)

    server.routes["/file"] = route
    (fetched,) = fetch_all([want(data)], clients=clients, policy=pieces())
    assert fetched.destination.read_bytes() == data


def test_more_than_was_signed_is_refused_in_pieces_too(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(4 * MIB)
    server.routes["/file"] = Blob(data + b"!")
    with pytest.raises(DistrustError, match="more than was signed"):
        fetch_all([want(data)], clients=clients, policy=pieces())


@pytest.mark.parametrize("attempt", range(5))
def test_a_lie_in_one_piece_is_named_while_others_are_still_writing(
    server: Server, want: Want, clients: ClientFactory, attempt: int
) -> None:
    data = noise(6 * MIB, attempt)
    lied = threading.Event()

    def route(request: Request, talk: Talk) -> None:
        if not request.first:
            Blob(data)(request, talk)
            return
        if (request.last or 0) + 1 == len(data) or request.headers["range"].endswith("-"):
            rest = data[request.first :] + b"!"
            place = f"bytes {request.first}-{len(data) - 1}/{len(data)}"
            talk.head(206, {"Transfer-Encoding": "chunked", "ETag": '"first"', "Content-Range": place})
            lied.set()
            talk.raw(b"%x\r\n" % len(rest) + rest + b"\r\n0\r\n\r\n")
            return
        talk.head(
            206,
            {
                "Content-Length": str((request.last or 0) + 1 - request.first),
                "ETag": '"first"',
                "Content-Range": f"bytes {request.first}-{request.last}/{len(data)}",
            },
        )
        for position in range(request.first, (request.last or 0) + 1, 4 * KIB):
            talk.body(data[position : min(position + 4 * KIB, (request.last or 0) + 1)])
            if not lied.is_set():
                talk.closing.wait(0.001)

    server.routes["/file"] = route
    download = want(data)
    with pytest.raises(DistrustError, match="more than was signed"):
        fetch_all([download], clients=clients, policy=pieces())
    assert not download.partial.exists()


def test_less_than_was_signed_is_refused_in_pieces_too(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(4 * MIB)
    server.routes["/file"] = Blob(data[:-1])
    with pytest.raises(DistrustError, match="not what was signed"):
        fetch_all([want(data)], clients=clients, policy=pieces())


def test_connections_cut_at_random_end_verified_with_hardly_a_byte_twice(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(64 * MIB)
    dice = random.Random(7)
    server.routes["/file"] = Blob(data, cuts=[dice.randrange(MIB, 4 * MIB) for _ in range(40)])
    policy = pieces(min_piece=4 * MIB, max_piece=16 * MIB)
    (fetched,) = fetch_all([want(data)], clients=clients, policy=policy, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert len(server.requests) > 20
    assert fetched.bytes_fetched <= 1.02 * len(data)


def test_an_outage_of_all_connections_counts_once_for_each(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    """Four connections that fail together must not use up the patience of a file four times as fast."""
    data = noise(8 * MIB)
    blob = Blob(data)
    outages = iter([False, False, True])
    is_over = threading.Event()

    def count() -> None:
        if next(outages):
            is_over.set()

    everybody = threading.Barrier(4, action=count)

    def route(request: Request, talk: Talk) -> None:
        if request.first and not is_over.is_set():
            everybody.wait(10)
            talk.cut()
        blob(request, talk)

    server.routes["/file"] = route
    (fetched,) = fetch_all([want(data)], clients=clients, policy=pieces(), surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data


def test_a_server_that_fails_for_good_is_given_up_with_what_there_is(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(8 * MIB)
    blob = Blob(data)

    def route(request: Request, talk: Talk) -> None:
        if (request.first or 0) > 4 * MIB:
            talk.cut()
        blob(request, talk)

    server.routes["/file"] = route
    download = want(data)
    with pytest.raises(TransferError, match="could not fetch file"):
        fetch_all([download], clients=clients, policy=pieces(), surroundings=world.surroundings)
    assert not download.destination.exists()
    kept = kept_bytes(download.partial)
    assert kept >= 2 * MIB
    server.routes["/file"] = Blob(data)
    (fetched,) = fetch_all([download], clients=clients, policy=pieces())
    assert fetched.resumed_from == kept
    assert fetched.bytes_fetched == len(data) - kept
    assert fetched.destination.read_bytes() == data


def test_a_disk_that_fills_up_under_several_connections_keeps_what_it_has(
    server: Server, want: Want, clients: ClientFactory, small_disk: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    data = noise(5 * MIB)
    server.routes["/file"] = Blob(data)
    wanted = want(data, destination=small_disk / "file", partial=small_disk / "part")
    monkeypatch.setattr("lockstick.transfer.partial.reserve", lambda _fd, _length: None)
    world.free = lambda _: 1 << 40
    (small_disk / "other").write_bytes(bytes(4 * MIB))
    with pytest.raises(MediaError, match="the disk is full"):
        fetch_all([wanted], clients=clients, policy=pieces(), surroundings=world.surroundings)
    assert not wanted.destination.exists()
    (small_disk / "other").unlink()
    (fetched,) = fetch_all([wanted], clients=clients, policy=pieces())
    assert fetched.destination.read_bytes() == data


def test_a_limit_for_the_rate_is_kept_over_all_connections(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(4 * MIB)
    server.routes["/file"] = Blob(data)
    started = time.monotonic()
    policy = pieces(limit_rate=MIB)
    (fetched,) = fetch_all([want(data)], clients=clients, policy=policy, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    # Every connection waits for its own share, at the same time as the others; the clock jumps over the waiting.
    assert world.skipped + time.monotonic() - started >= 4


_CHILD = """
import sys
from pathlib import Path
from lockstick.transfer import Download, Policy, fetch_all
url, length, digest, folder = sys.argv[1:]
fetch_all(
    [Download(name="file", url=url, length=int(length), digests={"sha256": digest},
              destination=Path(folder, "file"), partial=Path(folder, "part"))],
    policy=Policy(flush_bytes=1 << 20, connections=4, start_connections=4, min_piece=1 << 20, max_piece=2 << 20),
)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL there")
def test_fifty_kills_at_any_moment_lose_no_more_than_was_not_yet_flushed(server: Server, tmp_path: Path) -> None:
    data = noise(48 * MIB)
    blob = Blob(data)
    lives = 50
    allowance = threading.Semaphore(0)

    def rationed(request: Request, talk: Talk) -> None:
        """Give a part only while there are rations, so that each life gets about as far as it may."""
        first, last = request.first or 0, request.last if request.last is not None else len(data) - 1
        talk.head(
            206 if request.first is not None else 200,
            {
                "Content-Length": str(last + 1 - first),
                "ETag": '"first"',
                "Content-Range": f"bytes {first}-{last}/{len(data)}",
            },
        )
        for position in range(first, last + 1, 64 * KIB):
            while not allowance.acquire(timeout=0.1):
                if talk.closing.is_set():
                    talk.cut()
            talk.body(data[position : min(position + 64 * KIB, last + 1)])

    server.routes["/file"] = rationed
    command = [
        sys.executable, "-c", _CHILD, server.url("/file"), str(len(data)),
        hashlib.sha256(data).hexdigest(), str(tmp_path),
    ]  # fmt: skip
    dice = random.Random(3)
    part = tmp_path / "part"
    for _ in range(lives):
        child = subprocess.Popen(command)
        asked = len(server.requests)
        while len(server.requests) == asked:
            assert child.poll() is None
            time.sleep(0.005)
        for _ in range(12):
            allowance.release()
        time.sleep(dice.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert not (tmp_path / "file").exists()
    kept = kept_bytes(part)
    server.routes["/file"] = blob
    before = server.body_bytes["/file"]
    subprocess.run(command, check=True)
    assert (tmp_path / "file").read_bytes() == data
    assert not part.exists()
    assert server.body_bytes["/file"] - before <= len(data) - kept + MIB
