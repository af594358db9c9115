"""The second origin: package bytes, without tokens.

1. Whatever carries ``Authorization`` is refused with 400, as pre-signed object stores do.
2. ``/objects/<blob>?X-Sig=…&expires=…`` is a pre-signed address: good until it expires, for one object.
3. ``/public/<target>`` is a plain address, for packages with a ``custom.uri``.
4. ``Range`` (one range) and ``If-Range`` are honoured against a strong ETag.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from lockstick.sandbox.repository import Clock
    from lockstick.sandbox.state import State

__all__ = ["ObjectStore", "Presigner"]

_CHUNK = 1 << 20
_ONE_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


class Presigner:
    """Makes and checks pre-signed addresses.

    Args:
        secret: What the signature depends on.
        store_url: The object store's origin.
    """

    def __init__(self, secret: bytes, store_url: str) -> None:
        self._secret = secret
        self._store_url = store_url

    def url(self, blob: str, expires: datetime) -> str:
        """Give an address for one object that is good until ``expires``."""
        until = str(int(expires.timestamp()))
        query = urlencode({"X-Sig": self._signature(blob, until), "expires": until})
        return f"{self._store_url}/objects/{blob}?{query}"

    def public_url(self, target: str) -> str:
        """Give the plain address of a package."""
        return f"{self._store_url}/public/{quote(target)}"

    def accepts(self, blob: str, signature: str, expires: str, now: datetime) -> bool:
        """Say whether an address is one of ours and still good."""
        fresh = expires.isdecimal() and now.timestamp() < int(expires)
        return fresh and hmac.compare_digest(signature, self._signature(blob, expires))

    def _signature(self, blob: str, expires: str) -> str:
        return hmac.new(self._secret, f"{blob}\n{expires}".encode(), hashlib.sha256).hexdigest()


class ObjectStore:
    """The object store's application.

    Args:
        state: What is stored under which name.
        blobs: The folder with the bytes.
        presigner: Says which addresses are good.
        now: The time to judge by.
    """

    def __init__(self, state: State, blobs: Path, presigner: Presigner, now: Clock) -> None:
        self._state = state
        self._blobs = blobs
        self._presigner = presigner
        self._now = now

    def app(self) -> Starlette:
        """Give the ASGI application."""
        return Starlette(
            routes=[
                Route("/objects/{blob}", _tokenless(self._object)),
                Route("/public/{target:path}", _tokenless(self._public)),
            ]
        )

    def _object(self, request: Request) -> Response:
        blob = str(request.path_params["blob"])
        signature = request.query_params.get("X-Sig", "")
        expires = request.query_params.get("expires", "")
        if not self._presigner.accepts(blob, signature, expires, self._now().astimezone(UTC)):
            return PlainTextResponse("AccessDenied: the address is not signed, or it has expired", 403)
        return self._bytes(request, blob)

    def _public(self, request: Request) -> Response:
        package = self._state.package(request.path_params["target"])
        if package is None or package.blob is None or not package.external:
            return PlainTextResponse("NoSuchKey", 404)
        return self._bytes(request, package.blob)

    def _bytes(self, request: Request, blob: str) -> Response:
        file = self._blobs / blob
        if not file.is_file():
            return PlainTextResponse("NoSuchKey", 404)
        size, etag = file.stat().st_size, f'"{blob[:32]}"'
        headers = {"Accept-Ranges": "bytes", "ETag": etag, "Content-Type": "application/octet-stream"}
        wanted = request.headers.get("range")
        if wanted is None or request.headers.get("if-range", etag) != etag:
            return _FileResponse(file, 0, size, 200, headers)
        span = _span(wanted, size)
        if span is None:
            return _FileResponse(file, 0, size, 200, headers)
        start, end = span
        if start >= end:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return _FileResponse(file, start, end, 206, headers)


class _FileResponse(Response):
    """Part of a file, sent a piece at a time."""

    def __init__(self, file: Path, start: int, end: int, status: int, headers: dict[str, str]) -> None:
        super().__init__(status_code=status, headers={**headers, "Content-Length": str(end - start)})
        self._file = file
        self._start = start
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        transport = scope["state"]["transport"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        left = 0 if scope["method"] == "HEAD" else self._end - self._start
        if left:
            # Read in the loop itself: package files are in the page cache, where a read costs less than
            # handing it to a thread would.
            with self._file.open("rb", buffering=0) as file:
                file.seek(self._start)
                # The server takes messages for a client that has gone without complaint.
                while not transport.is_closing() and left > 0 and (chunk := file.read(min(_CHUNK, left))):
                    left -= len(chunk)
                    await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
        else:
            await send({"type": "http.response.body", "body": b""})


def _span(header: str, size: int) -> tuple[int, int] | None:
    """Give start and end (exclusive) of the one range that is asked for; None to ignore the header."""
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return (max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return (int(first), min(size, int(last) + 1) if last else size)


def _tokenless(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if "authorization" in request.headers:
            return PlainTextResponse("InvalidRequest: only one way to authenticate is allowed", 400)
        return answer(request)

    return endpoint
