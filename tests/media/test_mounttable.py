"""The kernel's table of mounts, whatever name somebody gave a stick."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from lockstick.media.mounttable import by_point, covering, parse_mountinfo, plain_name, read_mountinfo

SOUND = b"90 26 8:17 / /media/STICK rw,nosuid shared:5 - vfat /dev/sdb1 rw,utf8\n"


def test_a_line_is_taken_apart() -> None:
    (mount,) = parse_mountinfo(SOUND)
    assert (mount.number, str(mount.point), mount.driver, mount.source) == ("8:17", "/media/STICK", "vfat", "/dev/sdb1")
    assert (mount.options, mount.super_options) == (("rw", "nosuid"), ("rw", "utf8"))


def test_it_is_read_only_if_either_says_so() -> None:
    assert [parse_mountinfo(SOUND.replace(*change))[0].is_read_only for change in _CHANGES] == [True, True, False]


_CHANGES = ((b"rw,nosuid", b"ro,nosuid"), (b"rw,utf8", b"ro,utf8"), (b"nosuid", b"nodev"))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (rb"A\040B\134\011", "A B\\\t"),
        ("A\u00a0B".encode(), "A\u00a0B"),
        ("A\u2028B".encode(), "A\u2028B"),
        (b"A\x0b\x0c\x1c\x85B", "A\x0b\x0c\x1c\udc85B"),
        (rb"A\054ro", "A,ro"),
    ],
)
def test_a_name_is_what_it_is(written: bytes, name: str) -> None:
    (mount,) = parse_mountinfo(SOUND.replace(b"STICK", written))
    assert mount.point.name == name


def test_a_comma_in_an_option_makes_no_option() -> None:
    (mount,) = parse_mountinfo(SOUND.replace(b"rw,utf8", rb"rw,lowerdir=/a\054ro"))
    assert mount.super_options == ("rw", "lowerdir=/a,ro")
    assert not mount.is_read_only


@pytest.mark.parametrize("line", [b"", b"short", b"1 2 3 4 5 - vfat x", SOUND.replace(b"/media", b"media")])
def test_a_line_that_makes_no_sense_is_passed_over(line: bytes) -> None:
    assert [str(mount.point) for mount in parse_mountinfo(line + b"\n" + SOUND)] == ["/media/STICK"]


def test_no_table_has_more_than_so_many_lines() -> None:
    assert len(parse_mountinfo(SOUND * 20_001)) == 20_000


def test_the_innermost_and_of_several_the_last_holds_a_folder() -> None:
    table = b"".join(
        b"1 1 %s / %s rw - ext4 x rw\n" % one
        for one in ((b"8:1", b"/"), (b"8:2", b"/media/a"), (b"8:3", b"/media/a"), (b"8:4", b"/media/a/b"))
    )
    points = by_point(parse_mountinfo(table))
    found = {where: covering(PurePosixPath(where), points) for where in ("/media/a/x", "/media/a/b/c", "/media/ab")}
    assert {where: mount and mount.number for where, mount in found.items()} == {
        "/media/a/x": "8:3",
        "/media/a/b/c": "8:4",
        "/media/ab": "8:1",
    }
    assert covering(PurePosixPath("/x"), {}) is None


def test_a_table_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert read_mountinfo(tmp_path / "none") == b""
    (tmp_path / "table").write_bytes(SOUND)
    assert read_mountinfo(tmp_path / "table") == SOUND


@pytest.mark.parametrize(
    ("driver", "name"),
    [("vfat", "fat"), ("fuse.exfat-fuse", "exfat"), ("fuseblk", ""), ("fuse.sshfs", ""), ("ext4", "ext4"), ("", "")],
)
def test_a_file_system_has_one_name(driver: str, name: str) -> None:
    assert plain_name(driver) == name
