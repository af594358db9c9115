"""What the API is asked to do, as values (cloud-apis 1.3 and 1.4), and how each is written on the wire.

What is None is left out: for every optional member, absent and null mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Custom", "LockboxDefinition", "PackageEdit", "PackageFilter", "Update"]


@dataclass(frozen=True, kw_only=True)
class Custom:
    """What is said of one package in one lockbox or update.

    Attributes:
        uri: Where to fetch it; not used by updates from a medium.
        metadata: Any JSON.
    """

    uri: str | None = None
    metadata: object = None

    def wire(self) -> dict[str, object]:
        """Give it as JSON."""
        return _without_none({"uri": self.uri, "metadata": self.metadata})


@dataclass(frozen=True, kw_only=True)
class LockboxDefinition:
    """All that is to be in a lockbox. It replaces what was there: nothing is added to anything.

    Attributes:
        package_ids: The ids of its packages; none of them revokes the lockbox.
        custom: Package id to what is said of it.
        expires: When it expires; None for what the service thinks right (a year).

    Raises:
        ValueError: ``expires`` has no zone.
    """

    package_ids: Sequence[str]
    custom: Mapping[str, Custom] = field(default_factory=dict)
    expires: datetime | None = None

    def __post_init__(self) -> None:
        if self.expires is not None and self.expires.tzinfo is None:
            raise ValueError("a time without its zone")

    def wire(self) -> dict[str, object]:
        """Give it as JSON."""
        expires = None if self.expires is None else self.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "packageIds": list(self.package_ids),
            **_custom(self.custom),
            **_without_none({"expiresAt": expires}),
        }


@dataclass(frozen=True, kw_only=True)
class Update:
    """Packages that devices shall install, all of them or none.

    Attributes:
        package_ids: The ids of the packages.
        devices: UUIDs of devices.
        fleets: UUIDs of fleets.
        custom: Package id to what is said of it.
    """

    package_ids: Sequence[str]
    devices: Sequence[str] = ()
    fleets: Sequence[str] = ()
    custom: Mapping[str, Custom] = field(default_factory=dict)

    def wire(self) -> dict[str, object]:
        """Give it as JSON."""
        return {
            "packageIds": list(self.package_ids),
            **_custom(self.custom),
            **({"devices": list(self.devices)} if self.devices else {}),
            **({"fleets": list(self.fleets)} if self.fleets else {}),
        }


@dataclass(frozen=True, kw_only=True)
class PackageEdit:
    """What is to change of a package; what is None stays as it is.

    Attributes:
        hardware_ids: What it is for.
        uri: Where its bytes are.
        proprietary: What its author says of it.
        comment: A note.
    """

    hardware_ids: Sequence[str] | None = None
    uri: str | None = None
    proprietary: object = None
    comment: str | None = None

    def wire(self) -> dict[str, object]:
        """Give it as JSON."""
        return _without_none(
            {
                "hardwareIds": None if self.hardware_ids is None else list(self.hardware_ids),
                "uri": self.uri,
                "proprietaryMeta": self.proprietary,
                "comment": self.comment,
            }
        )


@dataclass(frozen=True, kw_only=True)
class PackageFilter:
    """Which packages to list, and in which order. All conditions must hold; of a list, one hit is enough.

    Attributes:
        id_contains: A part of the id (the service calls this one old).
        name_contains: A part of the name.
        sources: Signed lists; ``targets.json`` is that of own packages.
        name: The whole name.
        version: The whole version.
        hardware_ids: What they are for.
        hashes: Digests in hex.
        package_ids: Their ids.
        has_sbom: Whether they have a list of their parts; the edition v2 alone knows this one.
        sort_by: What to sort by.
        direction: Which way.
    """

    id_contains: str | None = None
    name_contains: str | None = None
    sources: Sequence[str] = ()
    name: str | None = None
    version: str | None = None
    hardware_ids: Sequence[str] = ()
    hashes: Sequence[str] = ()
    package_ids: Sequence[str] = ()
    has_sbom: bool | None = None
    sort_by: Literal["Filename", "CreatedAt"] | None = None
    direction: Literal["Asc", "Desc"] | None = None

    def wire(self) -> list[tuple[str, str]]:
        """Give it as a query."""
        has_sbom = None if self.has_sbom is None else str(self.has_sbom).lower()
        fields: list[tuple[str, str | None]] = [
            ("idContains", self.id_contains),
            ("nameContains", self.name_contains),
            *(("packageSource", one) for one in self.sources),
            ("name", self.name),
            ("version", self.version),
            *(("hardwareIds", one) for one in self.hardware_ids),
            *(("hashes", one) for one in self.hashes),
            *(("packageIds", one) for one in self.package_ids),
            ("hasSBOM", has_sbom),
            ("sortBy", self.sort_by),
            ("sortDirection", self.direction),
        ]
        return [(name, value) for name, value in fields if value is not None]


def _custom(custom: Mapping[str, Custom]) -> dict[str, object]:
    return {"custom": {package: one.wire() for package, one in custom.items()}} if custom else {}


def _without_none(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}
