"""Which kind of payload stands behind a target."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstick.trust.expected import ExpectedPackage

__all__ = ["COMPOSE_HARDWARE_ID", "Kind", "kind_of"]

COMPOSE_HARDWARE_ID = "docker-compose"
"""The hardware id of the secondary that runs container applications (lockbox-format 1.6)."""


class Kind(StrEnum):
    """What the bytes behind a target are."""

    BINARY = "binary"
    COMPOSE = "compose"
    OSTREE = "ostree"


def kind_of(package: ExpectedPackage) -> Kind:
    """Say which kind a package is of, as the device decides it (device-client 2.2).

    Args:
        package: The package, as signed.

    Returns:
        Its kind.
    """
    if package.target_format == "OSTREE" or (package.length == 0 and package.target_format != "BINARY"):
        return Kind.OSTREE
    if COMPOSE_HARDWARE_ID in package.hardware_ids:
        return Kind.COMPOSE
    return Kind.BINARY
