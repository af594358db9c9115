"""Tar archives with and without zstd, as programs write them and as only an attacker would."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Literal

import pytest
import zstandard

from lockstick.disk.tree import FolderTree
from lockstick.errors import MediaError
from lockstick.media.images import tarball, zstdframes
from lockstick.media.images.source import ImageFile
from lockstick.media.images.tarball import TarTree
from lockstick.media.images.zstdframes import open_zstd
from media.images.ground import make_folder, needs, read_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockstick.media.images.source import Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "folder")


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], TarTree]:
    def tree(raw: bytes) -> TarTree:
        (tmp_path / "made.tar").write_bytes(raw)
        return TarTree(ImageFile(tmp_path / "made.tar"), "made.tar")

    return tree


def packed(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, link: str = "", end: bool = True) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, raw in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(raw), link
            tar.addfile(member, io.BytesIO(raw))
    return archive.getvalue() if end else archive.getvalue().rstrip(b"\x00")


@pytest.mark.parametrize("form", ["ustar", "gnu", "pax"])
def test_what_the_program_writes_is_read_as_it_lies_in_the_folder(folder: Path, tmp_path: Path, form: str) -> None:
    needs("tar")
    image = tmp_path / "made.tar"
    if form == "ustar":  # which has no room for such a name
        next((folder / "images").glob("long name*")).unlink()
    subprocess.run(["tar", f"--format={form}", "-C", folder, "-c", "-f", image, "."], check=True)
    assert read_all(TarTree(ImageFile(image), "made.tar")) == read_all(FolderTree(folder))


def test_a_second_name_of_a_file_is_that_file(read: Callable[[bytes], TarTree]) -> None:
    raw = packed(("a", b"hello")).rstrip(b"\x00")
    raw += bytes(-len(raw) % 512) + packed(("b", b""), kind=tarfile.LNKTYPE, link="a")
    with read(raw).open(("b",)) as file:
        assert file.readall() == b"hello"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (packed(("a", b"one"), ("a", b"two")), "twice"),
        (packed(("./a", b"one"), ("a", b"two")), "twice"),
        (packed(("/a", b"")), "not the name"),
        (packed(("../a", b"")), "not the name"),
        (packed(("a/../../b", b"")), "not the name"),
        (packed(("a//b", b"")), "not the name"),
        (packed(("/".join(["d"] * 70), b"")), "not the name"),
        (packed(("a", b"one"), ("a/b", b"two")), "no folder"),
        (packed(("a", b""), kind=tarfile.LNKTYPE, link="nothing"), "second name of nothing"),
        (packed(("a", b"one"), end=False), "ends"),
        (packed(("a", b"one" * 1000))[:1024], "middle"),
        (packed(("a", b"one")) + packed(("b", b"two")), "follows its end"),
        (packed(("a", b"one")) + bytes(2 << 20), "follows its end"),
        (packed(("a", b"one")) + b"something", "follows its end"),
        (packed(("a", b""), kind=tarfile.CHRTYPE), "different ways"),
        (b"", "ends without"),
    ],
)
def test_what_two_programs_could_read_in_two_ways_is_refused(
    read: Callable[[bytes], TarTree], raw: bytes, words: str
) -> None:
    with pytest.raises(OSError, match=words):
        read(raw)


def headed(name: str, kind: bytes, raw: bytes, *, form: Literal[0, 1] = tarfile.GNU_FORMAT, link: str = "") -> bytes:
    """One member as it is written, without what a program would do about it."""
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, len(raw), link
    return member.tobuf(form) + raw + bytes(-len(raw) % 512)


def said(record: bytes) -> bytes:
    return headed("said", b"x", record, form=tarfile.USTAR_FORMAT)


@pytest.mark.parametrize(
    "raw",
    [
        said(b"13 path=evil\n") + headed("long", b"L", b"good\0") + headed("a", b"0", b"one"),
        headed("b", b"0", b"one")
        + headed("c", b"0", b"two")
        + said(b"14 linkpath=b\n")
        + headed("long", b"K", b"c\0")
        + headed("a", b"1", b"", link="d"),
        headed("long", b"L", b"evil\0") + headed("long", b"L", b"good\0") + headed("a", b"0", b"one"),
        headed("long", b"L", b"good\0") + said(b"13 path=evil\n") + headed("a", b"0", b"one"),
        said(b"") + said(b"13 path=good\n") + headed("a", b"0", b"one"),
    ],
    ids=["name", "link", "two names", "the other order", "two headers"],
)
def test_two_headers_that_speak_of_one_member_are_refused(read: Callable[[bytes], TarTree], raw: bytes) -> None:
    """Found by attack: a file was verified as ``good``, and ``tar`` unpacked it as ``evil``."""
    with pytest.raises(OSError, match="unusual"):
        read(raw + bytes(10_240))


def test_a_long_name_and_a_long_link_of_one_member_are_usual(read: Callable[[bytes], TarTree]) -> None:
    raw = headed("a", b"0", b"one")
    raw += headed("long", b"K", b"a\0") + headed("long", b"L", b"b\0") + headed("c", b"1", b"", link="d")
    assert read(raw + bytes(10_240)).open(("b",)).readall() == b"one"


def test_a_length_beyond_everything_is_noticed_at_once(read: Callable[[bytes], TarTree]) -> None:
    raw = bytearray(packed(("a", b"one")))
    raw[124:136] = b"\x80\x00\x00\x00" + (1 << 62).to_bytes(8, "big")
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\x00 " % sum(raw[:512])
    with pytest.raises(OSError, match="ends in the middle of a file"):
        read(bytes(raw))


def test_more_names_than_an_archive_may_have_are_refused(
    read: Callable[[bytes], TarTree], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = packed(*((f"f{number}", b"") for number in range(5)))
    assert len(list(read(raw).entries(()))) == 5
    monkeypatch.setattr(tarball, "MOST_NAMES", 4)
    with pytest.raises(OSError, match="more than 4 names"):
        read(raw)
    same = packed(*(("d", b"") for _ in range(5)), kind=tarfile.DIRTYPE)
    with pytest.raises(OSError, match="more than 4 names"):
        read(same)


class Huge:
    """An archive of one member of nine gibibytes, all of them zeros, on no disk."""

    def __init__(self) -> None:
        member = tarfile.TarInfo("huge")
        member.size = 9 << 30
        self.head = member.tobuf(tarfile.PAX_FORMAT)
        self.size = len(self.head) + member.size + 1024

    def read_into(self, view: memoryview, offset: int) -> int:
        piece = self.head[offset : offset + len(view)] or bytes(min(len(view), self.size - offset))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Nothing is open."""


