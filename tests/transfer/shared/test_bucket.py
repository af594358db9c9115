"""A shared store in a real bucket: filling, reading back, rights, faults, and what is never shown."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from lockstick.errors import (
    DistrustError,
    LockstickError,
    MediaError,
    NotAllowedError,
    NotFoundError,
    TransferError,
    UsageError,
)
from lockstick.transfer import ClientFactory, Download, fetch_all
from lockstick.transfer.shared import BucketAddress
from lockstick.transfer.shared.bucket import Bucket
from lockstick.transfer.shared.parts import Parts
from s3_server import BUCKET, FILLER, READER, STRANGER, Key, S3Server
from transfer.ground import Notes, noise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from transfer.shared.conftest import Open

MIB = 1 << 20
SMALL_PARTS = Parts(size=5 * MIB, most=10)


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def a_file(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.fixture
def raw(s3_server: S3Server) -> Iterator[Any]:
    """The S3 library itself, with every right: for what a test does behind the store's back."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.url,
        region_name="us-east-1",
        aws_access_key_id=FILLER.name,
        aws_secret_access_key=FILLER.secret,
    )
    yield client
    client.close()


def spoil(raw: Any, prefix: str, digest: str, data: bytes) -> None:
    raw.put_object(Bucket=BUCKET, Key=f"{prefix}/sha256/{digest}", Body=data)


def fetch(url: str, data: bytes, folder: Path, clients: ClientFactory, observer: Notes | None = None) -> Path:
    download = Download(
        name="file",
        url=url,
        length=len(data),
        digests={"sha256": digest_of(data)},
        destination=folder / "out" / "file",
        partial=folder / "parts" / "file",
    )
    (fetched,) = fetch_all([download], clients=clients, observer=observer or Notes())
    return fetched.destination


@pytest.mark.parametrize("length", [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 12 * MIB])
def test_what_was_filled_is_read_back(opened: Open, tmp_path: Path, clients: ClientFactory, length: int) -> None:
    data = noise(length)
    store = opened(parts=SMALL_PARTS)
    assert store.offer(digest_of(data), length) is None
    assert store.fill(digest_of(data), a_file(tmp_path, data)) is True
    url = store.offer(digest_of(data), length)
    assert url is not None
    assert fetch(url, data, tmp_path, clients).read_bytes() == data


def test_it_is_filled_once(opened: Open, tmp_path: Path, s3_server: S3Server, prefix: str) -> None:
    store = opened()
    path = a_file(tmp_path, b"abc")
    assert store.fill(digest_of(b"abc"), path) is True
    assert opened().fill(digest_of(b"abc"), path) is False
    assert [one.status for one in s3_server.asked if one.method == "PUT" and prefix in one.path] == [200]


def test_an_entry_of_another_length_is_not_offered_but_filled_again(
    opened: Open, tmp_path: Path, raw: Any, prefix: str
) -> None:
    store = opened()
    spoil(raw, prefix, digest_of(b"abc"), b"ab")
    assert store.offer(digest_of(b"abc"), 3) is None
    assert store.fill(digest_of(b"abc"), a_file(tmp_path, b"abc")) is True
    assert store.offer(digest_of(b"abc"), 3) is not None


def test_wrong_bytes_of_the_right_length_are_found_by_whoever_fetches_and_can_be_removed(
    opened: Open, tmp_path: Path, clients: ClientFactory, raw: Any, prefix: str
) -> None:
    store = opened()
    spoil(raw, prefix, digest_of(b"abc"), b"xyz")
    url = store.offer(digest_of(b"abc"), 3)
    assert url is not None
    with pytest.raises(DistrustError):
        fetch(url, b"abc", tmp_path, clients)
    assert store.fill(digest_of(b"abc"), a_file(tmp_path, b"abc")) is False
    (entry,) = store.entries().entries
    assert not store.prove(entry)
    store.remove(entry)
    assert store.fill(digest_of(b"abc"), a_file(tmp_path, b"abc")) is True
    assert fetch(url, b"abc", tmp_path, clients).read_bytes() == b"abc"


