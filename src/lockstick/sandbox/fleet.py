"""The devices of the rehearsal account: which updates go to them, and which can still be cancelled.

1. An update is for devices by their UUID, and for all devices of a fleet.
2. A device takes part only if each package fits one of its hardware ids and nothing is on its way to it yet.
3. What a device has not picked up can be cancelled; what it has, cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import NAMESPACE_URL, uuid5

from lockstick.sandbox.director import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockstick.metadata.types import JsonObject
    from lockstick.sandbox.state import PackageRecord, State

__all__ = ["DEVICES", "FLEETS", "Device", "Fleet"]


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device of the account.

    Attributes:
        uuid: Its name for programs.
        device_id: Its name for its owner.
        name: Its name for people.
        hardware_ids: The kinds of the computers in it.
    """

    uuid: str
    device_id: str
    name: str
    hardware_ids: tuple[str, ...]

    @property
    def described(self) -> JsonObject:
        """The device as answers show it."""
        return {"deviceUuid": self.uuid, "deviceId": self.device_id, "name": self.name}


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"rehearsal:{name}"))


def _device(device_id: str, name: str, *hardware_ids: str) -> Device:
    return Device(uuid=_uuid(device_id), device_id=device_id, name=name, hardware_ids=hardware_ids)


DEVICES: Sequence[Device] = (
    _device("verdin-0815", "Calm-Otter", "verdin-imx8mp", "verdin-imx8mp-bootloader", "docker-compose"),
    _device("verdin-0816", "Wry-Fox", "verdin-imx8mp", "verdin-imx8mp-bootloader"),
    _device("hub-0001", "Old-Heron", "co2-hub", "map-unit"),
)
"""Every rehearsal cloud has these."""

FLEETS = {_uuid("fleet-north"): DEVICES[:2]}
"""Fleets by their UUID."""

_State = Literal["assigned", "seen", ""]


class Fleet:
    """The devices, and what is on its way to them.

    Args:
        state: Where that is kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def launch(self, packages: Sequence[PackageRecord], devices: Iterable[str], fleets: Iterable[str]) -> JsonObject:
        """Give packages to devices, as one update.

        Args:
            packages: The packages.
            devices: UUIDs of devices.
            fleets: UUIDs of fleets.

        Returns:
            Who is affected and who is not, and why.

        Raises:
            RefusedError: A device or fleet is not known.
        """
        known = {device.uuid: device for device in DEVICES}
        wanted: dict[str, Device] = {}
        for uuid in devices:
            if uuid not in known:
                raise RefusedError(400, "missing_device", f"device not found: {uuid}")
            wanted[uuid] = known[uuid]
        for uuid in fleets:
            if uuid not in FLEETS:
                raise RefusedError(400, "missing_fleet", f"fleet not found: {uuid}")
            wanted |= {device.uuid: device for device in FLEETS[uuid]}
        affected: list[JsonObject] = []
        others: list[JsonObject] = []
        with self._state.transaction():
            for device in wanted.values():
                errors = self._errors(device, packages)
                if errors:
                    others.append({**device.described, "ecuErrors": errors})
                else:
                    affected.append(device.described)
                    self._set(device.uuid, "assigned")
        return {"affected": [*affected], "notAffected": [*others]}

    def cancel(self, devices: Iterable[str]) -> list[str]:
        """Cancel what devices have not picked up yet.

        Returns:
            The UUIDs of the devices for which something was cancelled.
        """
        with self._state.transaction():
            cancelled = [uuid for uuid in devices if self._get(uuid) == "assigned"]
            for uuid in cancelled:
                self._set(uuid, "")
        return cancelled

    def pick_up(self, uuid: str) -> None:
        """Let a device ask for its update: from now on it cannot be cancelled."""
        if self._get(uuid) == "assigned":
            self._set(uuid, "seen")

    def _errors(self, device: Device, packages: Sequence[PackageRecord]) -> JsonObject:
        if self._get(device.uuid):
            return {device.hardware_ids[0]: _error("ecu_has_assignment", "an update is on its way to it")}
        return {
            (record.hardware_ids or (record.target,))[0]: _error(
                "ecu_does_not_support_target", "no computer of the device has that hardware id"
            )
            for record in packages
            if not set(record.hardware_ids) & set(device.hardware_ids)
        }

    def _get(self, uuid: str) -> str:
        return self._state.setting(f"assignment/{uuid}") or ""

    def _set(self, uuid: str, state: _State) -> None:
        self._state.set_setting(f"assignment/{uuid}", state)


def _error(code: str, description: str) -> JsonObject:
    return {"code": code, "description": description}
