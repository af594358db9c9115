"""What a status of the API means (cloud-apis 1.1 and 1.2): done, later, not allowed, not there, or nonsense.

Errors are JSON with ``code`` and ``msg`` where the service itself speaks; a gateway may say nothing, or a page. What
the service says is shown, short and without control characters; secrets are taken out by the caller.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from lockstick.cloud.api.credentials import API_CLIENT_KINDS
from lockstick.cloud.loosejson import loose_object
from lockstick.errors import LockstickError, NotAllowedError, NotFoundError, TransferError, UsageError
from lockstick.transfer.answers import retry_after
from lockstick.transfer.setbacks import Setback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lockstick.cloud.api.calls import Call
    from lockstick.transfer import Origin, Policy

__all__ = ["UNAUTHORIZED", "is_done", "is_later", "judge", "problem_of"]

UNAUTHORIZED = 401
_DONE = (200, 201, 204)
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _NO_METHOD, _TIMEOUT = 400, 403, 404, 405, 408
_CONFLICT, _GONE, _TOO_LARGE, _UNAVAILABLE = 409, 410, 413, 503
_CROWDED = (420, 429)  # 420 is this API's word for 429 (cloud-apis 1.1)
_SERVER_ERROR, _FINAL_SERVER_ERRORS = 500, (501, 505)
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_MISSING = re.compile("missing_")
_LONGEST_MESSAGE = 300

_REMEDIES: Mapping[str, str] = {
    "too_many_offline_roles": (
        "An account holds 300 lockboxes, and with as many none can be changed either: delete some that no stick needs."
    ),
    "delegation_remote_fetch_failed": "The service could not reach the source; try again later.",
    "missing_remote_delegation_uri": "This source has no address to refresh it from; ask whoever added it.",
}
# Only an update names these, and one that names what is not there is refused as a whole.
_WHICH_ONE: Mapping[str, str] = {
    "missing_device": (
        "Nothing was launched. A device is named by its UUID, not by its name or id; the web interface shows it."
    ),
    "missing_fleet": "Nothing was launched. A fleet is named by its UUID; the web interface shows it.",
}


def is_done(status: int) -> bool:
    """Say whether a status means that it was done."""
    return status in _DONE


def is_later(status: int) -> bool:
    """Say whether a status means that there are too many requests, or that the service is not there just now."""
    return status in (*_CROWDED, _UNAVAILABLE)


def problem_of(body: bytes, clean: Callable[[str], str]) -> tuple[str, str]:
    """Read what the service says of an error: its code and its text; empty where it says nothing readable.

    Args:
        body: What it says.
        clean: Takes secrets out of a whole text. A part of one could not be told from anything else, so this comes
            before a text is cut.
    """
    members = loose_object(body) or {}
    code, message = members.get("code"), members.get("msg")
    known = code if isinstance(code, str) and _CODE.fullmatch(code) and clean(code) == code else ""
    if not isinstance(message, str):
        return known, ""
    message = clean(message)
    shown = "".join(letter if letter.isprintable() else " " for letter in message[: _LONGEST_MESSAGE + 1])
    return known, shown if len(shown) <= _LONGEST_MESSAGE else f"{shown[:_LONGEST_MESSAGE]}…"


def judge(  # noqa: PLR0911 - one return for each meaning
    call: Call,
    status: int,
    headers: Mapping[str, str],
    problem: tuple[str, str],
    *,
    origin: Origin,
    policy: Policy,
    now: datetime,
) -> LockstickError | Setback:
    """Say what an answer means that is neither success nor 401.

    Args:
        call: What was asked.
        status: The status code.
        headers: The answer's headers.
        problem: What the service says, as :func:`problem_of` gives it.
        origin: Who answered.
        policy: How long a Retry-After is waited for.
        now: The time of day.

    Returns:
        What to raise: a setback where another attempt makes sense.
    """
    code, message = problem
    said = f"{origin} answered {status}"
    why = ": ".join(
        filter(None, (said, " ".join(filter(None, (code, f"({message})" if code and message else message)))))
    )
    could_not = f"could not {call.doing} {call.subject}"
    remedy = _REMEDIES.get(code) or _WHICH_ONE.get(code) or call.remedy
    if is_later(status):
        wish = retry_after(headers, now)
        if wish is not None and wish > policy.max_retry_after:
            return TransferError(
                could_not,
                why=f"{said} and asks to come back in {wish:.0f} s",
                remedy=f"Run the same command again after {_later(now, wish)}.",
            )
        # Refused for the crowd, it was not done: it may be sent again whatever it is.
        return Setback(said, retry_after=wish, is_crowded=status in _CROWDED, was_sent=status == _UNAVAILABLE)
    if status == _FORBIDDEN:
        return NotAllowedError(f"access to {call.subject} is refused", why=why, remedy=API_CLIENT_KINDS)
    # A device or fleet that is not known is refused with 400; the code says what it is.
    if status in (_NOT_FOUND, _GONE) or (status == _BAD_REQUEST and _MISSING.match(code) and code not in _REMEDIES):
        return NotFoundError(
            could_not if call.what.method == "POST" else f"there is no {_bare(call.subject)}", why=why, remedy=remedy
        )
    if status == _NO_METHOD:
        return UsageError(could_not, why=f"{said}: this edition of the interface does not have it", remedy=remedy)
    if status in (_BAD_REQUEST, _CONFLICT, _TOO_LARGE):
        return UsageError(could_not, why=why, remedy=remedy)
    if status == _TIMEOUT or (status >= _SERVER_ERROR and status not in _FINAL_SERVER_ERRORS):
        if code in _REMEDIES:
            return TransferError(could_not, why=why, remedy=remedy)
        return Setback(why)
    if headers.get("location"):
        return TransferError(
            could_not,
            why=f"{said} and sends elsewhere, but the token belongs to that address only",
            remedy="Check the address of the API, and look for a proxy or a login page on the way.",
        )
    return TransferError(could_not, why=why, remedy="Trying again will hardly help; check the address of the API.")


def _bare(subject: str) -> str:
    return subject.removeprefix("the ")


def _later(now: datetime, seconds: float) -> str:
    try:
        return f"{now + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S %Z}"
    except OverflowError:
        return "some day"
