"""One data directory of the rehearsal cloud, with everything that can be published in it. No network.

The directory holds ``cloud.sqlite`` (keys, documents, clients), ``blobs/`` (package bytes) and
``credentials.zip``. Opened again, it continues with the same keys. Several processes may have it open.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from lockstick.metadata.instant import format_instant
from lockstick.metadata.types import JsonObject, JsonValue
from lockstick.sandbox.director import LOCKBOXES, Director
from lockstick.sandbox.director import SNAPSHOT as OFFLINE_SNAPSHOT
from lockstick.sandbox.image_repo import DELEGATIONS, SNAPSHOT, TIMESTAMP, Delegation, ImageRepository
from lockstick.sandbox.object_store import Presigner
from lockstick.sandbox.packages import Package, pseudo_random, store
from lockstick.sandbox.repository import ROOT, Clock, Repository
from lockstick.sandbox.signing import RoleKey
from lockstick.sandbox.state import PackageRecord, State

__all__ = ["CLIENT_ID", "Publisher", "RepositoryName"]

RepositoryName = Literal["director", "image-repo"]
"""The two repositories."""

CLIENT_ID = "garage-tools_rehearsal"
"""The one API client of a rehearsal cloud."""

_DELEGATIONS = (Delegation(name="tdx-quarterly", paths=("tdx-*",), terminating=True),)


class Publisher:
    """A data directory.

    Args:
        data: The directory; made, and filled with keys and empty documents, when it is new.
        now: The time to sign by.
        store_url: The object store's origin, which ``custom.uri`` and pre-signed addresses start with;
            default is the one of last time.

    Attributes:
        is_new: Whether the directory was made just now.
        director: The director.
        images: The image repository.
        presigner: Makes addresses of package bytes.
        blobs: The folder with package bytes.
        state: The database.
    """

    def __init__(self, data: Path, *, now: Clock, store_url: str | None = None) -> None:
        self.data = data
        self.blobs = data / "blobs"
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.state = State(data / "cloud.sqlite")
        self.now = now
        self.director = Director(self.state, now)
        self.images = ImageRepository(self.state, now)
        with self.state.transaction():
            self.is_new = self.state.setting("presign") is None
            if self.is_new:
                self.state.set_setting("presign", secrets.token_hex(32))
                self.state.add_client(CLIENT_ID, secrets.token_urlsafe(24))
                self.director.create()
                self.images.create(delegations=_DELEGATIONS)
        before = self.state.setting("store_url") or ""
        self.presigner = Presigner(
            (self.state.setting("presign") or "").encode(), before if store_url is None else store_url
        )
        if store_url is not None and store_url != before:
            self.state.set_setting("store_url", store_url)
            self._move_external_packages()

    def close(self) -> None:
        """Close the database."""
        self.state.close()

    @property
    def credentials_path(self) -> Path:
        """The ``credentials.zip`` of this cloud."""
        return self.data / "credentials.zip"

    # --- packages ------------------------------------------------------------------------------

    def add_packages(self, packages: Iterable[Package]) -> list[PackageRecord]:
        """Store packages and list them, with one new version of each document that changes.

        Args:
            packages: The packages; an equal target name is replaced.

        Returns:
            What was stored, in the same order.
        """
        records: list[PackageRecord] = []
        changes: dict[str, dict[str, JsonValue]] = {}
        for package in packages:
            target = package.filename
            content = pseudo_random(target, package.size) if package.content is None else [package.content]
            digest, length = store(self.blobs, content)
            record = PackageRecord(
                target=target,
                role=package.role,
                sha256=digest,
                length=length,
                hardware_ids=tuple(package.hardware_ids),
                blob=digest if package.stored else None,
                external=package.external,
            )
            records.append(record)
            changes.setdefault(package.role, {})[target] = self._entry(package, record)
        with self.state.transaction():
            for record in records:
                self.state.put_package(record)
            self.images.list_targets(changes)
        return records

    def add_package(self, package: Package) -> PackageRecord:
        """Store and list one package; see :meth:`add_packages`."""
        return self.add_packages([package])[0]

    def packages(self) -> list[PackageRecord]:
        """Give all packages, in the order in which they were added."""
        return self.state.packages()

    def replace_bytes(self, target: str, content: bytes) -> None:
        """Serve other bytes for a package than those that were signed."""
        record = self._record(target)
        blob, _ = store(self.blobs, [content])
        self.state.put_package(_with_blob(record, blob))

    def forget_bytes(self, target: str) -> None:
        """Stop holding a package's bytes: asked for them, the server answers 417."""
        self.state.put_package(_with_blob(self._record(target), None))

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
            packages: Target names of known packages; default all.
            expires: When it expires; default in 365 days; may be in the past.
            values: Raw entries to add or to replace, signed as they are.

        Returns:
            The signed lockbox.

        Raises:
            KeyError: If a package is not known.
            RefusedError: If the server would refuse the request.
        """
        names = [record.target for record in self.packages()] if packages is None else packages
        entries: dict[str, JsonValue] = {target: self.lockbox_entry(target) for target in names}
        return self.director.define(name, {**entries, **(values or {})}, expires=expires)

    def lockbox_entry(self, target: str) -> JsonObject:
        """Give the entry under which a lockbox lists a known package.

        Raises:
            KeyError: If the package is not known.
        """
        record = self._record(target)
        return {
            "custom": {"hardwareIds": list(record.hardware_ids)},
            "hashes": {"sha256": record.sha256},
            "length": record.length,
        }

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

    def revoke_client(self) -> None:
        """Refuse the client of the ``credentials.zip`` from now on; its tokens die at once."""
        self.state.revoke_client(CLIENT_ID)

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

    def _record(self, target: str) -> PackageRecord:
        record = self.state.package(target)
        if record is None:
            raise KeyError(target)
        return record

    def _entry(self, package: Package, record: PackageRecord) -> JsonObject:
        stamp = format_instant(self.now())
        custom: JsonObject = {
            "name": package.name,
            "version": package.version,
            "hardwareIds": list(package.hardware_ids),
            "targetFormat": "BINARY",
            "createdAt": stamp,
            "updatedAt": stamp,
        }
        if record.external:
            custom["uri"] = self.presigner.public_url(record.target)
        elif record.role != "targets":
            # Real documents have both an absent and a null uri; clients must take either.
            custom["uri"] = None
        return {"custom": custom, "hashes": {"sha256": record.sha256}, "length": record.length}

    def _move_external_packages(self) -> None:
        """Sign the addresses of external packages anew: the object store has moved to another port."""
        changes: dict[str, dict[str, JsonValue]] = {}
        for record in self.packages():
            entry = self.images.entries(record.role).get(record.target) if record.external else None
            custom = entry.get("custom") if isinstance(entry, dict) else None
            if isinstance(entry, dict) and isinstance(custom, dict):
                moved = {**custom, "uri": self.presigner.public_url(record.target)}
                changes.setdefault(record.role, {})[record.target] = {**entry, "custom": moved}
        if changes:
            self.images.list_targets(changes)


def _role(path: str) -> str:
    if path.startswith(LOCKBOXES):
        return "offline-updates"
    if path == OFFLINE_SNAPSHOT:
        return "offline-snapshot"
    stem = path.removesuffix(".json")
    return stem if path.startswith(DELEGATIONS) else stem.rpartition("/")[2]


def _with_blob(record: PackageRecord, blob: str | None) -> PackageRecord:
    return PackageRecord(
        target=record.target,
        role=record.role,
        sha256=record.sha256,
        length=record.length,
        hardware_ids=record.hardware_ids,
        blob=blob,
        external=record.external,
    )
