"""The contents of a lockbox, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.instant import format_instant
from lockstick.report.plain import printable
from lockstick.report.sizes import day, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.lockbox.inspect import Contents

__all__ = ["inspect_json", "inspect_text"]


def inspect_json(contents: Contents) -> dict[str, object]:
    """Write the contents as ``inspect --json`` has them (docs/cli.md).

    Args:
        contents: The contents.

    Returns:
        A value that ``json`` can encode.
    """
    return {
        "documents": [
            {
                "path": document.path,
                "role": document.role or None,
                "version": document.version or None,
                "expires": None if document.expires is None else format_instant(document.expires),
                "signatures": document.signatures,
                "problem": document.problem or None,
            }
            for document in contents.documents
        ],
        "packages": [
            {
                "lockbox": package.lockbox,
                "target": package.target,
                "hardware_ids": list(package.hardware_ids),
                "length": package.length,
                "present": package.present,
            }
            for package in contents.packages
        ],
    }


def inspect_text(contents: Contents) -> Iterator[str]:
    """Write the contents for a person.

    Args:
        contents: The contents.

    Yields:
        Lines without line ends.
    """
    yield "Documents (nothing is proven; 'lockstick verify' does that)"
    for document in contents.documents:
        if document.expires is None:
            yield f"  {printable(document.path)}: {printable(document.problem)}"
        else:
            yield (
                f"  {printable(document.path)}: {document.role} version {document.version}, "
                f"until {day(document.expires)}, {document.signatures} signature(s)"
            )
    yield "Packages"
    for package in contents.packages:
        state = "no file of its own" if not package.length else "present" if package.present else "MISSING"
        hardware = printable(", ".join(package.hardware_ids))
        yield f"  {printable(package.target)} · {size(package.length)} · {hardware} · {state}"
    if not contents.packages:
        yield "  none"
