"""OAuth2 client credentials of both kinds (cloud-apis 1.1 and 1.8).

A client that was made for the API may ask the API alone, the one in ``credentials.zip`` the repositories alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from datetime import timedelta

    from lockstick.sandbox.repository import Clock
    from lockstick.sandbox.state import State

__all__ = ["API_CLIENT_PREFIX", "ClientKind", "Grant", "Tokens"]

ClientKind = Literal["api", "repository"]
"""What a client is for."""

API_CLIENT_PREFIX = "tzn_api_"
"""How the names of API clients begin; those of all others do not."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """The answer to a token request.

    Attributes:
        status: The HTTP status.
        body: The JSON answer.
        challenge: Whether the answer carries ``WWW-Authenticate: Basic``.
    """

    status: int
    body: dict[str, str | int]
    challenge: bool = False


class Tokens:
    """Gives out tokens and tells good ones from others.

    Args:
        state: Where clients and tokens are kept.
        now: The time to judge by.
        lifetime: How long a token lives.
    """

    def __init__(self, state: State, now: Clock, lifetime: timedelta) -> None:
        self._state = state
        self._now = now
        self.lifetime = lifetime

    def grant(self, authorization: str, body: bytes) -> Grant:
        """Answer a token request.

        Args:
            authorization: The ``Authorization`` header, or an empty string.
            body: The form.

        Returns:
            The answer: a token, or an OAuth2 error. A wrong client is 401 when it came by HTTP Basic and 400
            when it came in the form.
        """
        form = {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}
        if form.get("grant_type") != "client_credentials":
            return _error(400, "unsupported_grant_type", "grant_type must be client_credentials")
        basic = _basic(authorization)
        client, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        known = self._state.secret(client)
        if known is None or not hmac.compare_digest(known.encode(), secret.encode()):
            status = 401 if authorization else 400
            return _error(status, "invalid_client", "Invalid client or Invalid client credentials")
        token = secrets.token_urlsafe(32)
        expires = self._now() + self.lifetime
        self._state.add_token(_digest(token), client, expires.timestamp())
        answer: dict[str, str | int] = {
            "access_token": token,
            "expires_in": int(self.lifetime.total_seconds()),
            "token_type": "Bearer",
        }
        if "scope" in form:
            answer["scope"] = form["scope"]
        return Grant(status=200, body=answer)

    def accepts(self, authorization: str) -> bool:
        """Say whether an ``Authorization`` header carries a token that is good now."""
        return self.kind(authorization) is not None

    def kind(self, authorization: str) -> ClientKind | None:
        """Say what the client is for whose token an ``Authorization`` header carries; None for no good token."""
        scheme, _, token = authorization.partition(" ")
        known = self._state.token(_digest(token.strip())) if scheme.lower() == "bearer" else None
        if known is None or self._now().timestamp() >= known[1]:
            return None
        return "api" if known[0].startswith(API_CLIENT_PREFIX) else "repository"


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (client, secret) if colon else None


def _error(status: int, code: str, description: str) -> Grant:
    body: dict[str, str | int] = {"error": code, "error_description": description}
    return Grant(status=status, body=body, challenge=status == HTTPStatus.UNAUTHORIZED)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
