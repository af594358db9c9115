from __future__ import annotations

import errno
import json
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from forge import Forge, envelope
from lockstick.disk.tree import FolderTree
from lockstick.media.drives.occupants import Occupant, look, look_at_all
from media.drives.lockboxes import put_lockbox

if TYPE_CHECKING:
    from pathlib import Path

    from lockstick.disk.tree import Entry, Place

UNTIL = datetime(2027, 6, 1, tzinfo=UTC)


def test_a_lockbox_is_found_where_devices_look(tmp_path: Path) -> None:
    put_lockbox(tmp_path / "update")
    assert look(tmp_path) == (Occupant(folder=tmp_path / "update", name="box", version=3, good_until=UNTIL),)


def test_and_in_the_volume_itself(tmp_path: Path) -> None:
    put_lockbox(tmp_path)
    assert look(tmp_path) == (Occupant(folder=tmp_path, name="box", version=3, good_until=UNTIL),)


def test_a_stick_without_one_has_none(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    (tmp_path / "update").mkdir()
    assert look(tmp_path) == ()
    assert look(tmp_path / "gone") == ()


def test_an_unfinished_write_is_told_beside_the_lockbox_that_still_lies_there(tmp_path: Path) -> None:
    (tmp_path / ".lockstick").mkdir()
    (unfinished,) = look(tmp_path)
    assert unfinished.is_unfinished
    assert (unfinished.folder, unfinished.name, unfinished.good_until) == (tmp_path, "", None)
    put_lockbox(tmp_path / "update")
    assert [(one.name, one.is_unfinished) for one in look(tmp_path)] == [("box", False), ("", True)]


def test_an_old_root_that_a_newer_one_replaced_does_not_end_it(tmp_path: Path) -> None:
    put_lockbox(tmp_path)
    forge = Forge()
    old = forge.director_roots[0]
    newer = {**old, "version": 2}
    expired = {**old, "expires": "2020-01-01T00:00:00Z"}
    director = tmp_path / "metadata" / "director"
    (director / "1.root.json").write_text(json.dumps(envelope(expired, forge.root_key)))
    (director / "2.root.json").write_text(json.dumps(envelope(newer, forge.root_key)))
    (one,) = look(tmp_path)
    assert one.good_until == UNTIL
    (director / "2.root.json").unlink()
    (one,) = look(tmp_path)
    assert one.good_until == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_timestamp_that_ends_tomorrow_does_not_end_it(tmp_path: Path) -> None:
    put_lockbox(tmp_path)
    forge = Forge()
    signed = {"_type": "Timestamp", "version": 1, "expires": "2026-01-01T00:00:00Z", "meta": {}}
    timestamp = tmp_path / "metadata" / "image-repo" / "timestamp.json"
    timestamp.write_text(json.dumps(envelope(signed, forge.snapshot_key)))
    (one,) = look(tmp_path)
    assert one == Occupant(folder=tmp_path, name="box", version=3, good_until=UNTIL)


def test_a_document_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    put_lockbox(tmp_path)
    (tmp_path / "metadata" / "director" / "box.json").write_bytes(b"\x1b[2J")
    (one,) = look(tmp_path)
    assert (one.name, one.version) == ("", 0)
    assert "director/box.json" in one.problem


def test_packages_are_not_read(tmp_path: Path) -> None:
    put_lockbox(tmp_path)
    package = tmp_path / "images" / "fw.bin"
    package.unlink()
    if sys.platform != "win32":
        import os  # noqa: PLC0415 - only where there are pipes

        os.mkfifo(package)  # who opens that waits for ever
    assert look(tmp_path)[0].name == "box"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_out_of_the_stick_is_not_followed(tmp_path: Path) -> None:
    put_lockbox(tmp_path / "elsewhere")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "update").symlink_to(tmp_path / "elsewhere")
    (stick / "metadata").symlink_to(tmp_path / "elsewhere" / "metadata")
    assert look(stick) == ()


@pytest.mark.parametrize(("count", "size"), [(300, 1), (3, 2 << 20)])
def test_many_or_large_documents_are_left_to_inspect(count: int, size: int, tmp_path: Path) -> None:
    put_lockbox(tmp_path)
    for index in range(count):
        (tmp_path / "metadata" / "director" / f"x{index}.json").write_bytes(b"[" * size)
    began = time.process_time()
    (one,) = look(tmp_path)
    assert "lockstick inspect" in one.problem
    assert time.process_time() - began < 1


def test_a_volume_that_may_not_be_read_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: FolderTree, place: Place) -> Entry | None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(FolderTree, "look", denied)
    assert [one.problem for one in look(tmp_path)] == ["it cannot be read: Permission denied"]


def test_a_volume_that_does_not_answer_holds_nobody_up(tmp_path: Path) -> None:
    release = threading.Event()

    def looking(mount: Path) -> tuple[Occupant, ...]:
        if mount.name == "dead":
            release.wait(30)
        return (Occupant(folder=mount, name="box"),)

    began = time.monotonic()
    try:
        found = look_at_all([tmp_path / "dead", tmp_path / "sound"], seconds=0.3, looking=looking)
    finally:
        release.set()
    assert time.monotonic() - began < 5
    assert found[tmp_path / "sound"][0].name == "box"
    assert found[tmp_path / "dead"][0].problem == "the volume does not answer in time"


def test_an_odd_volume_hides_no_other_one(tmp_path: Path) -> None:
    def looking(mount: Path) -> tuple[Occupant, ...]:
        if mount.name == "odd":
            raise RecursionError
        return ()

    found = look_at_all([tmp_path / "odd", tmp_path / "sound"], looking=looking)
    assert found[tmp_path / "sound"] == ()
    assert "RecursionError" in found[tmp_path / "odd"][0].problem
