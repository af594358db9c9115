"""A rehearsal says what the real device client was recorded to say (the records lie beside the checkout)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conftest import SHARED
from lockstick.instant import parse_instant
from lockstick.lockbox.anchors import read_folder
from lockstick.lockbox.devicestate import StateFile
from lockstick.lockbox.jsonfile import Fields
from lockstick.lockbox.layout import find_lockbox
from lockstick.lockbox.profiles import read_profile
from lockstick.lockbox.rehearse import DeviceStory, rehearse
from lockstick.trust.device.client import Provisioned

if TYPE_CHECKING:
    from pathlib import Path

CASES = SHARED / "device-verdicts"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the recorded verdicts are not beside this checkout")


def cases() -> list[str]:
    if not CASES.is_dir():
        return []
    return sorted(case.name for case in CASES.iterdir() if (case / "case.json").is_file())


def told(case: Path, steps: list[Path], recorded: dict[str, Any], tmp_path: Path, state: StateFile) -> DeviceStory:
    profile = tmp_path / "device.json"
    profile.write_text(json.dumps(recorded["device"]))
    roots = read_folder(case / "provision")
    (story,) = rehearse(
        [(step, find_lockbox(step).tree) for step in steps],
        [read_profile(profile)],
        provisioned=Provisioned(director=roots.director, image_repo=roots.image_repo),
        memory=state.memory,
        at=parse_instant(recorded["at"]),
    )
    return story


def steps_of(case: Path) -> list[Path]:
    return sorted(case.glob("step-*"), key=lambda step: int(step.name.removeprefix("step-"))) or [case]


@pytest.mark.parametrize("name", cases())
def test_the_rehearsal_agrees_with_the_recorded_device(name: str, tmp_path: Path) -> None:
    recorded = json.loads((CASES / name / "case.json").read_text())
    case = CASES / name
    story = told(case, steps_of(case), recorded, tmp_path, StateFile())
    wanted = recorded.get("steps", [recorded])
    assert [(one.step.verdict, one.step.stage) for one in story.steps] == [
        (step["verdict"], step.get("stage")) for step in wanted
    ], [one.step.reason for one in story.steps]


@pytest.mark.parametrize("name", [name for name in cases() if name.startswith("sequence-")])
def test_a_story_that_is_told_in_several_calls_ends_alike(name: str, tmp_path: Path) -> None:
    case = CASES / name
    recorded = json.loads((case / "case.json").read_text())
    state = StateFile()
    for step, wanted in zip(steps_of(case), recorded["steps"], strict=True):
        story = told(case, [step], recorded, tmp_path, state)
        state = StateFile(Fields("state", json.loads(json.dumps(state.document()))))
        assert (story.steps[0].step.verdict, story.steps[0].step.stage) == (wanted["verdict"], wanted.get("stage"))


@pytest.mark.skipif(not (SHARED / "example-lockbox").is_dir(), reason="the example is not beside this checkout")
def test_the_complete_example_is_taken_and_then_it_is_installed(tmp_path: Path) -> None:
    example = SHARED / "example-lockbox"
    profile = tmp_path / "device.json"
    secondaries = [{"hardware_id": name, "serial": name} for name in ("docker-compose", "example-mcu")]
    primary = {"hardware_id": "verdin-example", "serial": "p"}
    profile.write_text(
        json.dumps({"primary": primary, "secondaries": secondaries, "ostree": True, "docker_platform": "linux/arm64"})
    )
    (story,) = rehearse(
        [(example, find_lockbox(example).tree)] * 2,
        [read_profile(profile)],
        provisioned=Provisioned(
            director=(example / "metadata" / "director" / "1.root.json").read_bytes(),
            image_repo=(example / "metadata" / "image-repo" / "1.root.json").read_bytes(),
        ),
        memory=StateFile().memory,
        at=parse_instant("2026-11-21T09:00:00Z"),
    )
    assert [one.step.verdict for one in story.steps] == ["PASS", "NOUPDATE"]
    assert story.steps[0].step.lockbox == "line-a"
