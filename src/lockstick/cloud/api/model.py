"""What the API answers, as values (cloud-apis 1.4). Each keeps the members that it does not know in ``extra``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "Device",
    "EcuError",
    "ExternalPackage",
    "LaunchResult",
    "NotAffected",
    "Package",
    "Page",
    "Signature",
    "SignedDocument",
    "Source",
]

_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package, own or delegated.

    Attributes:
        name: Its name.
        version: Its version.
        package_id: Its id, by which lockboxes name it.
        size: Its bytes.
        hashes: Algorithm to digest in hex.
        source: The signed list that it stands in: ``targets.json`` for own ones; None where the server does not say.
        kind: ``BINARY``, ``OSTREE`` or another.
        hardware_ids: What it is for.
        created_at: When it came.
        uri: Where its bytes are, if not with the service.
        proprietary: What its author said of it, of any shape.
        comment: What somebody noted.
        extra: Members that are not known.
    """

    name: str
    version: str
    package_id: str
    size: int
    hashes: Mapping[str, str]
    source: str | None = None
    kind: str | None = None
    hardware_ids: tuple[str, ...] = ()
    created_at: datetime | None = None
    uri: str | None = None
    proprietary: object = None
    comment: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExternalPackage:
    """A package of another source, as the older listing gives it.

    Attributes:
        origin: The delegation that it stands in.
        package: What is known of it.
    """

    origin: str
    package: Package


@dataclass(frozen=True, kw_only=True)
class Page(Generic[_Value]):
    """A part of a listing.

    Attributes:
        values: The part.
        total: How many there are in all.
        offset: How many come before.
        limit: How many a part has at most.
        extra: Members that are not known.
    """

    values: tuple[_Value, ...]
    total: int
    offset: int
    limit: int
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One signature.

    Attributes:
        keyid: Whose.
        method: How it was made.
        sig: The signature, in base64.
    """

    keyid: str
    method: str
    sig: str


@dataclass(frozen=True, kw_only=True)
class SignedDocument:
    """A signed lockbox. Nothing here is judged: that is the trust room's affair.

    Attributes:
        signatures: Its signatures.
        signed: What is signed, as JSON.
        raw: The whole document as JSON text: as received where it came alone, else written anew.
        extra: Members that are not known.
    """

    signatures: tuple[Signature, ...]
    signed: object
    raw: bytes = field(repr=False)
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device.

    Attributes:
        uuid: Its name for programs.
        device_id: Its name for its owner.
        name: Its name for people.
        extra: Members that are not known.
    """

    uuid: str
    device_id: str
    name: str
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EcuError:
    """Why a computer in a device cannot take an update.

    Attributes:
        code: For programs.
        description: For people.
        extra: The other members.
    """

    code: str
    description: str
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NotAffected:
    """A device that an update does not go to.

    Attributes:
        device: Which.
        errors: Computer in it to the reason.
    """

    device: Device
    errors: Mapping[str, EcuError]


@dataclass(frozen=True, kw_only=True)
class LaunchResult:
    """What became of an update.

    Attributes:
        affected: The devices that it goes to. If there are none, nothing was launched.
        not_affected: The others.
        extra: Members that are not known.
    """

    affected: tuple[Device, ...]
    not_affected: tuple[NotAffected, ...]
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """An external source of packages.

    Attributes:
        last_fetched: When the service looked there last.
        remote_uri: Where it is.
        friendly_name: Its name for people.
        expires: When its signed list ends.
        extra: Members that are not known.
    """

    last_fetched: datetime | None = None
    remote_uri: str | None = None
    friendly_name: str | None = None
    expires: datetime | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
