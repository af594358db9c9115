"""A medium that is gone is noticed, and nothing is put where it was."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import MediaError, UsageError
from lockstick.media.writing.journal import read_journal, write_journal
from lockstick.media.writing.medium import Medium, RemovedError
from media.writing.boxes import consigned, lay, packages

if TYPE_CHECKING:
    from pathlib import Path

    from media.ground import Stick


def test_where_a_stick_was_nothing_is_made(ext4_stick: Stick) -> None:
    with Medium(ext4_stick.mount, wait=lambda _: None) as medium:
        work = ext4_stick.mount / ".lockstick" / "next"
        medium.make_folder(work)
        ext4_stick.yank()
        assert not medium.is_here
        for step in (
            lambda: medium.make_folder(work / "images"),
            lambda: medium.open(work / "file"),
            lambda: medium.rename(work, ext4_stick.mount / "update"),
            lambda: medium.remove(work / "file"),
            medium.free,
            lambda: medium.flush([]),
            medium.require_after_trouble,
        ):
            with pytest.raises(RemovedError, match="was removed"):
                step()
        assert list(ext4_stick.mount.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENODEV, errno.ENOTCONN, errno.ENXIO, errno.ESHUTDOWN])
def test_some_errors_mean_that_it_is_gone(tmp_path: Path, code: int) -> None:
    with Medium(tmp_path) as medium:
        error = medium.trouble(OSError(code, "words"), tmp_path, "written")
    assert isinstance(error, RemovedError)
    assert "goes on where it was" in error.remedy


def test_an_error_of_reading_waits_for_the_mount_to_go(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            stick.rmdir()

    with Medium(stick, wait=wait) as medium:
        assert isinstance(medium.trouble(OSError(errno.EIO, "words"), stick, "read"), RemovedError)
    assert len(waited) == 3


def test_a_medium_that_fails_and_stays_is_said_to_fail(tmp_path: Path) -> None:
    with Medium(tmp_path, wait=lambda _: None) as medium:
        error = medium.trouble(OSError(errno.EIO, "words"), tmp_path, "read")
    assert type(error) is MediaError
    assert "input/output error" in error.why


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="not a folder"):
        Medium(tmp_path / "file")
    with pytest.raises(UsageError, match="no folder"):
        Medium(tmp_path / "missing")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"format": 2, "identity": "x", "files": {}}',
        b'{"format": 1, "identity": 5, "files": {}}',
        b'{"format": 1, "identity": "x", "files": []}',
        b"\xff",
    ],
)
def test_a_journal_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "journal.json").write_bytes(text)
    assert read_journal(tmp_path / "journal.json") is None


def test_a_journal_that_is_larger_than_any_is_not_read(tmp_path: Path) -> None:
    text = b'{"format": 1, "identity": "x", "files": {}}'
    (tmp_path / "journal.json").write_bytes(text.ljust(16 << 20))
    assert read_journal(tmp_path / "journal.json") is not None
    (tmp_path / "journal.json").write_bytes(text.ljust((16 << 20) + 1))
    assert read_journal(tmp_path / "journal.json") is None


def test_a_journal_gives_back_what_was_written(tmp_path: Path) -> None:
    consignment = consigned(lay(tmp_path / "box", packages(2, 500)))
    write_journal(tmp_path / "journal.json", consignment)
    journal = read_journal(tmp_path / "journal.json")
    assert journal is not None
    assert journal.identity == consignment.identity
    assert journal.claims == {piece.place: dict(piece.digests) for piece in consignment.pieces}


def test_claims_that_are_none_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_bytes(
        b'{"format": 1, "identity": "x", "files": {"a": {"sha256": 5}, "b": 7, "c": {"sha256": "d"}}}'
    )
    journal = read_journal(tmp_path / "journal.json")
    assert journal is not None
    assert journal.claims == {("c",): {"sha256": "d"}}
