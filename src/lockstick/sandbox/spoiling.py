"""Answers that go wrong on their way out: cut, slowed, resized, altered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from starlette.datastructures import MutableHeaders

from lockstick.sandbox import faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from starlette.types import Message, Receive, Send

__all__ = ["CutError", "edited", "put_headers", "spoiled", "until_gone"]


class CutError(Exception):
    """Stops the application in the middle of an answer."""


def spoiled(kind: faults.BodyKind, receive: Receive, send: Send) -> Send:
    """Give a sender that passes an answer on with something wrong in it.

    Args:
        kind: What to do wrong.
        receive: The application's ``receive``, to learn when the client has gone.
        send: Where the answer goes.

    Returns:
        The sender; it raises :class:`CutError` where the answer shall end before its time.
    """
    match kind:
        case faults.Drop():
            result = _limited(send, kind.after or 0, _cut)
        case faults.Stall():
            result = _limited(send, kind.after, lambda: until_gone(receive))
        case faults.Drip():
            result = _dripping(send, kind)
        case faults.Overpromise():
            result = _overpromising(send, kind.by)
        case faults.Resize():
            result = _resizing(send, kind.by)
        case faults.Alter():
            result = _altering(send, kind.offset)
        case faults.ShiftRange():
            result = edited(send, lambda headers: _shift(headers, kind.by))
        case faults.Chunked():
            result = edited(send, lambda headers: _remove(headers, ["content-length"]))
        case faults.Headers():
            result = edited(send, lambda headers: _edit(headers, kind))
        case _:
            assert_never(kind)
    return result


def edited(send: Send, edit: Callable[[MutableHeaders], None]) -> Send:
    """Give a sender that passes an answer on with its headers changed."""

    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            edit(MutableHeaders(raw=message["headers"]))
        await send(message)

    return forward


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
        raise CutError

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
            raise CutError

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


async def _cut() -> None:
    raise CutError


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
    put_headers(headers, kind.put)


async def until_gone(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def put_headers(headers: MutableHeaders, values: Mapping[str, str]) -> None:
    """Set headers."""
    for name, value in values.items():
        headers[name] = value
