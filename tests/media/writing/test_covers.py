"""What is mounted inside a stick is not the stick: nothing is written, proven or removed there."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

import lockstick
from forge import AT
from lockstick.disk.tree import FolderTree
from lockstick.errors import MediaError
from lockstick.media.writing.covers import cover_in
from lockstick.progress import SILENT
from media.ground.mounting import unmount
from media.writing.boxes import ANCHORS, contents, lay, packages

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.media.writing.outcome import StickOutcome
    from lockstick.progress import Observer
    from media.ground import Stick


def put(source: Path, stick: Path, observer: Observer = SILENT) -> StickOutcome:
    outcome = lockstick.write(
        FolderTree(source), [stick], anchors=ANCHORS, at=AT, clock=time.monotonic, observer=observer
    )
    return outcome.sticks[0]


@pytest.mark.parametrize("name", [".lockstick", ".lockstick/next", ".lockstick/next/images", "update", "update/images"])
@pytest.mark.parametrize("kind", ["memory", "elsewhere"])
def test_nothing_is_done_where_something_else_is_mounted(
    ext4_stick: Stick, tmp_path: Path, name: str, kind: str
) -> None:
    source, stick = lay(tmp_path / "box", packages(2)), ext4_stick.mount
    (stick / name).mkdir(parents=True)
    (stick / "other").mkdir()
    (stick / "other" / "precious").write_bytes(b"precious")
    command = ["mount", "-t", "tmpfs", "none"] if kind == "memory" else ["mount", "--bind", stick / "other"]
    subprocess.run([*command, stick / name], check=True)
    try:
        one = put(source, stick)
    finally:
        unmount(stick / name, by_force=True)
    assert isinstance(one.error, MediaError)
    assert "mounted at" in one.error.what
    assert not (stick / "update" / "metadata").exists()
    assert (stick / "other" / "precious").read_bytes() == b"precious"
    assert put(source, stick).error is None
    assert contents(stick / "update") == contents(source)


def test_what_is_mounted_while_it_is_read_back_keeps_it_hidden(ext4_stick: Stick, tmp_path: Path) -> None:
    source, stick = lay(tmp_path / "box", packages(2)), ext4_stick.mount
    images = stick / ".lockstick" / "next" / "images"

    class Mounting(type(SILENT)):  # type: ignore[misc]  # the observer that looks away
        def phase(self, name: str, **_: object) -> None:
            if name == "publishing":
                subprocess.run(["mount", "-t", "tmpfs", "none", images], check=True)

    try:
        one = put(source, stick, Mounting())
    finally:
        unmount(images, by_force=True)
    assert isinstance(one.error, MediaError)
    assert not (stick / "update").exists()


def test_the_list_of_mounts_is_read_whatever_the_names_are(tmp_path: Path) -> None:
    listing = tmp_path / "mounts"
    line = "36 25 8:1 / {} rw - ext4 /dev/sda1 rw\n"
    odd = tmp_path / "a b\\c" / "ü"
    escaped = str(odd).replace("\\", "\\134").replace(" ", "\\040")
    listing.write_text(line.format("/") + line.format(f"{escaped}/update/images"), encoding="utf-8")
    assert cover_in([odd / "update"], listing) == odd / "update" / "images"
    assert cover_in([odd / "updat"], listing) is None
    assert cover_in([odd / "update"], tmp_path / "none") is None
