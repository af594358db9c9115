"""Who sees the token: the origins that the credentials name, and nobody else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lockstick.transfer import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lockstick.cloud.credentials import Credentials
    from lockstick.cloud.token import TokenSource
    from lockstick.secret import Secret
    from lockstick.transfer import Origin

__all__ = ["CloudAuthority", "home_origins"]


def home_origins(credentials: Credentials) -> frozenset[Origin]:
    """The origins that the token belongs to: repository, Director and the server for system commits."""
    urls = (credentials.repo_url, credentials.director_url, credentials.ostree_url)
    return frozenset(origin_of(url) for url in urls if url is not None)


class CloudAuthority:
    """Implements :class:`lockstick.transfer.Authority`: puts the token on requests to its own origins.

    An origin is scheme, host and port, all three; over plain http the token goes to loopback only.

    Args:
        tokens: Where tokens are had; None where the servers want none.
        origins: Who may see them.
    """

    def __init__(self, tokens: TokenSource | None, origins: Iterable[Origin]) -> None:
        self._tokens = tokens
        self._origins = frozenset(
            origin for origin in origins if origin.scheme == "https" or (origin.scheme == "http" and origin.is_loopback)
        )
        # Which token a thread showed last, as a refusal does not say which one it means.
        self._shown = threading.local()

    def headers(self, url: str) -> Mapping[str, str]:
        """Give the headers for a request to exactly this URL: the token where it belongs, else none.

        Raises:
            NotAllowedError: No token is to be had for these credentials.
            TransferError: The token service fails.
        """
        self._shown.token = None
        if self._tokens is None or origin_of(url) not in self._origins:
            return {}
        token = self._tokens.token()
        self._shown.token = token
        return {"Authorization": f"Bearer {token.reveal()}"}

    def refused(self, url: str) -> bool:
        """Learn that a URL answered 401 to the headers that this thread asked for last.

        Returns:
            True if there is another token by now.

        Raises:
            NotAllowedError: The secret has been revoked meanwhile.
            TransferError: The token service fails.
        """
        shown: Secret | None = getattr(self._shown, "token", None)
        if self._tokens is None or shown is None or origin_of(url) not in self._origins:
            return False
        return self._tokens.refused(shown)
