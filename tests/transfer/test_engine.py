"""Several files at once: the good road, what is enforced while bytes arrive, and winding up in order."""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import DistrustError, LockstickError, MediaError, NotFoundError, TransferError
from lockstick.transfer import ClientFactory, Policy, fetch_all
from transfer.ground import Notes, Want, World, noise
from transfer.misbehaving import Blob, Request, Server, Talk, endless, hang_and_fail, in_turn

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def test_every_file_arrives_whole_under_its_name_and_nothing_else_stays(
    server: Server, want: Want, clients: ClientFactory, tmp_path: Path
) -> None:
    contents = {f"file{n}": noise(n * 70_001, n) for n in range(7)}
    for name, data in contents.items():
        server.routes[f"/{name}"] = Blob(data)
    fetched = fetch_all([want(data, name) for name, data in contents.items()], clients=clients)
    assert [one.name for one in fetched] == list(contents)
    for one in fetched:
        assert one.destination.read_bytes() == contents[one.name]
        assert one.digests == {"sha256": hashlib.sha256(contents[one.name]).hexdigest()}
        assert (one.length, one.bytes_fetched, one.resumed_from) == (len(contents[one.name]),) * 2 + (0,)
    assert list((tmp_path / "parts").iterdir()) == []


def test_the_largest_file_is_asked_for_first(server: Server, want: Want, clients: ClientFactory) -> None:
    sizes = {"a": 10, "b": 3000, "c": 200}
    for name, size in sizes.items():
        server.routes[f"/{name}"] = Blob(noise(size))
    fetch_all(
        [want(noise(size), name) for name, size in sizes.items()],
        clients=clients,
        policy=Policy(connections=1),
    )
    assert [request.path for request in server.requests] == ["/b", "/c", "/a"]


def meet(barrier: threading.Barrier) -> None:
    barrier.wait()


def test_files_are_fetched_at_the_same_time(server: Server, want: Want, clients: ClientFactory) -> None:
    together = threading.Barrier(3, timeout=10)
    for name in "abc":
        server.routes[f"/{name}"] = Blob(b"same", before=lambda _: meet(together))
    fetch_all([want(b"same", name) for name in "abc"], clients=clients, policy=Policy(connections=3))
    assert together.n_waiting == 0
    assert server.connections == 3


def test_small_files_share_a_connection(server: Server, want: Want, clients: ClientFactory) -> None:
    names = [f"small{n}" for n in range(20)]
    for name in names:
        server.routes[f"/{name}"] = Blob(name.encode())
    fetch_all([want(name.encode(), name) for name in names], clients=clients, policy=Policy(connections=2))
    assert server.connections == 2


def test_an_empty_file_needs_no_request(server: Server, want: Want, clients: ClientFactory) -> None:
    (fetched,) = fetch_all([want(b"")], clients=clients)
    assert fetched.destination.read_bytes() == b""
    assert server.requests == []


def test_nothing_wanted_is_nothing_done() -> None:
    assert fetch_all([]) == ()


