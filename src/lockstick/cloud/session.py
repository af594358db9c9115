"""A session: credentials, token and network in one place, for as long as one job takes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from lockstick.cloud.authority import CloudAuthority, home_origins
from lockstick.cloud.token import TokenSource
from lockstick.errors import NotAllowedError
from lockstick.progress import SILENT, Observer
from lockstick.transfer import DocumentReader, Policy, Surroundings, client_factory
from lockstick.transfer.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from lockstick.cloud.credentials import Credentials
    from lockstick.transfer import ClientFactory

__all__ = ["CloudSession", "MetadataReader"]

_KINDS = (
    "Fetching needs the credentials.zip of the account that owns the lockbox: an API client's key can define and "
    "list lockboxes but not fetch them, and a guest of a shared repository may not either."
)


class MetadataReader:
    """Reads documents of the account's repositories, with the token.

    Args:
        documents: Fetches them.
        authority: Knows the token.
    """

    def __init__(self, documents: DocumentReader, authority: CloudAuthority) -> None:
        self._documents = documents
        self._authority = authority

    def read(self, url: str, *, limit: int, name: str) -> bytes:
        """Read one document, byte for byte as served.

        Args:
            url: Its address.
            limit: The most bytes it may have.
            name: What to call it in messages.

        Raises:
            NotFoundError: There is no such document.
            NotAllowedError: The credentials are refused, or of the kind that may not fetch.
            DistrustError: It is longer than ``limit``.
            TransferError: It cannot be had now.
        """
        try:
            return self._documents.fetch(url, limit=limit, authority=self._authority, name=name)
        except NotAllowedError as error:
            if error.remedy != NotAllowedError.default_remedy:
                raise
            raise NotAllowedError(error.what, why=error.why, remedy=_KINDS) from None


class CloudSession:
    """One account's repositories, ready to be asked. Use as a context; may be used from several threads.

    Proxies and certificate authorities are taken from the environment by the default ``clients``
    (``HTTPS_PROXY``, ``NO_PROXY``, ``SSL_CERT_FILE``, ``SSL_CERT_DIR``).

    Args:
        credentials: Who asks, and where.
        policy: How patient to be.
        observer: Told of retries for a token.
        clients: The way to the network.
        surroundings: Time and chance.

    Attributes:
        credentials: As given.
        authority: Puts the token on requests; for the download engine. Only while the session is open.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        policy: Policy | None = None,
        observer: Observer = SILENT,
        clients: ClientFactory | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.credentials = credentials
        self.policy = policy or Policy()
        self.surroundings = surroundings or Surroundings()
        self.clients = clients or client_factory()
        self._token_line: Line | None = None
        tokens = None
        if credentials.oauth is not None:
            self._token_line = Line(self.clients, policy=self.policy, clock=self.surroundings.clock)
            tokens = TokenSource(
                credentials.oauth,
                self._token_line,
                policy=self.policy,
                surroundings=self.surroundings,
                observer=observer,
            )
        self.authority = CloudAuthority(tokens, home_origins(credentials))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to the token service."""
        if self._token_line is not None:
            self._token_line.close()

    @contextmanager
    def reader(self, observer: Observer = SILENT) -> Iterator[MetadataReader]:
        """Open a connection for reading documents, one after another, in one thread.

        Args:
            observer: Told of retries.
        """
        with DocumentReader(
            policy=self.policy, observer=observer, clients=self.clients, surroundings=self.surroundings
        ) as documents:
            yield MetadataReader(documents, self.authority)
