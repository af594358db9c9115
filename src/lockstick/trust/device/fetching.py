"""Fetching: packages from the medium onto the device (lockbox-format 4, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.trust.device.refusal import RefusedError

if TYPE_CHECKING:
    from lockstick.trust.device.media import Payloads
    from lockstick.trust.device.memory import DeviceMemory
    from lockstick.trust.device.profile import DeviceProfile
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["fetch"]


def fetch(target: DeviceTarget, payloads: Payloads, profile: DeviceProfile, memory: DeviceMemory) -> None:
    """Fetch what belongs to a target; what the device has already is not read again.

    Args:
        target: The target.
        payloads: The medium's payloads.
        profile: The device.
        memory: The device's memory; it changes.

    Raises:
        RefusedError: If it cannot be fetched. The code ``crash`` stands for the death of the client.
    """
    for_primary = profile.serial in target.ecus
    if target.is_ostree and not for_primary:
        # The client leaves commits for other ECUs to those.
        return
    if target.is_ostree and profile.ostree:
        _pull(target, payloads, memory)
    else:
        _copy(target, payloads, memory)


def _pull(target: DeviceTarget, payloads: Payloads, memory: DeviceMemory) -> None:
    commit = dict(reversed(target.hashes)).get("sha256", "")
    if commit in memory.commits:
        return
    if problem := payloads.ostree_problem(commit):
        raise RefusedError("ostree", problem.text)
    memory.commits.add(commit)


def _copy(target: DeviceTarget, payloads: Payloads, memory: DeviceMemory) -> None:
    kept = (target.length, target.hashes[:1])
    if memory.fetched.get(target.name) == kept:
        return
    memory.fetched.pop(target.name, None)
    size = payloads.size(target.name)
    if size is None:
        raise RefusedError("file-missing", target.name)
    if size > target.length:
        raise RefusedError("file-large", target.name)
    if target.length == 0:
        raise RefusedError("crash", target.name)
    # Only the first hash is ever computed, and a file that is too short fails by it.
    algorithm, digits = target.hashes[0]
    if payloads.digest(target.name, algorithm) != digits:
        raise RefusedError("file-hash", target.name)
    memory.fetched[target.name] = kept
