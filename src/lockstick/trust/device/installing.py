"""Installing: metadata to the other ECUs, then the packages (lockbox-format 1.6, 3.8, 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lockstick.trust.device.profile import Secondary, SecondaryKind
from lockstick.trust.device.refusal import RefusedError
from lockstick.trust.device.secondaries import send_metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockstick.trust.device.media import Payloads
    from lockstick.trust.device.memory import DeviceMemory
    from lockstick.trust.device.profile import DeviceProfile
    from lockstick.trust.device.situation import Situation
    from lockstick.trust.device.targets import DeviceTarget

__all__ = ["SilentError", "install"]


class SilentError(Exception):
    """The device reports success, but an application does not come up.

    Args:
        text: Why, in words.
    """


def install(
    targets: Sequence[DeviceTarget],
    payloads: Payloads,
    profile: DeviceProfile,
    memory: DeviceMemory,
    situation: Situation,
) -> None:
    """Install targets that were fetched.

    Args:
        targets: The targets.
        payloads: The medium's payloads.
        profile: The device.
        memory: The device's memory, with one for each of its other ECUs; it changes.
        situation: The iteration; the other ECUs read the medium again.

    Raises:
        RefusedError: If the installation fails.
        SilentError: If the device takes everything and an application does not come up nevertheless.
    """
    jobs = [(target, one) for target in targets for one in profile.secondaries if one.serial in target.ecus]
    failures: list[RefusedError] = []
    for _, secondary in jobs:
        try:
            send_metadata(memory.primary, memory.secondaries[secondary.serial], situation)
        except RefusedError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    silent = [_send(target, secondary, payloads, profile) for target, secondary in jobs]
    for target in targets:
        for serial, hardware_id in target.ecus.items():
            # An ECU that never registered is unknown to the table from which the client reads this again.
            ecus = {serial: hardware_id} if profile.registered else {}
            memory.installed[serial] = replace(target, ecus=ecus | dict(target.named), named={})
    if not profile.registered:
        raise RefusedError("unregistered")
    if any(silent):
        raise SilentError(next(text for text in silent if text))


def _send(target: DeviceTarget, secondary: Secondary, payloads: Payloads, profile: DeviceProfile) -> str:
    """Hand a package to an ECU; returns why it silently does not work, or an empty text."""
    if target.is_ostree:
        raise RefusedError("ostree-secondary", target.name)
    if secondary.kind is not SecondaryKind.COMPOSE:
        return ""
    problem = payloads.compose_problem(target, profile.docker_platform)
    if problem is None:
        return ""
    if problem.silent:
        return problem.text
    raise RefusedError("compose-crash" if problem.fatal else "compose", problem.text)