def test_a_member_of_more_than_eight_gib_is_found_without_reading_it() -> None:
    tree = TarTree(Huge(), "huge.tar")
    entry = tree.look(("huge",))
    assert entry is not None
    assert entry.size == 9 << 30
    with tree.open(("huge",)) as file:
        file.seek((9 << 30) - 3)
        assert file.read(10) == bytes(3)


def test_a_link_is_a_link_and_leads_nowhere(read: Callable[[bytes], TarTree]) -> None:
    tree = read(packed(("a", b""), kind=tarfile.SYMTYPE, link="/etc/passwd"))
    assert tree.link(("a",)) == b"/etc/passwd"
    assert tree.look(("a", "b")) is None
    with pytest.raises(OSError, match="not a regular file"):
        tree.open(("a",))
    with pytest.raises(OSError, match="Invalid"):
        tree.link(())
    with pytest.raises(FileNotFoundError):
        tree.open(("b",))
    with pytest.raises(FileNotFoundError):
        list(tree.entries(("b",)))
    with pytest.raises(NotADirectoryError):
        list(tree.entries(("a",)))


# --- behind zstd ---------------------------------------------------------------------------------


def behind(raw: bytes, tmp_path: Path) -> Source:
    (tmp_path / "made.zst").write_bytes(raw)
    return open_zstd(ImageFile(tmp_path / "made.zst"))


def everything(source: Source) -> bytes:
    raw = bytearray(source.size)
    at = 0
    while at < len(raw):
        at += source.read_into(memoryview(raw)[at : at + 100_000], at)
    assert source.read_into(memoryview(bytearray(1)), source.size) == 0
    source.close()
    return bytes(raw)


PLAIN = bytes(range(256)) * 20_000


def frames(size: int, *, checked: bool = True) -> bytes:
    pressed = zstandard.ZstdCompressor(write_checksum=checked)
    return b"".join(pressed.compress(PLAIN[at : at + size]) for at in range(0, len(PLAIN), size))


