"""FAT disk images, as the real programs write them and as no program would."""

from __future__ import annotations

import os
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from lockstick.disk.tree import FolderTree
from lockstick.media.images.fat import FatTree
from lockstick.media.images.source import ImageFile
from media.images.forging import short
from media.images.ground import make_folder, needs, read_all

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {
    **os.environ,
    "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
    "LC_ALL": "C.UTF-8",
    "MTOOLS_SKIP_CHECK": "1",
}
_MIB = 1 << 20


def made(folder: Path | None, image: Path, size: int, *options: str) -> Path:
    needs("mkfs.fat", "mcopy")
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.fat", *options, image], check=True, capture_output=True, env=ENVIRONMENT)
    if folder is not None:
        tops = sorted(folder.iterdir())
        subprocess.run(["mcopy", "-i", image, "-s", "-Q", *tops, "::"], check=True, env=ENVIRONMENT)
    return image


def mtools(*words: str | Path) -> None:
    subprocess.run(words, check=True, env=ENVIRONMENT)


def opened(image: Path) -> FatTree:
    return FatTree(ImageFile(image), str(image))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "folder")


@pytest.mark.parametrize(
    ("size", "options"),
    [
        (15 * _MIB, ("-F", "12", "-s", "16")),
        (20 * _MIB, ("-F", "16")),
        (40 * _MIB, ("-F", "32")),
        (40 * _MIB, ("-F", "32", "-s", "1", "-f", "1")),
        (300 * _MIB, ("-F", "32", "-s", "8", "-S", "512")),
        (40 * _MIB, ("-F", "16", "-S", "4096", "-s", "1")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_what_the_programs_write_is_read_as_it_lies_in_the_folder(
    folder: Path, tmp_path: Path, size: int, options: tuple[str, ...]
) -> None:
    assert read_all(opened(made(folder, tmp_path / "image", size, *options))) == read_all(FolderTree(folder))


def test_files_in_pieces_are_read_whole(tmp_path: Path) -> None:
    image = made(None, tmp_path / "image", 40 * _MIB, "-F", "32", "-s", "1")
    raw = {}
    for number in range(40):  # holes everywhere, then files that fill them
        (tmp_path / f"f{number}").write_bytes(os.urandom(700 * number + 1))
    names = [tmp_path / f"f{number}" for number in range(40)]
    mtools("mcopy", "-i", image, *names, "::")
    mtools("mdel", "-i", image, *(f"::{path.name}" for path in names[::2]))
    (tmp_path / "large").write_bytes(os.urandom(300_000))
    mtools("mcopy", "-i", image, tmp_path / "large", "::")
    tree = opened(image)
    for name in ["large", *(f"f{number}" for number in range(1, 40, 2))]:
        with tree.open((name,)) as file:
            raw[name] = file.readall()
        assert raw[name] == (tmp_path / name).read_bytes()
    assert tree.look(("f2",)) is None


def test_names_are_found_whatever_their_case_as_when_mounted(folder: Path, tmp_path: Path) -> None:
    tree = opened(made(folder, tmp_path / "image", 40 * _MIB, "-F", "32"))
    entry = tree.look(("IMAGES", "Noise.BIN"))
    assert entry is not None
    assert entry.size == 1_300_001
    assert tree.look(("images", "nothing")) is None
    assert tree.look(("images", "empty", "below")) is None
    with pytest.raises(FileNotFoundError):
        tree.open(("nothing",))
    with pytest.raises(FileNotFoundError):
        list(tree.entries(("nothing",)))
    with pytest.raises(NotADirectoryError):
        list(tree.entries(("images", "empty")))
    with pytest.raises(OSError, match="not a regular file"):
        tree.open(("images",))
    with pytest.raises(OSError, match="Invalid"):
        tree.link(("images",))


def partitioned(image: Path, *kinds: int) -> Path:
    raw = image.read_bytes()
    entries = b"".join(
        struct.pack("<B3xB3xII", 0, kind, 2048, len(raw) // 512) if kind else bytes(16) for kind in kinds
    )
    image.write_bytes(bytes(446) + entries.ljust(64, b"\x00") + b"\x55\xaa" + bytes(2048 * 512 - 512) + raw)
    return image


def test_one_partition_is_found_and_more_or_none_are_refused(folder: Path, tmp_path: Path) -> None:
    plain = read_all(FolderTree(folder))
    for kinds in ((0x0C,), (0, 0x0C), (0x83, 0x0E)):
        assert read_all(opened(partitioned(made(folder, tmp_path / "image", 40 * _MIB, "-F", "32"), *kinds))) == plain
    for kinds in ((0x0C, 0x0B), (0x07,), (0xEE,)):
        with pytest.raises(OSError, match="FAT partition"):
            opened(partitioned(made(folder, tmp_path / "image", 40 * _MIB, "-F", "32"), *kinds))


def test_an_image_that_was_cut_off_is_noticed_at_once(folder: Path, tmp_path: Path) -> None:
    image = made(folder, tmp_path / "image", 40 * _MIB, "-F", "32")
    with image.open("rb+") as file:
        file.truncate(39 * _MIB)
    with pytest.raises(OSError, match="larger than the image"):
        opened(image)


def test_every_flipped_byte_ends_in_an_error_or_a_tree(folder: Path, tmp_path: Path) -> None:
    image = made(folder, tmp_path / "image", 20 * _MIB, "-F", "16")
    raw = image.read_bytes()
    for at in [*range(0, 64, 3), *range(2048, 100_000, 3100)]:
        image.write_bytes(raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :])
        try:
            read_all(opened(image))
        except OSError:
            continue


# --- by hand: a FAT16 whose table and root folder a test writes ----------------------------------

_CLUSTERS = 5000


def by_hand(tmp_path: Path, items: list[bytes], links: dict[int, int], data: bytes = b"") -> FatTree:
    boot = bytearray(512)
    boot[:3], boot[510:] = b"\xeb\x3c\x90", b"\x55\xaa"
    table_sectors = -(-(_CLUSTERS + 2) * 2 // 512)
    struct.pack_into("<HBHBHHBH", boot, 11, 512, 1, 1, 1, 512, 1 + table_sectors + 32 + _CLUSTERS, 0xF8, table_sectors)
    table = bytearray(table_sectors * 512)
    for cluster, following in links.items():
        struct.pack_into("<H", table, cluster * 2, following)
    image = tmp_path / "by-hand"
    image.write_bytes(boot + table + b"".join(items).ljust(32 * 512, b"\x00") + data.ljust(_CLUSTERS * 512, b"\x00"))
    return opened(image)


def test_an_image_made_by_hand_is_read(tmp_path: Path) -> None:
    items = [short(b"A       TXT", cluster=2, size=600), short(b"\xe5GONE"), short(b"LABEL", attributes=8)]
    tree = by_hand(tmp_path, items, {2: 4, 4: 0xFFFF}, b"x" * 512 + b"y" * 512 + b"z" * 512)
    assert [entry.name for entry in tree.entries(())] == ["A.TXT"]
    with tree.open(("a.txt",)) as file:
        assert file.readall() == b"x" * 512 + b"z" * 88


@pytest.mark.parametrize(
    ("cluster", "size", "links"),
    [
        (0, 600, {}),
        (2, 600, {2: 0xFFFF}),
        (2, 600, {2: 3, 3: 4, 4: 0xFFFF}),
        (2, 600, {2: 2}),
        (2, 600, {2: 3, 3: 2}),
        (2, 600, {2: 0}),
        (2, 600, {2: 0xFFF0}),
        (0xFFF0, 1, {}),
        (2, 0xFFFF_FFFF, {2: 3, 3: 2}),
    ],
)
def test_a_chain_that_is_not_as_long_as_its_file_is_damage(
    tmp_path: Path, cluster: int, size: int, links: dict[int, int]
) -> None:
    tree = by_hand(tmp_path, [short(b"A", cluster=cluster, size=size)], links)
    with pytest.raises(OSError, match="damaged"):
        tree.open(("A",))


def test_a_folder_that_is_a_circle_or_holds_itself_ends_the_walk(tmp_path: Path) -> None:
    circle = by_hand(tmp_path, [short(b"D", cluster=2, attributes=0x10)], {2: 3, 3: 2}, b"\xe5" * 1024)
    with pytest.raises(OSError, match="circle"):
        list(circle.entries(("D",)))
    inside = short(b"D", cluster=2, attributes=0x10)
    itself = by_hand(tmp_path, [inside], {2: 0xFFFF}, inside)
    assert [entry.name for entry in itself.entries(("D",))] == ["D"]
    with pytest.raises(OSError, match="two places"):
        list(itself.entries(("D", "D")))


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    tree = by_hand(tmp_path, [short(b"A"), short(b"A")], {})
    with pytest.raises(OSError, match="twice"):
        tree.look(("A",))


@pytest.mark.parametrize("name", [b"..      A", b"A/B", b"           "])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: bytes) -> None:
    if name.startswith(b".."):
        name = b"A\x00B"
    tree = by_hand(tmp_path, [short(name)], {})
    with pytest.raises(OSError, match="cannot be a name"):
        list(tree.entries(()))


def test_a_long_name_that_belongs_to_another_entry_is_not_taken(tmp_path: Path) -> None:
    letters = "other.txt\x00".ljust(13, "\uffff").encode("utf-16-le")
    long = b"\x41" + letters[:10] + b"\x0f\x00\x77" + letters[10:22] + bytes(2) + letters[22:]
    tree = by_hand(tmp_path, [long, short(b"A       TXT")], {})
    assert [entry.name for entry in tree.entries(())] == ["A.TXT"]
