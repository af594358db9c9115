"""Damage is found where it is, is called what it is, and is blamed on the one who did it."""

from __future__ import annotations

import errno
import itertools
import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstick.disk.tree import FolderTree
from lockstick.errors import MediaError
from lockstick.media.readback import Culprit, Damage, Look, PastCacheTree, Telling, find_damage, rewrite_bad
from lockstick.media.readback.damage import BLOCK
from lockstick.media.readback.finding import _MOST_STRETCHES

if TYPE_CHECKING:
    from pathlib import Path

    from media.ground import BadStick, Stick

_MIB = 1 << 20
_FILE = ("images", "package")
_SIZE = 3 * _MIB + 700
_PACKAGE = random.Random(0).randbytes(_SIZE)
_OTHER = random.Random(1).randbytes(_SIZE)


@pytest.fixture
def source(tmp_path: Path) -> FolderTree:
    root = tmp_path / "source"
    (root / "images").mkdir(parents=True)
    for name, data in (("package", _PACKAGE), ("other", _OTHER)):
        (root / "images" / name).write_bytes(data)
    return FolderTree(root)


@pytest.fixture
def stick(fuse_stick: BadStick, source: FolderTree) -> BadStick:
    _copy(source, fuse_stick.mount)
    return fuse_stick


def _copy(source: FolderTree, mount: Path) -> None:
    (mount / "images").mkdir()
    for name in ("package", "other"):
        with (mount / "images" / name).open("wb", buffering=0) as file:
            file.write((source.root / "images" / name).read_bytes())
            os.fsync(file.fileno())


def _forget(stick: BadStick | Stick) -> None:
    """Let the computer's memory of the files go, as if the stick had come from elsewhere."""
    for path in (stick.mount / "images").iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _find(source: FolderTree, stick: BadStick | Stick) -> tuple[Damage, ...]:
    return find_damage(source, PastCacheTree(stick.mount), [_FILE])


def test_a_good_file_is_not_accused_of_anything_that_lasts(source: FolderTree, stick: BadStick) -> None:
    (found,) = _find(source, stick)
    assert (found.look, found.culprit) == (Look.RIGHT_NOW, Culprit.READER)
    assert "right" in found.words
    assert find_damage(source, PastCacheTree(stick.mount), [_FILE, ("images", "other")], all_refused=False) == ()


def test_a_flipped_sector_is_found_where_it_is(source: FolderTree, stick: BadStick) -> None:
    stick.flip("images/package", 2 * _MIB + 512, length=512, bits=0xFF)
    _forget(stick)
    (found,) = _find(source, stick)
    assert (found.place, found.offset, found.length) == (_FILE, 2 * _MIB, BLOCK)
    assert (found.culprit, found.telling) == (Culprit.MEDIUM, Telling.SAME_AGAIN)
    assert found.sentence == (
        "images/package: 4096 bytes at 2097152 are others, perhaps what was there before; "
        "the medium: it reads the same each time"
    )


def test_the_observer_hears_how_far_the_search_is(source: FolderTree, stick: BadStick) -> None:
    told: list[tuple[object, ...]] = []

    class Listening:
        def __getattr__(self, what: str) -> Any:
            return lambda *words, **more: told.append((what, *words, *more.values()))

    find_damage(source, PastCacheTree(stick.mount), [_FILE], observer=Listening())
    assert told[0] == ("file_started", "images/package", _SIZE)
    assert told[-1] == ("file_finished", "images/package")
    assert sum(one[2] for one in told if one[0] == "advanced") == _SIZE  # type: ignore[misc]


@pytest.fixture
def real_stick(ext4_stick: Stick, source: FolderTree) -> Stick:
    _copy(source, ext4_stick.mount)
    return ext4_stick


def _change_on_the_medium(stick: Stick, old: bytes, new: bytes) -> None:
    at = stick.image.read_bytes().index(old)
    with stick.image.open("r+b") as file:
        file.seek(at)
        file.write(new)


def _write_wrongly(stick: Stick, offset: int, data: bytes) -> None:
    with (stick.mount / "images" / "package").open("r+b", buffering=0) as file:
        file.seek(offset)
        file.write(data)
        os.fsync(file.fileno())


_SPOT = 640 * BLOCK
_STRANGE = random.Random(11).randbytes(BLOCK)


def test_what_the_computer_still_remembers_rightly_was_lost_by_the_medium(
    source: FolderTree, real_stick: Stick
) -> None:
    right = _PACKAGE[_SPOT : _SPOT + BLOCK]
    _change_on_the_medium(real_stick, right, bytes([right[0] ^ 4]) + right[1:])
    (found,) = _find(source, real_stick)
    assert (found.offset, found.look, found.detail) == (_SPOT, Look.BITS, "1 bit")
    assert (found.culprit, found.telling) == (Culprit.MEDIUM, Telling.SENT_RIGHT)
    assert "it sent them" in found.evidence
    assert "--retry-bad" in found.remedy
    mended = rewrite_bad(source, PastCacheTree(real_stick.mount), [found])
    assert mended.is_whole
    assert right in real_stick.image.read_bytes()


