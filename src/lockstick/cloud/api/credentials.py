"""The credentials of an API client: what the web interface hands out when one is made (cloud-apis 1.1).

They are another kind than ``credentials.zip``: that one opens the repositories and fetches, this one opens the API. The
service refuses each where the other belongs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cloud.credentials import OAuthClient
from lockstick.cloud.loosejson import loose_object
from lockstick.errors import MediaError, NotAllowedError, TransferError
from lockstick.secret import Secret
from lockstick.transfer import check_url

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["API_CLIENT_KINDS", "DEFAULT_TOKEN_URL", "api_client", "read_api_client"]

DEFAULT_TOKEN_URL = "https://kc.torizon.io/auth/realms/ota-users/protocol/openid-connect/token"  # noqa: S105 - no secret
"""Where the service gives out tokens."""

API_CLIENT_KINDS = (
    "There are two kinds of credentials. The API (lockboxes, packages, updates) needs an API client of the type "
    "'API V2', made in the web interface's API client manager by somebody who may do this. credentials.zip is for "
    "fetching: build and verify."
)
"""What to tell somebody whose credentials are refused."""

_RENEW = "The secret is wrong, or the client was deleted: make an API client in the web interface and log in with it."
_MAX_FILE = 64 << 10
_MAX_TEXT = 4096
_ZIP = b"PK\x03\x04"


def api_client(client_id: str, secret: Secret, *, token_url: str = DEFAULT_TOKEN_URL) -> OAuthClient:
    """Put the credentials of an API client together.

    Args:
        client_id: Its name, as in ``tzn_api_7f3a``.
        secret: Its secret.
        token_url: Where tokens are had.

    Raises:
        NotAllowedError: One of them cannot be what it should be. No part of them is quoted.
    """
    for name, text in (("client id", client_id), ("secret", secret.reveal())):
        if not 0 < len(text) <= _MAX_TEXT or not text.isprintable() or text != text.strip():
            raise NotAllowedError(
                f"the {name} of the API client cannot be used",
                why="it is empty, too long, or has blanks around it or characters that cannot be typed",
                remedy="Copy it again from where the web interface showed it.",
            )
    try:
        url = check_url(token_url)
    except TransferError as error:
        raise NotAllowedError(
            "the API client cannot be used", why=f"its token address is refused: {error.why}"
        ) from None
    return OAuthClient(token_url=str(url), client_id=client_id, client_secret=secret, renewal=_RENEW)


def read_api_client(path: Path) -> OAuthClient:
    """Read the file that the web interface offers when an API client is made.

    Args:
        path: The file: JSON with ``client_id``, ``secret`` and ``token_endpoint``.

    Raises:
        NotAllowedError: It is of the other kind, or cannot be used. No part of it is quoted.
        MediaError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        raise NotAllowedError(f"there is no file {path}", remedy="Name the file with the API client.") from None
    except OSError as error:
        raise MediaError(f"{path} cannot be read", why=error.strerror or "") from error
    if raw.startswith(_ZIP):
        raise NotAllowedError(f"{path} is not an API client", why="it is a credentials.zip", remedy=API_CLIENT_KINDS)
    members = loose_object(raw) if len(raw) <= _MAX_FILE else None
    texts = {name: (members or {}).get(name) for name in ("client_id", "secret", "token_endpoint")}
    client_id, secret, token_url = texts["client_id"], texts["secret"], texts["token_endpoint"]
    if not isinstance(client_id, str) or not isinstance(secret, str) or not isinstance(token_url, str | None):
        raise NotAllowedError(
            f"{path} is not an API client",
            why="it is not JSON with the texts client_id, secret and token_endpoint",
            remedy=API_CLIENT_KINDS,
        )
    return api_client(client_id, Secret(secret), token_url=token_url or DEFAULT_TOKEN_URL)
