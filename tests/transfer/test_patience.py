"""Retrying: what is tried again, after how long, how often, and what a server's wish to be left alone does."""

from __future__ import annotations

import re
import threading
import time
from functools import partial

import pytest

from lockstick.errors import LockstickError, NotAllowedError, NotFoundError, TransferError
from lockstick.transfer import ClientFactory, Policy, Surroundings, fetch_all
from lockstick.transfer.gates import Gates
from lockstick.transfer.hops import Road
from lockstick.transfer.line import Line
from lockstick.transfer.origins import origin_of
from lockstick.transfer.setbacks import Patience, Setback
from transfer.ground import Notes, Want, World, noise
from transfer.misbehaving import Blob, Request, Route, Server, Talk, hang, in_turn, redirect, status


@pytest.mark.parametrize("code", [420, 429, 500, 502, 503, 504, 408, 520])
def test_trouble_that_passes_is_tried_again(
    server: Server, want: Want, clients: ClientFactory, world: World, code: int
) -> None:
    server.routes["/file"] = in_turn([status(code), status(code), Blob(b"abc")])
    (fetched,) = fetch_all([want(b"abc")], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == b"abc"
    assert len(server.requests) == 3
    assert len(world.pauses) == 2


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (403, NotAllowedError, "access to file is refused"),
        (404, NotFoundError, "there is no file"),
        (410, NotFoundError, "there is no file"),
        (417, NotFoundError, "lists the package but does not hold its bytes"),
        (400, TransferError, "answered 400"),
        (409, TransferError, "answered 409"),
        (501, TransferError, "answered 501"),
        (204, TransferError, "answered 204"),
        (304, TransferError, "answered 304"),
        (302, TransferError, "answered 302"),
    ],
)
def test_a_final_answer_is_not_asked_for_twice(
    server: Server,
    want: Want,
    clients: ClientFactory,
    *,
    code: int,
    kind: type[LockstickError],
    words: str,
) -> None:
    server.routes["/file"] = status(code, body=b"")
    with pytest.raises(kind, match=words) as caught:
        fetch_all([want(b"abc")], clients=clients)
    assert type(caught.value) is kind
    assert f"127.0.0.1:{server.port}" in str(caught.value)
    assert len(server.requests) == 1