@pytest.mark.parametrize("length", [10, 11 * MIB])
def test_several_fillers_at_once_do_no_harm(
    opened: Open, tmp_path: Path, clients: ClientFactory, raw: Any, length: int
) -> None:
    data = noise(length)
    path = a_file(tmp_path, data)
    stores = [opened(parts=SMALL_PARTS) for _ in range(4)]
    start = threading.Barrier(len(stores))
    done: list[bool | LockstickError] = []

    def run(store: Bucket) -> None:
        start.wait()
        try:
            done.append(store.fill(digest_of(data), path))
        except LockstickError as error:
            done.append(error)

    threads = [threading.Thread(target=run, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(stores)
    assert set(done) in ({True}, {True, False})  # the server's own word, that a condition holds, is for a moment
    url = stores[0].offer(digest_of(data), length)
    assert url is not None
    assert fetch(url, data, tmp_path, clients).read_bytes() == data
    assert not raw.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_somebody_elses_entry_that_appears_meanwhile_is_left_alone(
    opened: Open, tmp_path: Path, raw: Any, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in (b"abc", noise(6 * MIB)):
        store = opened(parts=SMALL_PARTS)
        monkeypatch.setattr(store, "_length_of", lambda _: None)
        spoil(raw, prefix, digest_of(data), b"first")
        assert store.fill(digest_of(data), a_file(tmp_path, data)) is False
        assert raw.head_object(Bucket=BUCKET, Key=f"{prefix}/sha256/{digest_of(data)}")["ContentLength"] == 5
    assert not raw.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


@pytest.mark.parametrize("length", [3, 6 * MIB])
def test_a_file_that_is_not_what_its_name_says_is_not_filled(
    opened: Open, tmp_path: Path, raw: Any, length: int
) -> None:
    store = opened(parts=SMALL_PARTS)
    with pytest.raises(DistrustError, match="not put into the shared store"):
        store.fill(digest_of(b"other"), a_file(tmp_path, noise(length)))
    assert store.entries().entries == ()
    assert not raw.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_a_file_that_cannot_be_read_is_the_disks_fault(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        opened().fill(digest_of(b"abc"), tmp_path / "none")


def test_a_file_with_more_parts_than_allowed_is_refused(opened: Open, tmp_path: Path) -> None:
    parts = Parts(size=5 * MIB, most=2)
    exact, above = noise(10 * MIB), noise(10 * MIB + 1)
    assert opened(parts=parts).fill(digest_of(exact), a_file(tmp_path, exact)) is True
    with pytest.raises(UsageError, match="too large for the shared store"):
        opened(parts=parts).fill(digest_of(above), a_file(tmp_path, above))


def test_a_large_entry_is_continued_in_a_range(
    opened: Open, tmp_path: Path, clients: ClientFactory, s3_server: S3Server, prefix: str
) -> None:
    data = noise(16 * MIB)
    store = opened(parts=SMALL_PARTS)
    store.fill(digest_of(data), a_file(tmp_path, data))

    def stop(_name: str, _count: int) -> None:
        if notes.done.get("file", 0) > 3 * MIB:
            raise KeyboardInterrupt

    notes = Notes(stop)
    with pytest.raises(KeyboardInterrupt):
        fetch(str(store.offer(digest_of(data), len(data))), data, tmp_path, clients, notes)
    assert fetch(str(store.offer(digest_of(data), len(data))), data, tmp_path, clients).read_bytes() == data
    assert 206 in {one.status for one in s3_server.asked if one.method == "GET" and prefix in one.path}


def test_an_address_ends_and_a_new_one_continues(opened: Open, tmp_path: Path, clients: ClientFactory) -> None:
    store = opened(good_for=1)
    store.fill(digest_of(b"abc"), a_file(tmp_path, b"abc"))
    url = str(store.offer(digest_of(b"abc"), 3))
    while httpx.get(url, trust_env=False).status_code != 403:
        time.sleep(0.1)
    with pytest.raises(NotAllowedError) as caught:
        fetch(url, b"abc", tmp_path, clients)
    assert "Signature" not in f"{caught.value} {caught.value.remedy}"
    assert fetch(str(store.offer(digest_of(b"abc"), 3)), b"abc", tmp_path, clients).read_bytes() == b"abc"


# --- who may do what ---------------------------------------------------------------------------


def test_a_key_that_may_only_read_reads_and_does_not_fill(opened: Open, tmp_path: Path, clients: ClientFactory) -> None:
    data = noise(6 * MIB)
    opened(FILLER, parts=SMALL_PARTS).fill(digest_of(data), a_file(tmp_path, data))
    store = opened(READER, parts=SMALL_PARTS)
    store.check()
    assert len(store.entries().entries) == 1
    assert fetch(str(store.offer(digest_of(data), len(data))), data, tmp_path, clients).read_bytes() == data
    for other in (b"small", noise(7 * MIB)):
        with pytest.raises(NotAllowedError, match="may not be used in this way") as caught:
            store.fill(digest_of(other), a_file(tmp_path, other))
        assert "s3:PutObject" in caught.value.remedy


USES: dict[str, Callable[[Bucket, Path], object]] = {
    "check": lambda store, _: store.check(),
    "offer": lambda store, _: store.offer(digest_of(b"abc"), 3),
    "fill": lambda store, folder: store.fill(digest_of(b"abc"), a_file(folder, b"abc")),
    "entries": lambda store, _: store.entries(),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("key", [STRANGER, Key("nobody", "x"), Key(FILLER.name, "wrong-canary")])
def test_a_key_that_may_nothing_is_refused_without_showing_its_secret(
    opened: Open, tmp_path: Path, key: Key, use: str
) -> None:
    with pytest.raises(NotAllowedError) as caught:
        USES[use](opened(key), tmp_path)
    assert caught.value.remedy
    assert key.secret not in f"{caught.value!r} {caught.value.__cause__!r}" or key.secret == "x"
    assert caught.value.__suppress_context__


def test_a_wrong_secret_is_called_so(opened: Open) -> None:
    with pytest.raises(NotAllowedError, match="does not know this key, or its secret is wrong") as caught:
        opened(Key(FILLER.name, "wrong")).check()
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.remedy


def test_no_credentials_at_all_are_called_so(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    opened()
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    from lockstick.transfer.shared import open_bucket  # noqa: PLC0415

    store = open_bucket(f"s3://{BUCKET}/x")
    with pytest.raises(NotAllowedError, match="no complete credentials"):
        store.check()
    store.close()


def test_a_bucket_that_is_not_there_is_called_so(opened: Open) -> None:
    with pytest.raises(NotFoundError, match="there is no bucket elsewhere"):
        opened(bucket="elsewhere").check()


def test_a_server_that_is_not_there_is_called_so(opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    from lockstick.transfer.shared import open_bucket  # noqa: PLC0415

    store = open_bucket(f"s3://{BUCKET}/x")
    for use in USES.values():
        with pytest.raises(TransferError, match="cannot be reached"):
            use(store, tmp_path)
    store.close()


# --- what is in it -----------------------------------------------------------------------------


def test_what_is_there_is_listed_and_proven(opened: Open, tmp_path: Path, raw: Any, prefix: str) -> None:
    store = opened()
    for data in (b"abc", b"defg"):
        store.fill(digest_of(data), a_file(tmp_path, data))
    spoil(raw, prefix, digest_of(b"zz"), b"yy")
    spoil(raw, prefix, "readme.txt", b"hello")
    listing = store.entries()
    assert {(one.digest, one.length) for one in listing.entries} == {
        (digest_of(b"abc"), 3),
        (digest_of(b"defg"), 4),
        (digest_of(b"zz"), 2),
    }
    assert (listing.foreign, listing.is_complete) == (1, True)
    assert {one.digest for one in listing.entries if not store.prove(one)} == {digest_of(b"zz")}


def test_a_listing_ends_at_its_cap(raw: Any, prefix: str) -> None:
    for count in range(5):
        spoil(raw, prefix, digest_of(bytes([count])), b"")

    def listed(most: int) -> tuple[int, bool]:
        store = Bucket(raw, BucketAddress(BUCKET, f"{prefix}/"), good_for=60, most_listed=most)
        listing = store.entries()
        return len(listing.entries), listing.is_complete

    assert [listed(most) for most in (2, 3, 5, 6)] == [(2, False), (3, False), (5, True), (5, True)]


def test_an_entry_that_goes_while_it_is_proven_is_called_so(
    opened: Open, tmp_path: Path, raw: Any, prefix: str
) -> None:
    store = opened()
    store.fill(digest_of(b"abc"), a_file(tmp_path, b"abc"))
    (entry,) = store.entries().entries
    raw.delete_object(Bucket=BUCKET, Key=f"{prefix}/sha256/{entry.digest}")
    with pytest.raises(NotFoundError, match="no longer in"):
        store.prove(entry)
