"""The rehearsal cloud: a data directory, seeded and served on loopback."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from lockstick.disk.lock import take_lock
from lockstick.sandbox.api import KEYCLOAK_PATH, Api
from lockstick.sandbox.credentials import write_api_client, write_credentials
from lockstick.sandbox.faults import FaultTable
from lockstick.sandbox.fleet import Fleet
from lockstick.sandbox.misbehave import Watched
from lockstick.sandbox.object_store import ObjectStore
from lockstick.sandbox.packages import SEEDS, Package, bulk, resized
from lockstick.sandbox.publisher import API_CLIENT_ID, CLIENT_ID, SERVING_LOCK, Publisher, prepare_data
from lockstick.sandbox.repository import ROOT, Clock
from lockstick.sandbox.requestlog import RequestLog
from lockstick.sandbox.serving import Servers, listen
from lockstick.sandbox.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from starlette.types import ASGIApp

__all__ = ["Sandbox", "SandboxOptions"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class SandboxOptions:
    """How a rehearsal cloud is set up. What is said of packages counts for new directories only.

    Attributes:
        port: The API's port; 0 for any free one.
        store_port: The object store's port; 0 for any free one.
        package_size: Bytes of each seeded package, in place of their own sizes.
        bulk_count: How many more packages to seed, with a hardware id each.
        bulk_size: Bytes of each of these.
        token_lifetime: How long an access token is good.
        on_seeding: Called with the packages of a new directory before their bytes are made up.
    """

    port: int = 0
    store_port: int = 0
    package_size: int | None = None
    bulk_count: int = 0
    bulk_size: int = 16 * 1024
    token_lifetime: timedelta = timedelta(hours=1)
    on_seeding: Callable[[Sequence[Package]], None] | None = None


class Sandbox(Publisher):
    """A running rehearsal cloud, and all that can be published in it.

    Use :meth:`start`, best as a context manager; leaving it stops the servers and closes the directory.

    Args:
        data: The data directory.
        now: The time to sign and to judge by.
        options: How it is set up.

    Attributes:
        api_url: The origin of the API.
        store_url: The origin of the object store.
        tokens: Gives out access tokens.
        fleet: The devices of the account.
        faults: What the servers shall do wrong.
        requests: What the servers were asked.
    """

    def __init__(self, data: Path, *, now: Clock, options: SandboxOptions) -> None:
        self.faults = FaultTable()
        self.requests = RequestLog()
        with ExitStack() as undo:
            prepare_data(data)
            # credentials.zip holds the addresses of one run; a second one would spoil it for the first.
            undo.enter_context(
                take_lock(
                    data / SERVING_LOCK,
                    busy=f"{data} is already being served",
                    remedy="Use that rehearsal cloud, stop it first, or name another directory with --data.",
                )
            )
            sockets = [undo.enter_context(listen(port)) for port in (options.port, options.store_port)]
            self.api_url, self.store_url = (f"http://127.0.0.1:{sock.getsockname()[1]}" for sock in sockets)
            super().__init__(data, now=now, store_url=self.store_url)
            undo.callback(self.close)
            self._seed(options)
            self.write_credentials()
            self.tokens = Tokens(self.state, now, options.token_lifetime)
            self.fleet = Fleet(self.state)
            self._servers = Servers(list(zip(self._apps(), sockets, strict=True)))
            self._held = undo.pop_all()

    @classmethod
    def start(cls, data: Path, *, now: Clock = _utc_now, options: SandboxOptions | None = None) -> Self:
        """Open a data directory (a new one is filled and seeded) and serve it.

        Args:
            data: The data directory.
            now: The time to sign and to judge by.
            options: How it is set up.

        Returns:
            The running cloud; requests are taken when this returns.

        Raises:
            UsageError: If a port cannot be had, the directory holds other things, or it is being served.
        """
        cloud = cls(data, now=now, options=options or SandboxOptions())
        try:
            cloud._servers.start()
        except BaseException:
            cloud.stop()
            raise
        return cloud

    def stop(self) -> None:
        """Stop serving, cut every connection, and close the directory."""
        self._servers.stop()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _seed(self, options: SandboxOptions) -> None:
        if self.state.setting("seeded") is None:
            packages = [*resized(SEEDS, options.package_size), *bulk(options.bulk_count, options.bulk_size)]
            if options.on_seeding is not None:
                options.on_seeding(packages)
            self.add_packages(packages)
            self.state.set_setting("seeded", "1")

    def _apps(self) -> tuple[ASGIApp, ASGIApp]:
        api = Api(catalogue=self, director=self.director, fleet=self.fleet, tokens=self.tokens)
        store = ObjectStore(self.state, self.blobs, self.presigner, self.now)
        return (
            Watched(api.app(), "api", self.requests, self.faults),
            Watched(store.app(), "store", self.requests, self.faults),
        )

    def write_credentials(self) -> None:
        """Write both kinds of credentials anew, with the addresses of this run."""
        first_director, first_image = (
            repository.document(ROOT, 1) for repository in (self.director.repository, self.images.repository)
        )
        if first_director is None or first_image is None:
            raise LookupError("a repository has no first root")
        write_credentials(
            self.credentials_path,
            api_url=self.api_url,
            client=(CLIENT_ID, self.client_secret()),
            director_root=first_director,
            image_root=first_image,
            targets_key=self.state.keys("image-repo", "targets")[0],
        )
        write_api_client(
            self.api_client_path,
            token_url=f"{self.api_url}{KEYCLOAK_PATH}",
            client=(API_CLIENT_ID, self.client_secret(API_CLIENT_ID)),
        )

    def client_secret(self, client: str = CLIENT_ID) -> str:
        """Give the secret of a client, by default that in ``credentials.zip``; empty when it is revoked."""
        return self.state.secret(client) or ""
