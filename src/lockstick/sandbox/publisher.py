"""One data directory of the rehearsal cloud, with everything that can be published in it. No network.

The directory holds ``cloud.sqlite`` (keys, documents, clients), ``blobs/`` (package bytes) and
``credentials.zip``. Opened again, it continues with the same keys. Several processes may have it open.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal

from lockstick.errors import MediaError, NotFoundError, UsageError
from lockstick.sandbox.catalogue import Catalogue
from lockstick.sandbox.director import LOCKBOXES, Director
from lockstick.sandbox.director import SNAPSHOT as OFFLINE_SNAPSHOT
from lockstick.sandbox.image_repo import DELEGATIONS, SNAPSHOT, TIMESTAMP, Delegation, ImageRepository
from lockstick.sandbox.object_store import Presigner
from lockstick.sandbox.repository import ROOT, Clock, Repository
from lockstick.sandbox.state import State
from lockstick.sandbox.tokens import API_CLIENT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.signing import RoleKey

__all__ = ["API_CLIENT_ID", "CLIENT_ID", "DATABASE", "SERVING_LOCK", "Publisher", "RepositoryName", "prepare_data"]

RepositoryName = Literal["director", "image-repo"]
"""The two repositories."""

CLIENT_ID = "garage-tools_rehearsal"
"""The client of ``credentials.zip``, for the repositories."""

API_CLIENT_ID = f"{API_CLIENT_PREFIX}rehearsal"
"""The client for the API."""

DATABASE = "cloud.sqlite"
"""The file that makes a directory a rehearsal cloud."""

SERVING_LOCK = "serving.lock"
"""The file that is locked while a directory is served."""

_BLOBS = "blobs"
_FIRST_ENTRIES = {_BLOBS, SERVING_LOCK}
_DELEGATIONS = (Delegation(name="tdx-quarterly", paths=("tdx-*",), terminating=True),)


def prepare_data(data: Path) -> None:
    """Make the folders of a data directory, where nothing else lies.

    Args:
        data: The directory: new, empty, or one that holds a rehearsal cloud (or the beginnings of one).

    Raises:
        UsageError: If other things lie in it; keys and packages are not put among them.
        MediaError: If it cannot be made or read.
    """
    try:
        names = {entry.name for entry in data.iterdir()} if data.is_dir() else set()
        if DATABASE not in names and names - _FIRST_ENTRIES:
            raise UsageError(
                f"{data} is not empty and holds no rehearsal cloud.",
                why="private keys and packages would be mixed with what is there",
                remedy="Name a new or empty directory with --data.",
            )
        # Private keys and a client secret will lie in it, if only rehearsal ones.
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / _BLOBS).mkdir(exist_ok=True)
    except OSError as error:
        raise MediaError(f"{data} cannot hold a rehearsal cloud.", why=str(error.strerror)) from error


class Publisher(Catalogue):
    """A data directory, and all that can be published in it.

    Args:
        data: The directory; made, and filled with keys and empty documents, when it is new.
        now: The time to sign by.
        store_url: The object store's origin, which ``custom.uri`` and pre-signed addresses start with;
            default is the one of last time.

    Attributes:
        director: The director.
        images: The image repository.
        presigner: Makes addresses of package bytes.
        blobs: The folder with package bytes.
        state: The database.
    """

    def __init__(self, data: Path, *, now: Clock, store_url: str | None = None) -> None:
        self.data = data
        blobs = data / _BLOBS
        prepare_data(data)
        state = State(data / DATABASE)
        self.director = Director(state, now)
        images = ImageRepository(state, now)
        with state.transaction():
            if state.setting("presign") is None:
                state.set_setting("presign", secrets.token_hex(32))
                state.add_client(CLIENT_ID, secrets.token_urlsafe(24))
                self.director.create()
                images.create(delegations=_DELEGATIONS)
            if state.setting("api_client") is None:
                state.set_setting("api_client", "made")
                state.add_client(API_CLIENT_ID, secrets.token_urlsafe(24))
            before = state.setting("store_url") or ""
            store_url = before if store_url is None else store_url
            presigner = Presigner((state.setting("presign") or "").encode(), store_url)
            super().__init__(state=state, images=images, blobs=blobs, presigner=presigner, now=now)
            if store_url != before:
                state.set_setting("store_url", store_url)
                self.move_external_packages()

    @staticmethod
    def open(data: Path, *, now: Clock) -> Publisher:
        """Open a data directory that exists.

        Args:
            data: The directory.
            now: The time to sign by.

        Returns:
            The publisher; close it.

        Raises:
            NotFoundError: If there is no rehearsal cloud in it.
        """
        if not (data / DATABASE).is_file():
            raise NotFoundError(
                f"There is no rehearsal cloud in {data}.",
                remedy="Make one with 'lockstick sandbox serve --data DIR', or name the directory of one.",
            )
        return Publisher(data, now=now)

    def close(self) -> None:
        """Close the database."""
        self.state.close()

    @property
    def credentials_path(self) -> Path:
        """The ``credentials.zip`` of this cloud."""
        return self.data / "credentials.zip"

    @property
    def api_client_path(self) -> Path:
        """The API client of this cloud, as its user downloaded it."""
        return self.data / "api-client.json"

    # --- lockboxes -----------------------------------------------------------------------------

    def define_lockbox(
        self,
        name: str,
        packages: Sequence[str] | None = None,
        *,
        expires: datetime | None = None,
        values: Mapping[str, JsonValue] | None = None,
    ) -> JsonObject:
        """Define or replace a lockbox.

        Args:
            name: Its name.
            packages: Target names of known packages; default all; an empty list revokes the lockbox.
            expires: When it expires; default in 365 days; may be in the past.
            values: Raw entries to add or to replace, signed as they are.

        Returns:
            The signed lockbox.

        Raises:
            NotFoundError: If a package is not known.
            RefusedError: If the server would refuse the request.
        """
        names = [record.target for record in self.packages()] if packages is None else packages
        entries: dict[str, JsonValue] = {target: self.lockbox_entry(target) for target in names}
        return self.director.define(name, {**entries, **(values or {})}, expires=expires)

    # --- signing on demand ---------------------------------------------------------------------

    def publish(
        self,
        repository: RepositoryName,
        path: str,
        signed: Mapping[str, JsonValue],
        *,
        expires: datetime | None = None,
        keys: Sequence[RoleKey] | None = None,
    ) -> JsonObject:
        """Sign anything as the next version of a document; the documents that list it follow.

        Args:
            repository: In which repository.
            path: The document's path below the base, e.g. ``targets.json`` or ``offline-updates/x.json``.
            signed: The content; ``expires`` and ``version`` are added where absent.
            expires: When it expires; default that of the version before.
            keys: Other keys than the role's.

        Returns:
            The envelope.
        """
        repo = self._repository(repository)
        with self.state.transaction():
            if expires is None:
                expires = repo.expiry(path)
            envelope = repo.publish(path, _role(path), signed, expires=expires, keys=keys)
            self._follow(repository, path)
        return envelope

    def resign(self, repository: RepositoryName, path: str, *, expires: datetime) -> JsonObject:
        """Publish a document again with another expiry and freeze it, so that the server leaves it at that.

        Args:
            repository: In which repository.
            path: The document's path below the base.
            expires: When it expires; may be in the past.

        Returns:
            The envelope.
        """
        repo = self._repository(repository)
        with self.state.transaction():
            if path == ROOT:
                envelope = repo.next_root(expires=expires)
            else:
                envelope = repo.resign(path, _role(path), expires=expires)
            self._follow(repository, path)
            repo.freeze(path)
        return envelope

    def rotate_root(self, repository: RepositoryName) -> JsonObject:
        """Replace a repository's root key by a new one."""
        with self.state.transaction():
            root = self._repository(repository).rotate_root()
            self._follow(repository, ROOT)
        return root

    def revoke_client(self, client: str = CLIENT_ID) -> None:
        """Refuse a client, by default that of the ``credentials.zip``, from now on; its tokens die at once."""
        self.state.revoke_client(client)

    def forget_tokens(self) -> None:
        """Refuse every access token given out so far, as if each had expired; the client can get new ones."""
        self.state.forget_tokens()

    # --- helpers -------------------------------------------------------------------------------

    def _follow(self, repository: RepositoryName, path: str) -> None:
        if repository == "director":
            if path.startswith(LOCKBOXES):
                self.director.publish_snapshot()
        elif path == SNAPSHOT:
            self.images.publish_timestamp()
        elif path != TIMESTAMP:
            self.images.publish_snapshot()

    def _repository(self, name: RepositoryName) -> Repository:
        return self.director.repository if name == "director" else self.images.repository


def _role(path: str) -> str:
    if path.startswith(LOCKBOXES):
        return "offline-updates"
    if path == OFFLINE_SNAPSHOT:
        return "offline-snapshot"
    stem = path.removesuffix(".json")
    return stem if path.startswith(DELEGATIONS) else stem.rpartition("/")[2]
