"""Properties of package bytes: "downloaded files re-hashed" (lockbox-format 1.4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forge import AT, PAYLOAD
from ground import sound
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.layout import find_lockbox
from lockstick.lockbox.verify import verify
from lockstick.metadata.uptane import UPTANE
from lockstick.trust.evidence import Anchors
from lockstick.trust.findings import Verdict

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = {"fw.bin": PAYLOAD, "feed-os": b"os"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound lockbox on disk."""
    folder = tmp_path_factory.mktemp("lockbox")
    for (repository, name), raw in sound().items():
        (folder / "metadata" / repository).mkdir(parents=True, exist_ok=True)
        (folder / "metadata" / repository / name).write_bytes(raw)
    (folder / "images").mkdir()
    for name, raw in PACKAGES.items():
        (folder / "images" / name).write_bytes(raw)
    return folder


def verdict(folder: Path) -> Verdict:
    roots = sound()
    anchors = Anchors(
        director=roots["director", "1.root.json"],
        image_repo=roots["image-repo", "1.root.json"],
        source="file",
        dialect=UPTANE,
    )
    return verify(find_lockbox(folder).tree, anchors=AnchorChoice(given=anchors), at=AT, clock=time.monotonic).verdict


def test_the_lockbox_is_sound(folder: Path) -> None:
    assert verdict(folder) is Verdict.VERIFIED


@given(st.sampled_from(sorted(PACKAGES)), st.data())
def test_no_change_of_any_byte_of_any_package_verifies(folder: Path, name: str, data: st.DataObject) -> None:
    before = PACKAGES[name]
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, len(before)))
    after = before[:start] + data.draw(st.binary(max_size=end - start + 2)) + before[end:]
    assume(after != before)
    path = folder / "images" / name
    path.write_bytes(after)
    try:
        assert verdict(folder) is Verdict.REJECTED
    finally:
        path.write_bytes(before)
