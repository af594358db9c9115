"""The client of the public API: one method for each of its fourteen operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from lockstick.cloud.api.caller import Caller
from lockstick.cloud.api.endpoint import Endpoint
from lockstick.cloud.api.lockboxes import Lockboxes
from lockstick.cloud.api.packages import Packages
from lockstick.cloud.api.permissions import ApiPermissions
from lockstick.cloud.api.sources import Sources
from lockstick.cloud.api.updates import Updates
from lockstick.progress import SILENT, Observer
from lockstick.transfer import Policy, Surroundings, client_factory

if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType

    from lockstick.cloud.credentials import OAuthClient
    from lockstick.transfer import ClientFactory

__all__ = ["ApiClient"]


class ApiClient:
    """One account, through the public API. Use as a context; not from several threads.

    Args:
        oauth: Who asks; see :mod:`lockstick.cloud.api.credentials`.
        known_as: What the user calls these credentials, if anything.
        endpoint: Where the API is, and which edition.
        policy: How patient to be.
        observer: Told of retries, and of how an upload goes on.
        network: The way to the network; by default as the environment has proxies and certificate authorities.
        surroundings: Time and chance.

    Attributes:
        endpoint: As given.
        account: Whose account it is, in words.
        lockboxes: The operations on lockboxes.
        updates: The operations on updates.
        packages: The operations on packages.
        sources: The operations on external sources.
        permissions: What this client may do, by trying.
    """

    def __init__(
        self,
        oauth: OAuthClient,
        *,
        endpoint: Endpoint | None = None,
        known_as: str = "",
        policy: Policy | None = None,
        observer: Observer = SILENT,
        network: ClientFactory | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.endpoint = endpoint or Endpoint.of()
        self.account = f"the API client {oauth.client_id} at {self.endpoint.url}" + (known_as and f" ({known_as})")
        self._caller = Caller(
            self.endpoint,
            oauth,
            policy=policy or Policy(),
            observer=observer,
            network=network or client_factory(),
            surroundings=surroundings or Surroundings(),
        )
        self.lockboxes = Lockboxes(self._caller)
        self.updates = Updates(self._caller)
        self.packages = Packages(self._caller)
        self.sources = Sources(self._caller)
        self.permissions = ApiPermissions(self._caller)

    @property
    def skew(self) -> timedelta | None:
        """By how much the service's clock is ahead of this machine's, as of its last answer; None if unknown."""
        return self._caller.skew

    def __enter__(self) -> Self:
        self._caller.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._caller.__exit__(kind, error, trace)
