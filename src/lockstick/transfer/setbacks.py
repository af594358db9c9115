"""Setbacks: what went wrong on the way but may go right next time, and how often that is believed."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx

from lockstick.errors import TransferError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.transfer.origins import Origin
    from lockstick.transfer.policy import Policy

__all__ = ["GaveWay", "Patience", "Setback", "Stopped", "WrongBody", "explain"]


class Setback(Exception):  # noqa: N818 - it is not (yet) an error; it never leaves the room
    """One attempt came to nothing, but another may succeed.

    Args:
        reason: A clause for people: why this attempt ended.
        retry_after: Seconds that the server asked us to wait.
        restart: What is there of the file must not be continued.
        is_crowded: The server says that there are too many requests.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, restart: bool = False, is_crowded: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.restart = restart
        self.is_crowded = is_crowded


class WrongBody(Exception):  # noqa: N818 - it never leaves the room
    """A complete body arrived, and it is not what was signed.

    Args:
        expected: What was signed, as a noun phrase.
        actual: What came, as a noun phrase.
    """

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, got {actual}")
        self.expected = expected
        self.actual = actual


class Stopped(Exception):  # noqa: N818 - it never leaves the room
    """The whole transfer is being wound up; this file's part is kept."""


class GaveWay(Exception):  # noqa: N818 - it never leaves the room
    """A worker leaves its file to the others, because the server has too many requests to answer."""


class Patience:
    """Counts the attempts of one file or document and decides about the next one.

    The count starts over whenever the work got further than ever before, so that a line that breaks every few
    megabytes still ends in a file; a limit on all attempts ends what only seems to progress.

    Args:
        policy: The limits and the bounds of the pauses.
        chance: A number from 0 up to but not including 1.
        subject: What is being fetched, for the error.
    """

    def __init__(self, policy: Policy, chance: Callable[[], float], subject: str) -> None:
        self._policy = policy
        self._chance = chance
        self._subject = subject
        self._furthest = 0
        self._in_vain = 0
        self.attempts = 0

    def pause(self, setback: Setback, *, reached: int = 0) -> float:
        """Account for a failed attempt and say how long to wait before the next.

        The pause is drawn evenly from zero to a bound that doubles with every attempt in vain ("full
        jitter"), so that many clients do not come back at the same moment. A Retry-After is waited for in
        full, with a little of the same on top.

        Args:
            setback: Why the attempt failed.
            reached: How many bytes of the file there are now.

        Raises:
            TransferError: The attempts are used up.
        """
        policy = self._policy
        self.attempts += 1
        if reached > self._furthest:
            self._furthest = reached
            self._in_vain = 0
        self._in_vain += 1
        if self._in_vain >= policy.attempts or self.attempts >= policy.total_attempts:
            raise TransferError(
                f"could not fetch {self._subject}, after {_times(self.attempts)}",
                why=f"last: {setback.reason}",
            ) from setback
        bound = min(policy.backoff_cap, policy.backoff_base * 2.0 ** min(self._in_vain - 1, 64))
        if setback.retry_after is not None:
            return setback.retry_after + self._chance() * policy.backoff_base
        return self._chance() * bound


def explain(
    error: httpx.HTTPError | httpx.StreamError, policy: Policy, origin: Origin | None = None
) -> Setback | TransferError:
    """Say in words what a failure of the HTTP library means, without quoting it.

    Its own texts are not passed on: they may hold pieces of addresses or headers.

    Args:
        error: The failure.
        policy: Whose timeouts were used.
        origin: Who was asked, if that is known.

    Returns:
        A setback when another attempt makes sense, else the error to raise.
    """
    server = "the server" if origin is None else str(origin)
    if _certificate_refused(error):
        return TransferError(
            f"the certificate of {server} was not accepted",
            why="it is not signed by an authority this machine knows, has expired, or is for another name",
            remedy="Check the machine's clock and the address; behind an inspecting proxy, install its authority.",
        )
    for kind, reason in (
        (httpx.ConnectTimeout, f"cannot reach {server}: no connection within {policy.connect_timeout:g} s"),
        (httpx.TimeoutException, f"no byte came from {server} for {policy.read_timeout:g} s"),
        (httpx.ConnectError, f"cannot reach {server}: {_system_words(error) or 'no connection'}"),
        (httpx.RemoteProtocolError, f"the answer of {server} broke off, or was not proper HTTP"),
        (httpx.ProxyError, "the proxy refused"),
        (httpx.NetworkError, f"the connection to {server} broke: {_system_words(error) or 'closed'}"),
    ):
        if isinstance(error, kind):
            return Setback(reason)
    return TransferError(f"a request failed inside the HTTP library ({type(error).__name__})")


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def _certificate_refused(error: BaseException) -> bool:
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in _chain(error))


def _system_words(error: BaseException) -> str:
    for link in _chain(error):
        if isinstance(link, OSError) and link.strerror:
            return link.strerror
    return ""


def _times(count: int) -> str:
    return "one attempt" if count == 1 else f"{count} attempts"
