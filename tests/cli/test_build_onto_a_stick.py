"""``build --output`` straight onto a stick: read back before it becomes visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.cli.reading_back import way_to_read_back
from lockstick.disk.tree import FolderTree
from lockstick.media.model import Drive, Volume
from lockstick.media.readback import PastCacheTree

if TYPE_CHECKING:
    import io
    from pathlib import Path

    import pytest

    from cli.conftest import Runner
    from lockstick.disk.tree import Place
    from lockstick.sandbox import Sandbox
    from media.ground import BadStick, Stick


def test_what_was_built_is_proven_and_visible(
    lockstick: Runner, cloud: Sandbox, roots: Path, ext4_stick: Stick
) -> None:
    output = ext4_stick.mount / "update"
    call = ("build", "kiosk", "--credentials", cloud.credentials_path, "--output", output, "--read-back")
    assert lockstick(*call).code == 0
    assert lockstick("verify", ext4_stick.mount, "--trust", roots).code == 0
    assert lockstick(*call).code == 0


def test_what_reads_wrong_never_becomes_visible(lockstick: Runner, cloud: Sandbox, fuse_stick: BadStick) -> None:
    output = fuse_stick.mount / "update"
    call = ("build", "kiosk", "--credentials", cloud.credentials_path, "--output", output, "--read-back")
    fuse_stick.flip("update/images/*", 1000)
    result = lockstick(*call)
    assert result.code == 6
    assert "read back" in result.err
    assert "package-hash" in result.err
    assert not (output / "metadata").exists()
    fuse_stick.heal()
    assert lockstick(*call).code == 0
    assert (output / "metadata").is_dir()


class Rotten(FolderTree):
    """A medium that lost its packages, while the system still remembers them."""

    def open(self, place: Place) -> io.RawIOBase:
        return super().open(place) if place[0] != "images" else super().open(("metadata", "director", "kiosk.json"))


def test_what_is_visible_and_reads_wrong_is_hidden(
    build: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build().code == 0
    assert build("--read-back").code == 0
    with monkeypatch.context() as patch:
        patch.setattr("lockstick.media.readback.PastCacheTree", Rotten)
        assert build("--read-back").code == 6
    assert not (tmp_path / "out" / "metadata").exists()
    assert build("--read-back").code == 0


def test_on_a_removable_drive_nobody_needs_to_ask_for_it(
    tmp_path: Path, ext4_stick: Stick, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(device="/dev/sdz", is_removable=True)
    monkeypatch.setattr("lockstick.media.drives.find_drives", lambda: (drive,))
    monkeypatch.setattr("lockstick.media.drives.drive_of", lambda *_: (drive, Volume(device="/dev/sdz1")))
    said: list[str] = []
    inside = ext4_stick.mount / "not" / "yet"
    assert way_to_read_back(inside, wanted=None, say=said.append) is PastCacheTree
    assert "removable" in said[0]
    assert way_to_read_back(inside, wanted=False, say=said.append) is None
    assert way_to_read_back(tmp_path, wanted=True, say=said.append) is PastCacheTree
    assert way_to_read_back(tmp_path, wanted=None, say=said.append) is None
    assert len(said) == 1