def test_the_observer_hears_of_every_byte(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(300_000)
    server.routes["/a"] = server.routes["/b"] = Blob(data)
    notes = Notes()
    fetch_all([want(data, "a"), want(data, "b")], clients=clients, observer=notes)
    assert notes.phases == [("fetching", 600_000, 2)]
    assert notes.done == {"a": 300_000, "b": 300_000}
    assert sorted(notes.started) == sorted(notes.finished) == ["a", "b"]


def test_all_given_digests_must_hold(server: Server, want: Want, clients: ClientFactory, world: World) -> None:
    data = noise(1000)
    server.routes["/file"] = Blob(data)
    right = {"sha256": hashlib.sha256(data).hexdigest(), "sha512": hashlib.sha512(data).hexdigest()}
    assert fetch_all([want(data, digests=right)], clients=clients)[0].digests == right
    wrong = {**right, "sha512": "0" * 128}
    with pytest.raises(DistrustError, match="sha512"):
        fetch_all([want(data, digests=wrong)], clients=clients, surroundings=world.surroundings)


def test_a_digest_of_unknown_kind_alone_is_refused(want: Want) -> None:
    with pytest.raises(DistrustError, match="known kind"):
        want(b"x", digests={"md5": "9dd4e461268c8034f5c8564e155c67a6"})


@pytest.mark.parametrize("digest", ["", "00", "g" * 64, "é" * 64])
def test_a_malformed_digest_is_refused(want: Want, digest: str) -> None:
    with pytest.raises(DistrustError, match="malformed"):
        want(b"x", digests={"sha256": digest})


def test_two_downloads_may_not_share_a_file(want: Want) -> None:
    with pytest.raises(ValueError, match="share"):
        fetch_all([want(b"a"), want(b"b")])


def test_wrong_bytes_are_fetched_once_more_and_then_refused_by_the_name_of_the_server(
    server: Server, want: Want, clients: ClientFactory, world: World, tmp_path: Path
) -> None:
    server.routes["/file"] = Blob(noise(5000, 2))
    download = want(noise(5000))
    with pytest.raises(DistrustError) as caught:
        fetch_all([download], clients=clients, surroundings=world.surroundings)
    assert f"127.0.0.1:{server.port}" in str(caught.value)
    assert download.digests["sha256"] in str(caught.value)
    assert hashlib.sha256(noise(5000, 2)).hexdigest() in str(caught.value)
    assert len(server.asked("/file")) == 2
    assert not download.destination.exists()
    assert list((tmp_path / "parts").iterdir()) == []


def test_wrong_bytes_once_are_forgiven(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(5000)
    server.routes["/file"] = in_turn([Blob(noise(5000, 2)), Blob(data)])
    notes = Notes()
    (fetched,) = fetch_all([want(data)], clients=clients, observer=notes)
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == 10_000
    assert notes.done == {"file": 5000}
    assert len(notes.retries) == 1


def test_a_server_that_sends_more_than_was_signed_is_stopped_at_once(
    server: Server, want: Want, clients: ClientFactory, tmp_path: Path
) -> None:
    server.routes["/file"] = endless
    with pytest.raises(DistrustError, match="more than was signed"):
        fetch_all([want(b"x" * 10_000)], clients=clients)
    assert len(server.asked("/file")) == 1
    assert list((tmp_path / "parts").iterdir()) == []


def test_a_server_that_offers_more_than_was_signed_is_not_even_read(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(1000)
    server.routes["/file"] = Blob(data + b"!")
    with pytest.raises(DistrustError, match="offers 1001 bytes"):
        fetch_all([want(data)], clients=clients)


def test_one_byte_more_in_a_body_of_unknown_length_is_refused(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    def route(_: Request, talk: Talk) -> None:
        talk.head(200, {"Connection": "close"})
        talk.body(b"abc!")
        talk.cut()

    server.routes["/file"] = route
    with pytest.raises(DistrustError, match="more than was signed"):
        fetch_all([want(b"abc")], clients=clients)


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_complete_body_that_is_too_short_is_refused_after_a_second_try(
    server: Server, want: Want, clients: ClientFactory, *, is_chunked: bool
) -> None:
    def chunked(_: Request, talk: Talk) -> None:
        talk.head(200, {"Transfer-Encoding": "chunked"})
        talk.raw(b"3\r\nabc\r\n0\r\n\r\n")

    server.routes["/file"] = chunked if is_chunked else Blob(b"abc")
    with pytest.raises(DistrustError, match=r"signed: 4 bytes.*twice: 3 bytes"):
        fetch_all([want(b"abcd")], clients=clients)
    assert len(server.asked("/file")) == 2


def test_an_encoded_answer_is_refused(server: Server, want: Want, clients: ClientFactory) -> None:
    server.routes["/file"] = Blob(b"abcd", extra={"Content-Encoding": "gzip"})
    with pytest.raises(TransferError, match="encoding"):
        fetch_all([want(b"abcd")], clients=clients)
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_the_first_failure_stops_the_others_and_keeps_what_they_have(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(2 * MIB)
    flowing = threading.Event()

    def half(_: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": str(len(data)), "ETag": '"first"'})
        talk.body(data[:MIB])
        talk.closing.wait()

    def missing(_: Request, talk: Talk) -> None:
        assert flowing.wait(10)
        talk.head(404, {"Content-Length": "0"})

    server.routes["/big"], server.routes["/gone"] = half, missing
    big = want(data, "big")
    seen = 0

    def watch(_: str, count: int) -> None:
        nonlocal seen
        seen += count
        if seen == MIB:
            flowing.set()

    with pytest.raises(NotFoundError, match="there is no gone"):
        fetch_all([big, want(b"x", "gone")], clients=clients, observer=Notes(watch))
    assert big.partial.stat().st_size == MIB
    server.routes["/big"] = Blob(data)
    (fetched,) = fetch_all([big], clients=clients)
    assert (fetched.resumed_from, fetched.bytes_fetched) == (MIB, MIB)
    assert fetched.destination.read_bytes() == data


def test_an_interrupt_keeps_what_is_there(
    server: Server, want: Want, clients: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise(MIB)

    def half(_: Request, talk: Talk) -> None:
        talk.head(200, {"Content-Length": str(len(data)), "ETag": '"first"'})
        talk.body(data[: MIB // 2])
        talk.closing.wait()

    server.routes["/file"] = half
    arrived = threading.Event()
    seen = 0

    def watch(_: str, count: int) -> None:
        nonlocal seen
        seen += count
        if seen == MIB // 2:
            arrived.set()

    def interrupted(*_: object, **__: object) -> None:
        assert arrived.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr("lockstick.transfer.engine.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_all([want(data)], clients=clients, observer=Notes(watch))
    monkeypatch.undo()
    server.routes["/file"] = Blob(data)
    (fetched,) = fetch_all([want(data)], clients=clients)
    assert fetched.resumed_from == MIB // 2
    assert fetched.destination.read_bytes() == data


def test_winding_up_does_not_wait_for_a_server_that_hangs(server: Server, want: Want, clients: ClientFactory) -> None:
    silent, missing = hang_and_fail()
    server.routes["/silent"], server.routes["/gone"] = silent, missing
    # With the default timeouts this would last half a minute, if nobody woke the waiting thread.
    failed = threading.Event()

    def run() -> None:
        with pytest.raises(NotFoundError):
            fetch_all([want(b"xx", "silent"), want(b"x", "gone")], clients=clients)
        failed.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert failed.wait(10)
    thread.join()


def test_an_error_of_the_authority_ends_the_transfer(server: Server, want: Want, clients: ClientFactory) -> None:
    class Broken:
        def headers(self, url: str) -> dict[str, str]:
            raise LockstickError("no token to be had")

        def refused(self, url: str) -> bool:
            return False

    with pytest.raises(LockstickError, match="no token to be had"):
        fetch_all([want(b"x", authority=Broken())], clients=clients)
    assert server.requests == []


def test_what_does_not_fit_is_refused_before_the_first_request(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    world.free = lambda _: 1999
    with pytest.raises(MediaError, match=r"2\.0 kB are still to be written and 2\.0 kB are free"):
        fetch_all([want(noise(1500), "a"), want(noise(500), "b")], clients=clients, surroundings=world.surroundings)
    assert server.requests == []


def test_bytes_that_are_there_need_no_room_again(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    download = want(noise(1500))
    download.partial.parent.mkdir()
    download.partial.write_bytes(bytes(1000))
    world.free = lambda _: 500
    server.routes["/file"] = Blob(noise(1500))
    (fetched,) = fetch_all([download], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == noise(1500)


def test_a_folder_that_cannot_be_made_is_the_mediums_fault(want: Want, clients: ClientFactory, tmp_path: Path) -> None:
    (tmp_path / "parts").write_text("in the way")
    with pytest.raises(MediaError, match="cannot be made"):
        fetch_all([want(b"x")], clients=clients)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_link_planted_under_the_partials_name_is_not_followed(
    server: Server, want: Want, clients: ClientFactory, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    download = want(b"x")
    download.partial.parent.mkdir()
    download.partial.symlink_to(precious)
    server.routes["/file"] = Blob(b"x")
    with pytest.raises(MediaError, match="cannot be opened"):
        fetch_all([download], clients=clients)
    assert precious.read_text() == "keep me"


def test_small_files_that_were_proven_before_a_failure_have_their_names(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    small = {f"small{n}": noise(1000, n) for n in range(5)}
    for name, data in small.items():
        server.routes[f"/{name}"] = Blob(data)
    wanted = [want(data, name) for name, data in small.items()]
    with pytest.raises(NotFoundError):
        fetch_all([*wanted, want(b"x", "gone")], clients=clients, policy=Policy(connections=1))
    assert [one.destination.read_bytes() for one in wanted] == list(small.values())
    assert not list(wanted[0].partial.parent.glob("small*"))
