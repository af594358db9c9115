"""Validators: how to ask a server for the rest of *the same* bytes (RFC 9110, sections 8.8 and 13.1.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Validator", "parse_http_date", "strong_validator"]

_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]*"')
_DATE = re.compile(r"[A-Za-z0-9,: +-]+")
_LONGEST = 512
_SURELY_SETTLED = timedelta(seconds=1)


@dataclass(frozen=True)
class Validator:
    """A header of an earlier answer that names exactly the bytes it came with.

    Attributes:
        header: The header it was taken from, in lower case.
        value: Its value, to be sent back unchanged as ``If-Range``.

    Raises:
        ValueError: The value is not one that may stand in a request.
    """

    header: Literal["etag", "last-modified"]
    value: str

    def __post_init__(self) -> None:
        form = {"etag": _STRONG_ETAG, "last-modified": _DATE}.get(self.header)
        if form is None or len(self.value) > _LONGEST or not form.fullmatch(self.value):
            raise ValueError("not a strong validator")

    def contradicted_by(self, headers: Mapping[str, str]) -> bool:
        """Say whether an answer's own validator shows that it is about other bytes."""
        return headers.get(self.header, self.value) != self.value


def strong_validator(headers: Mapping[str, str]) -> Validator | None:
    """Pick the validator out of an answer that may be used for If-Range, if there is one.

    A strong ETag wins. A weak one never counts: it promises equivalence, not the same bytes. A Last-Modified
    counts when the answer's own Date is at least a second later (RFC 9110, 8.8.2.2), as a file may change
    twice within the second that the header can tell apart.

    Args:
        headers: The answer's headers, looked up without regard to case.
    """
    try:
        return Validator("etag", headers.get("etag", ""))
    except ValueError:
        pass
    stamp = headers.get("last-modified", "")
    modified, answered = parse_http_date(stamp), parse_http_date(headers.get("date", ""))
    if modified is None or answered is None or answered - modified < _SURELY_SETTLED:
        return None
    try:
        return Validator("last-modified", stamp)
    except ValueError:
        return None


def parse_http_date(text: str) -> datetime | None:
    """Read an HTTP date; None when it is none or has no zone."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None
