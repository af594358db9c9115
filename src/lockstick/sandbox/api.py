"""The API origin over HTTP: tokens, the director, the image repository, and the public API on top of them.

The first three are those of cloud-apis 1.7 and 1.8; the API, in both its editions, is that of cloud-apis 1.1 to 1.6.
Answers have the real server's shapes: JSON errors with ``code`` and ``msg``, a gateway's bare 401 and its page for
403, documents that are not in canonical form.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from lockstick.metadata.canonical import canonical
from lockstick.sandbox.director import Director, RefusedError
from lockstick.sandbox.packages_api import PackagesApi
from lockstick.sandbox.repository import ROOT
from lockstick.sandbox.updates_api import UpdatesApi
from lockstick.sandbox.wire import served

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from lockstick.metadata.types import JsonObject
    from lockstick.sandbox.catalogue import Catalogue
    from lockstick.sandbox.fleet import Fleet
    from lockstick.sandbox.tokens import Tokens

__all__ = ["KEYCLOAK_PATH", "Api"]

KEYCLOAK_PATH = "/auth/realms/ota-users/protocol/openid-connect/token"
"""Where API clients get their tokens."""

_OAUTH_PATH = "/oauth2/token"
_TOKEN_PATHS = (_OAUTH_PATH, KEYCLOAK_PATH)
_EDITIONS = ("v2beta", "v2")
_API = "/api/"
_DIRECTOR = "/director/api/v1/admin/repo"
_IMAGE_REPO = "/repo/api/v1/user_repo"
_PRESIGNED_FOR = timedelta(minutes=15)


class Api:
    """The API's application.

    Args:
        catalogue: The packages, and the image repository that lists them.
        director: The director.
        fleet: The devices.
        tokens: Says who may ask.
    """

    def __init__(self, *, catalogue: Catalogue, director: Director, fleet: Fleet, tokens: Tokens) -> None:
        self._catalogue = catalogue
        self._state = catalogue.state
        self._director = director
        self._images = catalogue.images
        self._fleet = fleet
        self._tokens = tokens
        self._presigner = catalogue.presigner
        self._now = catalogue.now

    def app(self) -> ASGIApp:
        """Give the ASGI application."""
        updates = f"{_DIRECTOR}/offline-updates"
        routes = [
            *(Route(path, self._token, methods=["POST"]) for path in _TOKEN_PATHS),
            *(Mount(_API + edition, routes=self._api_routes(edition)) for edition in _EDITIONS),
            Route(f"{updates}/{{version:int}}.{{name}}.json", self._lockbox),
            Route(f"{updates}/{{name}}.json", self._lockbox),
            Route(f"{updates}/{{name}}", self._lockbox),
            Route(f"{updates}/{{name}}", self._define, methods=["POST"]),
            Route(f"{updates}/{{name}}", self._delete, methods=["DELETE"]),
            Route(f"{_DIRECTOR}/offline-snapshot.json", self._offline_snapshot),
            Route(f"{_DIRECTOR}/{{version:int}}.offline-snapshot.json", self._offline_snapshot),
            Route(f"{_DIRECTOR}/root.json", self._director_root),
            Route(f"{_DIRECTOR}/{{version:int}}.root.json", self._director_root),
            Route(f"{_IMAGE_REPO}/targets/{{target:path}}", self._package),
            Route(f"{_IMAGE_REPO}/{{version:int}}.root.json", self._image_root),
            Route(f"{_IMAGE_REPO}/{{path:path}}", self._image_document),
        ]
        app = Starlette(routes=routes, exception_handlers={RefusedError: _refused})
        return _Gateway(app, self._tokens)

    def _api_routes(self, edition: str) -> list[Route]:
        is_v2 = edition == "v2"
        packages = PackagesApi(self._catalogue, is_v2=is_v2)
        updates = UpdatesApi(self._catalogue, self._director, self._fleet, is_v2=is_v2)
        return [*packages.routes(), *updates.routes()]

    async def _token(self, request: Request) -> Response:
        body = await request.body()
        grant = self._tokens.grant(request.headers.get("authorization", ""), body)
        headers = {"Cache-Control": "no-store"}
        if grant.challenge:
            headers["WWW-Authenticate"] = 'Basic realm="rehearsal"'
        return JSONResponse(grant.body, grant.status, headers)

    async def _lockbox(self, request: Request) -> Response:
        return _document(self._director.lockbox(request.path_params["name"], _version(request)))

    async def _define(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            values, until = body["values"], body.get("expiresAt")
            expires = None if until is None else datetime.fromisoformat(until).astimezone(UTC)
            values = dict(values.items())
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RefusedError(400, "invalid_entity", "the request body is malformed") from error
        return _document(self._director.define(request.path_params["name"], values, expires=expires))

    async def _delete(self, request: Request) -> Response:
        self._director.delete(request.path_params["name"])
        return Response()

    async def _offline_snapshot(self, request: Request) -> Response:
        return _document(self._director.snapshot(_version(request)))

    async def _director_root(self, request: Request) -> Response:
        return _document(self._director.root(_version(request)))

    async def _image_root(self, request: Request) -> Response:
        return self._image(ROOT, _version(request))

    async def _image_document(self, request: Request) -> Response:
        return self._image(request.path_params["path"], None)

    def _image(self, path: str, version: int | None) -> Response:
        document = self._images.document(path, version)
        if document is None:
            raise RefusedError(404, "missing_role", "role not found")
        return _document(document)

    async def _package(self, request: Request) -> Response:
        target = request.path_params["target"]
        package = self._state.package(target)
        if package is None:
            raise RefusedError(404, "missing_target", "target not found")
        if package.external:
            return RedirectResponse(self._presigner.public_url(target), 302)
        if package.blob is None:
            raise RefusedError(417, "unmanaged_target", "the target's bytes are not stored here")
        return RedirectResponse(self._presigner.url(package.blob, self._now() + _PRESIGNED_FOR), 302)


class _Gateway:
    """Lets nobody through to the services without a token of the right kind; its refusals are no JSON."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        path: str = scope["path"]
        kind = self._tokens.kind(authorization)
        answer: ASGIApp = self._app
        if path not in _TOKEN_PATHS:
            if kind is None:
                answer = Response(status_code=401, headers={"WWW-Authenticate": 'Bearer realm="rehearsal"'})
            elif kind != ("api" if path.startswith(_API) else "repository"):
                answer = HTMLResponse("<html><title>403 Forbidden</title></html>", status_code=403)
        await answer(scope, receive, send)


def _version(request: Request) -> int | None:
    version: int | None = request.path_params.get("version")
    return version


def _document(document: JsonObject) -> Response:
    checksum = hashlib.sha256(canonical(document)).hexdigest()
    return Response(served(document), media_type="application/json", headers={"x-ats-role-checksum": checksum})


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    body = {
        "code": error.code,
        "msg": error.message,
        "description": None,
        "cause": None,
        "errorId": str(uuid.uuid4()),
    }
    return JSONResponse(body, error.status)
