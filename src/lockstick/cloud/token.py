"""Tokens: had once, shared by all threads, renewed before they end and when a server refuses them.

The rules (cloud-apis 1.1 and 1.8):

1. A token is renewed 30 seconds before its end; one that lives shorter than a minute, at half its life.
2. A refused token is renewed once. If the fresh one is refused as well, the account may not do this, and
   asking again for the next file would only hammer the service.
3. Every thread waits for the one that renews; nobody asks twice.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.cloud.grant import Grant, request_grant
from lockstick.progress import SILENT, Observer
from lockstick.transfer.policy import Policy
from lockstick.transfer.setbacks import ASK_AGAIN, Patience, Setback
from lockstick.transfer.surroundings import Surroundings

if TYPE_CHECKING:
    from lockstick.cloud.credentials import OAuthClient
    from lockstick.secret import Secret
    from lockstick.transfer.line import Line

__all__ = ["TokenSource"]

_MARGIN = 30.0
_REFUSED_AGAIN = 60.0
_REMEMBERED = 64


@dataclass(frozen=True, kw_only=True)
class _Held:
    token: Secret
    had_at: float
    renew_at: float
    after_refusal: bool


class TokenSource:
    """Gives out the token of one client. May be used from several threads.

    Args:
        oauth: Who asks, and where.
        line: Sends the requests; used by nobody else, and closed by who made it.
        policy: How patient to be.
        surroundings: Time (a clock that never goes backwards), chance and waiting.
        observer: Told of retries.
    """

    def __init__(
        self,
        oauth: OAuthClient,
        line: Line,
        *,
        policy: Policy | None = None,
        surroundings: Surroundings | None = None,
        observer: Observer = SILENT,
    ) -> None:
        self._oauth = oauth
        self._line = line
        self._policy = policy or Policy()
        self._surroundings = surroundings or Surroundings()
        self._observer = observer
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._given: deque[Secret] = deque(maxlen=_REMEMBERED)

    def token(self) -> Secret:
        """Give a token that is good for a while yet.

        Raises:
            NotAllowedError: The client or its secret is wrong or revoked.
            TransferError: The token service cannot be reached, fails, or answers nonsense.
        """
        with self._lock:
            held = self._held
            if held is None or self._surroundings.clock() >= held.renew_at:
                held = self._held = self._renewed(after_refusal=False)
            return held.token

    def held(self) -> Secret | None:
        """Give the token that was given out last; asks nobody."""
        held = self._held
        return None if held is None else held.token

    def given(self) -> tuple[Secret, ...]:
        """Give all tokens that may still be good, to be kept out of texts: one that is not used any more is, too."""
        return tuple(self._given)

    def refused(self, token: Secret) -> bool:
        """Learn that a server refused a token that was given out here.

        Args:
            token: The very object that :meth:`token` gave.

        Returns:
            True if there is another one by now, so that asking once more makes sense.

        Raises:
            NotAllowedError: As in :meth:`token`: the secret has been revoked meanwhile.
            TransferError: As in :meth:`token`.
        """
        with self._lock:
            held = self._held
            if held is None or held.token is not token:
                return True
            if held.after_refusal and self._surroundings.clock() - held.had_at < _REFUSED_AGAIN:
                return False
            self._held = self._renewed(after_refusal=True)
            return True

    def _renewed(self, *, after_refusal: bool) -> _Held:
        now = self._surroundings.clock()
        grant = self._request()
        self._given.append(grant.token)
        margin = min(_MARGIN, grant.lifetime / 2)
        return _Held(token=grant.token, had_at=now, renew_at=now + grant.lifetime - margin, after_refusal=after_refusal)

    def _request(self) -> Grant:
        subject = "an access token"
        patience = Patience(self._policy, self._surroundings.chance, subject, remedy=ASK_AGAIN)
        never = threading.Event()
        while True:
            try:
                return request_grant(self._line, self._oauth, policy=self._policy, surroundings=self._surroundings)
            except Setback as setback:
                delay = patience.pause(setback)
                self._observer.retrying(subject, attempt=patience.attempts + 1, delay=delay, reason=setback.reason)
                self._surroundings.wait(never, delay)
