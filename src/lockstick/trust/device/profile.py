"""A device: its ECUs and what is particular about it (docs/rehearse.md, "The device profile")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lockstick.trust.device.limits import DEFAULT_CLIENT, Client

__all__ = ["DeviceProfile", "Secondary", "SecondaryKind"]


class SecondaryKind(StrEnum):
    """What a secondary does with a package."""

    COMPOSE = "docker-compose"
    GENERIC = "generic"


@dataclass(frozen=True, kw_only=True)
class Secondary:
    """An ECU beside the primary.

    Attributes:
        hardware_id: Its hardware id.
        serial: Its serial.
        kind: What it does with a package.
        has_provisioned_roots: True if it held the device's roots before the first lockbox of the story.
    """

    hardware_id: str
    serial: str
    kind: SecondaryKind = SecondaryKind.GENERIC
    has_provisioned_roots: bool = False


@dataclass(frozen=True, kw_only=True)
class DeviceProfile:
    """A device.

    Attributes:
        name: What a report calls it.
        hardware_id: The primary's hardware id.
        serial: The primary's serial.
        secondaries: The other ECUs.
        registered: False if the device never registered its ECUs with the server.
        docker_platform: The platform for which it takes images, like ``linux/arm64``; empty if unknown.
        ostree: True if the primary's operating system is an OSTree deployment.
        client: The revision of its client.
    """

    name: str
    hardware_id: str
    serial: str
    secondaries: tuple[Secondary, ...] = ()
    registered: bool = True
    docker_platform: str = ""
    ostree: bool = False
    client: Client = DEFAULT_CLIENT

    @property
    def ecus(self) -> dict[str, str]:
        """Serial to hardware id of all its ECUs."""
        return {self.serial: self.hardware_id} | {one.serial: one.hardware_id for one in self.secondaries}
