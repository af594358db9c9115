"""Images in one file: whatever lies in them is listed, looked at and read."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING

import zstandard

from families.target import Target, folder
from forge import AT
from lockstick.disk.tree import EntryKind
from lockstick.errors import LockstickError
from lockstick.lockbox.anchors import AnchorChoice
from lockstick.lockbox.inspect import inspect
from lockstick.lockbox.verify import verify
from lockstick.media.images.opening import open_image, open_lockbox
from media.images.forging import fat32_by_hand, short, small_file, squashfs_by_hand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockstick.disk.tree import Entry, Place, Tree

__all__ = ["TARGETS"]

_MOST_LOOKED_AT = 300
_MOST_READ = 1 << 18
_DEEPEST = 8


def image(data: bytes) -> None:
    """Open it as a lockbox, which is judged, and as an image, and read all that it says it holds."""
    path = folder() / "image"
    path.write_bytes(data)
    with suppress(LockstickError), open_lockbox(path) as lockbox:
        inspect(lockbox)
        verify(lockbox, anchors=AnchorChoice(on_first_use=True), at=AT, clock=lambda: 0.0)
    with suppress(LockstickError), open_image(path) as tree:
        seen = 0
        with suppress(OSError):
            for place, entry in _walk(tree, ()):
                seen += 1
                _check(tree, place, entry)
                if seen == _MOST_LOOKED_AT:
                    break


def _walk(tree: Tree, place: Place) -> Iterator[tuple[Place, Entry]]:
    for entry in tree.entries(place):
        inside = (*place, entry.name)
        yield inside, entry
        if entry.kind is EntryKind.FOLDER and len(inside) < _DEEPEST:
            with suppress(OSError):
                yield from _walk(tree, inside)


def _check(tree: Tree, place: Place, entry: Entry) -> None:
    if entry.name in ("", ".", "..") or "/" in entry.name or "\x00" in entry.name:
        raise AssertionError("a name leads elsewhere")
    with suppress(OSError):
        tree.link(place)
    with suppress(OSError):
        found = tree.look(place)
        if found is None or (found.kind is not entry.kind and entry.kind is not EntryKind.OTHER):
            raise AssertionError("a folder lists what is not there")
    with suppress(OSError), tree.open(place) as file:
        read = file.read(_MOST_READ) or b""
        if len(read) > entry.size:
            raise AssertionError("a file has more bytes than it says")
        file.seek(max(0, entry.size - 10))
        if len(file.read(_MOST_READ) or b"") != min(10, entry.size):
            raise AssertionError("the end of a file is not where it says")


def _squashfs_seeds() -> list[bytes]:
    plain = small_file(5, 96, 5 | 1 << 24)
    entries = [(b"a", 1, 2), (b"empty", 2, 2), (b"metadata", 0, 1), (b"holes", 3, 2)]
    return [squashfs_by_hand(entries, [plain, small_file(0, 96), small_file(300_000, 96, 0, 0, 0)], block=b"hello")]


def _tar(form: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as tar:
        for name, raw in (
            ("update/metadata/director/a.json", b"{}"),
            ("/".join(("update", "long" * 20, "long" * 10)), b"x" * 600),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "elsewhere"
        tar.addfile(link)
    return made.getvalue().rstrip(b"\x00") + bytes(1536)


def _tar_seeds() -> list[bytes]:
    return [_tar(form) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]


def _zstd_seeds() -> list[bytes]:
    raw = _tar(tarfile.PAX_FORMAT)
    pressed = zstandard.ZstdCompressor(write_checksum=True)
    unknown = zstandard.ZstdCompressor(write_content_size=False)
    return [
        b"".join(pressed.compress(raw[at : at + 700]) for at in range(0, len(raw), 700)),
        unknown.compress(raw),
        b"\x50\x2a\x4d\x18\x02\x00\x00\x00ab" + pressed.compress(raw),
    ]


def _fat_seeds() -> list[bytes]:
    inside = [short(b"A       TXT", cluster=5, size=700), short(b"EMPTY")]
    outermost = [short(b"METADATA", cluster=3, attributes=0x10), short(b"LABEL", attributes=8), short(b"\xe5GONE")]
    end = 0x0FFF_FFFF
    return [fat32_by_hand({2: outermost, 3: inside}, {2: end, 3: end, 5: 6, 6: end}, {5: b"x" * 512, 6: b"y" * 188})]


TARGETS = {
    "squashfs_image": Target(image, _squashfs_seeds),
    "tar_archive": Target(image, _tar_seeds),
    "zstd_archive": Target(image, _zstd_seeds),
    "fat_image": Target(image, _fat_seeds),
}
