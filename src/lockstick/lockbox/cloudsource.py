"""A Torizon-style cloud as the place a lockbox is built from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cloud.packages import locate
from lockstick.cloud.repository import fetch_metadata, fetch_published_metadata
from lockstick.lockbox.sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.cloud.session import CloudSession
    from lockstick.progress import Observer
    from lockstick.trust.evidence import Evidence
    from lockstick.trust.expected import ExpectedPackage

__all__ = ["CloudSource"]


class CloudSource:
    """What a build needs of a cloud, from an open session.

    Args:
        session: The session; it stays the caller's to close.
    """

    def __init__(self, session: CloudSession) -> None:
        self._session = session

    def documents(self, lockbox: str, observer: Observer) -> Evidence:
        """Fetch all signed documents of a lockbox, byte for byte.

        Args:
            lockbox: Its name.
            observer: Told of the progress.

        Returns:
            The documents, unjudged.
        """
        return fetch_metadata(self._session, lockbox, observer=observer).evidence

    @property
    def name(self) -> str:
        """The Director's address."""
        return self._session.credentials.director_url

    def published(self, lockbox: str, observer: Observer) -> Mapping[str, bytes]:
        """Fetch what the Director publishes of a lockbox now; without the lockbox itself, if that was deleted.

        Args:
            lockbox: Its name.
            observer: Told of the progress.

        Returns:
            Bytes by file name, unjudged.
        """
        return fetch_published_metadata(self._session, lockbox, observer=observer)

    def source(self, package: ExpectedPackage) -> Source:
        """Say where the bytes of a package are; nothing is asked of any server.

        Args:
            package: The package.

        Returns:
            Its address, with the session's token only where the account's own servers hold it.
        """
        found = locate(self._session.credentials, package.target, package.custom)
        return Source(url=found.url, authority=self._session.authority if found.authenticated else None)
