"""The operations on packages (cloud-apis 1.2, P1 to P4, and 1.3)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lockstick.cloud.api.calls import Call, sending
from lockstick.cloud.api.file_body import FileBody
from lockstick.cloud.api.paging import all_of
from lockstick.cloud.api.reading import read_package, read_page
from lockstick.cloud.api.requests import PackageFilter
from lockstick.errors import DistrustError, NotFoundError, UsageError
from lockstick.transfer.outgoing import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lockstick.cloud.api.caller import Caller
    from lockstick.cloud.api.model import Package, Page
    from lockstick.cloud.api.requests import PackageEdit

__all__ = ["MOST_UPLOADED", "Packages"]

MOST_UPLOADED = 2**31 - 1
"""The most bytes that one upload can announce: its length is a 32-bit number (cloud-apis 1.2, P2)."""

_STORED_AT_ONCE = 512 * 10**6
_PATH = "packages"
_WAY_OUT = (
    "Make it smaller, or cut it into several packages. What cannot be cut goes around this interface: uptane-sign, "
    "with the account's credentials.zip, uploads in parts, or signs an entry whose uri says where you keep the file."
)
_DELETE_IT = "Delete the package and upload it again; if that happens again, do not use this way."


class Packages:
    """Packages.

    Args:
        caller: Makes the calls; the errors of its methods come through here.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._is_v2 = caller.endpoint.is_v2

    def page(
        self, wanted: PackageFilter | None = None, *, offset: int | None = None, limit: int | None = None
    ) -> Page[Package]:
        """Give a part of the packages, own and delegated ones.

        Args:
            wanted: Which, and in which order; by default all.
            offset: How many to leave out at first.
            limit: How many to give at most; None for what the service thinks right.

        Raises:
            UsageError: This edition of the interface does not know a filter, or the service refuses one.
        """
        wanted = wanted or PackageFilter()
        if wanted.has_sbom is not None and not self._is_v2:
            raise UsageError(
                "packages cannot be listed by whether they have an SBOM here",
                why="the edition v2beta of the interface does not know that filter",
                remedy="Use the edition v2 for this, or leave the filter out.",
            )
        place = [("offset", offset), ("limit", limit)]
        query = [(name, str(value)) for name, value in place if value is not None] + wanted.wire()
        call = Call(path=(_PATH,), query=query, subject="the packages of the account")
        # The older edition may leave out where a package comes from (cloud-apis 1.6).
        return self._caller.read(call, partial(read_page, read=partial(read_package, needs_source=self._is_v2)))

    def all(self, wanted: PackageFilter | None = None) -> Iterator[Package]:
        """Give all packages that a filter names, part after part as they are needed.

        Args:
            wanted: Which, and in which order.

        Raises:
            LockstickError: As in :meth:`page`.
        """
        return all_of(
            lambda offset, limit: self.page(wanted, offset=offset, limit=limit), lambda package: package.package_id
        )

    def find(self, package_id: str) -> Package:
        """Give one package by its id.

        Raises:
            NotFoundError: There is none.
        """
        # A service that does not know this filter gives all, hence the second look.
        for package in self.all(PackageFilter(package_ids=(package_id,))):
            if package.package_id == package_id:
                return package
        raise NotFoundError(
            f"there is no package with the id {package_id!r}",
            why="the account's list does not name it",
            remedy="Give its id, which is not its name: 'lockstick packages list' shows both.",
        )

    def upload(
        self,
        path: Path,
        *,
        name: str,
        version: str,
        hardware_ids: Sequence[str],
        target_format: str = "BINARY",
    ) -> Package:
        """Upload a file as a new package. It is read in pieces; memory does not grow with it.

        Args:
            path: The file.
            name: The package's name.
            version: Its version.
            hardware_ids: What it is for.
            target_format: ``BINARY`` or ``OSTREE``.

        Returns:
            The package, whose digest at the service is that of what was sent.

        Raises:
            UsageError: The file is none or too large for this interface; the package is there already; or the service
                refuses it.
            MediaError: The file cannot be read, or changes meanwhile.
            DistrustError: The service stored something else than was sent.
            TransferError: Among others, nobody knows whether it was uploaded.
        """
        if not name or not version:
            raise UsageError("a package needs a name and a version")
        if self._is_v2 and not hardware_ids:
            raise UsageError(
                "a package needs a hardware id",
                why="the edition v2 of the interface wants at least one; v2beta takes packages without",
            )
        observer = self._caller.observer
        with FileBody(path, observer) as body:
            self._check_length(path, body.length)
            observer.phase("uploading", total_bytes=body.length, files=1)
            observer.file_started(path.name, length=body.length)
            query = [
                ("name", name),
                ("version", version),
                *(("hardwareId", one) for one in hardware_ids),
                ("targetFormat", target_format),
            ]
            what = Outgoing(
                method="POST", content_type="application/octet-stream", length=body.length, pieces=body.pieces
            )
            subject = f"the package {name!r} {version}"
            call = Call(
                path=(_PATH,),
                query=query,
                subject=subject,
                doing="upload",
                done="uploaded",
                what=what,
                remedy="See whether it is listed. A package that is there cannot be uploaded again: give another "
                "version, or delete it first.",
            )
            package = self._caller.read(call, partial(read_package, needs_source=self._is_v2))
            stored = package.hashes.get("sha256", "").lower()
            if (package.size, stored) != (body.length, body.sha256):
                raise DistrustError(
                    f"{subject} was stored as something else than {path}",
                    why=f"{body.length} bytes with SHA-256 {body.sha256} were sent, but the service lists "
                    f"{package.size} bytes with {stored[:64] or 'no SHA-256'}",
                    remedy=_DELETE_IT,
                )
            if (package.name, package.version) != (name, version) or (
                package.hardware_ids and set(package.hardware_ids) != set(hardware_ids)
            ):
                raise DistrustError(
                    f"{subject} was stored as something else than {path}",
                    why=f"the service lists it as {package.name!r} {package.version}, for "
                    f"{', '.join(package.hardware_ids) or 'nothing'}",
                    remedy=_DELETE_IT,
                )
            observer.file_finished(path.name)
        return package

    def edit(self, package_id: str, changes: PackageEdit) -> Package:
        """Change what is said of an own package.

        Args:
            package_id: Its id.
            changes: What is to change.

        Returns:
            The package as it is now.

        Raises:
            NotFoundError: There is no such own package.
            UsageError: The service refuses the change.
        """
        call = Call(
            path=(_PATH, package_id),
            subject=_called(package_id),
            doing="edit",
            done="edited",
            what=sending("PATCH", changes.wire()),
            remedy="Look at the package, and edit it again if it is not as it should be. Only own packages can be.",
        )
        return self._caller.read(call, partial(read_package, needs_source=self._is_v2))

    def delete(self, package_id: str) -> None:
        """Delete an own package. Lockboxes that name it can no longer be built.

        Raises:
            NotFoundError: There is no such own package.
            UsageError: The service refuses, e.g. as it is in use.
        """
        self._caller.call(
            Call(
                path=(_PATH, package_id),
                subject=_called(package_id),
                doing="delete",
                done="deleted",
                what=sending("DELETE"),
                remedy="Only own packages can be deleted, and none that is in use.",
            )
        )

    def _check_length(self, path: Path, length: int) -> None:
        if length > MOST_UPLOADED:
            raise UsageError(
                f"{path} is too large to be uploaded",
                why=f"it has {length} bytes, and the interface takes {MOST_UPLOADED} at once",
                remedy=_WAY_OUT,
            )
        if length > _STORED_AT_ONCE:
            self._caller.observer.message(
                f"{path.name} has {length} bytes; the service may refuse more than {_STORED_AT_ONCE} at once."
            )


def _called(package_id: str) -> str:
    return f"the package {package_id!r}"
