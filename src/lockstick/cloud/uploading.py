"""Uploading a package once: the same bytes again are no mistake, others under the same name and version are.

A pipeline that is run again must come to the same end, and must not send gigabytes for it. So the account is asked
first; and again if the service says that somebody was faster.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.cloud.api.packages import MOST_UPLOADED
from lockstick.cloud.api.requests import PackageFilter
from lockstick.disk.hashing import hash_file
from lockstick.disk.trouble import media_error
from lockstick.errors import UsageError
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lockstick.cloud.api.model import Package
    from lockstick.cloud.api.packages import Packages

__all__ = ["Upload", "Uploaded", "upload_once"]


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What is to be there afterwards.

    Attributes:
        path: The file.
        name: The package's name.
        version: Its version.
        hardware_ids: What it is for.
        target_format: ``BINARY`` or ``OSTREE``.
    """

    path: Path
    name: str
    version: str
    hardware_ids: Sequence[str]
    target_format: str = "BINARY"


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """What is there.

    Attributes:
        package: The package.
        is_new: Whether it was uploaded now; else it was there, with the same bytes.
    """

    package: Package
    is_new: bool


def upload_once(packages: Packages, wanted: Upload, *, observer: Observer = SILENT) -> Uploaded:
    """Upload a file, unless the account has these bytes under this name and version.

    Args:
        packages: Where to.
        wanted: What is to be there.
        observer: Told of the file as it is hashed.

    Raises:
        UsageError: Another package has that name and version, or the file cannot be uploaded.
        LockstickError: As in :meth:`~lockstick.cloud.api.packages.Packages.upload`.
    """
    there = _find(packages, wanted) if _can_be_sent(wanted.path) else None
    if there is None:
        try:
            package = packages.upload(
                wanted.path,
                name=wanted.name,
                version=wanted.version,
                hardware_ids=wanted.hardware_ids,
                target_format=wanted.target_format,
            )
        except UsageError:
            there = _find(packages, wanted) if _can_be_sent(wanted.path) else None
            if there is None:
                raise
        else:
            return Uploaded(package=package, is_new=True)
    _check_same(there, wanted, observer)
    return Uploaded(package=there, is_new=False)


def _can_be_sent(path: Path) -> bool:
    """Say whether there is a point in asking the account; the upload itself says what is wrong with a file."""
    try:
        return path.is_file() and path.stat().st_size <= MOST_UPLOADED
    except OSError:
        return False


def _find(packages: Packages, wanted: Upload) -> Package | None:
    listed = packages.all(PackageFilter(name=wanted.name, version=wanted.version))
    return next((one for one in listed if (one.name, one.version) == (wanted.name, wanted.version)), None)


def _check_same(there: Package, wanted: Upload, observer: Observer) -> None:
    subject = f"the package {wanted.name!r} {wanted.version}"
    try:
        length = wanted.path.stat().st_size
    except OSError as error:
        raise media_error(error, wanted.path, "read") from error
    observer.phase("hashing", total_bytes=length, files=1)
    digest = hash_file(wanted.path, observer=observer, name=wanted.path.name)["sha256"]
    listed = there.hashes.get("sha256", "").lower()
    if (there.size, listed) != (length, digest):
        raise UsageError(
            f"{subject} is there already, with other bytes",
            why=f"the account has {there.size} bytes with SHA-256 {listed[:64]}, and {wanted.path} has {length} with "
            f"{digest}",
            remedy="A package cannot be replaced: upload this one as another version, or delete the old one first.",
        )
    if set(there.hardware_ids) != set(wanted.hardware_ids):
        raise UsageError(
            f"{subject} is there already, for other hardware ids",
            why=f"it is for {', '.join(there.hardware_ids) or 'none'}",
            remedy=f"Change that: lockstick packages edit {shlex.quote(there.package_id)} --hardware-id ...",
        )
