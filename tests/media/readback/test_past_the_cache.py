"""What is read back comes from the medium, and how the cache was kept out is told as it was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.media.readback import How, PastCacheTree
from lockstick.media.readback.beneath import Beneath, drop_device, look_beneath
from lockstick.media.readback.linux import LinuxReader
from lockstick.media.readback.residency import resident
from media.ground import BadStick, Stick, squashfs

if TYPE_CHECKING:
    from lockstick.disk.tree import Tree

_KIB = 1 << 10
_MIB = 1 << 20


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read(tree: Tree, *place: str) -> bytes:
    with tree.open(place) as file:
        return file.readall()


def _replace_behind_its_back(stick: Stick, old: bytes, new: bytes) -> None:
    """Change bytes on the hardware, under a file system that remembers them."""
    image = stick.image.read_bytes()
    at = image.index(old)
    with stick.image.open("r+b") as file:
        file.seek(at)
        file.write(new)


@pytest.mark.parametrize(
    ("name", "how"), [("ext4_stick", How.CHECKED), ("exfat_stick", How.CHECKED), ("fat32_stick", How.DROPPED)]
)
def test_a_change_on_the_medium_is_seen_though_the_computer_remembers_what_it_wrote(
    name: str, how: How, request: pytest.FixtureRequest
) -> None:
    stick: Stick = request.getfixturevalue(name)
    data = os.urandom(3 * _MIB + 5)
    at = 5 * _MIB // 2
    changed = data[:at] + bytes(16) + data[at + 16 :]
    _write(stick.mount / "file", data)
    if name == "fat32_stick":
        # Its program maps the image, so there is nothing to remember but the kernel's cache of the file.
        assert _read(FolderTree(stick.mount), "file") == data
    _replace_behind_its_back(stick, data[at : at + 16], bytes(16))
    tree = PastCacheTree(stick.mount)
    assert _read(tree, "file") == changed
    assert tree.exclusion.files == {how: 1}
    if name == "ext4_stick":  # its cache is left alone: it tells a bad medium from a bad memory
        assert _read(FolderTree(stick.mount), "file")[at : at + 16] == data[at : at + 16]


def test_small_files_come_from_the_medium_too(ext4_stick: Stick) -> None:
    for index in range(20):
        _write(ext4_stick.mount / f"{index}", f"the file number {index:03} is small".encode())
    _write(ext4_stick.mount / "empty", b"")
    _replace_behind_its_back(ext4_stick, b"the file number 007", b"the life number 007")
    tree = PastCacheTree(ext4_stick.mount)
    assert [_read(tree, str(index)) for index in range(20)] == [
        f"the {'life' if index == 7 else 'file'} number {index:03} is small".encode() for index in range(20)
    ]
    assert _read(tree, "empty") == b""
    assert tree.exclusion.files == {How.CHECKED: 21}
    assert tree.exclusion.to_json()["how"] == "dropped-and-checked"


def test_a_file_system_that_is_not_asked_past_its_cache_has_it_dropped_and_checked(ext4_stick: Stick) -> None:
    data = os.urandom(_MIB)
    _write(ext4_stick.mount / "file", data)
    _replace_behind_its_back(ext4_stick, data[:16], bytes(16))
    tree = PastCacheTree(ext4_stick.mount, reader=LinuxReader(ext4_stick.mount, direct=False))
    assert _read(tree, "file") == bytes(16) + data[16:]
    assert tree.exclusion.files == {How.CHECKED: 1}


def test_a_file_that_stays_in_the_cache_is_not_called_checked(ext4_stick: Stick) -> None:
    import mmap  # noqa: PLC0415

    _write(ext4_stick.mount / "file", bytes(_MIB))
    with (ext4_stick.mount / "file").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        assert held[:] == bytes(_MIB)  # mapped by somebody, so it cannot be dropped
        dropping = PastCacheTree(ext4_stick.mount, reader=LinuxReader(ext4_stick.mount, direct=False))
        _read(dropping, "file")
        assert dropping.exclusion.files == {How.DROPPED: 1}


def test_a_file_system_that_only_pretends_to_read_past_its_cache_is_seen_through(ext4_stick: Stick) -> None:
    ext4_stick.eject()
    ext4_stick.insert(option="data=journal")  # it takes O_DIRECT and ignores it
    data = os.urandom(_MIB)
    _write(ext4_stick.mount / "file", data)
    os.sync()
    tree = PastCacheTree(ext4_stick.mount)
    assert _read(tree, "file") == data
    assert tree.exclusion.files == {How.CHECKED: 1}


@pytest.mark.parametrize(("pages", "how"), [(None, How.CHECKED), (7, How.DROPPED)])
def test_what_this_user_is_not_told_is_not_claimed(
    ext4_stick: Stick, pages: int | None, how: How, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Linux tells those who may not write to a file nothing, or that all of it is in the cache.
    monkeypatch.setattr("lockstick.media.readback.linux.resident", lambda *_, **__: pages)
    _write(ext4_stick.mount / "file", b"here")
    tree = PastCacheTree(ext4_stick.mount)
    assert _read(tree, "file") == b"here"
    assert tree.exclusion.files == {how: 1}
    dropping = PastCacheTree(ext4_stick.mount, reader=LinuxReader(ext4_stick.mount, direct=False))
    assert _read(dropping, "file") == b"here"
    assert dropping.exclusion.files == {How.DROPPED: 1}


def test_a_file_that_is_replaced_while_it_is_read_is_not_read_on(fuse_stick: BadStick) -> None:
    _write(fuse_stick.mount / "file", b"one")
    _write(fuse_stick.mount / "other", b"two")
    fuse_stick.refuse_direct("read")
    with PastCacheTree(fuse_stick.mount).open(("file",)) as file:
        (fuse_stick.mount / "other").rename(fuse_stick.mount / "file")
        with pytest.raises(OSError, match="replaced"):
            file.read()


@pytest.mark.parametrize("when", ["open", "read"])
def test_where_reading_past_the_cache_is_refused_the_cache_is_dropped(fuse_stick: BadStick, when: str) -> None:
    data = os.urandom(3 * _MIB + 5)
    _write(fuse_stick.mount / "file", data)
    fuse_stick.refuse_direct("open" if when == "open" else "read")
    fuse_stick.flip("file", _MIB)
    tree = PastCacheTree(fuse_stick.mount)
    assert _read(tree, "file") == data[:_MIB] + bytes([data[_MIB] ^ 1]) + data[_MIB + 1 :]
    assert tree.exclusion.how is How.DROPPED  # nobody knows what a program keeps
    assert "program" in tree.exclusion.reason


def test_every_byte_is_asked_of_the_medium_once(fuse_stick: BadStick) -> None:
    sizes = {"small": 5, "page": 4096, "first piece": 256 * _KIB, "large": 5 * _MIB + 4097}
    for name, size in sizes.items():
        _write(fuse_stick.mount / name, os.urandom(size))
    fuse_stick.forget()
    tree = PastCacheTree(fuse_stick.mount)
    for name, size in sizes.items():
        assert len(_read(tree, name)) == size
    assert fuse_stick.read() == sizes


def test_a_squashfs_is_read_past_the_cache(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "file").write_bytes(b"here" * 5000)
    with squashfs(tmp_path / "sq", tmp_path / "content") as stick:
        tree = PastCacheTree(stick.mount)
        assert _read(tree, "file") == b"here" * 5000
        assert tree.exclusion.how in (How.CHECKED, How.DIRECT)


def test_a_medium_that_is_memory_is_called_so() -> None:
    reader = LinuxReader(Path("/"), beneath=Beneath(file_system="tmpfs"))
    reader.refresh()
    assert "memory" in reader.reason


def test_an_error_of_the_medium_arrives(fuse_stick: BadStick) -> None:
    _write(fuse_stick.mount / "file", os.urandom(3 * _MIB))
    fuse_stick.fail("file", 2 * _MIB, length=1)
    tree = PastCacheTree(fuse_stick.mount)
    with tree.open(("file",)) as file:
        assert len(file.read(_MIB)) > 0
        file.seek(2 * _MIB)
        with pytest.raises(OSError, match="Input/output"):
            file.read(1)
    fuse_stick.kill()
    with pytest.raises(OSError, match="not connected"):
        PastCacheTree(fuse_stick.mount).open(("file",))


def test_an_error_while_reading_ahead_is_told_to_the_one_who_gets_there(fuse_stick: BadStick) -> None:
    _write(fuse_stick.mount / "file", os.urandom(4 * _MIB))
    fuse_stick.fail("file", 3 * _MIB + 5, length=1)
    with PastCacheTree(fuse_stick.mount).open(("file",)) as file, pytest.raises(OSError, match="Input/output"):
        file.readall()
    with PastCacheTree(fuse_stick.mount).open(("file",)) as file:  # closing does not complain of what nobody asked for
        file.read(257 * _KIB)
        file.read(1024 * _KIB)


def test_only_regular_files_are_opened(ext4_stick: Stick) -> None:
    (ext4_stick.mount / "folder").mkdir()
    (ext4_stick.mount / "link").symlink_to("folder")
    os.mkfifo(ext4_stick.mount / "pipe")
    tree = PastCacheTree(ext4_stick.mount)
    for name in ("folder", "link", "pipe", "nothing"):
        with pytest.raises(OSError, match=r"regular|symbolic|No such|directory"):
            tree.open((name,))
    assert tree.exclusion.files == {}
    assert tree.exclusion.how is How.NONE


def test_names_are_those_of_the_folder(ext4_stick: Stick) -> None:
    (ext4_stick.mount / "folder").mkdir()
    _write(ext4_stick.mount / "folder" / "file", b"here")
    (ext4_stick.mount / "link").symlink_to("folder")
    tree, folder = PastCacheTree(ext4_stick.mount), FolderTree(ext4_stick.mount)
    assert tree.root == ext4_stick.mount
    assert tree.shown == folder.shown
    assert tree.look(("folder", "file")) == folder.look(("folder", "file"))
    assert sorted(one.name for one in tree.entries(())) == ["folder", "link"]
    assert tree.link(("link",)) == b"folder"
    assert tree.attribute(("link",), "user.none") is None


def test_what_a_mount_stands_on_is_found(tmp_path: Path) -> None:
    listing = tmp_path / "mountinfo"
    listing.write_text(
        "20 1 254:0 / / rw - ext4 /dev/nowhere rw\n"
        r"21 20 0:50 / /media/a\040stick rw,nosuid shared:3 - fuseblk /dev/nowhere rw" + "\n"
        "22 21 0:51 / /media/a\\040stick/inner rw - fuse.sshfs host:/ rw\n"
        "23 20 0:52 / /data rw - tmpfs tmpfs rw\n"
        "24 20 0:53 / /data rw - ext4 tmpfs rw\n"
        "short\n"
    )

    def look(path: str) -> Beneath:
        return look_beneath(Path(path), listing)

    assert look("/media/a stick/update") == Beneath(file_system="fuseblk")
    assert look("/media/a stick/update").is_program
    assert look("/media/a stick/inner/x").file_system == "fuse.sshfs"
    assert look("/media/a stick/inner/x").is_program
    assert look("/home").file_system == "ext4"
    assert not look("/home").is_program
    assert look("/data/x").file_system == "ext4"  # what was mounted last is what one sees
    assert look_beneath(tmp_path, tmp_path / "none") == Beneath()


@pytest.mark.parametrize("label", ["A\u00a0B", "A\u2028B", "A\x0bB", "A\x85B"])
def test_a_label_with_what_unicode_calls_a_blank_does_not_hide_what_a_mount_stands_on(
    tmp_path: Path, label: str
) -> None:
    listing = tmp_path / "mountinfo"
    table = f"20 1 254:0 / / rw - ext4 /dev/nowhere rw\n21 20 0:50 / /media/{label} rw - fuseblk /dev/nowhere rw\n"
    listing.write_bytes(table.encode())
    assert look_beneath(Path(f"/media/{label}/update"), listing).is_program


def test_a_device_that_may_not_be_opened_is_not_called_dropped(tmp_path: Path, exfat_stick: Stick) -> None:
    assert drop_device(tmp_path / "none") is How.NONE
    assert drop_device(Path(exfat_stick.device)) is How.CHECKED
    assert drop_device(Path(exfat_stick.device), lambda _: None) is How.DROPPED
    reader = LinuxReader(exfat_stick.mount, beneath=Beneath(file_system="fuseblk", device=tmp_path / "none"))
    _write(exfat_stick.mount / "file", b"here")
    tree = PastCacheTree(exfat_stick.mount, reader=reader)
    assert _read(tree, "file") == b"here"
    assert tree.exclusion.how is How.NONE
    assert "may not empty" in tree.exclusion.words


def test_what_lies_in_the_cache_is_counted_by_both_ways_of_asking(
    ext4_stick: Stick, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ext4_stick.mount / "file"
    _write(path, os.urandom(_MIB))
    pages = _MIB // os.sysconf("SC_PAGE_SIZE")
    with path.open("rb") as file:
        assert resident(file.fileno(), size=_MIB) == pages
        assert resident(file.fileno(), 8192, 4096, size=_MIB) == 1
        monkeypatch.setattr("lockstick.media.readback.residency._cachestat", lambda *_: None)
        assert resident(file.fileno(), size=_MIB) == pages
        assert resident(file.fileno(), 8192, 4096, size=_MIB) == 1
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert resident(file.fileno(), size=_MIB) == 0
        monkeypatch.undo()
        assert resident(file.fileno(), size=_MIB) == 0
