"""Reading what a request to the API says; whatever cannot be read is refused with 400."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lockstick.sandbox.director import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

    from lockstick.metadata.types import JsonObject, JsonValue

__all__ = ["json_body", "number", "one_of", "texts", "time"]


async def json_body(request: Request) -> JsonValue:
    """Read a JSON body; None where there is none."""
    raw = await request.body()
    if not raw:
        return None
    try:
        value: JsonValue = json.loads(raw)
    except ValueError as error:
        raise RefusedError(400, "invalid_entity", "the request body is malformed") from error
    return value


def texts(body: JsonObject, name: str) -> list[str]:
    """Read a list of texts; absent and null are an empty list."""
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise RefusedError(400, "invalid_entity", f"{name} is not a list of texts")
    return [str(one) for one in found]


def time(body: JsonObject, name: str) -> datetime | None:
    """Read a time with its zone; absent and null are None."""
    found = body.get(name)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(str(found))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RefusedError(400, "invalid_entity", f"{name} is not a time")
    return moment.astimezone(UTC)


def number(request: Request, name: str, default: int) -> int:
    """Read a number from the query, zero or above."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        found = int(text)
    except ValueError as error:
        raise RefusedError(400, "invalid_query", f"{name} is not a number") from error
    if found < 0:
        raise RefusedError(400, "invalid_query", f"{name} is negative")
    return found


def one_of(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """Read a choice from the query; the first is the default."""
    found = request.query_params.get(name, choices[0])
    if found not in choices:
        raise RefusedError(400, "invalid_query", f"{name} is none of {', '.join(choices)}")
    return found