@pytest.mark.parametrize(
    "raw",
    [
        frames(1 << 20),
        frames(1 << 20, checked=False),
        frames(100),
        frames(len(PLAIN)),
        b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + frames(1 << 20),
        zstandard.ZstdCompressor(write_content_size=False).compress(PLAIN),
        zstandard.ZstdCompressor(write_content_size=False).compress(PLAIN[:1000])
        + zstandard.ZstdCompressor().compress(PLAIN[1000:]),
    ],
    ids=["small", "without sums", "tiny", "one", "after a note", "one of unknown length", "mixed"],
)
def test_the_bytes_behind_frames_of_every_kind_are_read(raw: bytes, tmp_path: Path) -> None:
    assert everything(behind(raw, tmp_path)) == PLAIN


def test_small_frames_are_read_where_they_lie_and_others_through_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: pytest.fail("a temporary file"))
    assert everything(behind(frames(1 << 20), tmp_path)) == PLAIN
    with pytest.raises(pytest.fail.Exception):
        behind(zstandard.ZstdCompressor(write_content_size=False).compress(PLAIN), tmp_path)


def test_what_the_program_compresses_is_read(folder: Path, tmp_path: Path) -> None:
    needs("tar", "zstd")
    image = tmp_path / "made.tar.zst"
    subprocess.run(["tar", "--zstd", "-C", folder, "-c", "-f", image, "."], check=True)
    with closing(open_zstd(ImageFile(image))) as source:
        assert read_all(TarTree(source, "made")) == read_all(FolderTree(folder))


@pytest.mark.parametrize("cut", [1, 5, 1000])
def test_a_file_that_was_cut_off_is_damaged(tmp_path: Path, cut: int) -> None:
    with pytest.raises(OSError, match="damaged"):
        everything(behind(frames(1 << 20)[:-cut], tmp_path))


def test_every_flipped_byte_is_noticed_or_was_of_no_account(tmp_path: Path) -> None:
    raw = frames(1 << 20)
    refused = 0
    for at in range(0, len(raw), max(1, len(raw) // 200)):
        changed = raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]
        try:
            assert everything(behind(changed, tmp_path)) == PLAIN
        except OSError:
            refused += 1
    assert refused > 150


def test_something_after_the_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="something else follows"):
        behind(frames(1 << 20) + b"more than that", tmp_path)


def test_a_small_file_that_unpacks_into_a_huge_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zstdframes, "_ALWAYS_UNPACKED", 1 << 20)
    bomb = zstandard.ZstdCompressor().compress(bytes(200 << 20))
    assert len(bomb) < 20_000
    with pytest.raises(OSError, match="more than there is room for"):
        behind(bomb, tmp_path)


def test_no_more_than_half_of_the_room_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = zstandard.ZstdCompressor(write_content_size=False).compress(PLAIN)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=len(PLAIN)))
    with pytest.raises(OSError, match="more than there is room for"):
        behind(raw, tmp_path)


def test_a_frame_of_endless_blocks_is_not_counted_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zstdframes, "_MOST_BLOCKS", 10)
    raw = b"\x28\xb5\x2f\xfd\x20\x00" + bytes(3) * 1000 + b"\x01\x00\x00"  # empty blocks, and the last one
    assert everything(behind(raw, tmp_path)) == b""


@pytest.mark.parametrize(
    "raw",
    [
        (b"\x28\xb5\x2f\xfd\xa0" + (16 << 20).to_bytes(4, "little") + b"\x01\x00\x00") * 2000,
        b"\x50\x2a\x4d\x18\x00\x00\x00\x00" * 2000,
    ],
    ids=["tiny frames", "skipped frames"],
)
def test_more_frames_than_a_file_needs_are_not_looked_at_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    """Found by attack: 12 MB of tiny frames took 12 seconds, 48 MB almost a minute."""
    monkeypatch.setattr(zstdframes, "_MOST_BLOCKS", 10)
    seen: list[int] = []
    measure = zstdframes._measure

    def counted(source: Source, position: int, most: int) -> tuple[int, int | None, int]:
        seen.append(position)
        return measure(source, position, most)

    monkeypatch.setattr(zstdframes, "_measure", counted)
    with suppress(OSError):
        everything(behind(raw, tmp_path))
    assert len(seen) <= 10 + len(raw) // 4096


def test_without_the_library_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MediaError) as caught:
        behind(frames(1 << 20), tmp_path)
    assert "pip install '.[images]'" in caught.value.remedy
