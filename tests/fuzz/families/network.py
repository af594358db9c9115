"""What comes over the network, down to the bytes on the line, and what is kept of it for the next time."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import ssl
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import httpcore
import httpx

from families.documents import PLACES, lockbox_files, place_seeds
from families.target import Target, emptied, folder, split
from ground import sound
from lockstick.cloud.api import ApiClient, Update
from lockstick.cloud.archive import MAX_ARCHIVE_BYTES
from lockstick.cloud.credentials import Credentials, OAuthClient, read_credentials, read_initial_roots
from lockstick.cloud.grant import request_grant
from lockstick.cloud.loosejson import loose_object
from lockstick.cloud.packages import locate
from lockstick.cloud.patience import Rereading
from lockstick.cloud.repository import fetch_metadata
from lockstick.cloud.session import CloudSession
from lockstick.errors import LockstickError
from lockstick.metadata.canonical import canonical
from lockstick.secret import Secret
from lockstick.transfer.answers import content_length, content_range, judge_status, retry_after
from lockstick.transfer.documents import DocumentReader
from lockstick.transfer.engine import fetch_all
from lockstick.transfer.http1.connection import Connection
from lockstick.transfer.http1.head import MalformedAnswer
from lockstick.transfer.journal import Mark, journal_path, load_journal, save_journal
from lockstick.transfer.line import Line
from lockstick.transfer.model import Download
from lockstick.transfer.network import Network
from lockstick.transfer.origins import Origin, check_url, safe_url
from lockstick.transfer.policy import Policy
from lockstick.transfer.setbacks import Setback
from lockstick.transfer.surroundings import Surroundings
from lockstick.transfer.validators import Validator, parse_http_date, strong_validator

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

__all__ = ["TARGETS"]

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_URL = "https://host.example/file"
_BODY = b"0123456789"
_LIMIT = 4096
_POLICY = Policy(attempts=2, total_attempts=4, max_redirects=2)


def _world() -> Surroundings:
    """Surroundings in which waiting takes no time, but moves the clock."""
    passed = 0.0

    def wait(event: threading.Event, seconds: float) -> bool:
        nonlocal passed
        passed += seconds
        return event.is_set()

    return Surroundings(clock=lambda: passed, now=lambda: _NOW, chance=lambda: 0.0, wait=wait)


def headers(data: bytes) -> None:
    """A status and headers of an answer, as text of ``name: value`` lines behind the status."""
    first, *lines = data.decode("latin-1").split("\n")
    found = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content_length(found)
    content_range(found)
    retry_after(found, _NOW)
    parse_http_date(found.get("date", ""))
    strong_validator(found)
    status = int(first) if first.isascii() and first.isdigit() and len(first) <= len("999") else 429
    with suppress(LockstickError, Setback):
        judge_status(status, found, subject="it", origin=Origin("http", "host", 80), policy=Policy(), now=_NOW)


def address(data: bytes) -> None:
    """An address, as a redirect or a package's metadata gives it."""
    text = data.decode("utf-8", "replace")
    safe_url(text)
    with suppress(LockstickError):
        check_url(text)
    with suppress(LockstickError):
        locate(_credentials(), text, {"uri": text})
    with suppress(LockstickError):
        locate(_credentials(), text, {})


def document_answer(data: bytes) -> None:
    """The bytes of an answer on the line, to somebody who asked for a document."""
    with suppress(LockstickError):
        with DocumentReader(policy=_POLICY, surroundings=_world(), clients=_client(data)) as reader:
            raw = reader.fetch(_URL, limit=_LIMIT)
        if len(raw) > _LIMIT:
            raise AssertionError("a document is longer than its limit")


