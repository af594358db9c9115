"""One request for a token: the OAuth2 client credentials grant (RFC 6749 section 4.4; cloud-apis 1.1, 1.8).

The client's name and secret go as HTTP Basic first, then as form fields where the service does not take that;
both are in use against the real service. Nothing that was sent, and no text of the answer, gets into an error:
a service may echo what it was given.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from lockstick.cloud.loosejson import loose_object
from lockstick.errors import NotAllowedError, TransferError
from lockstick.secret import Secret
from lockstick.transfer.answers import judge_status, refuse_encoded
from lockstick.transfer.origins import check_url, origin_of
from lockstick.transfer.outgoing import Outgoing
from lockstick.transfer.setbacks import Setback
from lockstick.transfer.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.cloud.credentials import OAuthClient
    from lockstick.transfer.line import Line, Response
    from lockstick.transfer.origins import Origin
    from lockstick.transfer.policy import Policy
    from lockstick.transfer.surroundings import Surroundings
    from lockstick.transfer.urls import Url

__all__ = ["Grant", "request_grant"]

_SUBJECT = "an access token"
_MAX_ANSWER = 64 << 10
_MAX_TOKEN = 16 << 10
_DEFAULT_LIFETIME = 300.0
_LONGEST_LIFETIME = 30 * 86400.0
_TOKEN = re.compile(r"[\x21-\x7e]+")

# The words of RFC 6749 section 5.2 and of Keycloak; any other text is not passed on.
_KNOWN_CODES = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
    }
)

_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN = 200, 400, 401, 403
_NO_SERVICE = (404, 405, 410)
_REFUSALS = (_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN)

_Style = Literal["basic", "form"]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A token as the service gave it.

    Attributes:
        token: The access token.
        lifetime: For how many seconds it is good, from the moment of asking.
    """

    token: Secret
    lifetime: float


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def request_grant(line: Line, oauth: OAuthClient, *, policy: Policy, surroundings: Surroundings) -> Grant:
    """Ask for a token once (twice where HTTP Basic is not taken).

    Args:
        line: Sends the request; redirects are never followed, the secret belongs to one address.
        oauth: Who asks, and where.
        policy: Its timeouts are used.
        surroundings: Time.

    Returns:
        The token.

    Raises:
        Setback: The service cannot be reached or is overloaded; another attempt may succeed.
        NotAllowedError: The service refuses the client, or there is no such service.
        TransferError: It redirects, or its answer cannot be used.
    """
    # A colon in the name cannot be told from the one that ends it.
    answer = None if ":" in oauth.client_id else _post(line, oauth, "basic", policy, surroundings)
    if answer is None or answer.status in (_BAD_REQUEST, _UNAUTHORIZED):
        answer = _post(line, oauth, "form", policy, surroundings)
    _judge(answer, oauth, policy=policy, surroundings=surroundings)
    return _read(answer, oauth)


def _post(line: Line, oauth: OAuthClient, style: _Style, policy: Policy, surroundings: Surroundings) -> _Answer:
    url = check_url(oauth.token_url)
    form = {"grant_type": "client_credentials"} | ({} if oauth.scope is None else {"scope": oauth.scope})
    body = urlencode(form | _form_fields(oauth, style)).encode("ascii")
    headers = {"Accept": "application/json"} | _basic_header(oauth, style)
    # A watchdog for each of the few requests: a head that drips would hold every worker that needs the token.
    with Watchdog(policy) as watchdog:
        watchdog.watch(line)
        return _answer(line, url, headers, body, policy=policy, surroundings=surroundings)


def _answer(
    line: Line, url: Url, headers: Mapping[str, str], form: bytes, *, policy: Policy, surroundings: Surroundings
) -> _Answer:
    # Asking twice for a token does no harm.
    what = Outgoing.of("POST", form, "application/x-www-form-urlencoded", may_repeat=True)
    with line.send(url, headers, what) as response:
        answer = _body(line, response, origin_of(url), policy=policy, surroundings=surroundings)
        return _Answer(status=response.status_code, headers=response.headers, body=answer)


def _basic_header(oauth: OAuthClient, style: _Style) -> dict[str, str]:
    if style != "basic":
        return {}
    pair = f"{oauth.client_id}:{oauth.client_secret.reveal()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def _form_fields(oauth: OAuthClient, style: _Style) -> dict[str, str]:
    if style != "form":
        return {}
    return {"client_id": oauth.client_id, "client_secret": oauth.client_secret.reveal()}


def _body(line: Line, response: Response, origin: Origin, *, policy: Policy, surroundings: Surroundings) -> bytes:
    started = surroundings.clock()
    body = bytearray()
    for chunk in line.chunks(response):
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise TransferError(
                "no access token was had",
                why=f"{origin} answered with more than {_MAX_ANSWER} bytes",
            )
        if surroundings.clock() - started > policy.stall_timeout:
            raise Setback("the answer came too slowly")
    return bytes(body)


def _judge(answer: _Answer, oauth: OAuthClient, *, policy: Policy, surroundings: Surroundings) -> None:
    origin = origin_of(oauth.token_url)
    said = f"{origin} answered {answer.status}"
    if answer.status in _REFUSALS:
        code = (loose_object(answer.body) or {}).get("error")
        raise NotAllowedError(
            f"the credentials of the client {oauth.client_id!r} were refused",
            why=f"{said} ({code})" if isinstance(code, str) and code in _KNOWN_CODES else said,
            remedy=oauth.renewal,
        )
    if answer.status in _NO_SERVICE:
        raise NotAllowedError(
            "the address in the credentials gives out no tokens",
            why=said,
            remedy=oauth.renewal,
        )
    if answer.headers.get("location"):
        raise TransferError(
            "no access token was had",
            why=f"{said} and sends elsewhere, but the client's secret belongs to that address only",
            remedy="Look for a proxy or a login page on the way; if there is none, get fresh credentials.",
        )
    judge_status(
        answer.status,
        answer.headers,
        subject=_SUBJECT,
        origin=origin,
        policy=policy,
        now=surroundings.now(),
    )
    refuse_encoded(answer.headers, subject=_SUBJECT, origin=origin)


def _read(answer: _Answer, oauth: OAuthClient) -> Grant:
    members = loose_object(answer.body) or {}
    token = members.get("access_token")
    kind = members.get("token_type", "Bearer")
    if (
        answer.status != _OK
        or not isinstance(token, str)
        or len(token) > _MAX_TOKEN
        or _TOKEN.fullmatch(token) is None
        or not isinstance(kind, str)
        or kind.lower() != "bearer"
    ):
        raise TransferError(
            "no access token was had",
            why=f"the answer of {origin_of(oauth.token_url)} is not that of a token service",
            remedy="Check the network for a login page or a proxy that answers in the service's place.",
        )
    return Grant(token=Secret(token), lifetime=_lifetime(members.get("expires_in")))


def _lifetime(value: object) -> float:
    """Read ``expires_in``; where it makes no sense, the token is taken for a short-lived one."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = float(value[:12])
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        return _DEFAULT_LIFETIME
    return float(min(value, _LONGEST_LIFETIME))
