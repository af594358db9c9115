"""The documents of one repository, gathered under the names they will have on the medium, within limits.

The limits are those of fetching; what a device takes is smaller and judged by :mod:`lockstick.trust`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lockstick.errors import DistrustError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.cloud.session import MetadataReader
    from lockstick.metadata.dialect import Dialect

__all__ = ["MAX_SMALL_DOCUMENT", "MAX_TARGETS_DOCUMENT", "MAX_TOTAL", "Collection"]

MAX_SMALL_DOCUMENT = 1 << 20
"""Most bytes of a root, lockbox, snapshot, offline-snapshot or timestamp that are fetched."""

MAX_TARGETS_DOCUMENT = 16 << 20
"""Most bytes of ``targets.json`` or a delegation that are fetched."""

MAX_TOTAL = 64 << 20
"""Most bytes of all documents of one repository together: they are held in memory."""

_NOT_THERE = "Check that the credentials.zip is of the right account, and not older than the service's last move."


class Collection:
    """Gathers documents.

    Args:
        reader: Reads them.
        repository: Which repository it is.
        base: Its address, to which paths are appended.
        dialect: The dialect of its documents.
    """

    def __init__(
        self, reader: MetadataReader, repository: Literal["director", "image-repo"], base: str, dialect: Dialect
    ) -> None:
        self.dialect = dialect
        self._reader = reader
        self._repository = repository
        self._base = base
        self._files: dict[str, bytes] = {}

    @property
    def files(self) -> Mapping[str, bytes]:
        """File name on the medium to bytes as received."""
        return dict(self._files)

    def subject(self, name: str) -> str:
        """What to call a document in messages: ``director/root.json``."""
        return f"{self._repository}/{name}"

    def fetch(self, name: str, *, path: str | None = None, limit: int = MAX_SMALL_DOCUMENT) -> bytes:
        """Fetch a document and keep it, in place of an earlier one of that name.

        Args:
            name: Its file name on the medium.
            path: Its path below the base, where that is not its name.
            limit: The most bytes it may have.

        Returns:
            Its bytes as received.

        Raises:
            NotFoundError: The repository does not have it.
            DistrustError: It, or all together, is too long.
            NotAllowedError: The credentials are refused.
            TransferError: It cannot be had now.
        """
        self.forget(name)
        try:
            raw = self._reader.read(f"{self._base}/{path or name}", limit=limit, name=self.subject(name))
        except NotFoundError as error:
            raise NotFoundError(error.what, why=error.why, remedy=_NOT_THERE) from None
        total = len(raw) + sum(map(len, self._files.values()))
        if total > MAX_TOTAL:
            raise DistrustError(
                f"the metadata of {self._repository} is too long",
                why=f"with {name} it has more than the {MAX_TOTAL} bytes that all documents together may have",
            )
        self._files[name] = raw
        return raw

    def fetch_if_there(self, name: str, *, path: str | None = None, limit: int = MAX_SMALL_DOCUMENT) -> bytes | None:
        """Like :meth:`fetch`, but None where the repository does not have it."""
        try:
            return self.fetch(name, path=path, limit=limit)
        except NotFoundError:
            return None

    def forget(self, name: str) -> None:
        """Let go of a document, if it is there."""
        self._files.pop(name, None)
