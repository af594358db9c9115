"""Continuing: after a broken connection, in another process, on another day, and never across two states."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstick.disk.durable import flush
from lockstick.errors import MediaError, TransferError
from lockstick.transfer import ClientFactory, Download, Policy, client_factory, fetch_all
from lockstick.transfer.journal import Mark, save_journal
from transfer.ground import Notes, Want, World, noise
from transfer.misbehaving import Blob, Request, Server, Talk, in_turn

KIB = 1 << 10
MIB = 1 << 20
OLD = {"Last-Modified": "Sat, 01 Feb 2025 12:00:00 GMT", "Date": "Sat, 01 Mar 2025 12:00:00 GMT"}
YOUNG = {"Last-Modified": "Sat, 01 Mar 2025 12:00:00 GMT", "Date": "Sat, 01 Mar 2025 12:00:00 GMT"}


@pytest.mark.parametrize("reset", [True, False])
def test_a_broken_connection_is_continued_where_it_broke(
    server: Server, want: Want, clients: ClientFactory, world: World, *, reset: bool
) -> None:
    data = noise(MIB)
    server.routes["/file"] = Blob(data, cuts=[300 * KIB, 200 * KIB], reset=reset)
    notes = Notes()
    (fetched,) = fetch_all([want(data)], clients=clients, observer=notes, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert notes.done == {"file": MIB}
    assert len(notes.retries) == 2
    second = server.requests[1]
    assert second.headers["if-range"] == '"first"'
    if not reset:  # a reset may also take away bytes that were on their way
        assert fetched.bytes_fetched == MIB
        assert second.first == 300 * KIB


def _leave_partial(want: Want, server: Server, clients: ClientFactory, blob: Blob, count: int) -> Download:
    """Let a run fail after so many bytes, as a run on another day would."""
    blob.cuts = [count]
    server.routes["/file"] = blob
    download = want(blob.data)
    with pytest.raises(TransferError):
        fetch_all([download], clients=clients, policy=Policy(attempts=1))
    server.requests.clear()
    return download


def test_another_run_continues_and_hashes_what_is_there_again(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(MIB)
    download = _leave_partial(want, server, clients, Blob(data), 600 * KIB)
    (fetched,) = fetch_all([download], clients=clients)
    assert (fetched.resumed_from, fetched.bytes_fetched) == (600 * KIB, MIB - 600 * KIB)
    assert fetched.destination.read_bytes() == data
    assert server.requests[0].first == 600 * KIB


def test_another_address_for_the_same_digest_continues_the_same_file(
    server: Server, other_server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(MIB)
    download = _leave_partial(want, server, clients, Blob(data), 600 * KIB)
    other_server.routes["/elsewhere"] = Blob(data)
    moved = want(data, url=other_server.url("/elsewhere"))
    (fetched,) = fetch_all([moved], clients=clients)
    assert fetched.resumed_from == 600 * KIB
    assert download.destination.read_bytes() == data


def test_a_partial_of_another_digest_is_not_continued(server: Server, want: Want, clients: ClientFactory) -> None:
    _leave_partial(want, server, clients, Blob(noise(MIB)), 600 * KIB)
    newer = noise(MIB, 2)
    server.routes["/file"] = Blob(newer)
    (fetched,) = fetch_all([want(newer)], clients=clients)
    assert fetched.resumed_from == 0
    assert fetched.destination.read_bytes() == newer
    assert server.requests[0].first is None


def test_bytes_beyond_the_journal_are_not_believed(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(MIB)
    download = _leave_partial(want, server, clients, Blob(data), 600 * KIB)
    with download.partial.open("ab") as file:
        file.write(b"never flushed" * 100_000)  # more than the whole file has
    (fetched,) = fetch_all([download], clients=clients)
    assert fetched.resumed_from == 600 * KIB
    assert fetched.destination.read_bytes() == data


def test_the_journal_never_speaks_of_bytes_that_were_not_flushed_before(
    server: Server, want: Want, clients: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise(MIB)
    server.routes["/file"] = Blob(data)
    order: list[str] = []
    flushed: list[int] = []

    def noted_flush(fd: int) -> None:
        flush(fd)
        order.append("flush")
        flushed.append(os.fstat(fd).st_size)

    def noted_journal(partial: Path, mark: Mark) -> None:
        save_journal(partial, mark)
        order.append("journal")
        assert mark.flushed == flushed[-1]

    monkeypatch.setattr("lockstick.transfer.partial.flush", noted_flush)
    monkeypatch.setattr("lockstick.transfer.partial.save_journal", noted_journal)
    fetch_all([want(data)], clients=clients, policy=Policy(flush_bytes=200 * KIB))
    assert order[:-1] == ["flush", "journal"] * (len(order) // 2)
    assert order[-1] == "flush"  # before the file gets its name
    assert flushed[-1] == MIB
    assert len(order) > 6


@pytest.mark.parametrize("damage", ["flipped", "short", "gone"])
def test_a_damaged_prefix_is_noticed_before_anything_is_added_to_it(
    server: Server, want: Want, clients: ClientFactory, damage: str
) -> None:
    data = noise(MIB)
    download = _leave_partial(want, server, clients, Blob(data), 600 * KIB)
    held = bytearray(download.partial.read_bytes())
    held[1234] ^= 1
    match damage:
        case "flipped":
            download.partial.write_bytes(held)
        case "short":
            download.partial.write_bytes(held[: 300 * KIB])
        case _:
            download.partial.unlink()
    (fetched,) = fetch_all([download], clients=clients)
    assert (fetched.resumed_from, fetched.bytes_fetched) == (0, MIB)
    assert len(server.requests) == 1
    assert fetched.destination.read_bytes() == data


@pytest.mark.parametrize(
    "journal",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 15_000,
        b" " * 20_000 + b"{}",
        b'{"format": 2}',
        b'{"format": 1, "length": 1048576}',
    ],
)
def test_a_torn_or_foreign_journal_only_costs_a_fresh_start(
    server: Server, want: Want, clients: ClientFactory, journal: bytes
) -> None:
    data = noise(MIB)
    download = _leave_partial(want, server, clients, Blob(data), 600 * KIB)
    (download.partial.parent / "file.journal").write_bytes(journal)
    (fetched,) = fetch_all([download], clients=clients)
    assert fetched.resumed_from == 0
    assert fetched.destination.read_bytes() == data


@pytest.mark.parametrize(
    "change",
    [
        {"flushed": -1},
        {"flushed": 0},
        {"flushed": 2 * MIB},
        {"flushed": 1.5},
        {"flushed": True},
        {"length": MIB + 1},
        {"digests": {}},
        {"prefix": {}},
        {"prefix": {"sha256": "0" * 64}},
        {"validator": ["etag", 'x"\r\nX-Evil: 1']},
        {"validator": ["etag", 'W/"weak"']},
        {"validator": ["x-evil", "1"]},
        {"validator": "etag"},
        {"validator": [[], {}]},
    ],
)
def test_a_journal_that_makes_no_sense_is_not_followed(
    server: Server, want: Want, clients: ClientFactory, change: dict[str, object]
) -> None:
    data = noise(MIB)
    download = _leave_partial(want, server, clients, Blob(data), 600 * KIB)
    path = download.partial.parent / "file.journal"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    (fetched,) = fetch_all([download], clients=clients)
    assert fetched.resumed_from == 0
    assert fetched.destination.read_bytes() == data


def test_a_complete_partial_needs_no_request(server: Server, want: Want, clients: ClientFactory) -> None:
    data = noise(MIB)
    download = _leave_partial(want, server, clients, Blob(data), 600 * KIB)
    # As if the run had been killed between the last flush and the renaming.
    path = download.partial.parent / "file.journal"
    journal = json.loads(path.read_text())
    journal |= {"flushed": MIB, "prefix": dict(download.digests)}
    path.write_text(json.dumps(journal))
    download.partial.write_bytes(data)
    (fetched,) = fetch_all([download], clients=clients)
    assert (fetched.resumed_from, fetched.bytes_fetched) == (MIB, 0)
    assert server.requests == []
    assert fetched.destination.read_bytes() == data


def test_a_file_that_cannot_get_its_name_is_not_fetched_again(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    data = noise(MIB)
    server.routes["/file"] = Blob(data)
    download = want(data)
    (download.destination / "in the way").mkdir(parents=True)
    with pytest.raises(MediaError, match="cannot be published"):
        fetch_all([download], clients=clients)
    (download.destination / "in the way").rmdir()
    download.destination.rmdir()
    (fetched,) = fetch_all([download], clients=clients)
    assert (fetched.resumed_from, fetched.bytes_fetched) == (MIB, 0)
    assert download.destination.read_bytes() == data
    assert list(download.partial.parent.iterdir()) == []


def test_a_server_without_ranges_starts_the_file_over(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(MIB)
    server.routes["/file"] = Blob(data, cuts=[600 * KIB], ranges=False)
    notes = Notes()
    (fetched,) = fetch_all([want(data)], clients=clients, observer=notes, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert server.requests[1].first == 600 * KIB
    assert fetched.bytes_fetched == MIB + 600 * KIB
    assert notes.done == {"file": MIB}


def test_a_file_that_changes_between_two_requests_is_never_mixed(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    before, after = noise(MIB), noise(MIB, 2)
    server.routes["/file"] = in_turn([Blob(before, etag='"before"', cuts=[600 * KIB]), Blob(after, etag='"after"')])
    (fetched,) = fetch_all([want(after)], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == after
    assert fetched.bytes_fetched == MIB + 600 * KIB


@pytest.mark.parametrize("total", [MIB, MIB + 5])
def test_a_range_of_another_state_of_the_file_is_not_added(
    server: Server, want: Want, clients: ClientFactory, world: World, total: int
) -> None:
    data = noise(MIB)
    changed = Blob(noise(total, 2), etag='"after"' if total == MIB else '"before"', ignore_if_range=True)
    server.routes["/file"] = in_turn(
        [Blob(data, etag='"before"', cuts=[600 * KIB]), changed, Blob(data, etag='"before"')]
    )
    (fetched,) = fetch_all([want(data)], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert [request.first for request in server.requests] == [None, 600 * KIB, None]
    assert fetched.bytes_fetched == MIB + 600 * KIB  # nothing was read of the other state


@pytest.mark.parametrize(
    "content_range",
    [
        "bytes 0-1048575/1048576",
        "bytes 614401-1048575/1048576",
        "bytes 614399-1048574/1048576",
        "bytes 614400-1048576/1048577",
        "bytes 614400-1048575/99",
        "bytes */1048576",
        "chapters 1-2/3",
        "",
        None,
    ],
)
def test_a_range_that_was_not_asked_for_starts_the_file_over(
    server: Server, want: Want, clients: ClientFactory, world: World, content_range: str | None
) -> None:
    data = noise(MIB)

    def other_range(_: Request, talk: Talk) -> None:
        headers = {"Content-Length": str(MIB - 614_400), "ETag": '"first"'}
        talk.head(206, headers if content_range is None else {**headers, "Content-Range": content_range})
        talk.body(data[614_400:])

    server.routes["/file"] = in_turn([Blob(data, cuts=[614_400]), other_range, Blob(data)])
    (fetched,) = fetch_all([want(data)], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert [request.first for request in server.requests] == [None, 614_400, None]
    assert fetched.bytes_fetched == MIB + 614_400


def test_a_server_that_gives_a_little_at_a_time_is_asked_again_and_again(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(MIB)

    def little(request: Request, talk: Talk) -> None:
        first = request.first or 0
        last = min(first + 100 * KIB, MIB) - 1
        talk.head(
            206,
            {
                "Content-Length": str(last + 1 - first),
                "Content-Range": f"bytes {first}-{last}/{MIB}",
                "ETag": '"first"',
            },
        )
        talk.body(data[first : last + 1])

    server.routes["/file"] = in_turn([Blob(data, cuts=[10]), little])
    (fetched,) = fetch_all([want(data)], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert fetched.bytes_fetched == MIB


def test_a_part_that_nobody_asked_for_is_refused(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    def part(_: Request, talk: Talk) -> None:
        talk.head(206, {"Content-Length": "2", "Content-Range": "bytes 0-1/2"})
        talk.body(b"ab")

    server.routes["/file"] = part
    with pytest.raises(TransferError, match="although all was asked for"):
        fetch_all([want(b"ab")], clients=clients, surroundings=world.surroundings)


def test_a_range_that_is_not_there_starts_the_file_over(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    data = noise(MIB)
    server.routes["/file"] = in_turn(
        [Blob(data, cuts=[600 * KIB]), Blob(data[: 500 * KIB], ignore_if_range=True), Blob(data)]
    )
    (fetched,) = fetch_all([want(data)], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data


@pytest.mark.parametrize(
    ("etag", "extra", "sent"),
    [
        ('"strong"', OLD, '"strong"'),
        (None, OLD, OLD["Last-Modified"]),
        ('W/"weak"', OLD, OLD["Last-Modified"]),
        ("no quotes", OLD, OLD["Last-Modified"]),
        ('W/"weak"', {}, None),
        (None, YOUNG, None),
        (None, {"Last-Modified": OLD["Last-Modified"]}, None),
        (None, {**OLD, "Last-Modified": "last week"}, None),
        (None, {}, None),
    ],
)
def test_only_a_strong_validator_lets_a_file_be_continued(
    server: Server,
    want: Want,
    clients: ClientFactory,
    world: World,
    *,
    etag: str | None,
    extra: dict[str, str],
    sent: str | None,
) -> None:
    data = noise(MIB)
    server.routes["/file"] = Blob(data, etag=etag, extra=extra, cuts=[600 * KIB])
    (fetched,) = fetch_all([want(data)], clients=clients, surroundings=world.surroundings)
    assert fetched.destination.read_bytes() == data
    assert server.requests[1].headers.get("if-range") == sent
    assert ("range" in server.requests[1].headers) == (sent is not None)


def test_all_bytes_without_a_proper_end_are_judged_by_their_digest(
    server: Server, want: Want, clients: ClientFactory
) -> None:
    def unfinished(_: Request, talk: Talk) -> None:
        talk.head(200, {"Transfer-Encoding": "chunked"})
        talk.raw(b"4\r\nabcd\r\n")
        talk.cut()

    server.routes["/file"] = unfinished
    (fetched,) = fetch_all([want(b"abcd")], clients=clients)
    assert fetched.destination.read_bytes() == b"abcd"
    assert len(server.requests) == 1


def test_a_short_body_that_ends_with_its_connection_counts_as_broken_off(
    server: Server, want: Want, clients: ClientFactory, world: World
) -> None:
    def closing(_: Request, talk: Talk) -> None:
        talk.head(200, {"Connection": "close", "ETag": '"first"'})
        talk.body(b"ab")
        talk.cut()

    server.routes["/file"] = in_turn([closing, Blob(b"abcd")])
    (fetched,) = fetch_all([want(b"abcd")], clients=clients, surroundings=world.surroundings)
    assert fetched.bytes_fetched == 4


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(1, 300_000),
    cuts=st.lists(st.integers(0, 150_000), max_size=12),
    reset=st.booleans(),
    has_validator=st.booleans(),
)
def test_any_sequence_of_cuts_ends_with_the_same_bytes(
    *, size: int, cuts: list[int], reset: bool, has_validator: bool
) -> None:
    data = noise(size, len(cuts))
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.routes["/file"] = Blob(data, cuts=list(cuts), reset=reset, etag='"first"' if has_validator else None)
        download = Download(
            name="file",
            url=server.url("/file"),
            length=size,
            digests={"sha256": hashlib.sha256(data).hexdigest()},
            destination=Path(folder, "file"),
            partial=Path(folder, "part"),
        )
        (fetched,) = fetch_all(
            [download],
            clients=client_factory(trust_env=False),
            policy=Policy(attempts=20),
            surroundings=World().surroundings,
        )
        assert fetched.destination.read_bytes() == data
        assert fetched.bytes_fetched >= size
        if has_validator and not reset:
            assert fetched.bytes_fetched == size


_CHILD = """
import sys
from pathlib import Path
from lockstick.transfer import Download, Policy, fetch_all
url, length, digest, folder = sys.argv[1:]
fetch_all(
    [Download(name="file", url=url, length=int(length), digests={"sha256": digest},
              destination=Path(folder, "file"), partial=Path(folder, "part"))],
    policy=Policy(flush_bytes=1 << 20, connections=1),
)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL there")
def test_a_killed_process_loses_no_more_than_was_not_yet_flushed(server: Server, tmp_path: Path) -> None:
    data = noise(24 * MIB)
    limit = 0
    blob = Blob(data)

    def up_to_limit(request: Request, talk: Talk) -> None:
        first = request.first or 0
        if limit >= len(data):
            blob(request, talk)
            return
        headers = {"Content-Length": str(len(data) - first), "ETag": '"first"'}
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        talk.head(206 if first else 200, headers)
        talk.body(data[first:limit])
        talk.closing.wait()

    server.routes["/file"] = up_to_limit
    command = [
        sys.executable, "-c", _CHILD, server.url("/file"), str(len(data)),
        hashlib.sha256(data).hexdigest(), str(tmp_path),
    ]  # fmt: skip
    part = tmp_path / "part"
    kills = 5
    for number in range(1, kills + 1):
        limit = number * 4 * MIB + 123_457
        child = subprocess.Popen(command)
        try:
            while not part.exists() or part.stat().st_size < limit:
                assert child.poll() is None
                server.closing.wait(0.01)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        assert not (tmp_path / "file").exists()
    limit = len(data)
    subprocess.run(command, check=True)
    assert (tmp_path / "file").read_bytes() == data
    assert not part.exists()
    # Less than a flush interval and a chunk is lost with every kill.
    assert server.body_bytes["/file"] <= len(data) + kills * (MIB + 64 * KIB)
    starts = [request.first for request in server.requests]
    assert starts[0] is None
    assert all(start is not None and start >= 3 * MIB for start in starts[1:])
