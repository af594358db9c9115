"""Stories of devices for a person, and as the JSON document of the command line contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockstick.lockbox.rehearse import DeviceStory, RehearsedStep

__all__ = ["rehearse_json", "rehearse_text"]


def rehearse_json(stories: Sequence[DeviceStory], *, fleet: bool) -> dict[str, object]:
    """Write stories as ``rehearse --json`` has them (docs/cli.md).

    Args:
        stories: The stories.
        fleet: True to name the devices; with exactly one device the contract has just its steps.

    Returns:
        A value that ``json`` can encode.
    """
    if not fleet and len(stories) == 1:
        return {"steps": [_step(one) for one in stories[0].steps]}
    return {
        "devices": [
            {
                "device": story.device.name,
                "serial": story.device.serial,
                "steps": [_step(one) for one in story.steps],
            }
            for story in stories
        ]
    }


def rehearse_text(stories: Sequence[DeviceStory]) -> Iterator[str]:
    """Write stories for a person.

    Args:
        stories: The stories.

    Yields:
        Lines without line ends.
    """
    for story in stories:
        yield f"{printable(story.device.name)} ({printable(story.device.hardware_id)})"
        for number, one in enumerate(story.steps, start=1):
            step = one.step
            stage = f" at {step.stage}" if step.stage and step.reason else ""
            yield f"  {number}. {step.verdict}{stage}: {_shown(one)}"
            if step.reason:
                yield f"     {printable(step.reason)}"
            if step.remedy:
                yield f"     -> {step.remedy}"


def _shown(one: RehearsedStep) -> str:
    folder = printable(str(one.folder))
    return f"{printable(one.step.lockbox)} in {folder}" if one.step.lockbox else folder


def _step(one: RehearsedStep) -> dict[str, object]:
    step = one.step
    return {
        "lockbox": step.lockbox or str(one.folder),
        "verdict": step.verdict.value,
        "stage": None if step.stage is None else step.stage.value,
        "reason": step.reason,
        "remedy": step.remedy,
    }
