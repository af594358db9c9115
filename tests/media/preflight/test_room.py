"""Whether everything fits."""

from __future__ import annotations

import pytest

from lockstick.media.load import Load
from lockstick.media.preflight import Contents, Wishes, check
from lockstick.media.remarks import Weight
from media.preflight.ground import BOX, GIB, MOUNT, file, folder, load, said, stick

KIB = 1024


def test_nothing_stands_against_a_sound_stick() -> None:
    assert said(stick()) == {}


@pytest.mark.parametrize("file_system", ["fat32", "exfat", "ntfs", "ext4", "apfs", ""])
def test_what_does_not_fit_is_refused_with_how_much_is_missing(file_system: str) -> None:
    what = Load(files=(file("update/images/fw.bin", 3_000_000),))
    remark = said(stick(file_system=file_system, free=1_000_000), what)["space"]
    assert remark.weight is Weight.ERROR
    assert remark.subject == str(MOUNT)
    assert "1.0 MB are free" in remark.message
    assert "2." in remark.message
    assert "are missing" in remark.message
    assert "Free at least 2." in remark.remedy


def test_small_files_are_counted_in_whole_clusters() -> None:
    many = load(*(f"update/images/{number}" for number in range(1000)))
    needs = 1000 * 32 * KIB
    assert "space" in said(stick(cluster=32 * KIB, free=needs), many)
    assert "space" not in said(stick(cluster=32 * KIB, free=needs + 40 * 32 * KIB), many)
    assert "space" not in said(stick(cluster=512, free=1000 * 1536), many)


def test_folders_are_counted_and_grow_with_their_names() -> None:
    deep = load(*(f"update/images/{number}/{'n' * 200}" for number in range(500)))
    assert "space" in said(stick(cluster=4 * KIB, free=1000 * 4 * KIB), deep)
    long = load(*(f"update/images/{number:0200}" for number in range(500)))
    needs = 500 * 512
    assert "space" in said(stick(cluster=512, free=needs + 100 * KIB), long)


def test_the_journal_and_the_receipt_are_counted() -> None:
    small = Load(files=BOX.files, beside=2_000_000)
    assert "space" in said(stick(free=2_000_000), small)
    assert "space" not in said(stick(free=2_000_000), BOX)


def test_files_that_are_kept_cost_nothing() -> None:
    what = Load(files=(file("update/images/a", 900_000, there=900_000), file("update/images/b", 100_000)))
    assert "space" not in said(stick(free=400_000), what)
    assert "space" in said(stick(free=400_000), what.keeping({("update", "images", "a"): 300_000}))


def test_an_unfinished_file_costs_what_is_missing_of_it() -> None:
    what = Load(files=(file("update/images/a", 900_000),))
    assert "space" in said(stick(free=500_000), what)
    assert "space" not in said(stick(free=500_000), what.keeping({("update", "images", "a"): 800_000}))


def test_room_that_the_old_lockbox_must_make_first_is_said_and_not_refused() -> None:
    new = Load(files=(file("update/images/new", 900_000),))
    old = (file("update/images/old", 800_000), file("update/images/new", 100))
    remark = said(stick(free=500_000), new.replacing(old))["space"]
    assert remark.weight is Weight.WARNING
    assert "made room" in remark.message
    assert said(stick(free=100_000), new.replacing(old))["space"].weight is Weight.ERROR
    assert "space" not in said(stick(free=1_500_000), new.replacing(old))


def test_what_the_new_lockbox_keeps_is_no_room_to_be_gained() -> None:
    new = Load(files=(file("update/images/same", 800_000, there=800_000), file("update/images/new", 900_000)))
    replaced = new.replacing((file("update/images/same", 800_000), file("update/images/old", 5)))
    assert [one.place[-1] for one in replaced.obsolete] == ["old"]


def test_the_trash_of_the_stick_is_named_where_room_is_missing() -> None:
    what = Load(files=(file("update/images/fw.bin", 3_000_000),))
    full = stick(free=1, contents=Contents(top=(folder(".Trashes"), folder("photos"))))
    assert ".Trashes" in said(full, what)["space"].remedy
    assert "Trash" not in said(stick(free=1), what)["space"].remedy


def test_free_room_that_is_not_known_is_a_note_and_never_a_refusal() -> None:
    found = said(stick(free=None), Load(files=(file("update/images/fw.bin", 10**12),)))
    assert found["space-unknown"].weight is Weight.NOTE
    assert "1.0 TB" in found["space-unknown"].remedy
    assert "space" not in found


def test_without_the_clusters_size_only_what_is_certain_is_refused() -> None:
    many = load(*(f"update/images/{number}" for number in range(1000)))
    found = said(stick(cluster=None, free=2_000_000), many)
    assert "space" not in found
    assert found["space-unknown"].weight is Weight.NOTE
    assert "space" in said(stick(cluster=None, free=5_000), many)
    assert said(stick(cluster=None), many) == {}


@pytest.mark.parametrize(
    ("file_system", "most"), [("fat32", 4 * GIB - 1), ("fat16", 2 * GIB - 1), ("fat", 4 * GIB - 1)]
)
def test_a_file_that_the_file_system_cannot_hold_is_refused(file_system: str, most: int) -> None:
    fits = Load(files=(file("update/images/os.img", most),))
    larger = Load(files=(file("update/images/os.img", most + 1),))
    assert "file-size" not in said(stick(file_system=file_system), fits)
    remark = said(stick(file_system=file_system), larger)["file-size"]
    assert remark.weight is Weight.ERROR
    assert remark.subject == "update/images/os.img"
    assert "ext4" in remark.remedy


@pytest.mark.parametrize("file_system", ["exfat", "ext4", "ntfs", ""])
def test_other_file_systems_hold_large_files(file_system: str) -> None:
    assert "file-size" not in said(stick(file_system=file_system), Load(files=(file("update/os.img", 6 * GIB),)))


def test_of_many_findings_of_one_kind_only_some_are_named() -> None:
    many = Load(files=tuple(file(f"update/images/{number:02}", 5 * GIB) for number in range(30)))
    found = [remark for remark in check(stick(free=10**13), many, Wishes()) if remark.check == "file-size"]
    assert len(found) == 10
    assert "20 more" in found[-1].message
    assert "more" not in found[8].message.partition("files of")[0]


def test_inodes_can_run_out_before_the_room_does() -> None:
    many = load(*(f"update/images/{number}" for number in range(500)))
    assert said(stick(file_system="ext4", free_files=500), many)["file-count"].weight is Weight.ERROR
    assert "file-count" not in said(stick(file_system="ext4", free_files=510), many)
    assert "file-count" not in said(stick(file_system="ext4", free_files=None), many)


def test_a_folder_on_fat_has_65536_entries() -> None:
    many = load(*(f"update/images/{number:0100}" for number in range(7300)))  # nine entries each
    assert said(stick(), many)["folder-size"].subject == "update/images"
    assert "folder-size" not in said(stick(file_system="exfat"), many)
    assert "folder-size" not in said(stick(), load(*(f"update/images/{number:0100}" for number in range(7200))))


def test_the_top_folder_of_fat16_is_limited() -> None:
    photos = tuple(
        folder(f"photo {number:03}.jpg") for number in range(253)
    )  # two entries each; ours take seven, the label one
    full = stick(file_system="fat16", root_entries=512, contents=Contents(top=photos))
    remark = said(full)["folder-size"]
    assert remark.weight is Weight.ERROR
    assert "512 entries" in remark.message
    some = stick(file_system="fat16", root_entries=512, contents=Contents(top=photos[:252]))
    assert "folder-size" not in said(some)
