"""The API's packages and external sources (cloud-apis 1.2, P1 to X3, and 1.3).

1. Uploading announces its length, which is a 32-bit number; the storage behind takes 512 MB at once (cloud-apis 1.5).
2. A package is uploaded once: the same name and version again is 409.
3. What is uploaded is at once a signed target of the image repository.
4. Packages of delegations are listed with the own ones, and can be neither edited nor deleted.
5. The edition v2beta wants the name of a source with ``.json`` behind it, v2 without (cloud-apis 1.2, X3).
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lockstick.instant import format_instant
from lockstick.sandbox.director import RefusedError
from lockstick.sandbox.inventory import Inventory
from lockstick.sandbox.requests import json_body, number, one_of

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.catalogue import Catalogue

__all__ = ["PackagesApi"]

_INT32 = 2**31 - 1
_MOST_AT_ONCE = 512 * 10**6
_LONGEST_NAME = 253
_LONGEST_HARDWARE_ID = 200
_PAGE = 50
_FORMATS = ("BINARY", "OSTREE")


class PackagesApi:
    """Packages and where external ones come from.

    Args:
        catalogue: The packages.
        is_v2: Which edition of the interface.
    """

    def __init__(self, catalogue: Catalogue, *, is_v2: bool) -> None:
        self._catalogue = catalogue
        self._inventory = Inventory(catalogue)
        self._is_v2 = is_v2

    def routes(self) -> list[Route]:
        """Give the routes below the edition's base path."""
        one = "/packages/{package:path}"
        return [
            Route("/packages", self._list),
            Route("/packages", self._upload, methods=["POST"]),
            Route(one, self._edit, methods=["PATCH"]),
            Route(one, self._delete, methods=["DELETE"]),
            Route("/packages_external", self._external),
            Route("/packages_external/info", self._sources),
            Route("/packages_external/refresh/{source:path}", self._refresh),
        ]

    async def _list(self, request: Request) -> Response:
        found = [one for one in self._inventory.packages() if _fits(one, request)]
        by = one_of(request, "sortBy", ("Filename", "CreatedAt"))
        backwards = one_of(request, "sortDirection", ("Asc", "Desc")) == "Desc"
        found.sort(key=lambda one: str(one.get("packageId" if by == "Filename" else "createdAt")), reverse=backwards)
        return _page(found, request)

    async def _external(self, request: Request) -> Response:
        part = request.query_params.get("idContains", "")
        return _page([one for one in self._inventory.external() if part in str(one["packageId"])], request)

    async def _upload(self, request: Request) -> Response:
        query = request.query_params
        name, version, kind = (query.get(one, "") for one in ("name", "version", "targetFormat"))
        target = f"{name}-{version}"
        if not name or not version or kind not in _FORMATS or len(target) > _LONGEST_NAME or ".." in target:
            raise RefusedError(400, "invalid_query", "name, version or targetFormat is missing or cannot be used")
        hardware_ids = query.getlist("hardwareId")
        if any(not 0 < len(one) <= _LONGEST_HARDWARE_ID for one in hardware_ids) or (self._is_v2 and not hardware_ids):
            raise RefusedError(400, "invalid_query", "hardwareId is missing or cannot be used")
        length = _announced(request)
        self._inventory.refuse_known(target)
        digest = await _received(request, self._catalogue.blobs, length)
        return JSONResponse(
            self._inventory.add(
                target,
                digest=digest,
                length=length,
                hardware_ids=hardware_ids,
                custom={"name": name, "version": version, "targetFormat": kind},
            )
        )

    async def _edit(self, request: Request) -> Response:
        body = await json_body(request)
        if not isinstance(body, dict):
            raise RefusedError(400, "invalid_entity", "the request body is malformed")
        return JSONResponse(self._inventory.edit(request.path_params["package"], body))

    async def _delete(self, request: Request) -> Response:
        self._inventory.delete(request.path_params["package"])
        return Response()

    async def _sources(self, _request: Request) -> Response:
        found = self._inventory.sources()
        if not found:
            raise RefusedError(404, "missing_delegations", "there are no external sources")
        return JSONResponse(found)

    async def _refresh(self, request: Request) -> Response:
        wanted: str = request.path_params["source"]
        ending = "" if self._is_v2 else ".json"
        names = {f"{name}{ending}": name for name in self._inventory.sources()}
        if wanted not in names:
            raise RefusedError(404, "missing_delegation", "external source not found")
        self._inventory.refresh(names[wanted], format_instant(self._catalogue.now()))
        return Response()


def _fits(package: JsonObject, request: Request) -> bool:
    query = request.query_params

    def text(name: str) -> str:
        return str(package.get(name))

    hardware_ids, hashes = package["hardwareIds"], package["hashes"]
    own: dict[str, list[JsonValue]] = {
        "packageSource": [package["packageSource"]],
        "packageIds": [package["packageId"]],
        "hardwareIds": hardware_ids if isinstance(hardware_ids, list) else [],
        "hashes": [*hashes.values()] if isinstance(hashes, dict) else [],
    }
    # Of a list, one hit is enough.
    lists = (not query.getlist(name) or set(query.getlist(name)) & {str(v) for v in own[name]} for name in own)
    equal = (query.get(name, text(name)) == text(name) for name in ("name", "version"))
    is_part = query.get("idContains", "") in text("packageId") and query.get("nameContains", "") in text("name")
    return is_part and all(equal) and all(lists)


def _page(found: list[JsonObject], request: Request) -> Response:
    offset, limit = number(request, "offset", 0), number(request, "limit", _PAGE)
    values = found[offset : offset + limit]
    return JSONResponse({"values": values, "total": len(found), "offset": offset, "limit": limit})


def _announced(request: Request) -> int:
    text = request.headers.get("content-length", "")
    if not text.isdigit() or int(text) > _INT32:
        raise RefusedError(400, "invalid_header", "Content-Length is missing or is not a 32-bit number")
    if int(text) > _MOST_AT_ONCE:
        raise RefusedError(413, "payload_too_large", f"at most {_MOST_AT_ONCE} bytes at once")
    return int(text)


async def _received(request: Request, folder: Path, length: int) -> str:
    """Take a body into a file named after its digest, as :func:`lockstick.sandbox.packages.store` does."""
    unfinished = folder / f"unfinished-{uuid.uuid4().hex}"
    digest, count = hashlib.sha256(), 0
    try:
        with unfinished.open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
                digest.update(chunk)
                count += len(chunk)
        if count != length:
            raise RefusedError(400, "invalid_entity", "the body is not as long as was announced")
        unfinished.replace(folder / digest.hexdigest())
    finally:
        unfinished.unlink(missing_ok=True)
    return digest.hexdigest()
