"""The content of OSTree's file objects, hashed as it streams by: nothing in a repository makes it hold much in memory.

A file's digest covers its properties and its uncompressed bytes. Archive repositories compress; others keep plain
files, whose properties are those of the file system or of an extended attribute (lockbox-format 5).
"""

from __future__ import annotations

import hashlib
import stat
import zlib
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import MISSING, find_entry
from lockstick.disk.tree import EntryKind
from lockstick.payloads.gvariant import NotNormalError
from lockstick.payloads.ostree_objects import FileHeader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from lockstick.disk.tree import Place, Tree

__all__ = ["CorruptObjectError", "hash_archived", "hold_loose_file"]

_CHUNK = 1 << 18
_MAX_HEADER = 1 << 20
_MAX_RATIO = 1032  # no deflate stream grows by more
_XATTR = "user.ostreemeta"
# What OSTree gives files whose permissions it normalises, and what read-only copies make of these.
_USUAL_PERMISSIONS = (0o644, 0o755, 0o444, 0o555, 0o600, 0o700, 0o664, 0o775)
_PERMISSIONS = 0o7777
_LINK_MODE = 0o120777
_MAX_TARGET = 4096


class CorruptObjectError(Exception):
    """An object is not readable as what it should be."""


def hash_archived(stream: BinaryIO, size: int) -> str:
    """Hash a file object of an archive repository.

    Args:
        stream: The object.
        size: Its length on the medium.

    Returns:
        The digest of properties and content.

    Raises:
        CorruptObjectError: It cannot be read as such an object.
        OSError: The medium failed.
    """
    frame = stream.read(8)
    length = int.from_bytes(frame[:4], "big")
    if len(frame) < 8 or any(frame[4:]) or length > min(_MAX_HEADER, size):  # noqa: PLR2004 - frame of 8 bytes
        raise CorruptObjectError("it does not begin like a file object")
    try:
        header, promised = FileHeader.read(stream.read(length))
    except NotNormalError as error:
        raise CorruptObjectError(str(error)) from None
    if promised > (size - length) * _MAX_RATIO:
        raise CorruptObjectError("it promises more content than its bytes can hold")
    sha256 = hashlib.sha256(header.prologue())
    if header.is_link:
        if promised or stream.read(1):
            raise CorruptObjectError("bytes follow where none belong")
        return sha256.hexdigest()
    done = 0
    for piece in _inflate(stream):
        done += len(piece)
        if done > promised:
            raise CorruptObjectError("it holds more content than it promises")
        sha256.update(piece)
    if done != promised:
        raise CorruptObjectError("it holds less content than it promises")
    return sha256.hexdigest()


def _inflate(stream: BinaryIO) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while not decompressor.eof:
            data = decompressor.unconsumed_tail or stream.read(_CHUNK)
            if not data:
                raise CorruptObjectError("its compressed content ends too early")
            yield decompressor.decompress(data, _CHUNK)
    except zlib.error:
        raise CorruptObjectError("its content cannot be decompressed") from None
    if decompressor.unused_data or stream.read(1):
        raise CorruptObjectError("bytes that no digest covers follow its content")


def hold_loose_file(tree: Tree, place: Place, digest: str, *, keeps_xattr: bool) -> tuple[bool, int] | None:
    """Hold a plain file of a repository in one of the bare modes against its digest.

    A copy of such a repository may have lost permissions and attributes on its way; what the digest covers of
    them is then found by trying what OSTree gives files. The content itself must be right in any case.

    Args:
        tree: What lies on the medium.
        place: The file, or the link itself where the repository keeps links as such.
        digest: The digest that it should have.
        keeps_xattr: True if properties stand in an extended attribute.

    Returns:
        Whether it is the one, and how many bytes it has; None if it is not there.

    Raises:
        CorruptObjectError: Something else lies in its place.
        OSError: The medium failed.
    """
    found, problem = find_entry(tree, place)
    if problem == MISSING:
        return None
    if found is not None and found.kind is EntryKind.LINK:
        target = tree.link(place)
        return _is_link_to(target, digest), len(target)
    if problem or found is None:
        raise CorruptObjectError(problem)
    stored = _stored(tree, place) if keeps_xattr else None
    headers = _guessed(found.mode) if stored is None else [stored]
    hashes = [hashlib.sha256(header.prologue()) for header in headers]
    left = found.size
    start = b""
    with tree.open(place) as file:
        while left > 0 and (data := file.read(min(_CHUNK, left))):
            left -= len(data)
            start += data if found.size <= _MAX_TARGET else b""
            for sha256 in hashes:
                sha256.update(data)
    is_right = digest in {sha256.hexdigest() for sha256 in hashes}
    # Where a file system has no links, a file holds what a link would lead to.
    return is_right or (0 < len(start) == found.size and _is_link_to(start, digest)), found.size


def _is_link_to(target: bytes, digest: str) -> bool:
    header = FileHeader(uid=0, gid=0, mode=_LINK_MODE, target=target)
    return hashlib.sha256(header.prologue()).hexdigest() == digest


def _guessed(mode: int) -> list[FileHeader]:
    permissions = dict.fromkeys((mode & _PERMISSIONS, *_USUAL_PERMISSIONS))
    return [FileHeader(uid=0, gid=0, mode=stat.S_IFREG | bits) for bits in permissions]


def _stored(tree: Tree, place: Place) -> FileHeader | None:
    """The properties in the extended attribute: ``(uuua(ayay))``; None where there is none."""
    data = tree.attribute(place, _XATTR)
    if data is None or len(data) < 12:  # noqa: PLR2004 - three numbers
        return None
    uid, gid, mode = (int.from_bytes(data[at : at + 4], "big") for at in (0, 4, 8))
    return FileHeader(uid=uid, gid=gid, mode=mode, xattrs=data[12:])