def test_attempts_end_with_an_error_that_says_how_many_and_why(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    server.routes["/file"] = status(503)
    with pytest.raises(TransferError, match=r"file, after 4 attempts \(last: http://.* answered 503\)"):
        fetch_all([want(b"abc")], clients=clients, policy=Policy(attempts=4), surroundings=world.surroundings)
    assert len(server.requests) == 4
    assert len(world.pauses) == 3


def test_a_server_that_is_not_there_is_given_up(want: Want, clients: ClientFactory, world: World) -> None:
    with Server() as gone:
        url = gone.url("/file")
    with pytest.raises(TransferError, match="cannot reach http://127"):
        fetch_all([want(b"abc", url=url)], clients=clients, surroundings=world.surroundings)
    assert len(world.pauses) == Policy().attempts - 1
    # A short loss of the network must not end a build.
    assert sum(world.pauses) > 55


def test_a_server_that_does_not_speak_http_is_given_up(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    def gibberish(_: Request, talk: Talk) -> None:
        talk.raw(b"220 mail ready\r\n\r\n")
        talk.cut()

    server.routes["/file"] = gibberish
    with pytest.raises(TransferError, match="proper HTTP"):
        fetch_all([want(b"abc")], clients=clients, surroundings=world.surroundings)


@pytest.mark.parametrize("claim", [3, 5])
def test_a_server_that_breaks_off_before_the_signed_length_is_not_believed(
    server: Server, want: Want, clients: ClientFactory, world: World, claim: int
) -> None:
    server.routes["/file"] = Blob(b"ab", claim=claim, ranges=False)
    with pytest.raises(LockstickError):
        fetch_all([want(b"abcde")], clients=clients, surroundings=world.surroundings)


def test_progress_starts_the_count_over(server: Server, want: Want, clients: ClientFactory, world: World) -> None:
    data = noise(100_000)
    server.routes["/file"] = Blob(data, cuts=[1000] * 30)
    (fetched,) = fetch_all([want(data)], clients=clients, policy=Policy(attempts=2), surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data


def test_progress_does_not_go_on_forever(server: Server, want: Want, clients: ClientFactory, world: World) -> None:
    server.routes["/file"] = Blob(noise(100_000), cuts=[1] * 100)
    with pytest.raises(TransferError, match="after 10 attempts"):
        fetch_all(
            [want(noise(100_000))],
            clients=clients,
            policy=Policy(attempts=2, total_attempts=10),
            surroundings=world.surroundings,
        )
    assert len(server.requests) == 10


def test_starting_over_and_over_is_no_progress(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    server.routes["/file"] = Blob(noise(100_000), cuts=[5000] * 100, etag=None)
    with pytest.raises(TransferError, match="after 3 attempts"):
        fetch_all(
            [want(noise(100_000))],
            clients=clients,
            policy=Policy(attempts=3),
            surroundings=world.surroundings,
        )


def test_pauses_double_up_to_a_bound_and_are_drawn_evenly_below_it() -> None:
    policy = Policy(backoff_base=1, backoff_cap=10, attempts=8)
    for chance in (0.0, 0.5, 0.999):
        patience = Patience(policy, partial(float, chance), "x")
        pauses = [patience.pause(Setback("why")) for _ in range(7)]
        assert pauses == pytest.approx([chance * bound for bound in (1, 2, 4, 8, 10, 10, 10)])
        with pytest.raises(TransferError, match="last: why"):
            patience.pause(Setback("why"))


@pytest.mark.parametrize("code", [420, 429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("Sat, 01 Mar 2025 12:00:30 GMT", 30),
        ("Sat, 01 Mar 2025 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_obeyed(
    server: Server, want: Want, clients: ClientFactory, world: World, *, code: int, value: str, seconds: int
) -> None:
    server.routes["/file"] = in_turn([status(code, {"Retry-After": value}), Blob(b"abc")])
    fetch_all(
        [want(b"abc")],
        clients=clients,
        policy=Policy(backoff_base=0.5, backoff_cap=1),
        surroundings=world.surroundings,
    )
    assert sum(world.pauses) == pytest.approx(seconds + 0.25)


@pytest.mark.parametrize("value", ["soon", "-5", "1e9", "", "Sat, 99 Mar 2025 12:00:30 GMT"])
def test_a_retry_after_that_cannot_be_read_is_as_good_as_none(
    server: Server, want: Want, clients: ClientFactory, world: World, value: str
) -> None:
    server.routes["/file"] = in_turn([status(429, {"Retry-After": value}), Blob(b"abc")])
    fetch_all([want(b"abc")], clients=clients, surroundings=world.surroundings)
    assert sum(world.pauses) == pytest.approx(Policy().backoff_base / 2)


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("3600", "2025-03-01 13:00:00 UTC"),
        ("Sun, 02 Mar 2025 12:00:00 GMT", "2025-03-02 12:00:00 UTC"),
        ("9" * 18, "some day"),
    ],
)
def test_a_retry_after_beyond_all_patience_ends_with_the_time_to_come_back(
    server: Server, want: Want, clients: ClientFactory, world: World, *, value: str, when: str
) -> None:
    server.routes["/file"] = status(420, {"Retry-After": value})
    with pytest.raises(TransferError, match="asks to come back") as caught:
        fetch_all([want(b"abc")], clients=clients, surroundings=world.surroundings)
    assert when in caught.value.remedy
    assert len(server.requests) == 1
    assert world.pauses == []


def test_when_one_connection_is_asked_to_wait_all_of_them_do(
    server: Server, clients: ClientFactory, world: World
) -> None:
    server.routes["/limited"] = status(429, {"Retry-After": "9"})
    server.routes["/free"] = status(200)
    policy = Policy()
    road = Road(
        policy=policy,
        surroundings=world.surroundings,
        gates=Gates(world.surroundings.clock),
        stop=threading.Event(),
    )
    with Line(clients, policy=policy, clock=time.monotonic) as line:
        with pytest.raises(Setback), road.ask(line, server.url("/limited"), subject="limited"):
            pass
        assert road.gates.delay(origin_of("https://elsewhere.example")) == 0
        with road.ask(line, server.url("/free"), subject="free") as answer:
            assert str(answer.origin) == f"http://127.0.0.1:{server.port}"
    assert world.pauses == [pytest.approx(9, abs=1)]


def test_after_a_wait_a_redirect_is_asked_for_anew(
    server: Server, other_server: Server, clients: ClientFactory, world: World
) -> None:
    server.routes["/file"] = redirect(other_server.url("/stored"))
    other_server.routes["/stored"] = status(200)
    policy = Policy()
    gates = Gates(world.surroundings.clock)
    gates.close(origin_of(other_server.url()), 600)  # long enough for what was signed for a moment to be over
    road = Road(policy=policy, surroundings=world.surroundings, gates=gates, stop=threading.Event())
    with (
        Line(clients, policy=policy, clock=time.monotonic) as line,
        road.ask(line, server.url("/file"), subject="file") as answer,
    ):
        assert answer.response.status_code == 200
    assert len(server.requests) == 2
    assert len(other_server.requests) == 1


def test_a_server_that_never_answers_is_given_up(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    server.routes["/file"] = hang
    with pytest.raises(TransferError, match=r"no byte came from \S+ for 0\.2 s"):
        fetch_all(
            [want(b"abc")],
            clients=clients,
            policy=Policy(read_timeout=0.2, attempts=2),
            surroundings=world.surroundings,
        )
    assert len(server.requests) == 2


def test_a_server_that_hangs_in_the_middle_is_asked_for_the_rest(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(100_000)

    def half(_: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": str(len(data)), "ETag": '"first"'})
        talk.body(data[:60_000])
        talk.closing.wait()

    server.routes["/file"] = in_turn([half, Blob(data)])
    (fetched,) = fetch_all(
        [want(data)], clients=clients, policy=Policy(read_timeout=0.3), surroundings=world.surroundings
    )
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == len(data)


def _dripping_head(_: Request, talk: Talk) -> None:
    talk.raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not talk.closing.wait(0.05):
        talk.raw(b"z")


def _dripping_framing(_: Request, talk: Talk) -> None:
    talk.head(200, {"Transfer-Encoding": "chunked"})
    talk.raw(b"3;")
    while not talk.closing.wait(0.05):
        talk.raw(b"z")


@pytest.mark.parametrize("drip", [_dripping_head, _dripping_framing])
def test_a_server_that_drips_everything_but_content_is_given_up(
    server: Server, want: Want, clients: ClientFactory, world: World, drip: Route
) -> None:
    server.routes["/file"] = drip
    notes = Notes()
    with pytest.raises(TransferError, match=re.escape("no content came for 0.4 s")):
        fetch_all(
            [want(b"abc")],
            clients=clients,
            policy=Policy(read_timeout=5, stall_timeout=0.4, attempts=2),
            surroundings=world.surroundings,
            observer=notes,
        )
    assert len(notes.retries) == 1


def test_a_slow_server_is_not_a_dead_one(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(30)

    def drip(_: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": "30"})
        for at in range(30):
            talk.body(data[at : at + 1])
            talk.closing.wait(0.03)

    server.routes["/file"] = drip
    notes = Notes()
    policy = Policy(read_timeout=0.5, stall_timeout=0.6)
    began = time.monotonic()
    (fetched,) = fetch_all([want(data)], clients=clients, policy=policy, observer=notes)
    assert time.monotonic() - began > policy.stall_timeout
    assert fetched.destination.read_bytes() == data
    assert notes.retries == []


def test_a_real_pause_ends_when_the_transfer_is_wound_up(
    server: Server, other_server: Server, want: Want, clients: ClientFactory
) -> None:
    paused = threading.Event()
    ended: list[bool] = []

    def wait(event: threading.Event, seconds: float) -> bool:
        paused.set()
        ended.append(event.wait(min(seconds, 20)))
        return ended[-1]

    def missing(_: Request, talk: Talk) -> None:
        assert paused.wait(10)
        talk.head(404, {"Content-Length": "0"})

    server.routes["/busy"] = status(503, {"Retry-After": "200"})
    other_server.routes["/gone"] = missing
    wanted = [want(b"xx", "busy"), want(b"x", "gone", url=other_server.url("/gone"))]
    with pytest.raises(NotFoundError):
        fetch_all(wanted, clients=clients, surroundings=Surroundings(wait=wait))
    assert ended == [True]


@pytest.mark.parametrize("change", [{"attempts": 0}, {"connections": -1}, {"read_timeout": 0}])
def test_a_policy_that_makes_no_sense_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Policy(**change)


def test_a_server_with_too_many_requests_gets_fewer_and_every_file_still_arrives(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    busy = threading.Lock()
    refused: list[str] = []

    def one_at_a_time(request: Request, talk: Talk) -> None:
        if not busy.acquire(blocking=False):
            refused.append(request.path)
            status(429)(request, talk)
            return
        try:
            talk.closing.wait(0.05)
            Blob(request.path.encode())(request, talk)
        finally:
            busy.release()

    names = [f"f{n}" for n in range(12)]
    for name in names:
        server.routes[f"/{name}"] = one_at_a_time
    # Whoever insists is refused for longer than its attempts last.
    policy = Policy(connections=4, attempts=3, backoff_base=0.01)
    fetched = fetch_all([want(f"/{name}".encode(), name) for name in names], clients=clients, policy=policy)
    assert [one.destination.read_bytes().decode() for one in fetched] == [f"/{name}" for name in names]
    assert 1 <= len(refused) <= 6