def range_answer(data: bytes) -> None:
    """The same, to somebody who asked for the rest of a file."""
    place = emptied("range")
    part, destination = place / "file.part", place / "file"
    part.write_bytes(_BODY[:4])
    whole, begun = (hashlib.sha256(text).hexdigest() for text in (_BODY, _BODY[:4]))
    validator = Validator("etag", '"abc"')
    save_journal(
        part,
        Mark(length=10, digests={"sha256": whole}, flushed=4, prefix={"sha256": begun}, validator=validator),
    )
    wanted = Download(
        name="file", url=_URL, length=10, digests={"sha256": whole}, destination=destination, partial=part
    )
    with suppress(LockstickError):
        fetch_all([wanted], policy=_POLICY, surroundings=_world(), clients=_client(data))
    if destination.exists() and destination.read_bytes() != _BODY:
        raise AssertionError("wrong bytes were published")


@cache
def _context() -> ssl.SSLContext:
    """Made once, as it takes longer than a run."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Library(Network):
    """A way to the network that always leads through the HTTP library."""

    def __init__(self, make: Callable[[], httpx.Client]) -> None:
        super().__init__(trust_env=False)
        self._make = make

    def __call__(self) -> httpx.Client:
        return self._make()

    def is_direct(self, origin: Origin) -> bool:
        return False


def _client(data: bytes) -> _Library:
    """Clients of which every connection answers with these bytes."""
    pieces = [data[start : start + 4096] for start in range(0, len(data), 4096)]

    def make() -> httpx.Client:
        transport = httpx.HTTPTransport(verify=_context())
        backend = httpcore.MockBackend(list(pieces))
        transport._pool = httpcore.ConnectionPool(ssl_context=_context(), network_backend=backend)
        return httpx.Client(transport=transport, trust_env=False)

    return _Library(make)


def direct_answer(data: bytes) -> None:
    """The bytes of an answer on a connection of our own."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(0)
        with suppress(BlockingIOError):
            theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        ours.settimeout(1)
        connection, buffer = Connection(ours), memoryview(bytearray(1 << 16))
        with suppress(MalformedAnswer, OSError):
            _, body = connection.ask("host", "/", {})
            while body.read_into(buffer):
                pass
        connection.close()


def journal(data: bytes) -> None:
    """The journal beside a partial file: nonsense means none."""
    partial_file = folder() / "file.part"
    journal_path(partial_file).write_bytes(data)
    mark = load_journal(partial_file)
    if mark is not None and not 0 < mark.flushed <= mark.length:
        raise AssertionError("the journal speaks of more than there is")


def resumed_file(data: bytes) -> None:
    """A partial file with a hostile journal, continued: whatever it says, only the signed bytes are published."""
    place = emptied("resumed")
    part, destination = place / "file.part", place / "file"
    part.write_bytes(_BODY[:6])
    journal_path(part).write_bytes(data)
    digest = hashlib.sha256(_BODY).hexdigest()
    wanted = Download(
        name="file", url=_URL, length=10, digests={"sha256": digest}, destination=destination, partial=part
    )

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.headers.get("range", "")
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        said = {"content-range": f"bytes {start}-9/10"} if asked else {}
        return httpx.Response(206 if asked else 200, headers=said, stream=httpx.ByteStream(_BODY[start:]))

    fetch_all([wanted], policy=_POLICY, surroundings=_world(), clients=_Library(lambda: _mock(answer)))
    if destination.read_bytes() != _BODY:
        raise AssertionError("wrong bytes were published")


def _mock(answer: httpx._transports.mock.SyncHandler) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer), trust_env=False)


def loose_json(data: bytes) -> None:
    """JSON that nobody signed."""
    loose_object(data)


def token_answer(data: bytes) -> None:
    """The answer of a token service; the first byte chooses the status, and whether the rest is an address instead."""
    choice, rest = split(data, 8)
    status = (200, 200, 400, 401, 429, 302, 500, 302)[choice]
    said = [(b"location", rest.replace(b"\n", b"").replace(b"\r", b""))] if choice == 7 else []
    oauth = OAuthClient(token_url="https://tokens.example", client_id="i", client_secret=Secret("s"))

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=said, stream=httpx.ByteStream(rest))

    line = Line(_Library(lambda: _mock(answer)), policy=_POLICY, clock=lambda: 0.0)
    with line, suppress(LockstickError, Setback):
        grant = request_grant(line, oauth, policy=_POLICY, surroundings=_world())
        if not grant.lifetime > 0:
            raise AssertionError("a token that is never good")


