"""A reader of tar archives for hostile input: it streams, and nothing in an archive makes it hold much in memory.

The standard library's reader keeps every member in a list and reads extended headers whole, of any size. This one
knows what image archives consist of (USTAR, GNU long names, PAX headers: lockbox-format 6.5) and refuses the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BLOCK", "ByteSource", "TarError", "TarKind", "TarMember", "TarReader"]

BLOCK = 512
"""Tar archives consist of blocks of so many bytes."""

_CHUNK = 1 << 20
_MAX_EXTENDED = 65_536
_MAX_EXTENSIONS = 8
_NO_BLOCK = bytes(BLOCK)
_POSIX_MAGIC = b"ustar\x0000"
_GNU_MAGIC = b"ustar  \x00"
# What an extended header may say without that readers disagree about where the next member begins, or is called.
_PLAIN_RECORDS = frozenset({"path", "linkpath", "size", "mtime", "atime", "ctime", "uid", "gid", "uname", "gname"})


class TarKind(StrEnum):
    """What a member of an archive is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    OTHER = "device or special member"


_LONG = {b"L": "path", b"K": "linkpath"}
_UNUSUAL = "an extended header in it says something unusual"
_KINDS = {
    b"0": TarKind.FILE,
    b"\x00": TarKind.FILE,
    b"7": TarKind.FILE,
    b"1": TarKind.HARDLINK,
    b"2": TarKind.SYMLINK,
    b"5": TarKind.FOLDER,
}


class TarError(Exception):
    """An archive cannot be read any further.

    Args:
        message: What is wrong.
        truncated: True if it ends in the middle of a member's bytes.
    """

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated


@dataclass(frozen=True, kw_only=True)
class TarMember:
    """One member of an archive.

    Attributes:
        name: Its name, as written.
        kind: What it is.
        size: How many bytes it has.
        link: Where it leads, for links.
    """

    name: str
    kind: TarKind
    size: int
    link: str


class ByteSource(Protocol):
    """What an archive is read from."""

    def read(self, count: int, /) -> bytes:
        """Take so many bytes; fewer only at the end.

        Raises:
            OSError: The medium failed.
        """
        ...


