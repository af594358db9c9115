"""A server that answers with nonsense: it is never more than a server that fails."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import TransferError
from lockstick.transfer.shared import open_bucket
from lockstick.transfer.shared.model import SharedEntry
from lockstick.transfer.shared.parts import Parts
from s3_server import FILLER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lockstick.transfer.shared.bucket import Bucket

DIGEST = hashlib.sha256(b"abc").hexdigest()
ENTRY = (
    f"<Contents><Key>x/sha256/{DIGEST}</Key><Size>3</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
)


def listing(inside: str) -> tuple[dict[str, str], bytes]:
    return {}, f"<ListBucketResult>{inside}</ListBucketResult>".encode()


class Nonsense:
    """Answers each kind of request with what a test has set."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                query = self.path.partition("?")[2]
                words = ("list-type", "uploads", "partNumber", "uploadId")
                kind = next((word for word in words if word in query), "object")
                owner.asked.append(f"{self.command} {kind}")
                headers, body = owner.answers.get(f"{self.command} {kind}", ({}, b""))
                self.send_response_only(200)
                for name, text in ({"Content-Length": str(len(body))} | headers).items():
                    if text:
                        self.send_header(name, text)
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the library's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nonsense]:
    running = Nonsense()
    for name, value in {**FILLER.environment(running.url), "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    yield running
    running.close()


@pytest.fixture
def store(server: Nonsense) -> Iterator[Bucket]:
    opened = open_bucket("s3://team/x", parts=Parts(size=2))
    assert server.asked == []
    yield opened
    opened.close()


USES: dict[str, Callable[[Bucket, Path], object]] = {
    "check": lambda store, _: store.check(),
    "offer": lambda store, _: store.offer(DIGEST, 3),
    "fill": lambda store, path: store.fill(DIGEST, path),
    "entries": lambda store, _: store.entries(),
}


@pytest.mark.parametrize(
    ("use", "request_kind", "headers", "body"),
    [
        ("check", "GET list-type", {}, b"no XML at all"),
        ("check", "GET list-type", {}, b"<ListBucketResult><MaxKeys>many</MaxKeys></ListBucketResult>"),
        ("offer", "HEAD object", {"Content-Length": ""}, b""),
        ("offer", "HEAD object", {"Content-Length": "many"}, b""),
        ("offer", "HEAD object", {"Content-Length": "3", "Last-Modified": "never"}, b""),
        ("fill", "POST uploads", {}, b"<InitiateMultipartUploadResult/>"),
        ("fill", "POST uploads", {}, b"<"),
        ("fill", "PUT partNumber", {}, b""),
        ("entries", "GET list-type", *listing(ENTRY.replace("Key>", "Kay>"))),
        ("entries", "GET list-type", *listing(ENTRY.replace(">3<", ">three<"))),
        ("entries", "GET list-type", *listing(ENTRY.replace("<Size>3</Size>", ""))),
        ("entries", "GET list-type", *listing(ENTRY.replace(">3<", ">-3<"))),
        ("entries", "GET list-type", *listing(ENTRY.replace(">2026-01-01T00:00:00Z<", ">never<"))),
        ("entries", "GET list-type", *listing(ENTRY.replace(">2026-01-01T00:00:00Z<", "><"))),
        ("entries", "GET list-type", *listing("<IsTruncated>perhaps</IsTruncated><Contents>x</Contents>")),
    ],
)
def test_nonsense_is_no_more_than_a_failure(
    server: Nonsense, store: Bucket, tmp_path: Path, use: str, request_kind: str, headers: dict[str, str], body: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    server.answers["HEAD object"] = ({"Content-Length": "9"}, b"")
    server.answers["POST uploads"] = (
        {},
        b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
    )
    server.answers[request_kind] = (headers, body)
    with pytest.raises(TransferError) as caught:
        USES[use](store, path)
    assert request_kind in server.asked
    assert caught.value.__cause__ is None


def test_a_listing_that_never_ends_is_cut_off(server: Nonsense, store: Bucket) -> None:
    server.answers["GET list-type"] = listing(
        "<IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>"
    )
    found = store.entries()
    assert (found.entries, found.is_complete) == ((), False)
    assert len(server.asked) <= 1000


def test_an_entry_that_never_ends_is_read_no_further_than_its_length(server: Nonsense, store: Bucket) -> None:
    server.answers["GET object"] = ({}, b"abcabc")
    server.answers["GET list-type"] = listing(ENTRY)
    (entry,) = store.entries().entries
    assert isinstance(entry, SharedEntry)
    assert not store.prove(entry)
