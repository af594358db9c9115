"""One set of credentials of an API client, with the addresses it belongs to, as text and back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.cloud.api.credentials import api_client
from lockstick.cloud.api.endpoint import Endpoint
from lockstick.cloud.loosejson import loose_object
from lockstick.errors import NotAllowedError, UsageError
from lockstick.secret import Secret
from lockstick.trust.names import segment_problem

if TYPE_CHECKING:
    from lockstick.cloud.credentials import OAuthClient

__all__ = ["DEFAULT_PROFILE", "Profile", "check_profile_name"]

DEFAULT_PROFILE = "default"
"""The name that is meant where none is said."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Who asks the API, and where it is. The secret is used at these addresses and at no other.

    Attributes:
        oauth: The API client.
        endpoint: The API.
    """

    oauth: OAuthClient
    endpoint: Endpoint

    def text(self) -> Secret:
        """Write it as one text, the secret included."""
        members = {
            "api_url": self.endpoint.url,
            "client_id": self.oauth.client_id,
            "client_secret": self.oauth.client_secret.reveal(),
            "token_url": self.oauth.token_url,
        }
        return Secret(json.dumps(members))

    @classmethod
    def of(cls, text: Secret) -> Profile | None:
        """Read what :meth:`text` wrote; None if it is anything else, of which nothing is told."""
        members = loose_object(text.reveal().encode("utf-8", "surrogatepass")) or {}
        wanted = [members.get(name) for name in ("api_url", "client_id", "client_secret", "token_url")]
        api_url, client_id, secret, token_url = (one if isinstance(one, str) else None for one in wanted)
        if api_url is None or client_id is None or secret is None or token_url is None:
            return None
        try:
            return cls(oauth=api_client(client_id, Secret(secret), token_url=token_url), endpoint=Endpoint.of(api_url))
        except (NotAllowedError, UsageError):
            return None


def check_profile_name(name: str) -> str:
    """Check the name of a profile, which becomes the name of a file.

    Args:
        name: The name.

    Returns:
        The name.

    Raises:
        UsageError: It cannot be one.
    """
    problem = "" if _NAME.fullmatch(name) else "only letters, digits, '.', '-' and '_' may be in it, 64 at most"
    problem = problem or segment_problem(name)
    if problem:
        raise UsageError(
            f"{name[:80]!r} cannot be the name of a profile", why=problem, remedy="Choose another name, as in: plant-2"
        )
    return name
