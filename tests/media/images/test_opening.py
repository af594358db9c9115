"""What a path holds is told by its content."""

from __future__ import annotations

import io
import struct
import tarfile
from typing import TYPE_CHECKING

import pytest

from lockstick.errors import LockstickError, MediaError, NotFoundError, UsageError
from lockstick.media.images.opening import open_image, open_lockbox

if TYPE_CHECKING:
    from pathlib import Path


def archive(*folders: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name in folders:
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
    return made.getvalue()


@pytest.mark.parametrize("folder", ["", "update/"])
def test_a_lockbox_is_found_at_the_top_or_in_update_whatever_the_file_is_called(tmp_path: Path, folder: str) -> None:
    image = tmp_path / "notes.txt"
    image.write_bytes(archive(f"{folder}metadata", f"{folder}images"))
    with open_lockbox(image) as tree:
        assert {entry.name for entry in tree.entries(())} == {"metadata", "images"}
        assert tree.look(("metadata",)) is not None
        assert tree.shown.startswith(str(image))
        with pytest.raises(OSError, match="regular"):
            tree.open(("metadata",))
        with pytest.raises(OSError, match="Invalid"):
            tree.link(("metadata",))
        assert tree.attribute(("metadata",), "user.x") is None


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        (archive("images"), NotFoundError, "no lockbox in"),
        (archive("metadata", "update/metadata"), UsageError, "two lockboxes"),
        (b"", UsageError, "no lockbox"),
        (b"hello", UsageError, "neither a squashfs"),
        (b"\x1f\x8b" + bytes(600), UsageError, "gzip"),
        (b"PK\x03\x04" + bytes(600), UsageError, "zip"),
        (b"LUKS\xba\xbe" + bytes(600), UsageError, "encrypted"),
        (b"hsqs" + bytes(600), MediaError, "squashfs 4.0"),
        (bytes(510) + b"\x55\xaa", MediaError, "FAT partition"),
        (b"\x28\xb5\x2f\xfd" + bytes(3), MediaError, "damaged"),
        (bytes(257) + b"ustar" + bytes(300), MediaError, "damaged"),
    ],
)
def test_what_is_no_lockbox_is_refused_in_words(
    tmp_path: Path, raw: bytes, kind: type[LockstickError], words: str
) -> None:
    (tmp_path / "file").write_bytes(raw)
    with pytest.raises(kind) as caught, open_lockbox(tmp_path / "file"):
        pass
    assert words in str(caught.value)
    assert caught.value.remedy


def test_a_folder_is_opened_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "update" / "metadata").mkdir(parents=True)
    with open_lockbox(tmp_path) as tree:
        assert tree.look(("metadata",)) is not None


@pytest.mark.parametrize("magic", [b"hsqs", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"])
def test_what_is_a_disk_with_partitions_as_well_is_refused(tmp_path: Path, magic: bytes) -> None:
    """Verified as an archive, it would be another lockbox once somebody writes it onto a stick."""
    image = tmp_path / "image"
    partition = struct.pack("<B3xB3xII", 0, 0x0C, 2048, 4096)
    image.write_bytes(magic.ljust(446, b"\x00") + partition.ljust(64, b"\x00") + b"\x55\xaa" + bytes(4096))
    with pytest.raises(UsageError, match="two things at once"), open_image(image):
        pass


@pytest.mark.parametrize(
    ("folder", "link", "words"), [("update/metadata", "metadata", "two lockboxes"), ("metadata", "update", "is a link")]
)
def test_a_link_beside_a_lockbox_counts_as_a_second_one(tmp_path: Path, folder: str, link: str, words: str) -> None:
    """A device that looks there follows it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, kind in ((folder, tarfile.DIRTYPE), (link, tarfile.SYMTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "elsewhere" if kind == tarfile.SYMTYPE else ""
            tar.addfile(member)
    image = tmp_path / "image"
    image.write_bytes(made.getvalue())
    with pytest.raises(UsageError, match=words), open_lockbox(image):
        pass
