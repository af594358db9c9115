"""A rehearsal: what would these devices say to these lockboxes, in this order?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.lockbox.devicemedia import PayloadJudges, TreeMedia, TreePayloads
from lockstick.lockbox.payloadjudges import DEVICE_JUDGES
from lockstick.trust.device.client import Device, Provisioned
from lockstick.trust.device.outcome import DeviceVerdict
from lockstick.trust.device.refusal import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from lockstick.disk.tree import Tree
    from lockstick.trust.device.memory import DeviceMemory
    from lockstick.trust.device.outcome import Step
    from lockstick.trust.device.profile import DeviceProfile

__all__ = ["DeviceStory", "RehearsedStep", "rehearse", "stories_exit_code"]


@dataclass(frozen=True)
class RehearsedStep:
    """What a device says to one of the folders.

    Attributes:
        folder: The folder, as given.
        step: What it says.
    """

    folder: Path
    step: Step


@dataclass(frozen=True)
class DeviceStory:
    """What a device says to all of the folders, one after the other.

    Attributes:
        device: The device.
        steps: What it says to each.
    """

    device: DeviceProfile
    steps: tuple[RehearsedStep, ...]


def rehearse(
    lockboxes: Sequence[tuple[Path, Tree]],
    devices: Sequence[DeviceProfile],
    *,
    provisioned: Provisioned,
    memory: Callable[[str], DeviceMemory],
    at: datetime,
    judges: PayloadJudges = DEVICE_JUDGES,
) -> tuple[DeviceStory, ...]:
    """Play the device client. Nothing is written; no device says anything to the others.

    Args:
        lockboxes: Folder as given, and the lockbox that lies in it, in the order in which the media are inserted.
        devices: The devices.
        provisioned: The roots that they were made with.
        memory: Gives the memory of a device by the serial of its primary; it is changed.
        at: The time on the devices.
        judges: Who knows the inside of payloads; by default those who know the device client.

    Returns:
        One story for each device. Nothing is raised for anything that lies in the folders.
    """
    stories: list[DeviceStory] = []
    for profile in devices:
        device = Device(profile, provisioned, memory(profile.serial))
        steps = tuple(
            RehearsedStep(folder, device.iterate(TreeMedia(tree), TreePayloads(tree, judges), at))
            for folder, tree in lockboxes
        )
        stories.append(DeviceStory(profile, steps))
    return tuple(stories)


def stories_exit_code(stories: Sequence[DeviceStory]) -> int:
    """The exit code for stories: the worst step decides.

    Args:
        stories: The stories.

    Returns:
        0 if every device takes every lockbox or has nothing to do; 3 if one is refused for a reason of trust or
        kills the client; else 4: refused for its age alone.
    """
    steps = [rehearsed.step for story in stories for rehearsed in story.steps]
    bad = [step for step in steps if step.verdict in (DeviceVerdict.FAIL, DeviceVerdict.CRASH)]
    if not bad:
        return 0
    return 4 if all(step.kind is Kind.STALE for step in bad) else 3
