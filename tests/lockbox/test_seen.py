"""The memory of verified versions on the disk: what two runs at once make of it."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.lock import try_lock
from lockstick.lockbox.seen import SeenFiles
from lockstick.lockbox.truststore import StoredAnchors
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors
from lockstick.trust.memory import Seen

if TYPE_CHECKING:
    from pathlib import Path

ANCHORS = Anchors(director=b"a", image_repo=b"b", source="store", dialect=UPTANE)


def versions(number: int) -> Seen:
    return Seen(documents={f"director/{number % 7}.json": number}, lockboxes={"box.json": number})


@pytest.fixture
def entries() -> list[StoredAnchors]:
    return [StoredAnchors(name="ours", anchors=ANCHORS, director_digest=None, image_digest=None)]


def test_runs_at_once_never_lower_what_is_remembered(tmp_path: Path, entries: list[StoredAnchors]) -> None:
    said: list[str] = []
    numbers = list(range(1, 41))

    def run(own: list[int]) -> None:
        files = SeenFiles(tmp_path, entries, say=said.append)
        for number in own:
            files.remember(ANCHORS, versions(number))

    threads = [threading.Thread(target=run, args=(numbers[offset::4],)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = json.loads((tmp_path / "ours.seen.json").read_text())
    highest = {f"director/{rest}.json": max(n for n in numbers if n % 7 == rest) for rest in range(7)}
    assert said == []
    assert kept["lockboxes"] == {"box.json": 40}
    assert kept["documents"] == highest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours.seen.json"]


def test_a_memory_that_another_run_holds_is_said_and_not_written(tmp_path: Path, entries: list[StoredAnchors]) -> None:
    said: list[str] = []
    waits: list[float] = []
    held = try_lock(tmp_path / "ours.seen.lock")
    assert held is not None
    SeenFiles(tmp_path, entries, say=said.append, wait=waits.append).remember(ANCHORS, versions(1))
    os.close(held)
    assert len(said) == 1
    assert "held by another run" in said[0]
    assert sum(waits) == pytest.approx(5)
    assert not (tmp_path / "ours.seen.json").exists()
