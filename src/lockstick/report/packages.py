"""The packages of an account and the sources of others, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.report.plain import printable
from lockstick.report.sizes import day, size
from lockstick.report.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from lockstick.cloud.api import Package, Source

__all__ = ["list_text", "package_json", "package_text", "source_json", "sources_text"]

OWN = "targets.json"
"""The signed list of an account's own packages (cloud-apis 1.2, P1)."""


def package_json(package: Package) -> dict[str, object]:
    """Write a package as ``packages show --json`` has it (docs/cli.md)."""
    return {
        "id": package.package_id,
        "name": package.name,
        "version": package.version,
        "length": package.size,
        "hashes": dict(package.hashes),
        "source": package.source,
        "kind": package.kind,
        "hardware_ids": list(package.hardware_ids),
        "created": _instant(package.created_at),
        "uri": package.uri,
        "metadata": package.proprietary,
        "comment": package.comment,
    }


def list_text(packages: Sequence[Package]) -> Iterator[str]:
    """Write a list for a person.

    Yields:
        Lines without line ends.
    """
    rows = [
        (
            one.package_id,
            one.name,
            one.version,
            size(one.size),
            one.kind or "-",
            _source(one),
            ", ".join(one.hardware_ids) or "-",
        )
        for one in packages
    ]
    yield from table(("id", "name", "version", "size", "kind", "from", "hardware ids"), rows)


def package_text(package: Package) -> Iterator[str]:
    """Write one package for a person.

    Yields:
        Lines without line ends.
    """
    yield printable(package.package_id)
    members = (
        ("name", package.name),
        ("version", package.version),
        ("size", f"{size(package.size)} ({package.size} bytes)"),
        ("kind", package.kind),
        ("from", _source(package)),
        ("for", ", ".join(package.hardware_ids)),
        *((name, digest) for name, digest in package.hashes.items()),
        ("created", None if package.created_at is None else day(package.created_at)),
        ("uri", package.uri),
        ("comment", package.comment),
        ("metadata", None if package.proprietary is None else str(package.proprietary)),
    )
    for name, value in members:
        if value:
            yield f"  {printable(name):8} {printable(value)}"


def source_json(name: str, source: Source) -> dict[str, object]:
    """Write a source as ``packages sources --json`` has it (docs/cli.md)."""
    return {
        "name": name,
        "friendly_name": source.friendly_name,
        "uri": source.remote_uri,
        "last_fetched": _instant(source.last_fetched),
        "expires": _instant(source.expires),
    }


def sources_text(sources: Mapping[str, Source]) -> Iterator[str]:
    """Write the sources for a person.

    Yields:
        Lines without line ends.
    """
    rows = [
        (
            name,
            "-" if one.last_fetched is None else day(one.last_fetched),
            "-" if one.expires is None else day(one.expires),
            one.remote_uri or "-",
            one.friendly_name or "",
        )
        for name, one in sources.items()
    ]
    yield from table(("name", "last looked at", "good until", "address", "called"), rows)


def _source(package: Package) -> str:
    if package.source is None:
        return "-"
    return "own" if package.source == OWN else package.source.removesuffix(".json")


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
