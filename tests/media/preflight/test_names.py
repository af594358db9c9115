"""Names that a file system cannot hold, loses, or takes for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstick.media.preflight import Platform, Wishes, check
from lockstick.media.remarks import Weight
from media.preflight.ground import load, said, stick

MICROSOFT = ("fat32", "exfat", "ntfs")


@pytest.mark.parametrize("file_system", MICROSOFT)
@pytest.mark.parametrize(
    "name", ["a:b", "a?b", 'a"b', "a\\b", "a*b", "a|b", "a<b", "a>b", "a\x01b", "a\x7fb", "\udcffb"]
)
def test_characters_that_microsofts_file_systems_do_not_take(file_system: str, name: str) -> None:
    remark = said(stick(file_system=file_system, driver="exfat"), load(f"update/images/{name}"))["name-characters"]
    assert remark.weight is Weight.ERROR
    assert remark.subject == f"update/images/{name}"


@pytest.mark.parametrize("name", ["fw-1.0+b~2 (c).bin", "größe.bin", "a,b;c=d[e]", ".hidden"])
def test_other_characters_are_fine(name: str) -> None:
    for file_system in MICROSOFT:
        assert said(stick(file_system=file_system, label="S"), load(f"update/images/{name}")).keys() <= {"file-system"}


def test_ext4_takes_every_name() -> None:
    names = ("a:b", "a.", "CON", "a?\x01", "\udcff")
    assert said(stick(file_system="ext4", driver="ext4"), load(*(f"update/images/{name}" for name in names))) == {}


def test_characters_in_the_name_of_a_folder_are_noticed_once() -> None:
    found = said(stick(), load("update/a:b/one", "update/a:b/two"))
    assert found["name-characters"].subject == "update/a:b"


@pytest.mark.parametrize("name", ["fw.", "fw ", "fw. ."])
def test_dots_and_spaces_at_the_end_get_lost(name: str) -> None:
    for file_system in ("fat32", "exfat"):
        assert said(stick(file_system=file_system), load(f"update/{name}"))["name-end"].weight is Weight.ERROR
    assert said(stick(file_system="ntfs"), load(f"update/{name}"))["name-end"].weight is Weight.WARNING
    windows = stick(file_system="ntfs", platform=Platform.WINDOWS)
    assert said(windows, load(f"update/{name}"))["name-end"].weight is Weight.ERROR
    assert "name-end" not in said(stick(file_system="ext4"), load(f"update/{name}"))
    assert "name-end" not in said(stick(), load("update/a.b c"))


@pytest.mark.parametrize("name", ["CON", "nul", "com1.bin", "LPT9", "aux.tar.gz", "COM\u00b9", "con .txt"])
def test_names_that_windows_keeps_for_itself(name: str) -> None:
    what = load(f"update/images/{name}")
    assert said(stick(), what)["name-reserved"].weight is Weight.WARNING
    assert said(stick(platform=Platform.WINDOWS), what)["name-reserved"].weight is Weight.ERROR
    assert "name-reserved" not in said(stick(file_system="ext4"), what)


@pytest.mark.parametrize("name", ["CONSOLE", "com", "com0x", "nul1", "my.con", "COM10"])
def test_names_that_only_look_like_those(name: str) -> None:
    assert "name-reserved" not in said(stick(platform=Platform.WINDOWS), load(f"update/{name}"))


def test_names_are_measured_as_the_file_system_measures_them() -> None:
    umlauts = "ä" * 200  # 200 units of UTF-16, 400 bytes of UTF-8
    assert "name-length" not in said(stick(), load(f"update/{umlauts}"))
    assert "400 bytes" in said(stick(file_system="ext4"), load(f"update/{umlauts}"))["name-length"].message
    smileys = "\U0001f600" * 128  # 256 units of UTF-16
    assert "256 characters" in said(stick(), load(f"update/{smileys}"))["name-length"].message
    assert "name-length" not in said(stick(), load(f"update/{'n' * 255}"))
    assert "name-length" in said(stick(), load(f"update/{'n' * 256}"))


def test_a_character_set_that_cannot_hold_a_name() -> None:
    what = load("update/λ.bin")
    assert said(stick(options=("rw",)), what)["name-charset"].weight is Weight.ERROR  # Latin-1 is the kernel's own
    assert said(stick(options=("rw", "iocharset=ascii")), what)["name-charset"].weight is Weight.ERROR
    for options in (("rw", "utf8"), ("rw", "iocharset=utf8"), ("rw", "iocharset=iso8859-7"), ("rw", "iocharset=xyz")):
        assert "name-charset" not in said(stick(options=options), what)
    assert "name-charset" not in said(stick(options=("rw",)), load("update/größe.bin"))
    assert said(stick(options=None), what)["name-charset"].weight is Weight.NOTE
    assert "name-charset" not in said(stick(options=None), load("update/ascii.bin"))
    assert "name-charset" not in said(stick(file_system="exfat", driver="exfat", options=("rw",)), what)


def test_without_long_names_most_would_be_cut() -> None:
    assert said(stick(driver="msdos"), load("update/firmware-1.0"))["name-short"].weight is Weight.ERROR
    assert "name-short" not in said(stick(driver="msdos"), load("update/FW1.BIN"))


def test_capital_letters_that_come_back_small() -> None:
    lower = stick(options=("rw", "utf8", "shortname=lower"))
    assert said(lower, load("update/README"))["name-short"].weight is Weight.WARNING
    assert "name-short" not in said(lower, load("update/Readme", "update/readme", "update/READMEFIRST"))
    assert "name-short" not in said(stick(), load("update/README"))


@pytest.mark.parametrize("file_system", [*MICROSOFT, "apfs", "hfs+"])
def test_names_that_differ_in_case_only_collide(file_system: str) -> None:
    what = load("update/images/Fw.bin", "update/images/fw.bin", "update/other/fw.bin")
    remark = said(stick(file_system=file_system), what)["names-collide"]
    assert remark.weight is Weight.ERROR
    assert remark.subject == "update/images/Fw.bin"
    assert "'Fw.bin' and 'fw.bin'" in remark.message


def test_folders_collide_too() -> None:
    assert "names-collide" in said(stick(), load("update/A/one", "update/a/two"))


@pytest.mark.parametrize("file_system", ["ext4", ""])
def test_file_systems_that_tell_case_keep_both(file_system: str) -> None:
    what = load("update/images/Fw.bin", "update/images/fw.bin")
    assert "names-collide" not in said(stick(file_system=file_system), what)


def test_apples_file_systems_do_not_tell_forms_of_accents() -> None:
    what = load("update/gr\u00f6\u00dfe", "update/gro\u0308\u00dfe")
    assert "names-collide" in said(stick(file_system="apfs"), what)
    assert "names-collide" in said(stick(file_system="apfs", is_case_sensitive=True), what)
    assert "names-collide" not in said(stick(file_system="fat32"), what)
    cased = load("update/Fw.bin", "update/fw.bin")
    assert "names-collide" not in said(stick(file_system="apfs", is_case_sensitive=True), cased)


def test_fat_folds_each_character_by_itself() -> None:
    assert "names-collide" not in said(stick(), load("update/stra\u00dfe", "update/STRASSE"))
    assert "names-collide" in said(stick(), load("update/\u00e4", "update/\u00c4"))


def test_what_is_to_be_a_file_and_a_folder_cannot_be() -> None:
    assert "names-collide" in said(stick(file_system="ext4"), load("update/a", "update/a/b"))
    assert "names-collide" in said(stick(), load("update/A", "update/a/b"))


def test_paths_are_measured_as_the_system_measures_them() -> None:
    deep = load("update/" + "/".join(["n" * 250] * 17))
    assert said(stick(), deep)["path-length"].weight is Weight.ERROR
    half = load("update/" + "/".join(["n" * 250] * 5))
    assert "path-length" not in said(stick(), half)
    assert said(stick(platform=Platform.MACOS), half)["path-length"].weight is Weight.ERROR
    windows = stick(platform=Platform.WINDOWS, mount=Path("E:/"))
    assert said(windows, half)["path-length"].weight is Weight.WARNING
    assert "path-length" not in said(windows, load("update/images/" + "n" * 200))


def test_the_worst_is_said_first() -> None:
    found = check(stick(), load("update/CON", "update/a:b"), Wishes())
    assert [remark.weight for remark in found] == [Weight.ERROR, Weight.WARNING]
