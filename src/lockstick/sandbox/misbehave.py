"""Carries out faults between the network and a server's application, and keeps the request log."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never, cast

from starlette.responses import RedirectResponse, Response

from lockstick.sandbox import faults
from lockstick.sandbox.requestlog import LoggedRequest, Origin, RequestLog
from lockstick.sandbox.spoiling import CutError, edited, put_headers, spoiled, until_gone

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Watched"]


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
        except CutError:
            # Ending an answer before its time makes the server close the connection, which is what we want.
            return


async def _misbehave(kind: faults.Kind, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    match kind:
        case faults.Status() | faults.Replace() | faults.Redirect():
            await _other_answer(kind, scope)(scope, receive, send)
        case faults.Hang():
            await until_gone(receive)
        case faults.Drop(after=None):
            cast("asyncio.Transport", scope["state"]["transport"]).close()
            await until_gone(receive)
        case faults.Meanwhile():
            kind.action()
            await app(scope, receive, send)
        case faults.IgnoreRange():
            await app(_without(scope, {b"range"}), receive, send)
        case faults.Retag():
            named = dict(scope["headers"]).get(b"if-range")
            # What is left of If-Range would name the wrong file in the eyes of the application.
            stale = {b"range"} if named not in (None, kind.etag.encode()) else set()
            retagged = edited(send, lambda headers: put_headers(headers, {"etag": kind.etag}))
            await app(_without(scope, {b"if-range"} | stale), receive, retagged)
        case _:
            await app(scope, receive, spoiled(kind, receive, send))


def _other_answer(kind: faults.Status | faults.Replace | faults.Redirect, scope: Scope) -> ASGIApp:
    match kind:
        case faults.Status():
            headers = {} if kind.retry_after is None else {"Retry-After": str(kind.retry_after)}
            return Response(kind.body, kind.status, headers)
        case faults.Replace():
            return Response(kind.body, media_type=kind.content_type)
        case faults.Redirect():
            return RedirectResponse(scope["path"] if kind.location is None else kind.location, kind.status)
        case _:
            assert_never(kind)


def _without(scope: Scope, names: set[bytes]) -> Scope:
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in names]}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
