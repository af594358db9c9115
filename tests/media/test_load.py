"""What is to lie on a stick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockstick.disk.tree import FolderTree
from lockstick.media.load import Load, LoadFile, load_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_load_is_every_file_of_a_tree_below_the_folder_on_the_stick(tmp_path: Path) -> None:
    (tmp_path / "images" / "deep").mkdir(parents=True)
    (tmp_path / "images" / "deep" / "fw").write_bytes(b"12345")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("a")
    found = load_of(FolderTree(tmp_path), ("update",))
    assert [(file.place, file.size, file.there) for file in found.files] == [
        (("update", "a"), 0, None),
        (("update", "images", "deep", "fw"), 5, None),
    ]


def test_an_empty_file_that_is_not_there_is_not_kept() -> None:
    assert not LoadFile(place=("a",), size=0).is_kept
    assert LoadFile(place=("a",), size=0, there=0).is_kept
    assert not LoadFile(place=("a",), size=5, there=4).is_kept


def test_the_journal_grows_with_the_number_of_files() -> None:
    one, many = (Load(files=(LoadFile(place=("a",), size=1),) * count) for count in (1, 1000))
    assert 0 < one.bytes_beside < many.bytes_beside
    assert Load(beside=7).bytes_beside == 7
