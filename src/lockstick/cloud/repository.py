"""All signed documents of one lockbox, fetched in the order that makes them one consistent set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from lockstick.cloud.director import fetch_director, fetch_published
from lockstick.cloud.image_repo import fetch_image_repo
from lockstick.cloud.patience import Rereading
from lockstick.errors import UsageError
from lockstick.metadata.malformed import MalformedError
from lockstick.progress import SILENT, Observer
from lockstick.trust.evidence import Evidence, RepositoryEvidence
from lockstick.trust.names import check_lockbox_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lockstick.cloud.session import CloudSession

__all__ = ["FetchedMetadata", "fetch_metadata", "fetch_published_metadata"]


@dataclass(frozen=True, kw_only=True)
class FetchedMetadata:
    """What was fetched, unjudged. Keys are the file names on the medium, values the bytes exactly as received.

    Attributes:
        lockbox: The lockbox's name.
        director: ``1.root.json`` and on, ``root.json``, ``offline-snapshot.json`` and the lockbox itself.
        image_repo: ``1.root.json`` and on, ``root.json``, ``snapshot.json``, ``targets.json``, delegations
            (``tdx-quarterly.json``), and ``timestamp.json`` where the repository has one.
    """

    lockbox: str
    director: Mapping[str, bytes] = field(repr=False)
    image_repo: Mapping[str, bytes] = field(repr=False)

    @property
    def evidence(self) -> Evidence:
        """The same for :mod:`lockstick.trust` to judge."""
        return Evidence(
            director=RepositoryEvidence(files=self.director), image_repo=RepositoryEvidence(files=self.image_repo)
        )


def fetch_metadata(
    session: CloudSession,
    lockbox: str,
    *,
    observer: Observer = SILENT,
    rereading: Rereading | None = None,
) -> FetchedMetadata:
    """Fetch all metadata of a lockbox: the Director's first, then the image repository's.

    Args:
        session: The account.
        lockbox: The lockbox's name.
        observer: Told of the phase and of everything that is read again.
        rereading: How patient to be with documents that are being changed; its observer and surroundings are
            replaced by those given here and the session's.

    Returns:
        The documents. They belong together as far as versions and hashes go, unless the image repository's
        never did; nothing is verified.

    Raises:
        UsageError: No lockbox can have this name.
        NotFoundError: There is no such lockbox.
        NotAllowedError: The credentials are refused, or of the kind that may not fetch.
        DistrustError: A document is too long, or what it says cannot be followed.
        TransferError: Something cannot be had now, or the lockbox is being changed right now.
    """
    _check_name(lockbox)
    rules = replace(rereading or Rereading(), surroundings=session.surroundings, observer=observer)
    account = session.credentials
    observer.phase("metadata")
    with session.reader(observer) as reader:
        director = fetch_director(reader, account.director_url, lockbox, rules, account.dialect)
        image_repo = fetch_image_repo(reader, account.repo_url, rules, account.dialect)
    return FetchedMetadata(
        lockbox=lockbox, director=MappingProxyType(director), image_repo=MappingProxyType(image_repo)
    )


def fetch_published_metadata(
    session: CloudSession, lockbox: str, *, observer: Observer = SILENT, rereading: Rereading | None = None
) -> Mapping[str, bytes]:
    """Fetch what the Director publishes of a lockbox now, and nothing of the image repository.

    Args:
        session: The account.
        lockbox: The lockbox's name.
        observer: As in :func:`fetch_metadata`.
        rereading: As in :func:`fetch_metadata`.

    Returns:
        Bytes by file name, unverified; without the lockbox itself, if the Director has none and lists none.

    Raises:
        LockstickError: As in :func:`fetch_metadata`.
    """
    _check_name(lockbox)
    rules = replace(rereading or Rereading(), surroundings=session.surroundings, observer=observer)
    account = session.credentials
    observer.phase("metadata")
    with session.reader(observer) as reader:
        return fetch_published(reader, account.director_url, lockbox, rules, account.dialect)


def _check_name(lockbox: str) -> None:
    try:
        check_lockbox_name(lockbox)
    except MalformedError as error:
        raise UsageError(
            error.what, remedy="Give the name of a lockbox: up to 253 letters, digits, - and _, without .json."
        ) from None
