"""Carries out faults between the network and a server's application, and keeps the request log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import assert_never, cast

from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lockstick.sandbox import faults
from lockstick.sandbox.requestlog import LoggedRequest, Origin, RequestLog

__all__ = ["Watched"]


class _CutError(Exception):
    """Stops the application in the middle of an answer."""


class Watched:
    """An application whose requests are logged and, on demand, answered wrongly.

    Args:
        app: The application.
        origin: Which of the two servers this is.
        log: Where requests are noted.
        table: The faults to carry out.
    """

    def __init__(self, app: ASGIApp, origin: Origin, log: RequestLog, table: faults.FaultTable) -> None:
        self._app = app
        self._origin = origin
        self._log = log
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = dict(scope["headers"])
        entry = LoggedRequest(
            origin=self._origin,
            method=scope["method"],
            path=scope["path"],
            had_authorization=b"authorization" in headers,
            range=_text(headers.get(b"range")),
            if_range=_text(headers.get(b"if-range")),
        )
        number = self._log.begin(entry)

        async def logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._log.update(number, status=message["status"])
            elif message.get("body"):
                self._log.update(number, sent=len(message["body"]))
            await send(message)

        kind = self._table.take(entry)
        if kind is None:
            await self._app(scope, receive, logged)
            return
        try:
            await _misbehave(kind, self._app, scope, receive, logged)
        except _CutError:
            # Ending an answer before its time makes the server close the connection, which is what we want.
            return


async def _misbehave(kind: faults.Kind, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901 -- one flat case per kind
    match kind:
        case faults.Status():
            headers = {} if kind.retry_after is None else {"Retry-After": str(kind.retry_after)}
            await Response(kind.body, kind.status, headers)(scope, receive, send)
        case faults.Replace():
            await Response(kind.body, media_type=kind.content_type)(scope, receive, send)
        case faults.Redirect():
            target = scope["path"] if kind.location is None else kind.location
            await RedirectResponse(target, kind.status)(scope, receive, send)
        case faults.Hang():
            await _until_gone(receive)
        case faults.Drop(after=None):
            cast("asyncio.Transport", scope["state"]["transport"]).close()
            await _until_gone(receive)
        case faults.Drop():
            await app(scope, receive, _limited(send, kind.after or 0, _cut))
        case faults.Stall():
            await app(scope, receive, _limited(send, kind.after, lambda: _until_gone(receive)))
        case faults.Drip():
            await app(scope, receive, _dripping(send, kind))
        case faults.Overpromise():
            await app(scope, receive, _overpromising(send, kind.by))
        case faults.Resize():
            await app(scope, receive, _resizing(send, kind.by))
        case faults.Alter():
            await app(scope, receive, _altering(send, kind.offset))
        case faults.IgnoreRange():
            await app(_without(scope, {b"range"}), receive, send)
        case faults.Retag():
            stale = dict(scope["headers"]).get(b"if-range", kind.etag.encode()) != kind.etag.encode()
            # What is left of If-Range names the right file in the eyes of the inner server.
            dropped = {b"range", b"if-range"} if stale else {b"if-range"}
            await app(_without(scope, dropped), receive, _editing(send, lambda h: h.update(etag=kind.etag)))
        case faults.ShiftRange():
            await app(scope, receive, _editing(send, lambda headers: _shift(headers, kind.by)))
        case faults.Chunked():
            await app(scope, receive, _editing(send, lambda headers: _remove(headers, ["content-length"])))
        case faults.Headers():
            await app(scope, receive, _editing(send, lambda headers: _edit(headers, kind)))
        case _:
            assert_never(kind)


# --- senders that change what passes through them --------------------------------------------------


def _editing(send: Send, edit: Callable[[MutableHeaders], None]) -> Send:
    async def edited(message: Message) -> None:
        if message["type"] == "http.response.start":
            edit(MutableHeaders(raw=message["headers"]))
        await send(message)

    return edited


def _limited(send: Send, limit: int, then: Callable[[], Awaitable[None]]) -> Send:
    left = limit

    async def limited(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.start":
            await send(message)
            return
        body = message.get("body", b"")
        if len(body) < left or (len(body) == left and message.get("more_body")):
            left -= len(body)
            await send(message)
            return
        await send({"type": "http.response.body", "body": body[:left], "more_body": True})
        await then()
        raise _CutError

    return limited


def _dripping(send: Send, drip: faults.Drip) -> Send:
    async def slow(message: Message) -> None:
        body = message.get("body", b"")
        while len(body) > drip.size:
            await send({"type": "http.response.body", "body": body[: drip.size], "more_body": True})
            await asyncio.sleep(drip.pause)
            body = body[drip.size :]
        await send({**message, "body": body} if "body" in message else message)

    return slow


def _overpromising(send: Send, by: int) -> Send:
    async def lying(message: Message) -> None:
        if message["type"] == "http.response.start":
            _grow(MutableHeaders(raw=message["headers"]), by)
            await send(message)
            return
        await send({**message, "more_body": True})
        if not message.get("more_body"):
            raise _CutError

    return lying


def _resizing(send: Send, by: int) -> Send:
    left = 0

    async def resized(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.start":
            left = _grow(MutableHeaders(raw=message["headers"]), by)
            await send(message)
            return
        body = message.get("body", b"")[:left]
        if not message.get("more_body"):
            body += bytes(max(0, min(by, left - len(body))))
        left -= len(body)
        await send({**message, "body": body})

    return resized


def _altering(send: Send, offset: int) -> Send:
    at = 0

    async def altered(message: Message) -> None:
        nonlocal at
        if message["type"] == "http.response.start":
            at = _range_start(MutableHeaders(raw=message["headers"]))
        else:
            body = message.get("body", b"")
            if at <= offset < at + len(body):
                changed = bytearray(body)
                changed[offset - at] ^= 0xFF
                message = {**message, "body": bytes(changed)}
            at += len(body)
        await send(message)

    return altered


# --- helpers -----------------------------------------------------------------------------------------


async def _cut() -> None:
    raise _CutError


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _without(scope: Scope, names: set[bytes]) -> Scope:
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in names]}


def _grow(headers: MutableHeaders, by: int) -> int:
    length = max(0, int(headers.get("content-length", "0")) + by)
    headers["content-length"] = str(length)
    return length


def _range_start(headers: MutableHeaders) -> int:
    value = headers.get("content-range", "bytes 0-")
    return int(value.removeprefix("bytes ").partition("-")[0])


def _shift(headers: MutableHeaders, by: int) -> None:
    if "content-range" in headers:
        start, _, rest = headers["content-range"].removeprefix("bytes ").partition("-")
        headers["content-range"] = f"bytes {int(start) + by}-{rest}"


def _remove(headers: MutableHeaders, names: Iterable[str]) -> None:
    for name in names:
        if name in headers:
            del headers[name]


def _edit(headers: MutableHeaders, kind: faults.Headers) -> None:
    _remove(headers, kind.remove)
    headers.update(kind.put)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