class TarReader:
    """Reads an archive from its beginning, member by member.

    Args:
        stream: The archive.

    Attributes:
        gaps: True once a byte other than zero stood between members, where no digest covers it.
        unclear: What other readers of archives might read otherwise, in words; empty so far.
        ended: True once the mark for the end was read; False at the end if the file just stops.
    """

    def __init__(self, stream: ByteSource) -> None:
        self.gaps = False
        self.unclear = ""
        self.ended = False
        self._stream = stream
        self._left = 0
        self._padding = 0

    def members(self) -> Iterator[TarMember]:
        """Go through the members. What is left of a member's bytes is skipped.

        Yields:
            Each member; its bytes are there to be read until the next one is asked for.

        Raises:
            TarError: The archive cannot be read.
            OSError: The medium failed.
        """
        while (member := self._next()) is not None:
            yield member
            for _ in self.chunks():
                pass
            self._skip_padding()

    def chunks(self) -> Iterator[bytes]:
        """Read the bytes of the present member.

        Yields:
            Pieces of limited size.

        Raises:
            TarError: The archive ends before them.
            OSError: The medium failed.
        """
        while self._left:
            chunk = self._stream.read(min(self._left, _CHUNK))
            if not chunk:
                raise TarError("it ends in the middle of a member", truncated=True)
            self._left -= len(chunk)
            yield chunk

    def _next(self) -> TarMember | None:
        extended: dict[str, str] = {}
        is_posix = False
        for _ in range(_MAX_EXTENSIONS):
            header = self._stream.read(BLOCK)
            if not header:
                return None
            if len(header) < BLOCK:
                raise TarError("it ends in the middle of a header")
            if header == _NO_BLOCK:
                self.ended = True
                return None
            _check_sum(header)
            self.unclear = self.unclear or _unclear(header)
            kind, size = header[156:157], _number(header[124:136])
            if kind in _LONG:
                # Of two that speak of one thing, GNU tar heeds the POSIX one, other programs the latter one.
                if is_posix or _LONG[kind] in extended:
                    self.unclear = self.unclear or _UNUSUAL
                extended[_LONG[kind]] = _text(self._small(size))
            elif kind == b"x":
                records = _pax(self._small(size))
                if (
                    extended
                    or is_posix
                    or len({key for key, _ in records}) != len(records)
                    or not _PLAIN_RECORDS.issuperset(key for key, _ in records)
                ):
                    self.unclear = self.unclear or _UNUSUAL
                extended |= dict(records)
                is_posix = True
            else:
                return self._member(header, size, extended)
        raise TarError("it has too many extended headers in a row")

    def _member(self, header: bytes, size: int, extended: dict[str, str]) -> TarMember:
        kind = _KINDS.get(header[156:157], TarKind.OTHER)
        name = _text(header[0:100])
        prefix = _text(header[345:500]) if header[257:265] == _POSIX_MAGIC else ""
        if "size" in extended:
            size = _decimal(extended["size"])
        if any(key.startswith("GNU.sparse") for key in extended):
            kind = TarKind.OTHER
        if size and kind not in (TarKind.FILE, TarKind.OTHER):
            raise TarError(f"a {kind.value} in it claims to have bytes")
        name = extended.get("path", f"{prefix}/{name}" if prefix else name)
        if kind is TarKind.FILE and name.endswith("/"):
            self.unclear = self.unclear or "a file in it is called like a folder"
        self._expect(size)
        return TarMember(
            name=name,
            kind=kind,
            size=size,
            link=extended.get("linkpath", _text(header[157:257])),
        )

    def _expect(self, size: int) -> None:
        self._left = size
        self._padding = -size % BLOCK

    def _small(self, size: int) -> bytes:
        if size > _MAX_EXTENDED:
            raise TarError("it has an extended header of more than 64 KiB")
        self._expect(size)
        data = b"".join(self.chunks())
        self._skip_padding()
        return data

    def _skip_padding(self) -> None:
        padding = self._stream.read(self._padding)
        if len(padding) < self._padding:
            raise TarError("it ends in the middle of a member", truncated=True)
        self.gaps = self.gaps or any(padding)
        self._padding = 0


def _check_sum(header: bytes) -> None:
    total = sum(header) - sum(header[148:156]) + 8 * 32
    if _number(header[148:156]) != total:
        raise TarError("it is not a tar archive, or a header in it is damaged")


def _unclear(header: bytes) -> str:
    """Say what other readers might read otherwise in a header: which dialect it is of decides what its end means."""
    dialect, kind = header[257:265], header[156:157]
    if dialect not in (_POSIX_MAGIC, _GNU_MAGIC) or any(header[500:]):
        return "a header in it is of a dialect of long ago"
    if dialect == _GNU_MAGIC and any(header[345:500]):
        return "a header in it holds more than names, sizes and kinds"
    return "" if kind in _KINDS.keys() - {b"7"} | {b"L", b"K", b"x"} else f"a member in it is of the kind {kind!r}"


def _number(field: bytes) -> int:
    if field[0] == 0x80:  # noqa: PLR2004 - the mark of a binary number
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\x00 ")
    if not digits:
        return 0
    if set(digits) - set(b"01234567"):
        raise TarError("a header in it holds a number that is none")
    return int(digits, 8)


def _text(field: bytes) -> str:
    return field.partition(b"\x00")[0].decode("utf-8", "surrogateescape")


def _decimal(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - below 2**63
        raise TarError("an extended header in it gives a size that is none")
    return int(text)


def _pax(data: bytes) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while data:
        digits, _, _ = data.partition(b" ")
        if not digits.isdigit() or len(digits) > 6:  # noqa: PLR2004 - more digits than 64 KiB need
            raise TarError("an extended header in it is damaged")
        length = int(digits)
        record = data[:length]
        key, separator, value = record[len(digits) + 1 : -1].partition(b"=")
        if len(record) != length or not record.endswith(b"\n") or not separator or length <= len(digits):
            raise TarError("an extended header in it is damaged")
        if b"\x00" in value and key in (b"path", b"linkpath"):
            raise TarError("an extended header in it gives a name that is none")
        found.append((key.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")))
        data = data[length:]
    return found
