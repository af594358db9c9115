"""Helpers for the tests of this room."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from lockstick.transfer import Surroundings

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from pathlib import Path

    from lockstick.progress import Phase

LOCKBOX = "kiosk-2026"

SECRET = "canary-Zq9-secret+with&signs%2B"

TREEHUB: Mapping[str, Any] = {
    "oauth2": {"server": "https://login.test/oauth2", "client_id": "garage-tools_1", "client_secret": SECRET},
    "ostree": {"server": "https://trees.test/treehub/api/v3/"},
}


class Clock:
    """Time that passes only when somebody waits, or when a test says so.

    Attributes:
        seconds: The time.
        tick: How much time passes whenever somebody looks.
        pauses: How long was waited, each time.
        surroundings: The world with this time.
    """

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.tick = 0.0
        self.pauses: list[float] = []
        self.surroundings = Surroundings(clock=self._look, chance=lambda: 0.5, wait=self._wait)

    def _look(self) -> float:
        self.seconds += self.tick
        return self.seconds

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.seconds += seconds
        return event.is_set()


class Watcher:
    """An observer that remembers what it was told."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.retries: list[tuple[str, int, str]] = []

    def phase(self, name: Phase, *, total_bytes: int | None = None, files: int | None = None) -> None:
        self.phases.append(name)

    def file_started(self, name: str, *, length: int, offset: int = 0) -> None:
        pass

    def advanced(self, name: str, count: int) -> None:
        pass

    def file_finished(self, name: str) -> None:
        pass

    def retrying(self, name: str, *, attempt: int, delay: float, reason: str) -> None:
        self.retries.append((name, attempt, reason))

    def message(self, text: str) -> None:
        pass


def write_zip(path: Path, members: Mapping[str, bytes | str]) -> Path:
    """Write a zip with exactly these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def good_members(**changes: bytes | str | None) -> dict[str, bytes | str]:
    """Give the members of an acceptable zip; a change to None leaves one out (dots written as ``__``)."""
    members: dict[str, bytes | str | None] = {
        "treehub.json": json.dumps(TREEHUB),
        "tufrepo.url": "https://api.test/repo\n",
        "root.json": b"image root",
        "director.root.json": b"director root",
        "provision.json": "{}",
        "targets.sec": "private",
    }
    members |= {name.replace("__", "."): content for name, content in changes.items()}
    return {name: content for name, content in members.items() if content is not None}


def treehub(**changes: Any) -> str:
    """Give a ``treehub.json`` with some members of its section ``oauth2`` changed; None leaves one out."""
    section = {**TREEHUB["oauth2"], **changes}
    return json.dumps({**TREEHUB, "oauth2": {k: v for k, v in section.items() if v is not None}})


def listed_version(raw: bytes, name: str) -> int:
    """Give the version that a snapshot lists for a file."""
    version: int = json.loads(raw)["signed"]["meta"][name]["version"]
    return version


def as_json(raw: bytes) -> dict[str, Any]:
    """Read a document."""
    document: dict[str, Any] = json.loads(raw)
    return document
