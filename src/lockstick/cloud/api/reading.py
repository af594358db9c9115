"""Reading what the API answers, against the schema (cloud-apis 1.4)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from lockstick.cloud.api.model import (
    Device,
    EcuError,
    ExternalPackage,
    LaunchResult,
    NotAffected,
    Package,
    Page,
    Signature,
    SignedDocument,
    Source,
)
from lockstick.cloud.api.shapes import Fields, ShapeError, items, text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "read_device",
    "read_external_package",
    "read_launch_result",
    "read_package",
    "read_page",
    "read_signed_document",
    "read_source",
    "read_texts",
]

_Value = TypeVar("_Value")


def read_page(value: object, read: Callable[[object, str], _Value]) -> Page[_Value]:
    """Read a page whose values have one shape."""
    fields = Fields(value)
    return Page(
        values=fields.items("values", read),
        total=fields.integer("total"),
        offset=fields.integer("offset"),
        limit=fields.integer("limit"),
        extra=fields.rest(),
    )


def read_package(value: object, where: str = "the answer", *, needs_source: bool = False) -> Package:
    """Read a package; the edition v2 always names its source."""
    fields = Fields(value, where)
    source = fields.text("packageSource") if needs_source else fields.text_or_none("packageSource")
    if source == "":
        raise ShapeError(f"{fields.place('packageSource')} is empty")
    return _package(fields, source=source, comment=fields.text_or_none("comment"))


def read_external_package(value: object, where: str = "the answer") -> ExternalPackage:
    """Read a package of the older listing."""
    fields = Fields(value, where)
    origin = fields.text("delegationOrigin")
    return ExternalPackage(origin=origin, package=_package(fields, source=origin, comment=None))


def _package(fields: Fields, *, source: str | None, comment: str | None) -> Package:
    return Package(
        name=fields.text("name"),
        version=fields.text("version"),
        package_id=fields.text("packageId"),
        size=fields.integer("size"),
        hashes=fields.table("hashes", text),
        source=source,
        kind=fields.text_or_none("pkgType"),
        hardware_ids=fields.items("hardwareIds", text),
        created_at=fields.time_or_none("createdAt"),
        uri=fields.text_or_none("uri"),
        proprietary=fields.anything("proprietaryMeta"),
        comment=comment,
        extra=fields.rest(),
    )


def read_signed_document(value: object, where: str = "the answer", *, raw: bytes | None = None) -> SignedDocument:
    """Read a signed document; ``raw`` is its text as received, if it came alone."""
    fields = Fields(value, where)
    return SignedDocument(
        signatures=fields.items("signatures", _signature),
        signed=fields.required("signed"),
        raw=json.dumps(value).encode() if raw is None else raw,
        extra=fields.rest(),
    )


def _signature(value: object, where: str) -> Signature:
    fields = Fields(value, where)
    return Signature(keyid=fields.text("keyid"), method=fields.text("method"), sig=fields.text("sig"))


def read_device(value: object, where: str = "the answer") -> Device:
    """Read a device."""
    return _device(Fields(value, where))


def _device(fields: Fields) -> Device:
    return Device(
        uuid=fields.uuid("deviceUuid"),
        device_id=fields.text("deviceId"),
        name=fields.text("name"),
        extra=fields.rest(),
    )


def _not_affected(value: object, where: str) -> NotAffected:
    fields = Fields(value, where)
    errors = fields.table("ecuErrors", _ecu_error)
    return NotAffected(device=_device(fields), errors=errors)


def _ecu_error(value: object, where: str) -> EcuError:
    fields = Fields(value, where)
    return EcuError(code=fields.text("code"), description=fields.text("description"), extra=fields.rest())


def read_launch_result(value: object) -> LaunchResult:
    """Read what became of an update."""
    fields = Fields(value)
    return LaunchResult(
        affected=fields.items("affected", read_device),
        not_affected=fields.items("notAffected", _not_affected),
        extra=fields.rest(),
    )


def read_source(value: object, where: str = "the answer") -> Source:
    """Read an external source."""
    fields = Fields(value, where)
    return Source(
        last_fetched=fields.time_or_none("lastFetched"),
        remote_uri=fields.text_or_none("remoteUri"),
        friendly_name=fields.text_or_none("friendlyName"),
        expires=fields.time_or_none("expires"),
        extra=fields.rest(),
    )


def read_texts(value: object) -> tuple[str, ...]:
    """Read a list of texts."""
    return items(value, "the answer", text)
