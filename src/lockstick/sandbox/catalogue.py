"""The packages of a rehearsal cloud: their bytes on disk, their entries in the image repository."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lockstick.errors import NotFoundError
from lockstick.instant import format_instant
from lockstick.sandbox.packages import Package, pseudo_random, store
from lockstick.sandbox.state import PackageRecord, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lockstick.metadata.types import JsonObject, JsonValue
    from lockstick.sandbox.image_repo import ImageRepository
    from lockstick.sandbox.object_store import Presigner
    from lockstick.sandbox.repository import Clock

__all__ = ["Catalogue"]

_SHOWN = 10
_REMEDY = "Name one that there is, exactly as it is listed."


class Catalogue:
    """The packages of one data directory.

    Args:
        state: What is known of each.
        images: Where they are listed.
        blobs: The folder with their bytes.
        presigner: Makes the addresses of external ones.
        now: The time to stamp entries with.
    """

    def __init__(self, *, state: State, images: ImageRepository, blobs: Path, presigner: Presigner, now: Clock) -> None:
        self.state = state
        self.images = images
        self.blobs = blobs
        self.presigner = presigner
        self.now = now

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
        self.state.put_package(replace(record, blob=blob))

    def forget_bytes(self, target: str) -> None:
        """Stop holding a package's bytes: asked for them, the server answers 417."""
        self.state.put_package(replace(self._record(target), blob=None))

    def lockbox_entry(self, target: str) -> JsonObject:
        """Give the entry under which a lockbox lists a known package.

        Raises:
            NotFoundError: If the package is not known.
        """
        record = self._record(target)
        return {
            "custom": {"hardwareIds": list(record.hardware_ids)},
            "hashes": {"sha256": record.sha256},
            "length": record.length,
        }

    def move_external_packages(self) -> None:
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

    def _record(self, target: str) -> PackageRecord:
        record = self.state.package(target)
        if record is None:
            raise NotFoundError(
                f"The rehearsal cloud has no package {target!r}.", why=_listed(self.packages()), remedy=_REMEDY
            )
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


def _listed(packages: list[PackageRecord]) -> str:
    """Say in a clause which packages there are."""
    if not packages:
        return "it has none"
    names = ", ".join(repr(one.target) for one in packages[:_SHOWN])
    more = f" and {len(packages) - _SHOWN} more" if len(packages) > _SHOWN else ""
    return f"it has {names}{more}"
