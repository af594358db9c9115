"""Which targets are new for a device (lockbox-format 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.targets import DeviceTarget, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lockstick.trust.device.profile import DeviceProfile

__all__ = ["new_targets"]


def new_targets(
    targets: Sequence[DeviceTarget], installed: Mapping[str, DeviceTarget], profile: DeviceProfile
) -> tuple[DeviceTarget, ...]:
    """Choose the targets that are new for at least one of the ECUs they address.

    Args:
        targets: The lockbox's targets with the device's ECUs.
        installed: Serial to the target that is installed there.
        profile: The device.

    Returns:
        The new ones. A target that addresses no ECU of the device is passed over in silence.

    Raises:
        RefusedError: If a target names an ECU that the device lacks, has the name of an installed one without being
            the same, or is a file for a primary with OSTree.
    """
    return tuple(target for target in targets if _is_new(target, installed, profile))


def _is_new(target: DeviceTarget, installed: Mapping[str, DeviceTarget], profile: DeviceProfile) -> bool:
    new = False
    for serial, hardware_id in sorted(target.ecus.items()):
        if profile.ecus.get(serial) != hardware_id:
            raise RefusedError("ecu-unknown", f"{target.name}, ECU {serial}")
        current = installed.get(serial)
        if current is None or (current.name != target.name and not same(current, target)):
            new = True
        elif not same(current, target):
            raise RefusedError("content-differs", target.name)
        if profile.ostree and serial == profile.serial and not target.is_ostree:
            raise RefusedError("not-ostree", target.name)
    return new
