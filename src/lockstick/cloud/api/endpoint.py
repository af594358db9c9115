"""Where the public API is, and which edition of it (cloud-apis 1.1 and 1.6).

There are two: ``v2beta``, which this room speaks whole, and ``v2``, which lacks some of it and wants more in other
places. The last part of the base address says which one it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from lockstick.errors import TransferError, UsageError
from lockstick.transfer import check_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.transfer.urls import Url

__all__ = ["DEFAULT_URL", "Edition", "Endpoint"]

Edition = Literal["v2beta", "v2"]
"""The editions of the interface."""

DEFAULT_URL = "https://app.torizon.io/api/v2beta"
"""The service's own address of the edition that is spoken whole."""

_EDITIONS: tuple[Edition, ...] = ("v2beta", "v2")


@dataclass(frozen=True)
class Endpoint:
    """A base address.

    Attributes:
        url: The address, without a slash at its end.
        edition: The edition that is spoken there.
    """

    url: str
    edition: Edition

    @classmethod
    def of(cls, url: str = DEFAULT_URL) -> Endpoint:
        """Read a base address.

        Args:
            url: The address, as in ``https://app.torizon.io/api/v2``.

        Raises:
            UsageError: It may not be asked, or names no edition.
        """
        try:
            parsed = check_url(url.strip().rstrip("/"))
        except TransferError as error:
            raise UsageError("the address of the API is refused", why=error.why, remedy=_REMEDY) from None
        last = parsed.path.rpartition("/")[2]
        for edition in _EDITIONS:
            if last == edition and not (parsed.query or parsed.fragment):
                return cls(str(parsed), edition)
        raise UsageError("the address of the API is refused", why="it does not end in /v2beta or /v2", remedy=_REMEDY)

    @property
    def is_v2(self) -> bool:
        """Whether this is the newer edition."""
        return self.edition == "v2"

    def address(self, path: Sequence[str], query: Sequence[tuple[str, str]] = ()) -> Url:
        """Give the address of an operation.

        Args:
            path: The parts of its path below the base; each is percent-encoded.
            query: Names and values of its query, in order.

        Raises:
            UsageError: A part of the path would lead elsewhere.
        """
        if any(part in ("", ".", "..") for part in path):
            raise UsageError("a name is empty or made of dots, which cannot be asked for")
        try:
            text = "/".join([self.url, *(quote(part, safe="") for part in path)])
            # A slash may stand in a query as it is (RFC 3986, section 3.4); the vendor's own client writes it so.
            fields = "&".join(f"{name}={quote(value)}" for name, value in query)
            return check_url(f"{text}?{fields}" if fields else text)
        except (UnicodeEncodeError, TransferError):
            raise UsageError(
                "a name or value cannot be sent", why="it is too long, or holds half a character"
            ) from None


_REMEDY = f"Give one like {DEFAULT_URL}, without query."
