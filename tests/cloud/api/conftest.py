"""A client of the rehearsal cloud's public API, with time that passes only when somebody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lockstick.cloud.api import ApiClient, Endpoint, read_api_client
from lockstick.transfer import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud.ground import Clock, Watcher
    from lockstick.cloud import OAuthClient
    from lockstick.sandbox import Sandbox
    from lockstick.transfer import ClientFactory


class Maker:
    """Makes clients, which are closed with the test."""

    def __init__(self, sandbox: Sandbox, network: ClientFactory, clock: Clock, watcher: Watcher) -> None:
        self._sandbox, self._network, self._clock, self._watcher = sandbox, network, clock, watcher
        self.made: list[ApiClient] = []

    def __call__(
        self, *, edition: str = "v2beta", url: str | None = None, oauth: OAuthClient | None = None, **changes: Any
    ) -> ApiClient:
        base = self._sandbox.api_url if url is None else url
        settings = {
            "endpoint": Endpoint.of(f"{base}/api/{edition}"),
            "policy": Policy(attempts=4, connect_timeout=5, read_timeout=5),
            "observer": self._watcher,
            "network": self._network,
            "surroundings": self._clock.surroundings,
            **changes,
        }
        client = ApiClient(oauth or read_api_client(self._sandbox.api_client_path), **settings)
        client.__enter__()
        self.made.append(client)
        return client


@pytest.fixture
def make(sandbox: Sandbox, clients: ClientFactory, clock: Clock, watcher: Watcher) -> Iterator[Maker]:
    maker = Maker(sandbox, clients, clock, watcher)
    yield maker
    for client in maker.made:
        client.__exit__(None, None, None)


@pytest.fixture
def api(make: Maker) -> ApiClient:
    return make()
