"""A medium, payloads and a device in memory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forge import AT, PAYLOAD, Forge, Key, envelope
from lockstick.metadata.canonical import canonical
from lockstick.trust.device.client import Device, Provisioned
from lockstick.trust.device.media import Problem
from lockstick.trust.device.profile import DeviceProfile, Secondary, SecondaryKind

if TYPE_CHECKING:
    from lockstick.trust.device.memory import DeviceMemory
    from lockstick.trust.device.outcome import Step
    from lockstick.trust.device.targets import DeviceTarget

BOARD = DeviceProfile(name="board", hardware_id="board", serial="p1")


@dataclass
class Medium:
    """Documents and payloads; change them at will."""

    director: dict[str, bytes]
    image_repo: dict[str, bytes]
    files: dict[str, bytes] = field(default_factory=dict)
    commits: set[str] = field(default_factory=set)
    compose: Problem | None = None
    asked: list[str] = field(default_factory=list)

    def _folder(self, repository: str) -> dict[str, bytes]:
        return {"director": self.director, "image-repo": self.image_repo}[repository]

    def exists(self, repository: str, name: str) -> bool:
        return name in self._folder(repository)

    def read(self, repository: str, name: str, limit: int) -> bytes | None:
        self.asked.append(f"{repository}/{name}")
        raw = self._folder(repository).get(name)
        return None if raw is None or len(raw) > limit else raw

    def size(self, name: str) -> int | None:
        return len(self.files[name]) if name in self.files else None

    def digest(self, name: str, algorithm: str) -> str:
        return hashlib.new(algorithm, self.files[name]).hexdigest()

    def ostree_problem(self, commit: str) -> Problem | None:
        return None if commit in self.commits else Problem("no such commit")

    def compose_problem(self, target: DeviceTarget, platform: str) -> Problem | None:
        return self.compose


def medium(forge: Forge, **files: bytes) -> Medium:
    """What the forge signs, with its usual payload."""
    director, image_repo = forge.documents()
    return Medium(
        {name: canonical(value) for name, value in director.items()},
        {name: canonical(value) for name, value in image_repo.items()},
        {"fw.bin": PAYLOAD} | files,
    )


def device(forge: Forge | None = None, profile: DeviceProfile = BOARD, memory: DeviceMemory | None = None) -> Device:
    """A device that was made with the forge's first roots."""
    anchors = (forge or Forge()).anchors()
    return Device(profile, Provisioned(director=anchors.director, image_repo=anchors.image_repo), memory)


def say(device_: Device, medium_: Medium) -> Step:
    return device_.iterate(medium_, medium_, AT)


def told(forge: Forge, profile: DeviceProfile = BOARD) -> tuple[str, str | None, str]:
    """What a fresh device says: verdict, stage and reason."""
    return summary(say(device(forge, profile), medium(forge)))


def summary(step: Step) -> tuple[str, str | None, str]:
    return step.verdict.value, step.stage.value if step.stage else None, step.reason


def with_secondary(
    kind: SecondaryKind = SecondaryKind.GENERIC, *, roots: bool = False, hardware_id: str = "sensor"
) -> DeviceProfile:
    return DeviceProfile(
        name="board",
        hardware_id="board",
        serial="p1",
        secondaries=(Secondary(hardware_id=hardware_id, serial="s1", kind=kind, has_provisioned_roots=roots),),
    )


def resigned(forge: Forge, raw: bytes, key: Key, **changes: Any) -> bytes:
    """A document with other members in its signed part, signed again by one key."""
    body = json.loads(raw)["signed"] | changes
    return canonical(envelope({name: value for name, value in body.items() if value is not None}, key))