def api_answer(data: bytes) -> None:
    """The body of an answer of the public API; the first byte says to which call, the second with which status."""
    choice, rest = split(data, len(_CALLS))
    which, body = split(rest, len(_STATUSES))
    oauth = OAuthClient(token_url=_URL, client_id="i", client_secret=Secret("canary-secret"))

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) == _URL:
            return httpx.Response(200, stream=httpx.ByteStream(b'{"access_token":"canary-token","expires_in":60}'))
        return httpx.Response(_STATUSES[which], stream=httpx.ByteStream(body))

    clients = _Library(lambda: _mock(answer))
    try:
        with ApiClient(oauth, policy=_POLICY, network=clients, surroundings=_world()) as api:
            _CALLS[choice](api)
    except LockstickError as error:
        said = f"{error} {error.remedy}"
        if not said.isprintable() or "canary" in said:
            raise AssertionError("an error says what it must not") from error


_CALLS: list[Callable[[ApiClient], object]] = [
    lambda api: api.lockboxes.names(),
    lambda api: api.lockboxes.details(),
    lambda api: api.lockboxes.document("box"),
    lambda api: api.lockboxes.delete("box"),
    lambda api: api.updates.launch(Update(package_ids=["a-1"], fleets=["f"])),
    lambda api: list(api.packages.all()),
    lambda api: api.sources.info(),
]
_STATUSES = (200, 201, 400, 401, 403, 404, 409, 420, 500)


def repository_answer(data: bytes) -> None:
    """Everything that a build fetches of a cloud; the first byte says which document the others replace."""
    choice, rest = split(data, len(PLACES))
    files = {repository: dict(found) for repository, found in lockbox_files().items()}
    repository, name = PLACES[choice]
    files[repository][name] = rest

    def answer(request: httpx.Request) -> httpx.Response:
        of = "director" if "/director/" in request.url.path else "image-repo"
        asked = PurePosixPath(request.url.path).name
        raw = files[of].get("2.root.json" if asked == "root.json" else asked)
        return httpx.Response(404) if raw is None else httpx.Response(200, stream=httpx.ByteStream(raw))

    clients = _Library(lambda: _mock(answer))
    session = CloudSession(_credentials(), policy=_POLICY, clients=clients, surroundings=_world())
    with session, suppress(LockstickError):
        fetch_metadata(session, "box", rereading=Rereading(attempts=2))


def _credentials() -> Credentials:
    return Credentials(oauth=None, repo_url="https://api.example/repo", director_url="https://api.example/director")


def credentials(data: bytes) -> None:
    """A ``credentials.zip``."""
    path = folder() / "credentials.zip"
    path.write_bytes(data)
    with suppress(LockstickError):
        read_initial_roots(path)
    with suppress(LockstickError):
        found = read_credentials(path)
        held = sum(len(root) for root in (found.image_root, found.director_root) if root is not None)
        if held > MAX_ARCHIVE_BYTES:
            raise AssertionError("the roots of the credentials are longer than the caps allow")


def credential_settings(data: bytes) -> None:
    """The settings within a ``credentials.zip``; the first byte says which member the others are."""
    choice, rest = split(data, 2)
    path = folder() / "credentials.zip"
    path.write_bytes(_zip(settings=rest) if choice == 0 else _zip(address=rest))
    with suppress(LockstickError):
        read_credentials(path)


_SETTINGS = {
    "oauth2": {"server": "https://tokens.example", "client_id": "i", "client_secret": "s", "scope": "x"},
    "ostree": {"server": "https://ostree.example/"},
}


