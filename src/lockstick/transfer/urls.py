"""URLs: read once, strictly, and used as they were read.

What :mod:`lockstick.transfer.origins` checks and what is connected to are the same fields of the same value, so no two
parsers can disagree about where an address leads. The grammar is that of RFC 3986 for ``http`` and ``https``;
what may not stand in a path or query as it is, is percent-encoded, and what is encoded stays as it is.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

__all__ = ["Url", "UrlError", "parse_url"]

_LONGEST = 64 * 1024
_LAST_PORT = 65_535
_IPV6 = 6
_FORM = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_AUTHORITY = re.compile(r"(?:(.*)@)?(\[[^\[\]@]*\]|[^\[\]@:]*)(?::([0-9]{0,5}))?", re.DOTALL)
_LONGEST_NAME = 253
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE_IN_PATH = "/%:@!$&'()*+,;=~-._"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?"


class UrlError(ValueError):
    """A text is no URL that could be asked."""


@dataclass(frozen=True)
class Url:
    """An absolute URL.

    Attributes:
        scheme: In lower case.
        host: In lower case and ASCII; an IPv6 address without brackets.
        port: As written; None where none is.
        path: Percent-encoded; starts with a slash or is empty.
        query: Percent-encoded, without the question mark; None where there is none.
        fragment: As written; None where there is none. It is never sent.
        has_user: Whether there is a user name or password, which is not kept.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None = None
    fragment: str | None = None
    has_user: bool = False

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them (RFC 9112, section 3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """What stands in the first line of a request: path and query."""
        return (self.path or "/") + ("" if self.query is None else f"?{self.query}")

    @property
    def shown(self) -> str:
        """Scheme, authority and path: nothing that may be secret."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def __str__(self) -> str:
        return self.shown + ("" if self.query is None else f"?{self.query}")

    def join(self, reference: str) -> Url:
        """Resolve a redirect's Location against this URL (RFC 9110, section 10.2.2).

        Raises:
            UrlError: The result is no URL.
        """
        try:
            return parse_url(urljoin(str(self), _clean(reference)))
        except ValueError as error:
            raise UrlError("cannot be resolved") from error


def parse_url(text: str) -> Url:
    """Read an absolute URL.

    Args:
        text: The URL.

    Returns:
        The URL; a port that is its scheme's own is left out.

    Raises:
        UrlError: It is none, or holds something that no address should.
    """
    form = _FORM.fullmatch(_clean(text))
    if form is None:
        raise UrlError("not an absolute URL")
    scheme = form[1].lower()
    authority = _AUTHORITY.fullmatch(form[2])
    if authority is None:
        raise UrlError("no host that can be read")
    port = int(authority[3]) if authority[3] else None
    if port is not None and not 0 < port <= _LAST_PORT:
        raise UrlError("no such port")
    return Url(
        scheme=scheme,
        host=_host(authority[2]),
        port=None if port == {"http": 80, "https": 443}.get(scheme) else port,
        path=_encoded(form[3], _SAFE_IN_PATH),
        query=None if form[4] is None else _encoded(form[4], _SAFE_IN_QUERY),
        fragment=form[5],
        has_user=authority[1] is not None,
    )


def _clean(text: str) -> str:
    if len(text) > _LONGEST or _CONTROL.search(text):
        raise UrlError("not a text that could be a URL")
    return text


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            address = ipaddress.ip_address(text[1:-1])
        except ValueError as error:
            raise UrlError("no address in brackets") from error
        if address.version != _IPV6 or "%" in text:
            raise UrlError("no address in brackets")
        return str(address)
    if not text.isascii():
        text = _in_ascii(text)
    # The lengths are those of RFC 1035, section 2.3.4: the look-up of others fails in ways of its own.
    if not _HOST_NAME.fullmatch(text) or len(text.removesuffix(".")) > _LONGEST_NAME:
        raise UrlError("no host name")
    return text.lower()


def _in_ascii(text: str) -> str:
    import idna  # noqa: PLC0415 - rarely needed, and not small

    try:
        return idna.encode(text.lower()).decode("ascii")
    except idna.IDNAError as error:
        raise UrlError("no host name") from error


def _encoded(text: str, safe: str) -> str:
    try:
        return quote(_STRAY_PERCENT.sub("%25", text), safe=safe)
    except UnicodeEncodeError as error:  # half a character
        raise UrlError("a character that cannot be sent") from error
