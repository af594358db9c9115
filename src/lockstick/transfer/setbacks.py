"""Setbacks: what went wrong on the way but may go right next time, and how often that is believed."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from lockstick.errors import TransferError
from lockstick.transfer.http1.head import MalformedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.transfer.origins import Origin
    from lockstick.transfer.policy import Policy

__all__ = [
    "ASK_AGAIN",
    "LibraryFailed",
    "Patience",
    "ProxyRefused",
    "Setback",
    "Stopped",
    "Unreachable",
    "WrongBody",
    "explain",
]


class Setback(Exception):  # noqa: N818 - it is not (yet) an error; it never leaves the room
    """One attempt came to nothing, but another may succeed.

    Args:
        reason: A clause for people: why this attempt ended.
        retry_after: Seconds that the server asked us to wait.
        restart: What is there of the file must not be continued.
        is_crowded: The server says that there are too many requests.
        was_sent: Whether the server may have done what the request says.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        restart: bool = False,
        is_crowded: bool = False,
        was_sent: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.restart = restart
        self.is_crowded = is_crowded
        self.was_sent = was_sent


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


ASK_AGAIN = "Run the same command again. If it stays so, check the address, the network and the proxy."
"""The remedy where a service does not answer and nothing was fetched in part."""


class Patience:
    """Counts the attempts of one file or document and decides about the next one.

    The count starts over whenever the work got further than ever before, so that a line that breaks every few
    megabytes still ends in a file; a limit on all attempts ends what only seems to progress.

    Args:
        policy: The limits and the bounds of the pauses.
        chance: A number from 0 up to but not including 1.
        subject: What is being fetched, for the error.
        doing: What is done with it, for the error.
        remedy: What to do then, where no part of a file is kept to continue from.
    """

    def __init__(
        self, policy: Policy, chance: Callable[[], float], subject: str, *, doing: str = "fetch", remedy: str = ""
    ) -> None:
        self._policy = policy
        self._chance = chance
        self._subject = subject
        self._doing = doing
        self._remedy = remedy
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
                f"could not {self._doing} {self._subject}, after {_times(self.attempts)}",
                why=f"last: {setback.reason}",
                remedy=self._remedy,
            ) from setback
        bound = min(policy.backoff_cap, policy.backoff_base * 2.0 ** min(self._in_vain - 1, 64))
        if setback.retry_after is not None:
            return setback.retry_after + self._chance() * policy.backoff_base
        return self._chance() * bound


class Unreachable(OSError):  # noqa: N818 - it never leaves the room
    """No connection came about.

    Args:
        reason: What the system said.
    """

    def __init__(self, reason: OSError) -> None:
        super().__init__()
        self.reason = reason


class ProxyRefused(OSError):  # noqa: N818 - it never leaves the room
    """The proxy on the way does not let us through."""


class LibraryFailed(OSError):  # noqa: N818 - it never leaves the room
    """The HTTP library failed in a way of its own; its kind of error is the argument."""


def explain(  # noqa: PLR0911 - one return for each meaning
    error: Exception, policy: Policy, origin: Origin | None = None
) -> Setback | TransferError:
    """Say in words what a failure on the line means.

    Args:
        error: An OSError or :class:`~lockstick.transfer.http1.head.MalformedAnswer`.
        policy: Whose timeouts were used.
        origin: Who was asked, if that is known.

    Returns:
        A setback when another attempt makes sense, else the error to raise.
    """
    server = "the server" if origin is None else str(origin)
    cause = error.reason if isinstance(error, Unreachable) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return TransferError(
            f"the certificate of {server} was not accepted",
            why="it is not signed by an authority this machine knows, has expired, or is for another name",
            remedy="Check the machine's clock and the address; behind an inspecting proxy, install its authority.",
        )
    if isinstance(error, LibraryFailed):
        return TransferError(f"a request failed inside the HTTP library ({error})")
    if isinstance(error, ProxyRefused):
        return Setback("the proxy refused")
    if isinstance(error, MalformedAnswer | ssl.SSLEOFError):
        return Setback(f"the answer of {server} broke off, or was not proper HTTP")
    words = (cause.strerror or "") if isinstance(cause, OSError) else ""
    if isinstance(error, Unreachable):
        if isinstance(cause, TimeoutError):
            within = f"no connection within {policy.connect_timeout:g} s"
            return Setback(f"cannot reach {server}: {within}", was_sent=False)
        return Setback(f"cannot reach {server}: {words or 'no connection'}", was_sent=False)
    if isinstance(error, TimeoutError):
        return Setback(f"no byte came from {server} for {policy.read_timeout:g} s")
    return Setback(f"the connection to {server} broke: {words or 'closed'}")


def _times(count: int) -> str:
    return "one attempt" if count == 1 else f"{count} attempts"
