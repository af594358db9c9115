"""What a device says in every test of this folder, word by word, as somebody read and approved it: words.json.

After a change of words: ``LETTING_PASS=1 pytest tests/trust/device``, then read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.trust.device.client import Device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lockstick.trust.device.media import Media, Payloads
    from lockstick.trust.device.outcome import Step

WORDS = Path(__file__).with_name("words.json")
_LETS_PASS = bool(os.environ.get("LETTING_PASS"))


def _words(step: Step) -> str:
    said = step.verdict.value if step.stage is None else f"{step.verdict.value} {step.stage.value}"
    kind = "" if step.kind is None else f" ({step.kind.value})"
    lockbox = "no lockbox" if step.lockbox == "" else step.lockbox
    return f"{lockbox}: {said}{kind}: {step.reason!r} {step.remedy!r}"


@pytest.fixture(autouse=True)
def _every_word_is_approved(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compare what was said in a test with what was approved for it; not where chance has a say."""
    if getattr(request.function, "is_hypothesis_test", False):
        yield
        return
    heard: list[str] = []
    iterate = Device.iterate

    def listening(self: Device, media: Media, payloads: Payloads, at: datetime) -> Step:
        step = iterate(self, media, payloads, at)
        heard.append(_words(step))
        return step

    monkeypatch.setattr(Device, "iterate", listening)
    yield
    approved: dict[str, list[str]] = json.loads(WORDS.read_text()) if WORDS.exists() else {}
    name = f"{request.path.stem}.{request.node.name}"
    if _LETS_PASS:
        WORDS.write_text(json.dumps({**approved, name: heard} if heard else approved, indent=1, sort_keys=True) + "\n")
        return
    assert heard == approved.get(name, [])
