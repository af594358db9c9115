"""Hops: from the URL that was given, over redirects and a renewed token, to the answer with the bytes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.errors import NotAllowedError, TransferError
from lockstick.transfer.answers import judge_status, refuse_encoded
from lockstick.transfer.origins import Origin, check_url, origin_of
from lockstick.transfer.setbacks import Setback, Stopped
from lockstick.transfer.urls import Url, UrlError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from lockstick.transfer.authority import Authority
    from lockstick.transfer.gates import Gates
    from lockstick.transfer.line import Line, Response
    from lockstick.transfer.policy import Policy
    from lockstick.transfer.surroundings import Surroundings

__all__ = ["Answer", "Road"]

_REDIRECTS = {301, 302, 303, 307, 308}
_FORBIDDEN = 403
_UNAUTHORIZED = 401


@dataclass(frozen=True)
class Answer:
    """An answer that carries content: 200 or 206.

    Attributes:
        response: With the body still to come.
        origin: Who gave it, after all redirects.
    """

    response: Response
    origin: Origin


@dataclass(frozen=True, kw_only=True)
class Road:
    """Everything that the hops of one transfer share.

    Attributes:
        policy: How many redirects, how much patience.
        surroundings: Time and waiting.
        gates: Which origins asked to be left alone for a while.
        stop: Set when the transfer is being wound up.
    """

    policy: Policy
    surroundings: Surroundings
    gates: Gates
    stop: threading.Event

    def rest(self, seconds: float) -> None:
        """Wait, unless the transfer is being wound up.

        Raises:
            Stopped: It is.
        """
        if self.stop.is_set() or self.surroundings.wait(self.stop, seconds):
            raise Stopped

    @contextmanager
    def ask(
        self,
        line: Line,
        url: str | Url,
        *,
        subject: str,
        authority: Authority | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Answer]:
        """Ask for a URL and follow where it leads, asking the authority for the headers of every hop.

        Args:
            line: The worker's own.
            url: Where to start; never a redirect's target remembered from before, as those expire.
            subject: What is asked for, in words for people.
            authority: Who gives credentials.
            headers: What else to send on every hop (ranges; never credentials).

        Raises:
            Setback: Another attempt makes sense.
            Stopped: The transfer is being wound up.
            NotAllowedError: 401 even with fresh headers, or 403.
            NotFoundError: 404, 410 or 417.
            TransferError: Nothing that another attempt would change.
        """
        start = check_url(url)
        target, hops, renewed = start, 0, False
        while True:
            origin = origin_of(target)
            if (delay := self.gates.delay(origin)) > 0:
                self.rest(delay)
                target, hops = start, 0  # what a redirect signed for a moment may be over by now
                continue
            own = {} if authority is None else authority.headers(str(target))
            with line.get(target, {**own, **(headers or {})}) as response:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    line.drain(response)
                    hops += 1
                    target = self._next(target, response.headers["location"], hops, subject)
                elif response.status_code == _UNAUTHORIZED:
                    line.drain(response)
                    if renewed or authority is None or not authority.refused(str(target)):
                        raise NotAllowedError(f"access to {subject} is refused", why=f"{origin} answered 401")
                    renewed = True
                elif response.status_code == _FORBIDDEN and not own:
                    raise _refused_without_credentials(origin, subject, is_redirected=hops > 0)
                else:
                    self._judge(line, response, subject, origin)
                    yield Answer(response, origin)
                    return

    def _next(self, target: Url, location: str, hops: int, subject: str) -> Url:
        if hops > self.policy.max_redirects:
            raise TransferError(
                f"could not fetch {subject}",
                why=f"it was redirected more than {self.policy.max_redirects} times, last by {origin_of(target)}",
                remedy="The server sends in circles; ask whoever runs it.",
            )
        try:
            joined = target.join(location)
        except UrlError:
            raise TransferError(
                f"could not fetch {subject}",
                why=f"{origin_of(target)} redirects to what is not an absolute http or https URL",
            ) from None
        return check_url(joined, after=target)

    def _judge(self, line: Line, response: Response, subject: str, origin: Origin) -> None:
        try:
            judge_status(
                response.status_code,
                response.headers,
                subject=subject,
                origin=origin,
                policy=self.policy,
                now=self.surroundings.now(),
            )
        except Setback as setback:
            if setback.retry_after is not None:
                self.gates.close(origin, setback.retry_after)
            line.drain(response)
            raise
        refuse_encoded(response.headers, subject=subject, origin=origin)


def _refused_without_credentials(origin: Origin, subject: str, *, is_redirected: bool) -> Exception:
    """What a 403 means at an address that takes no credentials of ours."""
    if is_redirected:
        # It was signed for a moment, and the moment is over: start again from our own address.
        return Setback(f"{origin} answered 403 at the address that the repository redirects to")
    return NotAllowedError(
        f"access to {subject} is refused",
        why=f"{origin} answered 403; the package's metadata names this address, and no token is sent there",
        remedy="Correct the package's uri in the image repository, or make the address public.",
    )