def _zip(
    method: int = zipfile.ZIP_STORED,
    *,
    more: bytes = b"",
    settings: bytes = canonical(_SETTINGS),  # type: ignore[arg-type]  # plain JSON
    address: bytes = b"https://api.example/repo\n",
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("treehub.json", settings)
        archive.writestr("tufrepo.url", address)
        archive.writestr("root.json", sound()["image-repo", "1.root.json"] + more)
        archive.writestr("director.root.json", sound()["director", "1.root.json"])
    return buffer.getvalue()


_HEADERS = b"""206
content-range: bytes 10-99/100
content-length: 90
etag: "abc"
date: Mon, 01 Jun 2026 00:00:00 GMT
last-modified: Sun, 31 May 2026 00:00:00 GMT
retry-after: 120"""


def _header_seeds() -> list[bytes]:
    return [_HEADERS, b"503\nretry-after: Mon, 01 Jun 2026 00:01:00 GMT", b"429\nretry-after: 7"]


def _address_seeds() -> list[bytes]:
    return [b"https://user@host.example:443/a/b?c#d", b"http://[::1]:80/%41", b"app/fw 1.0.bin"]


def _answer_seeds() -> list[bytes]:
    return [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n" + _BODY,
        b'HTTP/1.1 206 Partial Content\r\netag: "abc"\r\ncontent-range: bytes 4-9/10\r\n\r\n' + _BODY[4:],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n" + _BODY + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: https://host.example/other\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http:a\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: https://xn--a/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n",
    ]


def _journal_seeds() -> list[bytes]:
    def written(*validator: str) -> bytes:
        whole, begun = (hashlib.sha256(text).hexdigest() for text in (_BODY, _BODY[:5]))
        document = {"format": 1, "length": 10, "digests": {"sha256": whole}, "flushed": 5, "prefix": {"sha256": begun}}
        return json.dumps({**document, "validator": list(validator)}).encode()

    return [written("etag", '"abc"'), written("last-modified", "Mon, 01 Jun 2026 00:00:00 GMT"), b"{}"]


def _api_seeds() -> list[bytes]:
    device = {"deviceUuid": "7c0a2f6e-50a0-4d3e-8d5b-6a4c2a3f9e01", "deviceId": "d", "name": "n"}
    package = {"name": "n", "version": "1", "packageId": "n-1", "size": 1, "hashes": {"sha256": "ab"}, "uri": None}
    box = {"signatures": [{"keyid": "k", "method": "ed25519", "sig": "s"}], "signed": {"targets": {}}}
    bodies: list[object] = [
        ["box"],
        {"box": box},
        box,
        "",
        {"affected": [device], "notAffected": [{**device, "ecuErrors": {"e": {"code": "c", "description": "d"}}}]},
        {"values": [package], "total": 1, "offset": 0, "limit": 50},
        {"tdx": {"lastFetched": "2026-01-01T00:00:00Z", "friendlyName": None}},
    ]
    good = [bytes([index, 0]) + json.dumps(body).encode() for index, body in enumerate(bodies)]
    return [*good, b'\0\2{"code":"a","msg":"you sent canary-token"}']


def _token_seeds() -> list[bytes]:
    good = b'{"access_token":"abc","token_type":"bearer","expires_in":3600}'
    return [
        b"\7https://a.example/",
        b"\0" + good,
        b'\2{"error":"invalid_client"}',
        b"\5",
        *(bytes([status]) + good for status in (3, 4, 6)),
    ]


TARGETS = {
    "headers": Target(headers, _header_seeds),
    "address": Target(address, _address_seeds),
    "document_answer": Target(document_answer, _answer_seeds),
    "direct_answer": Target(direct_answer, _answer_seeds),
    "range_answer": Target(range_answer, _answer_seeds),
    "journal": Target(journal, _journal_seeds),
    "resumed_file": Target(resumed_file, _journal_seeds),
    "loose_json": Target(loose_json, lambda: [seed[1:] for seed in _token_seeds()]),
    "token_answer": Target(token_answer, _token_seeds),
    "api_answer": Target(api_answer, _api_seeds),
    "repository_answer": Target(repository_answer, place_seeds),
    "credentials": Target(credentials, lambda: [_zip(), _zip(zipfile.ZIP_DEFLATED), _zip(more=b"x" * 4000)]),
    "credential_settings": Target(
        credential_settings,
        lambda: [b"\0" + canonical(_SETTINGS), b"\1https://api.example/repo\n"],  # type: ignore[arg-type]  # plain JSON
    ),
}
