"""Squashfs images, as the real program writes them and as no program would."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import EntryKind, FolderTree
from lockstick.media.images import names
from lockstick.media.images.source import ImageFile
from lockstick.media.images.squashfs import SquashfsTree
from media.images.forging import head, small_file, squashfs_by_hand
from media.images.ground import make_folder, needs, read_all

if TYPE_CHECKING:
    from pathlib import Path


def made(folder: Path, image: Path, *options: str) -> Path:
    needs("mksquashfs")
    subprocess.run(
        ["mksquashfs", folder, image, "-noappend", "-quiet", "-no-progress", "-no-xattrs", "-comp", "gzip", *options],
        check=True,
        capture_output=True,
    )
    return image


def opened(image: Path) -> SquashfsTree:
    return SquashfsTree(ImageFile(image), str(image))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "folder")


@pytest.fixture
def image(folder: Path, tmp_path: Path) -> Path:
    return made(folder, tmp_path / "image")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-b", "4096"),
        ("-b", "1M"),
        ("-no-fragments",),
        ("-always-use-fragments",),
        ("-noI", "-noD", "-noF"),
        ("-no-exports", "-no-duplicates"),
        ("-Xcompression-level", "1"),
    ],
    ids=" ".join,
)
def test_whatever_the_program_writes_is_read_as_it_lies_in_the_folder(
    folder: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    assert read_all(opened(made(folder, tmp_path / "image", *options))) == read_all(FolderTree(folder))


@pytest.mark.skipif(sys.platform == "win32", reason="no links without rights")
def test_links_pipes_and_several_names_are_what_they_are(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("../elsewhere")
    os.mkfifo(folder / "pipe")
    os.link(folder / "images" / "noise.bin", folder / "images" / "again.bin")
    tree = opened(made(folder, tmp_path / "image"))
    assert read_all(tree) == read_all(FolderTree(folder))
    assert tree.link(("link",)) == b"../elsewhere"
    with pytest.raises(OSError, match="not a regular file"):
        tree.open(("pipe",))


def test_what_is_not_there_is_said_as_of_a_folder(image: Path) -> None:
    tree = opened(image)
    assert tree.look(("images", "nothing")) is None
    assert tree.look(("images", "empty", "below a file")) is None
    with pytest.raises(FileNotFoundError):
        list(tree.entries(("nothing",)))
    with pytest.raises(NotADirectoryError):
        list(tree.entries(("images", "empty")))
    with pytest.raises(FileNotFoundError):
        tree.open(("nothing",))
    with pytest.raises(OSError, match="not a regular file"):
        tree.open(("images",))
    with pytest.raises(OSError, match="Invalid"):
        tree.link(("images",))


def test_a_file_is_read_from_anywhere(image: Path, folder: Path) -> None:
    raw = (folder / "images" / "noise.bin").read_bytes()
    with opened(image).open(("images", "noise.bin")) as file:
        for start in (0, 131_071, 131_072, 1_299_990, 5):
            file.seek(start)
            assert file.read(200_000) == raw[start : start + 200_000]
        assert file.seek(0, os.SEEK_END) == len(raw)
        assert file.read(1) == b""


@pytest.mark.parametrize("compression", ["xz", "lz4", "zstd", "lzo"])
def test_what_devices_do_not_read_is_refused(folder: Path, tmp_path: Path, compression: str) -> None:
    needs("mksquashfs")
    image = tmp_path / "image"
    done = subprocess.run(
        ["mksquashfs", folder, image, "-quiet", "-comp", compression], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this mksquashfs knows no {compression}")
    with pytest.raises(OSError, match="not compressed by gzip"):
        opened(image)


def test_an_image_that_was_cut_off_is_noticed_at_once(image: Path) -> None:
    with image.open("rb+") as file:
        file.truncate(image.stat().st_size - 4096 - 4096)
    with pytest.raises(OSError, match="it should have"):
        opened(image)


def test_every_flipped_byte_of_the_tables_ends_in_an_error_or_a_tree(image: Path) -> None:
    raw = image.read_bytes()
    refused = 0
    for at in [*range(96), *range(len(raw) - 5000, len(raw), 45)]:
        image.write_bytes(raw[:at] + bytes([raw[at] ^ 0x40]) + raw[at + 1 :])
        try:
            read_all(opened(image))
        except OSError:
            refused += 1
    assert refused > 10


def hand_opened(tmp_path: Path, raw: bytes | bytearray) -> SquashfsTree:
    (tmp_path / "by-hand").write_bytes(raw)
    return opened(tmp_path / "by-hand")


def test_an_image_made_by_hand_is_read(tmp_path: Path) -> None:
    tree = hand_opened(tmp_path, squashfs_by_hand([(b"a", 1, 2)], [small_file(5, 96, 5 | 1 << 24)], block=b"hello"))
    with tree.open(("a",)) as file:
        assert file.readall() == b"hello"


def test_a_folder_that_holds_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="two places"):
        hand_opened(tmp_path, squashfs_by_hand([(b"again", 0, 1)], []))


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="twice"):
        hand_opened(tmp_path, squashfs_by_hand([(b"a", 1, 2), (b"a", 1, 2)], [small_file(0, 96)]))


def test_names_out_of_order_are_refused_as_linux_does_not_find_them(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="out of order"):
        hand_opened(tmp_path, squashfs_by_hand([(b"b", 1, 2), (b"a", 1, 2)], [small_file(0, 96)]))


def plain_tables(folder: Path, image: Path) -> tuple[bytearray, SquashfsTree]:
    """An image whose tables lie in it as they are, to be changed."""
    made(folder, image, "-noI", "-noD", "-no-exports", "-no-fragments", "-no-duplicates")
    return bytearray(image.read_bytes()), opened(image)


def inode_at(image: SquashfsTree, raw: bytearray, name: bytes) -> tuple[int, int]:
    """Where the inode of a file with a name of its own lies in such an image, and its entry in the listing."""
    listed = raw.index(name, int.from_bytes(raw[72:80], "little")) - struct.calcsize("<HhHH")
    return int.from_bytes(raw[64:72], "little") + 2 + struct.unpack_from("<H", raw, listed)[0], listed


def test_two_files_with_one_number_are_refused_as_linux_gives_one_for_the_other(tmp_path: Path) -> None:
    """Found by attack: whoever read ``evil`` on a mounted image was given its bytes for ``good`` afterwards."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "evil").write_bytes(b"another one")
    (folder / "good").write_bytes(b"the real one")
    raw, tree = plain_tables(folder, tmp_path / "image")
    (evil, listed), (good, _) = (inode_at(tree, raw, name) for name in (b"evil", b"good"))
    step = struct.unpack_from("<I", raw, good + 12)[0] - struct.unpack_from("<I", raw, evil + 12)[0]
    assert step
    raw[evil + 12 : evil + 16] = raw[good + 12 : good + 16]
    with pytest.raises(OSError, match="number of another"):  # the folder still says the other number
        hand_opened(tmp_path, raw)
    struct.pack_into("<h", raw, listed + 2, struct.unpack_from("<h", raw, listed + 2)[0] + step)
    with pytest.raises(OSError, match="number of another"):
        hand_opened(tmp_path, raw)


