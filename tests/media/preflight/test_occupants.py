"""What lies on a stick already, found in real folders and judged."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.media.preflight import Contents, FoundLockbox, Wishes
from lockstick.media.preflight.contents import is_litter, look_inside, order_of_choice
from lockstick.media.remarks import Weight
from media.preflight.ground import load, said, stick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.disk.tree import Entry
    from lockstick.media.remarks import Remark


def lockbox(folder: Path, *names: str, listed: tuple[str, ...] | None = None) -> None:
    director = folder / "metadata" / "director"
    director.mkdir(parents=True)
    for name in (*(f"{name}.json" for name in names), "1.root.json", "root.json"):
        (director / name).write_text("{}")
    meta: dict[str, dict[str, str]] = {f"{name}.json": {} for name in (names if listed is None else listed)}
    (director / "offline-snapshot.json").write_text(json.dumps({"signed": {"meta": meta}}))


def found(mount: Path, wishes: Wishes | None = None) -> dict[str, Remark]:
    return said(stick(contents=look_inside(FolderTree(mount))), wishes=wishes)


def test_an_empty_stick(tmp_path: Path) -> None:
    assert look_inside(FolderTree(tmp_path)) == Contents()
    assert found(tmp_path) == {}


def test_photos_and_the_systems_own_folders_bother_nobody(tmp_path: Path) -> None:
    for name in ("photos/a.jpg", "System Volume Information/WPSettings.dat", ".Trashes/x", ".fseventsd/y"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert found(tmp_path) == {}


def test_the_lockbox_that_is_replaced_is_named(tmp_path: Path) -> None:
    lockbox(tmp_path / "update", "spring")
    assert list(found(tmp_path)) == ["lockbox-replaced"]
    remark = found(tmp_path)["lockbox-replaced"]
    assert remark.weight is Weight.NOTE
    assert "'spring'" in remark.message


def test_lockboxes_in_other_places_are_warned_of(tmp_path: Path) -> None:
    lockbox(tmp_path, "at-the-top")
    remark = found(tmp_path)["lockbox-elsewhere"]
    assert remark.weight is Weight.WARNING
    assert "'at-the-top'" in remark.message
    assert "Remove metadata unless" in remark.remedy


def test_one_level_down_is_looked_at(tmp_path: Path) -> None:
    lockbox(tmp_path / "backup", "old")
    assert found(tmp_path)["lockbox-elsewhere"].subject == "backup"
    assert "lockbox-elsewhere" not in found(tmp_path, Wishes(folder="backup"))


def test_case_does_not_tell_folders_apart_on_fat(tmp_path: Path) -> None:
    lockbox(tmp_path / "UPDATE", "spring")
    contents = look_inside(FolderTree(tmp_path))
    assert list(said(stick(contents=contents))) == ["lockbox-replaced"]
    assert list(said(stick(contents=contents, file_system="ext4"))) == ["lockbox-elsewhere"]


def test_of_several_lockboxes_in_a_folder_the_one_that_a_device_takes_is_named(tmp_path: Path) -> None:
    lockbox(tmp_path / "update", "line", "line-a", "Zeta")
    remark = found(tmp_path)["several-lockboxes"]
    assert remark.weight is Weight.NOTE
    assert "takes 'Zeta'" in remark.message
    assert found(tmp_path, Wishes(folder="other"))["several-lockboxes"].weight is Weight.WARNING


def test_of_many_lockboxes_the_first_three_are_named(tmp_path: Path) -> None:
    lockbox(tmp_path / "update", "a", "b", "c", "d", "e")
    assert "(a, b, c and 2 more)" in found(tmp_path)["several-lockboxes"].message


def test_a_lockbox_that_the_account_does_not_list_is_invisible(tmp_path: Path) -> None:
    lockbox(tmp_path / "update", "mine", "Foreign", listed=("mine", "gone"))
    assert look_inside(FolderTree(tmp_path)).lockboxes == (FoundLockbox(place=("update",), names=("mine",)),)
    assert "several-lockboxes" not in found(tmp_path)


@pytest.mark.parametrize("snapshot", [None, b"", b"[]", b"{}", b'{"signed":7}', b"[" * 60_000, b" " * 65_537])
def test_without_a_list_every_file_that_may_be_one_counts(snapshot: bytes | None) -> None:
    files = frozenset({"a.json", "1.root.json", "root.json", "offline-snapshot.json", "._a.json", "b.txt"})
    assert order_of_choice(files, snapshot) == ("a",)


def test_a_device_goes_by_the_bytes_of_the_whole_name() -> None:
    files = frozenset({"line.json", "line-a.json", "Zeta.json", "line-a.b.json"})
    assert order_of_choice(files, None) == ("Zeta", "line-a.b", "line-a", "line")


def test_several_lockboxes_that_would_be_written_are_warned_of() -> None:
    two = load("update/metadata/director/a.json", "update/metadata/director/B.json", "update/images/x.json")
    remark = said(stick(), two)["several-lockboxes"]
    assert remark.weight is Weight.WARNING
    assert "'B'" in remark.message


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Update").write_bytes(b"x")
    contents = look_inside(FolderTree(tmp_path))
    assert said(stick(contents=contents))["folder-in-use"].weight is Weight.ERROR
    assert "folder-in-use" not in said(stick(contents=contents, file_system="ext4"))


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "update").mkdir()
    assert found(tmp_path) == {}
    (tmp_path / "update" / "holiday.jpg").write_bytes(b"x")
    assert found(tmp_path)["folder-in-use"].weight is Weight.ERROR
    assert found(tmp_path, Wishes(folder="other")) == {}


def test_what_lies_in_the_place_of_the_work_and_the_receipt_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".lockstick").write_bytes(b"x")
    assert found(tmp_path)["folder-in-use"].subject == ".lockstick"
    (tmp_path / ".lockstick").unlink()
    (tmp_path / "lockstick-receipt.json").mkdir()
    assert found(tmp_path)["folder-in-use"].subject == "lockstick-receipt.json"


def test_an_unfinished_run_is_a_note(tmp_path: Path) -> None:
    (tmp_path / ".lockstick").mkdir()
    assert {name: remark.weight for name, remark in found(tmp_path).items()} == {"unfinished-run": Weight.NOTE}


def test_an_unfinished_build_onto_the_stick_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "update" / ".lockstick").mkdir(parents=True)
    assert list(found(tmp_path)) == ["unfinished-run"]


@pytest.mark.parametrize("name", ["._box.json", ".DS_Store", "Thumbs.db", "os.img.part", "FOUND.000", "desktop.ini"])
def test_litter_at_the_top_and_between_documents_is_a_note(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert found(tmp_path)["litter"].weight is Weight.NOTE
    (tmp_path / name).unlink()
    lockbox(tmp_path / "update", "box")
    assert "litter" not in found(tmp_path)
    (tmp_path / "update" / "metadata" / "director" / name).write_bytes(b"x")
    assert "devices pass over them" in found(tmp_path)["litter"].remedy
    assert found(tmp_path)["lockbox-replaced"].message == "the lockbox 'box' is there already"


@pytest.mark.parametrize("name", ["_.json", "part", "found.txt", "foundation", ".hidden", "partial", "a.part.json"])
def test_names_that_only_look_like_litter(name: str) -> None:
    assert not is_litter(name)


def test_litter_that_would_be_written_is_warned_of() -> None:
    assert said(stick(), load("update/metadata/director/._box.json"))["litter"].weight is Weight.WARNING


def test_a_stick_with_too_much_on_it_says_so(tmp_path: Path) -> None:
    for number in range(2001):
        (tmp_path / f"{number}").touch()
    assert found(tmp_path)["contents-unknown"].weight is Weight.NOTE
    (tmp_path / "0").unlink()
    assert found(tmp_path) == {}


def test_links_are_not_followed(tmp_path: Path) -> None:
    lockbox(tmp_path / "elsewhere", "box")
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "update").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path / "stick").keys() == {"folder-in-use"}


def test_a_folder_that_cannot_be_read_is_said_to_be_unknown(tmp_path: Path) -> None:
    class Failing(FolderTree):
        def entries(self, place: tuple[str, ...]) -> Iterator[Entry]:
            if place:
                raise OSError(errno.EIO, "the medium fails")
            return super().entries(place)

    (tmp_path / "photos").mkdir()
    assert look_inside(FolderTree(tmp_path)).is_whole
    assert not look_inside(Failing(tmp_path)).is_whole
