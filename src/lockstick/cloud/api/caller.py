"""Sends calls: with the token, as often as makes sense, and with what a refusal means.

The rules (cloud-apis 1.1):

1. A token is renewed before its end, and once when it is refused; then the call goes out again, whatever it is.
2. 420 and 429 are obeyed: the call was not done, so it goes out again after the pause that is asked for.
3. A call whose answer is lost goes out again by itself only if doing it twice is doing it once. Otherwise it is an
   error that says that nobody knows.
4. A redirect is not followed: the token belongs to one origin.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Self, TypeVar

from lockstick.cloud.api.calls import Answer, Call
from lockstick.cloud.api.judging import UNAUTHORIZED, is_done, is_later, judge, problem_of
from lockstick.cloud.api.shapes import ShapeError
from lockstick.cloud.authority import CloudAuthority
from lockstick.cloud.token import TokenSource
from lockstick.errors import NotAllowedError, NotFoundError, TransferError
from lockstick.secret import masked
from lockstick.transfer import origin_of
from lockstick.transfer.answers import refuse_encoded
from lockstick.transfer.line import Line
from lockstick.transfer.setbacks import ASK_AGAIN, Patience, Setback
from lockstick.transfer.validators import parse_http_date
from lockstick.transfer.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from types import TracebackType

    from lockstick.cloud.api.endpoint import Endpoint
    from lockstick.cloud.credentials import OAuthClient
    from lockstick.progress import Observer
    from lockstick.transfer import ClientFactory, Policy, Surroundings
    from lockstick.transfer.line import Response

__all__ = ["Caller"]

_Value = TypeVar("_Value")

_GONE = 404
_MAX_ERROR = 64 << 10
_NOTABLE_SKEW = 60.0
_NO_API = "Check the address of the API, and the network for a login page or a proxy that answers in its place."


class _RefusedTokenError(Exception):
    """The token that was shown is not taken."""


class Caller:
    """Sends calls one after another. Use as a context; not from several threads.

    Args:
        endpoint: Where the API is.
        oauth: Who asks.
        policy: How patient to be.
        observer: Told of retries.
        network: The way to the network.
        surroundings: Time and chance.

    Attributes:
        endpoint: As given.
        observer: As given.
        skew: By how much the service's clock is ahead of this machine's, as of its last answer; None if unknown.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        oauth: OAuthClient,
        *,
        policy: Policy,
        observer: Observer,
        network: ClientFactory,
        surroundings: Surroundings,
    ) -> None:
        self.endpoint = endpoint
        self.observer = observer
        self.skew: timedelta | None = None
        self._oauth = oauth
        self._policy = policy
        self._surroundings = surroundings
        self._origin = origin_of(endpoint.url)
        self._lines = [Line(network, policy=policy, clock=surroundings.clock) for _ in range(2)]
        self._tokens = TokenSource(oauth, self._lines[1], policy=policy, surroundings=surroundings, observer=observer)
        self._authority = CloudAuthority(self._tokens, [self._origin])
        self._watchdog = Watchdog(policy)

    def __enter__(self) -> Self:
        self._watchdog.__enter__()
        self._watchdog.watch(self._lines[0])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self._lines:
            line.close()
        self._watchdog.__exit__(kind, error, trace)

    def log_in(self) -> None:
        """Have a token, so that a refusal of the client is told from that of a call.

        Raises:
            NotAllowedError: The client or its secret is wrong or revoked.
            TransferError: The token service cannot be reached, fails, or answers nonsense.
        """
        self._authority.headers(self.endpoint.url)

    def read(self, call: Call, read: Callable[[object], _Value]) -> _Value:
        """Make a call and read its answer, which is JSON.

        Args:
            call: What is asked.
            read: Makes a value of the JSON; raises ShapeError.

        Raises:
            LockstickError: As in :meth:`call`.
            TransferError: The answer is not what was promised. What was asked for was done all the same.
        """
        return self.understood(call, self.call(call).body, read)

    def understood(self, call: Call, body: bytes, read: Callable[[object], _Value]) -> _Value:
        """Read the body of an answer, which is JSON; as :meth:`read` for a call that was made."""
        try:
            return read(json.loads(body, parse_constant=_no_constant, parse_float=_finite))
        except ShapeError as error:
            problem = f"{error}, against the interface's promise"
        except (ValueError, RecursionError):
            # Not raised on: the library's error holds the whole text.
            problem = "it is not JSON"
        raise TransferError(
            f"the answer about {call.subject} cannot be used", why=f"{self._origin}: {problem}", remedy=_NO_API
        )

    def call(self, call: Call) -> Answer:
        """Make a call.

        Args:
            call: What is asked.

        Returns:
            The answer; what was asked for is done.

        Raises:
            UsageError: The service refuses what the call says (400, 405, 409, 413).
            NotAllowedError: The credentials are wrong, revoked, or of the kind that may not do this (401, 403).
            NotFoundError: What it is about is not there (404).
            TransferError: The service cannot be reached, fails, or asks to come back much later; or nobody knows
                whether it was done.
            LockstickError: Whatever the body's pieces raise.
        """
        patience = Patience(self._policy, self._surroundings.chance, call.subject, doing=call.doing, remedy=ASK_AGAIN)
        is_renewed = is_repeated = False
        while True:
            try:
                status, body = self._once(call)
            except _RefusedTokenError:
                if is_renewed or not self._authority.refused(self.endpoint.url):
                    raise self._refused(call) from None
                is_renewed = True
            except Setback as setback:
                self._repeat_or_raise(call, setback)
                delay = patience.pause(setback)
                self.observer.retrying(
                    call.subject, attempt=patience.attempts + 1, delay=delay, reason=self._masked(setback.reason)
                )
                self._surroundings.wait(threading.Event(), delay)
                is_repeated = is_repeated or setback.was_sent
            except NotFoundError:
                # What is not there any more after a lost answer was deleted by the call before.
                if not (is_repeated and call.what.method == "DELETE"):
                    raise
                return Answer(status=_GONE, body=b"")
            else:
                return Answer(status=status, body=body)

    def _once(self, call: Call) -> tuple[int, bytes]:
        url = self.endpoint.address(call.path, call.query)
        headers = {"Accept": "application/json", **self._authority.headers(self.endpoint.url)}
        line = self._lines[0]
        with line.send(url, headers, call.what) as response:
            self._note_time(response.headers)
            status = response.status_code
            if status == UNAUTHORIZED:
                line.drain(response)
                raise _RefusedTokenError
            if call.is_probe and not is_later(status):
                line.drain(response)
                return status, b""
            if is_done(status):
                refuse_encoded(response.headers, subject=call.subject, origin=self._origin)
                return status, self._body(response, call.limit, call.subject)
            code, message = problem_of(self._beginning(response), self._masked)
            raise judge(
                call,
                status,
                response.headers,
                (code, message),
                origin=self._origin,
                policy=self._policy,
                now=self._surroundings.now(),
            )

    def _body(self, response: Response, limit: int, subject: str) -> bytes:
        received = bytearray()
        for chunk in self._lines[0].chunks(response):
            received += chunk
            if len(received) > limit:
                raise TransferError(
                    f"the answer about {subject} is too long",
                    why=f"{self._origin} sends more than the {limit} bytes it may have",
                    remedy=_NO_API,
                )
        return bytes(received)

    def _beginning(self, response: Response) -> bytes:
        """Give what a refusal says, or nothing where that is too long or breaks off: the status says enough."""
        received = bytearray()
        try:
            for chunk in self._lines[0].chunks(response):
                received += chunk
                if len(received) > _MAX_ERROR:
                    return b""
        except Setback:
            return b""
        return bytes(received)

    def _repeat_or_raise(self, call: Call, setback: Setback) -> None:
        if call.is_idempotent or not setback.was_sent:
            return
        raise TransferError(
            f"it is not known whether {call.subject} was {call.done}",
            why=self._masked(setback.reason),
            remedy=call.remedy or "Look whether it was, and run the same command again if not.",
        )

    def _refused(self, call: Call) -> NotAllowedError:
        why = f"{self._origin} answered 401 to a fresh token"
        skew = self.skew
        if skew is not None and abs(skew.total_seconds()) > _NOTABLE_SKEW:
            way = "ahead of" if skew.total_seconds() > 0 else "behind"
            why += f"; its clock is {abs(skew.total_seconds()):.0f} s {way} this machine's"
        return NotAllowedError(
            f"access to {call.subject} is refused",
            why=why,
            remedy="Check the address of the API and this machine's clock; if both are right, make a new API client.",
        )

    def _note_time(self, headers: Mapping[str, str]) -> None:
        moment = parse_http_date(headers.get("date", ""))
        if moment is not None:
            self.skew = moment - self._surroundings.now()

    def _masked(self, text: str) -> str:
        """Take secrets out of a text of the service: it may echo what it was sent."""
        return masked(text, (self._oauth.client_secret, *self._tokens.given()))


def _finite(text: str) -> float:
    """Read a number as other programs do that know no infinity: what is too large is the largest there is."""
    return max(-sys.float_info.max, min(sys.float_info.max, float(text)))


def _no_constant(name: str) -> object:
    raise ValueError(name)
