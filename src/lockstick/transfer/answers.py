"""What a server's answer means: go on, come back later, not allowed, not there, or nonsense."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lockstick.errors import NotAllowedError, NotFoundError, TransferError
from lockstick.transfer.setbacks import Setback
from lockstick.transfer.validators import parse_http_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.transfer.origins import Origin
    from lockstick.transfer.policy import Policy

__all__ = ["ContentRange", "content_length", "content_range", "judge_status", "refuse_encoded", "retry_after"]

_OK, _PARTIAL = 200, 206
_CROWDED = {420, 429}  # 420 is this API's word for 429 (cloud-apis 1.1)
_ASK_LATER = {*_CROWDED, 503}
_SERVER_ERROR = 500
_FINAL_SERVER_ERRORS = {501, 505}
_NUMBER = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)


@dataclass(frozen=True)
class ContentRange:
    """Which bytes an answer holds.

    Attributes:
        first: Index of its first byte.
        last: Index of its last byte.
        total: Length of the whole, if told.
    """

    first: int
    last: int
    total: int | None


def judge_status(
    status: int, headers: Mapping[str, str], *, subject: str, origin: Origin, policy: Policy, now: datetime
) -> None:
    """Return when the answer carries what was asked for; raise what it means otherwise.

    Redirects and 401 are not judged here: see :mod:`lockstick.transfer.hops`.

    Args:
        status: The status code.
        headers: The answer's headers, looked up without regard to case.
        subject: What was asked for, in words for people.
        origin: Who answered.
        policy: How long a Retry-After is honoured.
        now: The time of day.

    Raises:
        Setback: Another attempt makes sense.
        NotAllowedError: 403.
        NotFoundError: 404, 410, and 417: the repository lists the package but never had its bytes
            (cloud-apis 1.8, item 5).
        TransferError: Anything else, and a Retry-After beyond the policy.
    """
    if status in (_OK, _PARTIAL):
        return
    said = f"{origin} answered {status}"
    if status in _ASK_LATER:
        wish = _patient(retry_after(headers, now), subject, said, policy, now)
        raise Setback(said, retry_after=wish, is_crowded=status in _CROWDED)
    if status == 403:  # noqa: PLR2004 - the number is its name
        raise NotAllowedError(f"access to {subject} is refused", why=said)
    if status in (404, 410):
        raise NotFoundError(f"there is no {subject}", why=said)
    if status == 417:  # noqa: PLR2004
        raise NotFoundError(
            f"the bytes of {subject} are not stored",
            why=f"{said}: the repository lists the package but does not hold its bytes",
            remedy="Upload the package again with its file, or give its entry an address to fetch from.",
        )
    if status == 416:  # noqa: PLR2004
        raise Setback(f"{said}: it has no such range", restart=True)
    if status == 408 or (status >= _SERVER_ERROR and status not in _FINAL_SERVER_ERRORS):  # noqa: PLR2004
        raise Setback(said)
    raise TransferError(
        f"could not fetch {subject}",
        why=said,
        remedy="Trying again will hardly help; check the address and the server.",
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read Retry-After, in seconds from now; it may be a number of seconds or a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    moment = parse_http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def content_length(headers: Mapping[str, str]) -> int | None:
    """Read Content-Length; None when there is none that makes sense."""
    text = headers.get("content-length", "")
    return int(text) if _NUMBER.fullmatch(text) else None


def content_range(headers: Mapping[str, str]) -> ContentRange | None:
    """Read Content-Range; None when there is none that makes sense (also for several ranges at once)."""
    match = _RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None
    first, last, total = int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])
    if last < first or (total is not None and last >= total):
        return None
    return ContentRange(first, last, total)


def refuse_encoded(headers: Mapping[str, str], *, subject: str, origin: Origin) -> None:
    """Insist that the body is the bytes themselves: what was signed was never compressed for the way.

    Raises:
        TransferError: It is encoded, although ``identity`` was asked for.
    """
    if headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise TransferError(
            f"could not fetch {subject}",
            why=f"{origin} sent it in an encoding that was not asked for",
            remedy="Look for a proxy on the way that compresses what it passes on, and go around it.",
        )


def _patient(seconds: float | None, subject: str, said: str, policy: Policy, now: datetime) -> float | None:
    if seconds is None or seconds <= policy.max_retry_after:
        return seconds
    try:
        when = f"{now + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S %Z}"
    except OverflowError:
        when = "some day"
    raise TransferError(
        f"{subject} cannot be had now",
        why=f"{said} and asks to come back in {seconds:.0f} s",
        remedy=f"Run the same command again after {when}: what was fetched is kept.",
    )
