"""What an image archive holds: a table of its members with their digests, made in one pass (lockbox-format 6.5).

The table says nothing about right or wrong; a strict judge and the device's own view work from the same one.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import unreadable
from lockstick.payloads.container_json import MAX_JSON
from lockstick.payloads.tar_reader import BLOCK, TarError, TarKind, TarReader
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lockstick.disk.tree import Place, Tree
    from lockstick.payloads.tar_reader import TarMember

__all__ = ["ArchiveMember", "ArchiveTable", "read_archive"]

_MAX_MEMBERS = 10_000
_MAX_NAME = 4096
_MAX_DOCUMENTS = 4 * 1024 * 1024
_RECORD = 10_240  # archives are padded to whole records by custom
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ArchiveMember:
    """One member.

    Attributes:
        name: Its name, as written.
        place: Its name without detours; empty if it lies outside the archive's tree.
        kind: What it is.
        size: How many bytes it has.
        digest: The sha256 digest of its bytes; empty for anything but files.
        target: The place to which a link leads; empty if that is outside, or it is no link.
    """

    name: str
    place: str
    kind: TarKind
    size: int
    digest: str
    target: str


@dataclass(frozen=True, kw_only=True)
class ArchiveTable:
    """All members of an archive.

    Attributes:
        members: The members, in their order.
        documents: Place to bytes of the JSON members that are not too large for a device.
        error: Why the archive could not be read to its end, or empty.
        truncated: True if it ends in the middle of a member's bytes: a device's program dies of that.
        trailing: What no digest covers behind or between the members, in words, or empty.
        unclear: What another reader of archives might read otherwise, in words, or empty.
    """

    members: tuple[ArchiveMember, ...]
    documents: Mapping[str, bytes]
    error: str = ""
    truncated: bool = False
    trailing: str = ""
    unclear: str = ""


def read_archive(
    tree: Tree, place: Place, size: int, *, observer: Observer = SILENT, name: str | None = None
) -> ArchiveTable:
    """Read an archive once, in constant memory.

    Args:
        tree: What lies on the medium.
        place: A place in it that was looked at.
        size: The file's size, as was seen then.
        observer: Told of the progress.
        name: What to call the file towards the observer.

    Returns:
        The table of its members. Nothing in the archive makes it raise.
    """
    scan = _Scan()
    try:
        with io.BufferedReader(tree.open(place), _CHUNK) as file:
            shown = name or place[-1]
            observer.file_started(shown, length=size)
            stream = _Stream(file)
            done = 0
            reader = TarReader(stream)
            for member in reader.members():
                for _ in scan.take(member, reader):
                    observer.advanced(shown, stream.position - done)
                    done = stream.position
            trailing = _trailing(reader, stream)
            observer.advanced(shown, max(size - done, 0))
            observer.file_finished(shown)
            return scan.table(trailing=trailing, unclear=reader.unclear)
    except TarError as error:
        return scan.table(error=str(error), truncated=error.truncated)
    except OSError as error:
        return scan.table(error=unreadable(error))


class _Stream:
    """The bytes of a file, and how many were taken so far: not every file of a tree can say that."""

    def __init__(self, file: io.BufferedReader[io.RawIOBase]) -> None:
        self._file = file
        self.position = 0

    def read(self, count: int, /) -> bytes:
        data = self._file.read(count)
        self.position += len(data)
        return data


class _Scan:
    def __init__(self) -> None:
        self._members: list[ArchiveMember] = []
        self._documents: dict[str, bytes] = {}
        self._room = _MAX_DOCUMENTS

    def take(self, member: TarMember, reader: TarReader) -> Iterator[None]:
        """Take in one member, with a pause after each piece of it."""
        if len(self._members) >= _MAX_MEMBERS or len(member.name) > _MAX_NAME:
            raise TarError(f"it has more than {_MAX_MEMBERS} members, or names that are too long")
        place = _place(member.name)
        digest = ""
        if member.kind is TarKind.FILE:
            keep = place.endswith(".json") or posixpath.basename(place) == "json"
            keep = keep and member.size <= min(MAX_JSON, self._room)
            sha256 = hashlib.sha256()
            kept = bytearray()
            for chunk in reader.chunks():
                sha256.update(chunk)
                if keep:
                    kept += chunk
                yield
            digest = sha256.hexdigest()
            if keep:
                self._room -= len(kept)
                self._documents[place] = bytes(kept)
        target = ""
        if member.kind is TarKind.SYMLINK and not member.link.startswith("/"):
            target = _place(posixpath.join(posixpath.dirname(place), member.link))
        self._members.append(
            ArchiveMember(
                name=member.name, place=place, kind=member.kind, size=member.size, digest=digest, target=target
            )
        )

    def table(self, *, error: str = "", truncated: bool = False, trailing: str = "", unclear: str = "") -> ArchiveTable:
        return ArchiveTable(
            members=tuple(self._members),
            documents=self._documents,
            error=error,
            truncated=truncated,
            trailing=trailing,
            unclear=unclear,
        )


def _place(name: str) -> str:
    """The name without detours, or an empty text if it leads out."""
    if not name or name.startswith("/"):
        return ""
    plain = posixpath.normpath(name)
    return "" if plain == ".." or plain.startswith("../") else plain


def _trailing(reader: TarReader, stream: _Stream) -> str:
    """Say what is behind the last member: two blocks of zeros end an archive, and zeros may fill the last record."""
    if not reader.ended:
        return "it lacks the mark for its end"
    size = stream.position
    rest = 0
    while chunk := stream.read(_CHUNK):
        if any(chunk):
            return f"bytes that no digest covers follow its end at byte {size}"
        rest += len(chunk)
        if rest > _RECORD + BLOCK:
            return f"more than padding follows its end at byte {size}"
    if rest < BLOCK:
        return "it lacks the second half of the mark for its end"
    if rest > BLOCK and (size + rest) % _RECORD:
        return f"more than padding follows its end at byte {size}"
    return "bytes that no digest covers stand between its members" if reader.gaps else ""
