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
from media.images.forging import long_name, short
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
    for kinds in ((0x0C,), (0, 0x0C)):
        assert read_all(opened(partitioned(made(folder, tmp_path / "image", 40 * _MIB, "-F", "32"), *kinds))) == plain
    for kinds in ((0x0C, 0x0B), (0x83, 0x0E), (0xEE, 0x0C), (0x07,), (0xEE,)):
        with pytest.raises(OSError, match=r"no FAT partition|more partitions than one"):
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


_GOOD, _EVIL = b"GOOD~1  BIN", b"GOOD    BIN"
_BOTH = {2: 0xFFFF, 3: 0xFFFF}


def test_a_short_name_that_is_another_files_long_one_is_refused(tmp_path: Path) -> None:
    """Found by attack: systems look for both at once and take the first, which was the other file."""
    items = [*long_name("evil.bin", _EVIL), short(_EVIL, cluster=2, size=512)]
    items += [*long_name("good.bin", _GOOD), short(_GOOD, cluster=3, size=512)]
    for order in (items, items[2:] + items[:2]):
        with pytest.raises(OSError, match="twice"):
            by_hand(tmp_path, order, _BOTH).look(("good.bin",))


def test_a_file_is_found_by_its_short_name_as_when_mounted(tmp_path: Path) -> None:
    folder = [*long_name("a long folder", b"ALONGF~1   "), short(b"ALONGF~1", cluster=2, attributes=0x10)]
    inside = [*long_name("good.bin.json", _GOOD), short(_GOOD, size=0)]
    tree = by_hand(tmp_path, folder, {2: 0xFFFF}, b"".join(inside))
    assert [entry.name for entry in tree.entries(())] == ["a long folder"]
    for place in (("a long folder", "GOOD.bin.json"), ("alongf~1", "good~1.bin"), ("A Long Folder", "GOOD~1.BIN")):
        assert tree.look(place) is not None
    assert [entry.name for entry in tree.entries(("alongf~1",))] == ["good.bin.json"]


def test_letters_of_which_not_all_systems_know_the_capitals_are_not_taken_for_another(tmp_path: Path) -> None:
    tree = by_hand(tmp_path, [*long_name("\u212aelvin", b"KEL~1      "), short(b"KEL~1")], {})
    assert tree.look(("\u212aelvin",)) is not None
    assert tree.look(("kelvin",)) is None
    both = [*long_name("\u212aelvin", b"KEL~1      "), short(b"KEL~1"), short(b"KELVIN")]
    with pytest.raises(OSError, match="twice"):
        by_hand(tmp_path, both, {}).look(("kelvin",))


def altered(name: str, **at: int) -> list[bytes]:
    """The parts of a long name, with a byte of the first one changed."""
    parts = [bytearray(part) for part in long_name(name, _GOOD)]
    for offset, value in at.items():
        parts[0][int(offset[1:])] = value
    return [*(bytes(part) for part in parts), short(_GOOD)]


@pytest.mark.parametrize(
    "items",
    [
        [*long_name("other.txt", b"B       TXT"), short(b"A       TXT")],
        [*long_name("other.txt", _GOOD)],
        [*long_name("other.txt", _GOOD), b"\xe5" + bytes(31), short(_GOOD)],
        [*long_name("other.txt", _GOOD), short(b"LABEL", attributes=8), short(_GOOD)],
        [*long_name("first.txt", _GOOD), *long_name("other.txt", _GOOD), short(_GOOD)],
        [*long_name("a name of two parts", _GOOD)[:1], short(_GOOD)],
        [*long_name("a name of two parts", _GOOD)[1:], short(_GOOD)],
        [*long_name("a name of two parts", _GOOD)[::-1], short(_GOOD)],
        [*long_name("half a \ud800character", _GOOD), short(_GOOD)],
        altered("other.txt", b0=0xC1),
        altered("other.txt", b11=0x4F),
        altered("other.txt", b12=1),
        altered("other.txt", b30=0x41),
        altered("other.txt", b1=0, b2=0),
        [*long_name("x" * 261, _GOOD), short(_GOOD)],
    ],
)
def test_a_long_name_that_is_not_quite_right_is_refused(tmp_path: Path, items: list[bytes]) -> None:
    tree = by_hand(tmp_path, items, {})
    with pytest.raises(OSError, match="different ways"):
        list(tree.entries(()))


@pytest.mark.parametrize("name", ["dot.", "blank ", "a:b", "a?b", "a\\b", "a\x01b"])
def test_what_fat_has_in_no_name_is_refused(tmp_path: Path, name: str) -> None:
    tree = by_hand(tmp_path, [*long_name(name, _GOOD), short(_GOOD)], {})
    with pytest.raises(OSError, match="cannot be a name"):
        list(tree.entries(()))


def test_what_stands_behind_the_end_of_a_folder_is_noticed(tmp_path: Path) -> None:
    """Linux lists it."""
    deleted = by_hand(tmp_path, [short(b"A"), bytes(32), short(b"\xe5GONE")], {})
    assert [entry.name for entry in deleted.entries(())] == ["A"]
    with pytest.raises(OSError, match="behind its end"):
        list(by_hand(tmp_path, [short(b"A"), bytes(32), short(b"B")], {}).entries(()))


def test_copies_of_the_table_must_be_the_same(tmp_path: Path) -> None:
    for kind, size in (("12", 15), ("16", 20), ("32", 40)):
        image = made(None, tmp_path / "image", size * _MIB, "-F", kind)
        (tmp_path / "file").write_bytes(bytes(50_000))
        mtools("mcopy", "-i", image, tmp_path / "file", "::FILE")
        raw = bytearray(image.read_bytes())
        reserved, sectors = struct.unpack_from("<H", raw, 14)[0], struct.unpack_from("<H", raw, 22)[0]
        second = 512 * (reserved + (sectors or struct.unpack_from("<I", raw, 36)[0]))
        raw[second + int(kind) // 8] ^= 1  # a system's own note
        image.write_bytes(raw)
        opened(image).open(("file",)).close()
        raw[second + int(kind) // 8 * 4] ^= 1
        image.write_bytes(raw)
        with pytest.raises(OSError, match="copies of its table differ"):
            opened(image).open(("file",))


def test_a_table_of_which_a_flag_says_that_it_does_not_count_is_refused(tmp_path: Path) -> None:
    image = made(None, tmp_path / "image", 40 * _MIB, "-F", "32")
    raw = bytearray(image.read_bytes())
    raw[40] = 0x81
    image.write_bytes(raw)
    with pytest.raises(OSError, match="of no known kind"):
        opened(image)


def test_a_file_system_that_is_a_table_of_partitions_as_well_is_refused(folder: Path, tmp_path: Path) -> None:
    image = made(folder, tmp_path / "image", 40 * _MIB, "-F", "32")
    raw = bytearray(image.read_bytes())
    raw[446:510] = struct.pack("<B3xB3xII", 0x80, 0x0C, 0, len(raw) // 512).ljust(64, b"\x00")
    image.write_bytes(raw)
    assert opened(image).look(("images",)) is not None  # as mkfs.fat --mbr writes: the same file system
    raw[446:510] = struct.pack("<B3xB3xII", 0x80, 0x0C, 2048, 4096).ljust(64, b"\x00")
    image.write_bytes(raw)
    with pytest.raises(OSError, match="at once"):
        opened(image)
