"""Writing tar archives with zstd: the same bytes every time, in frames of a mebibyte that can be read alone."""

from __future__ import annotations

import io
import os
import tarfile
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

from lockstick.disk.tree import EntryKind
from lockstick.lockbox.layout import MEDIA_FOLDER
from lockstick.media.images.contents import FIXED_TIME
from lockstick.media.images.zstdframes import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lockstick.media.images.contents import Contents, Packed

__all__ = ["FRAME", "TarForm"]

FRAME = 1 << 20
"""How many bytes of the archive go into one frame."""

_LEVEL = 6
_PER_NAME = 4096  # a header, an extended one, and what fills up a block
_SLACK = 1 << 20
_COPIED_AT_ONCE = 1 << 20


class TarForm:
    """A tar archive with zstd that unpacks into ``update``, so that it may be unpacked straight onto a stick."""

    def file_name(self, lockbox: str) -> str:
        """After the lockbox."""
        return f"{lockbox}.tar.zst"

    def check(self, contents: Contents) -> None:  # noqa: ARG002 - it can hold everything
        """Return if the library is there."""
        zstandard()

    def room(self, contents: Contents) -> int:
        """As much as if nothing could be compressed."""
        return contents.size + _PER_NAME * len(contents.names) + _SLACK

    def write(self, contents: Contents, root: Path, target: Path, tick: Callable[[int], None]) -> None:  # noqa: ARG002
        """Write the archive; see :class:`~lockstick.media.images.forms.Form`."""
        with (
            target.open("xb") as file,
            _Frames(file, tick) as frames,
            tarfile.open(fileobj=frames, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            tar.copybufsize = _COPIED_AT_ONCE  # type: ignore[attr-defined]  # a documented argument, not in the types
            tar.addfile(_member((), EntryKind.FOLDER))
            for one in contents.names:
                _add(tar, contents, one)


def _add(tar: tarfile.TarFile, contents: Contents, one: Packed) -> None:
    member = _member(one.place, one.kind, is_program=one.is_program)
    if one.kind is EntryKind.LINK:
        member.linkname = os.fsdecode(contents.tree.link(one.place))
    if one.kind is not EntryKind.FILE:
        tar.addfile(member)
        return
    member.size = one.size
    with contents.tree.open(one.place) as raw, io.BufferedReader(raw, _COPIED_AT_ONCE) as file:
        tar.addfile(member, file)


def _member(place: tuple[str, ...], kind: EntryKind, *, is_program: bool = False) -> tarfile.TarInfo:
    """A member without anything of the machine that writes it."""
    member = tarfile.TarInfo("/".join((MEDIA_FOLDER, *place)))
    member.type = {EntryKind.FOLDER: tarfile.DIRTYPE, EntryKind.LINK: tarfile.SYMTYPE}.get(kind, tarfile.REGTYPE)
    member.mode = 0o755 if kind is EntryKind.FOLDER or is_program else 0o644
    member.mtime = FIXED_TIME
    return member


class _Frames(io.RawIOBase):
    """Takes an archive and writes it as frames, compressed by several threads, in their order.

    Args:
        file: Where they go.
        tick: Told of every byte of the archive.
    """

    def __init__(self, file: BinaryIO, tick: Callable[[int], None]) -> None:
        super().__init__()
        self._file = file
        self._tick = tick
        self._library = zstandard()
        self._gathered = bytearray()
        self._taken = 0
        workers = os.cpu_count() or 1
        self._most_waiting = 2 * workers
        self._pool = ThreadPoolExecutor(max_workers=workers)
        self._waiting: deque[Future[bytes]] = deque()

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """How many bytes of the archive were taken."""
        return self._taken

    def write(self, data: object) -> int:
        """Take the next bytes."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        self._gathered += view
        self._taken += len(view)
        self._tick(len(view))
        while len(self._gathered) >= FRAME:
            self._send(bytes(self._gathered[:FRAME]))
            del self._gathered[:FRAME]
        return len(view)

    def _send(self, data: bytes) -> None:
        self._waiting.append(self._pool.submit(self._compressed, data))
        while len(self._waiting) > self._most_waiting:
            self._file.write(self._waiting.popleft().result())

    def _compressed(self, data: bytes) -> bytes:
        compressor = self._library.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)
        frame: bytes = compressor.compress(data)
        return frame

    def __exit__(self, *failure: object) -> None:
        """Write what is left, unless something went wrong."""
        try:
            if failure[0] is None:
                if self._gathered:
                    self._send(bytes(self._gathered))
                while self._waiting:
                    self._file.write(self._waiting.popleft().result())
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self.close()
