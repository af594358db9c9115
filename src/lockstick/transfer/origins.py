"""What an origin is, which URLs may be asked, and how a URL is shown to people.

The rules, all enforced by :func:`check_url`:

1. The scheme is https; plain http is only for a loopback address (the rehearsal cloud and tests).
2. A redirect never leads from https back to plain http, not even to loopback.
3. A URL carries no user name or password.

Checks and requests use one URL parser, so that what was checked is what is asked.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from lockstick.errors import TransferError
from lockstick.transfer.urls import Url, UrlError, parse_url

__all__ = ["Origin", "check_url", "origin_of", "safe_url"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_SHOWN = 200
_UNREADABLE = "(an address that cannot be read)"
_REMEDY = "Nothing was fetched from there. Ask whoever runs the server, or whoever signed the address, to correct it."


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: what credentials and connection budgets belong to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        plain = self.port == _DEFAULT_PORTS.get(self.scheme)
        return f"{self.scheme}://{host}" if plain else f"{self.scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine by its very name."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def origin_of(url: str | Url) -> Origin:
    """Say which origin a URL belongs to.

    Raises:
        TransferError: The text is not an absolute http or https URL.
    """
    parsed = _parse(url)
    port = parsed.port or _DEFAULT_PORTS.get(parsed.scheme)
    if parsed.scheme not in _DEFAULT_PORTS or port is None:
        raise TransferError(
            "an address is refused",
            why=f"it is not an absolute http or https URL: {safe_url(parsed)}",
            remedy=_REMEDY,
        )
    return Origin(parsed.scheme, parsed.host, port)


def check_url(url: str | Url, *, after: Url | None = None) -> Url:
    """Parse a URL and refuse it unless the rules of this module allow asking it.

    Args:
        url: What to ask.
        after: The URL that redirected here, if one did.

    Returns:
        The parsed URL, to be used for the request as it is.

    Raises:
        TransferError: A rule forbids it; trying again will not help until the address changes.
    """
    parsed = _parse(url)
    origin = origin_of(parsed)
    redirected = "" if after is None else f"{origin_of(after)} redirects there; "
    if parsed.has_user:
        raise TransferError(
            f"the address {safe_url(parsed)} is refused",
            why=f"{redirected}it carries a user name or password",
            remedy=_REMEDY,
        )
    if origin.scheme == "http" and after is not None and after.scheme == "https":
        raise TransferError(
            f"the redirect to {origin} is refused",
            why=f"{redirected}it leads from https back to plain http",
            remedy=_REMEDY,
        )
    if origin.scheme == "http" and not origin.is_loopback:
        raise TransferError(
            f"the address {safe_url(parsed)} is refused",
            why=f"{redirected}it is plain http, which is only allowed to this machine itself",
            remedy=_REMEDY,
        )
    return parsed


def safe_url(url: str | Url) -> str:
    """Render a URL for messages: no query (pre-signed URLs keep their secret there), no fragment, no user.

    Never raises; a text that is no URL is not shown at all, as nobody knows what is in it.
    """
    try:
        parsed = url if isinstance(url, Url) else parse_url(url)
    except UrlError:
        return _UNREADABLE
    shown = parsed.shown
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


def _parse(url: str | Url) -> Url:
    if isinstance(url, Url):
        return url
    try:
        return parse_url(url)
    except UrlError:
        # What is wrong with it is not said in detail, as that may quote a part of the address.
        raise TransferError("an address is refused", why="it cannot be read as a URL", remedy=_REMEDY) from None