def test_an_index_that_leads_to_another_folder_is_refused_as_linux_follows_it(tmp_path: Path) -> None:
    """Found by attack: listed were the files of ``good``, and whoever opened one by name was given that of ``evil``."""
    folder = tmp_path / "folder"
    for name in ("evil", "good"):
        (folder / name).mkdir(parents=True)
        for number in range(500):
            (folder / name / f"{number:064x}").write_bytes(name.encode())
    raw, _ = plain_tables(folder, tmp_path / "image")
    table = int.from_bytes(raw[64:72], "little")
    evil, good = (at for at in range(table, len(raw) - 28) if is_large_folder(raw, at))
    assert len(list(hand_opened(tmp_path, raw).entries(("good",)))) == 500
    (evil_offset,), (good_offset,) = (struct.unpack_from("<H", raw, at + 34) for at in (evil, good))
    place, block = struct.unpack_from("<2I", raw, evil + 40)
    changed = bytearray(raw)
    struct.pack_into("<2I", changed, good + 40, place + evil_offset - good_offset, block)
    changed[good + 52 : good + 116] = raw[evil + 52 : evil + 116]
    with pytest.raises(OSError, match="leads elsewhere"):
        hand_opened(tmp_path, changed)
    changed = bytearray(raw)
    changed[good + 52 + 63] ^= 1  # a name that is not the one there
    with pytest.raises(OSError, match="leads elsewhere"):
        hand_opened(tmp_path, changed)


