"""Small documents, fetched into memory under a hard cap, by the same rules as files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from lockstick.errors import DistrustError
from lockstick.progress import SILENT, Observer
from lockstick.transfer.answers import content_length
from lockstick.transfer.gates import Gates
from lockstick.transfer.hops import Road
from lockstick.transfer.line import Line
from lockstick.transfer.network import ClientFactory, client_factory
from lockstick.transfer.origins import safe_url
from lockstick.transfer.policy import Policy
from lockstick.transfer.setbacks import Patience, Setback
from lockstick.transfer.surroundings import Surroundings
from lockstick.transfer.watchdog import Watchdog

if TYPE_CHECKING:
    from types import TracebackType

    from lockstick.transfer.authority import Authority
    from lockstick.transfer.hops import Answer

__all__ = ["DocumentReader"]

_OK = 200


class DocumentReader:
    """Fetches documents one after another over one connection. Use as a context; not from several threads.

    Args:
        policy: How patient to be.
        observer: Told of retries.
        clients: The way to the network; by default as the environment has proxies and certificate authorities.
        surroundings: Time and chance.
    """

    def __init__(
        self,
        *,
        policy: Policy | None = None,
        observer: Observer = SILENT,
        clients: ClientFactory | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._policy = policy or Policy()
        self._observer = observer
        self._surroundings = surroundings or Surroundings()
        clock = self._surroundings.clock
        self._road = Road(
            policy=self._policy, surroundings=self._surroundings, gates=Gates(clock), stop=threading.Event()
        )
        self._line = Line(clients or client_factory(), policy=self._policy, clock=clock)
        self._watchdog = Watchdog(self._policy)

    def __enter__(self) -> Self:
        self._watchdog.__enter__()
        self._watchdog.watch(self._line)
        self._line.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.__exit__(kind, error, trace)
        self._watchdog.__exit__(kind, error, trace)

    def fetch(self, url: str, *, limit: int, authority: Authority | None = None, name: str | None = None) -> bytes:
        """Fetch one document, byte for byte as served.

        Args:
            url: Where it is.
            limit: The most bytes it may have.
            authority: Who gives the headers for each hop.
            name: What to call it in messages and towards the observer; its URL without query by default.

        Raises:
            NotFoundError: The server does not have it (404, 410, 417); not retried.
            NotAllowedError: Credentials are missing or were refused (401, 403); not retried.
            DistrustError: It is longer than ``limit``.
            TransferError: Attempts are used up; or an address, redirect or answer is not acceptable.
            LockstickError: Whatever the authority raises.
        """
        subject = name or safe_url(url)
        patience = Patience(self._policy, self._surroundings.chance, subject)
        while True:
            try:
                with self._road.ask(self._line, url, subject=subject, authority=authority) as answer:
                    return self._read(answer, limit, subject)
            except Setback as setback:
                delay = patience.pause(setback)
                self._observer.retrying(subject, attempt=patience.attempts + 1, delay=delay, reason=setback.reason)
                self._road.rest(delay)

    def _read(self, answer: Answer, limit: int, subject: str) -> bytes:
        if answer.response.status_code != _OK:
            raise Setback(f"{answer.origin} answered with a part although all was asked for")
        received = bytearray()
        size = content_length(answer.response.headers) or 0
        if size <= limit:
            for chunk in self._line.chunks(answer.response):
                size = len(received) + len(chunk)
                if size > limit:
                    break
                received += chunk
        if size > limit:
            raise DistrustError(
                f"{subject} is too long", why=f"{answer.origin} sends more than the {limit} bytes it may have"
            )
        return bytes(received)
