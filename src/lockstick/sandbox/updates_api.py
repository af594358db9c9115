"""The API's lockboxes and updates (cloud-apis 1.2, L1 to U2).

1. Defining a lockbox replaces it whole: what the request does not name is gone. An empty list revokes it.
2. Every definition and deletion bumps the one offline-snapshot, and with it ages every stick in the field.
3. Defining, deleting and refreshing answer 200 with nothing; launching answers 201 even if nobody is affected.
4. The edition v2 has no ``PATCH /updates``, and takes 50 devices at most (cloud-apis 1.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lockstick.sandbox.director import RefusedError
from lockstick.sandbox.requests import json_body, texts, time
from lockstick.sandbox.wire import served

if TYPE_CHECKING:
    from starlette.requests import Request

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.catalogue import Catalogue
    from lockstick.sandbox.director import Director
    from lockstick.sandbox.fleet import Fleet
    from lockstick.sandbox.state import PackageRecord

__all__ = ["UpdatesApi"]

_MOST_DEVICES = 50


class UpdatesApi:
    """Lockboxes and updates.

    Args:
        catalogue: The packages.
        director: Where lockboxes are.
        fleet: The devices.
        is_v2: Which edition of the interface.
    """

    def __init__(self, catalogue: Catalogue, director: Director, fleet: Fleet, *, is_v2: bool) -> None:
        self._catalogue = catalogue
        self._director = director
        self._fleet = fleet
        self._is_v2 = is_v2

    def routes(self) -> list[Route]:
        """Give the routes below the edition's base path."""
        one = "/lockboxes/{name:path}"
        routes = [
            Route("/lockboxes", self._names),
            Route("/lockbox-details", self._details),
            Route(one, self._lockbox, methods=["GET"]),
            Route(one, self._define, methods=["POST"]),
            Route(one, self._delete, methods=["DELETE"]),
            Route("/updates", self._launch, methods=["POST"]),
        ]
        return routes if self._is_v2 else [*routes, Route("/updates", self._cancel, methods=["PATCH"])]

    async def _names(self, _request: Request) -> Response:
        return JSONResponse(self._director.names())

    async def _details(self, _request: Request) -> Response:
        found: JsonObject = {name: self._director.lockbox(name) for name in self._director.names()}
        return Response(served(found), media_type="application/json")

    async def _lockbox(self, request: Request) -> Response:
        text = request.query_params.get("version")
        if text is not None and not (text.isascii() and text.isdigit()):
            raise RefusedError(400, "invalid_query", "version is not a number")
        document = self._director.lockbox(request.path_params["name"], None if text is None else int(text))
        return Response(served(document), media_type="application/json")

    async def _define(self, request: Request) -> Response:
        body = _object(await json_body(request))
        custom = _object(body.get("custom") or {})
        entries: dict[str, JsonValue] = {}
        for record in self._records(texts(body, "packageIds")):
            entry = self._catalogue.lockbox_entry(record.target)
            given = {k: v for k, v in _object(custom.get(record.target) or {}).items() if v is not None}
            entry["custom"] = {**_object(entry["custom"]), **given}
            entries[record.target] = entry
        _refuse_fractions(entries)
        self._director.define(request.path_params["name"], entries, expires=time(body, "expiresAt"))
        return Response()

    async def _delete(self, request: Request) -> Response:
        self._director.delete(request.path_params["name"])
        return Response()

    async def _launch(self, request: Request) -> Response:
        body = _object(await json_body(request))
        devices, fleets = texts(body, "devices"), texts(body, "fleets")
        if self._is_v2 and len(devices) > _MOST_DEVICES:
            raise RefusedError(400, "too_many_devices", f"at most {_MOST_DEVICES} devices")
        records = self._records(texts(body, "packageIds"))
        if not records or not (devices or fleets):
            raise RefusedError(400, "invalid_entity", "an update needs packages, and devices or fleets")
        return JSONResponse(self._fleet.launch(records, devices, fleets), 201)

    async def _cancel(self, request: Request) -> Response:
        body = await json_body(request)
        return JSONResponse(self._fleet.cancel(texts({"devices": body}, "devices")))

    def _records(self, targets: list[str]) -> list[PackageRecord]:
        records = []
        for target in dict.fromkeys(targets):
            record = self._catalogue.state.package(target)
            if record is None:
                raise RefusedError(404, "missing_target", f"package not found: {target}")
            records.append(record)
        return records


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise RefusedError(400, "invalid_entity", "the request body is malformed")
    return value


def _refuse_fractions(value: JsonValue) -> None:
    """Refuse what the canonical form of signed documents does not know (lockbox-format 2.6)."""
    if isinstance(value, float):
        raise RefusedError(400, "invalid_entity", "a number with a fraction cannot be signed")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_fractions(inner)