def is_large_folder(raw: bytearray, at: int) -> bool:
    """Whether an inode of a folder with an index begins there."""
    return raw[at : at + 2] == b"\x08\x00" and raw[at + 52 : at + 92] == b"0" * 40


@pytest.mark.parametrize("name", [b"..", b".", b"a/b", b"a\x00b"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(OSError, match="cannot be a name"):
        hand_opened(tmp_path, squashfs_by_hand([(name, 1, 2)], [small_file(0, 96)]))


def test_more_names_than_an_image_may_have_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = squashfs_by_hand([(b"a", 1, 2), (b"b", 1, 2), (b"c", 1, 2)], [small_file(0, 96)])
    assert len(list(hand_opened(tmp_path, raw).entries(()))) == 3
    monkeypatch.setattr(names, "MOST_NAMES", 3)
    with pytest.raises(OSError, match="more than 3 names"):
        hand_opened(tmp_path, raw)


def test_a_listing_that_is_longer_than_folders_are_is_not_read(tmp_path: Path) -> None:
    large = head(8) + struct.pack("<4I2HI", 1, 0xFFFF_FFFF, 0, 0, 0, 0, 0)
    with pytest.raises(OSError, match="more than folders can hold"):
        hand_opened(tmp_path, squashfs_by_hand([(b"a", 1, 8)], [large]))


def test_a_file_larger_than_any_image_is_refused_without_reading_it(tmp_path: Path) -> None:
    large = head(9) + struct.pack("<3Q4I", 96, 1 << 62, 0, 1, 0xFFFF_FFFF, 0, 0)
    tree = hand_opened(tmp_path, squashfs_by_hand([(b"a", 1, 9)], [large]))
    with pytest.raises(OSError, match="larger than any image"):
        tree.open(("a",))


def test_a_block_that_unpacks_into_more_than_a_block_is_refused(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    tree = hand_opened(tmp_path, squashfs_by_hand([(b"a", 1, 2)], [small_file(131_072, 96, len(bomb))], block=bomb))
    with tree.open(("a",)) as file, pytest.raises(OSError, match=r"more bytes than it may have|too large"):
        file.readall()


@pytest.mark.parametrize(
    "inode",
    [
        small_file(5, 96, 4 | 1 << 24),
        small_file(5, 1 << 31, 5 | 1 << 24),
        small_file(5, 96, 5),
        head(2) + struct.pack("<4I", 96, 0, 0, 5),
        head(3) + struct.pack("<2I", 1, 1 << 20),
        head(77) + bytes(16),
    ],
    ids=["too short", "beyond the end", "not packed at all", "in no fragment", "a long link", "no kind"],
)
def test_contradictions_are_damage_to_whoever_reads(tmp_path: Path, inode: bytes) -> None:
    tree = hand_opened(tmp_path, squashfs_by_hand([(b"a", 1, 2)], [inode], block=b"hello"))
    assert [entry.name for entry in tree.entries(())] == ["a"]  # one bad file does not hide the others
    with pytest.raises(OSError, match="damaged"):
        tree.open(("a",)).readall()


def test_what_cannot_be_looked_at_is_listed_all_the_same(tmp_path: Path) -> None:
    tree = hand_opened(
        tmp_path, squashfs_by_hand([(b"a", 1, 2), (b"b", 2, 2)], [small_file(0, 96), head(77) + bytes(16)])
    )
    assert {entry.name: entry.kind for entry in tree.entries(())} == {"a": EntryKind.FILE, "b": EntryKind.OTHER}


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [(0, b"sqsh", "not a squashfs"), (28, b"\x03\x00", "not a squashfs"), (12, b"\x00\x00\x00\x01", "size of blocks")],
)
def test_a_superblock_that_is_none_is_refused(tmp_path: Path, at: int, value: bytes, words: str) -> None:
    raw = bytearray(squashfs_by_hand([], []))
    raw[at : at + len(value)] = value
    with pytest.raises(OSError, match=words):
        hand_opened(tmp_path, bytes(raw))