def test_what_the_computer_remembers_wrongly_too_was_wrong_before_it_was_sent(
    source: FolderTree, real_stick: Stick
) -> None:
    _write_wrongly(real_stick, _SPOT, _STRANGE)
    (found,) = _find(source, real_stick)
    assert (found.culprit, found.telling) == (Culprit.CACHE, Telling.SENT_WRONG)
    assert "memtest" in found.remedy


def test_what_only_the_computer_remembers_wrongly_is_its_memory(source: FolderTree, real_stick: Stick) -> None:
    _write_wrongly(real_stick, _SPOT, _STRANGE)
    _change_on_the_medium(real_stick, _STRANGE, _PACKAGE[_SPOT : _SPOT + BLOCK])
    (found,) = _find(source, real_stick)
    assert (found.culprit, found.telling) == (Culprit.CACHE, Telling.ONLY_REMEMBERED)
    assert rewrite_bad(source, PastCacheTree(real_stick.mount), [found]).is_whole
    assert found.offset <= _SPOT < found.offset + found.length


@pytest.mark.parametrize("times", [1, 2])
def test_bytes_that_are_wrong_only_now_and_then_are_the_readers(
    source: FolderTree, stick: BadStick, times: int
) -> None:
    stick.flip("images/package", 5 * _MIB // 2, times=times)
    (found,) = _find(source, stick)
    assert found.offset == 5 * _MIB // 2
    assert found.culprit is Culprit.READER
    assert found.telling is (Telling.RIGHT_AGAIN if times == 1 else Telling.VARIES)
    assert "cable" in found.remedy


def test_a_part_that_cannot_be_read_is_told_to_the_block(source: FolderTree, stick: BadStick) -> None:
    stick.fail("images/package", 5 * _MIB // 2, length=2 * BLOCK)
    (found,) = _find(source, stick)
    assert (found.offset, found.length, found.look) == (5 * _MIB // 2, 2 * BLOCK, Look.UNREADABLE)
    assert found.culprit is Culprit.MEDIUM
    assert "error each time" in found.evidence


def test_a_file_that_cannot_be_opened_is_missing_or_of_another_length_is_told_so(
    source: FolderTree, stick: BadStick
) -> None:
    path = stick.mount / "images" / "package"
    os.truncate(path, _SIZE - 5000)
    (short,) = _find(source, stick)
    assert (short.look, short.offset, short.length) == (Look.SHORT, _SIZE - 5000, 5000)
    with path.open("ab") as file:
        file.write((source.root / "images" / "package").read_bytes()[-5000:] + b"more")
    (long,) = _find(source, stick)
    assert (long.look, long.offset, long.length) == (Look.LONG, _SIZE, 4)
    path.unlink()
    (missing,) = _find(source, stick)
    assert (missing.look, missing.length) == (Look.MISSING, _SIZE)
    path.mkdir()
    assert [one.look for one in _find(source, stick)] == [Look.MISSING]


def test_a_stick_that_is_gone_is_not_called_damaged(source: FolderTree, stick: BadStick) -> None:
    tree = PastCacheTree(stick.mount)
    stick.vanish()
    with pytest.raises(MediaError, match="gone"):
        find_damage(source, tree, [_FILE])
    stick.come_back()
    stick.vanish(after_read=2 * _MIB)
    with pytest.raises(MediaError, match="gone"):
        find_damage(source, tree, [_FILE])


@pytest.mark.parametrize(
    ("new", "look", "detail"),
    [
        (bytes(BLOCK), Look.ZEROS, ""),
        (b"\xff" * BLOCK, Look.ONES, ""),
        (_PACKAGE[8 * BLOCK - 3 : 9 * BLOCK - 3], Look.SHIFTED, "by +3 bytes"),
        (_PACKAGE[9 * BLOCK : 10 * BLOCK], Look.OTHER_PLACE, "4096 bytes later"),
        (_PACKAGE[7 * BLOCK : 8 * BLOCK], Look.OTHER_PLACE, "4096 bytes earlier"),
        (_PACKAGE[600 * BLOCK : 601 * BLOCK], Look.OTHER_PLACE, ""),
        (_OTHER[20 * BLOCK : 21 * BLOCK], Look.OTHER_FILE, "images/other"),
        (random.Random(7).randbytes(BLOCK), Look.OTHER, ""),
    ],
)
def test_wrong_bytes_are_called_what_they_are(
    source: FolderTree, tmp_path: Path, new: bytes, look: Look, detail: str
) -> None:
    (tmp_path / "medium").mkdir()
    _copy(source, tmp_path / "medium")
    path = tmp_path / "medium" / "images" / "package"
    path.write_bytes(_PACKAGE[: 8 * BLOCK] + new + _PACKAGE[9 * BLOCK :])
    (found,) = find_damage(source, FolderTree(tmp_path / "medium"), [_FILE])
    assert (found.offset, found.length) == (8 * BLOCK, BLOCK)
    assert (found.look, found.detail) == (look, detail)
    assert found.to_json()["look"] == look.value


@given(
    size=st.integers(1, 40 * BLOCK),
    spots=st.lists(st.tuples(st.integers(0, 40 * BLOCK), st.integers(1, 255)), max_size=12),
)
def test_exactly_the_blocks_that_differ_are_named(
    size: int, spots: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    right = random.Random(size).randbytes(size)
    wrong = bytearray(right)
    for at, bits in spots:
        if at < size:
            wrong[at] = right[at] ^ bits
    for name, data in (("source", right), ("medium", wrong)):
        (folder / name).mkdir()
        (folder / name / "file").write_bytes(data)
    found = find_damage(FolderTree(folder / "source"), PastCacheTree(folder / "medium"), [("file",)])
    named = {
        block
        for one in found
        if one.look is not Look.RIGHT_NOW
        for block in range(one.offset // BLOCK, -(-(one.offset + one.length) // BLOCK))
    }
    assert named == {at // BLOCK for at, _ in spots if at < size}
    assert all(one.offset + one.length <= size for one in found)
    ends = [(one.offset, one.offset + one.length) for one in found]
    assert all(end < begin for (_, end), (begin, _) in itertools.pairwise(ends))  # joined where they touch


def test_there_is_an_end_to_how_many_stretches_are_told_of(tmp_path: Path) -> None:
    blocks = 2 * (_MOST_STRETCHES + 5)
    right = random.Random(3).randbytes(blocks * BLOCK)
    wrong = bytearray(right)
    for block in range(0, blocks, 2):
        wrong[block * BLOCK] ^= 1
    for name, data in (("source", right), ("medium", wrong)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(data)
    found = find_damage(FolderTree(tmp_path / "source"), FolderTree(tmp_path / "medium"), [("file",)], again=1)
    assert len(found) == _MOST_STRETCHES
    assert found[-1].offset + found[-1].length == (blocks - 1) * BLOCK


def test_only_the_damaged_blocks_are_written_again_and_once(source: FolderTree, stick: BadStick) -> None:
    stick.flip("images/package", 5 * _MIB // 2, heals=True)
    stick.fill("images/package", BLOCK * 3, heals=True)
    damage = _find(source, stick)
    stick.forget()
    mended = rewrite_bad(source, PastCacheTree(stick.mount), damage)
    assert mended.is_whole
    assert mended.rewritten == 2 * BLOCK
    assert stick.written() == {"images/package": 2 * BLOCK}
    assert stick.synced() == ["images/package"]
    assert (stick.folder / "images" / "package").read_bytes() == _PACKAGE


def test_a_stick_that_does_not_keep_them_then_either_is_done_for(source: FolderTree, stick: BadStick) -> None:
    stick.flip("images/package", 5 * _MIB // 2)
    damage = _find(source, stick)
    stick.forget()
    mended = rewrite_bad(source, PastCacheTree(stick.mount), damage)
    assert not mended.is_whole
    assert [(one.offset, one.culprit) for one in mended.left] == [(5 * _MIB // 2, Culprit.MEDIUM)]
    assert "done for" in mended.words
    assert stick.written() == {"images/package": BLOCK}  # not a second time


def test_lengths_are_mended_and_missing_files_and_right_blocks_left_alone(source: FolderTree, stick: BadStick) -> None:
    path = stick.mount / "images" / "package"
    os.truncate(path, _SIZE - 5000)
    assert rewrite_bad(source, PastCacheTree(stick.mount), _find(source, stick)).rewritten == 5000
    with path.open("ab") as file:
        file.write(b"more")
    assert rewrite_bad(source, PastCacheTree(stick.mount), _find(source, stick)).is_whole
    assert path.stat().st_size == _SIZE
    stick.flip("images/package", 5 * _MIB // 2, times=1)
    damage = _find(source, stick)
    stick.forget()
    assert rewrite_bad(source, PastCacheTree(stick.mount), damage).is_whole
    assert stick.written() == {}
    path.unlink()
    left = rewrite_bad(source, PastCacheTree(stick.mount), _find(source, stick)).left
    assert [one.look for one in left] == [Look.MISSING]


def test_what_the_medium_refuses_while_it_is_mended_is_told(source: FolderTree, stick: BadStick) -> None:
    stick.flip("images/package", 5 * _MIB // 2)
    damage = _find(source, stick)
    stick.fail("images/package", on="write", code=errno.EIO)
    with pytest.raises(MediaError, match="cannot be written"):
        rewrite_bad(source, PastCacheTree(stick.mount), damage)
    stick.heal()
    stick.flip("images/package", 5 * _MIB // 2)
    stick.vanish(after_written=0)
    with pytest.raises(MediaError, match="gone"):
        rewrite_bad(source, PastCacheTree(stick.mount), damage)


def test_a_slow_stick_is_not_a_bad_one(source: FolderTree, stick: BadStick) -> None:
    stick.slow(read=8 * _MIB)
    stick.flip("images/package", 5 * _MIB // 2)
    (found,) = _find(source, stick)
    assert found.culprit is Culprit.MEDIUM
