"""The content of OSTree's file objects, hashed as it streams by: nothing in a repository makes it hold much in memory.

A file's digest covers its properties and its uncompressed bytes. Archive repositories compress; others keep plain
files, whose properties are those of the file system or of an extended attribute (lockbox-format 5).
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from typing import TYPE_CHECKING

from lockstick.disk.plainfile import obstacle
from lockstick.payloads.gvariant import NotNormalError
from lockstick.payloads.ostree_objects import FileHeader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["CorruptObjectError", "hash_archived", "is_loose_file"]

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


def is_loose_file(root: Path, path: Path, digest: str, *, keeps_xattr: bool) -> bool | None:
    """Hold a plain file of a repository in one of the bare modes against its digest.

    A copy of such a repository may have lost permissions and attributes on its way; what the digest covers of
    them is then found by trying what OSTree gives files. The content itself must be right in any case.

    Args:
        root: The folder that nothing may lead out of.
        path: The file, or the link itself where the repository keeps links as such.
        digest: The digest that it should have.
        keeps_xattr: True if properties stand in an extended attribute.

    Returns:
        True if it is the one, False if not, None if it is not there.

    Raises:
        CorruptObjectError: Something else lies in its place.
        OSError: The medium failed.
    """
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(status.st_mode):
        if any((root / folder).is_symlink() for folder in path.relative_to(root).parents):
            raise CorruptObjectError("a link lies on the way to it")
        target = os.fsencode(os.readlink(path))  # noqa: PTH115 - a Path would tidy up the target
        header = FileHeader(uid=0, gid=0, mode=_LINK_MODE, target=target)
        return hashlib.sha256(header.prologue()).hexdigest() == digest
    problem = obstacle(root, path)
    if problem:
        raise CorruptObjectError(problem)
    stored = _stored(path) if keeps_xattr else None
    headers = _guessed(status.st_mode) if stored is None else [stored]
    hashes = [hashlib.sha256(header.prologue()) for header in headers]
    left = status.st_size
    with path.open("rb") as stream:
        while left > 0 and (data := stream.read(min(_CHUNK, left))):
            left -= len(data)
            for sha256 in hashes:
                sha256.update(data)
    return digest in {sha256.hexdigest() for sha256 in hashes} or _is_written_link(path, status.st_size, digest)


def _is_written_link(path: Path, size: int, digest: str) -> bool:
    """Say whether a file holds the target of a link: how links are kept where the file system has none."""
    if not 0 < size <= _MAX_TARGET:
        return False
    header = FileHeader(uid=0, gid=0, mode=_LINK_MODE, target=path.read_bytes()[:size])
    return hashlib.sha256(header.prologue()).hexdigest() == digest


def _guessed(mode: int) -> list[FileHeader]:
    permissions = dict.fromkeys((mode & _PERMISSIONS, *_USUAL_PERMISSIONS))
    return [FileHeader(uid=0, gid=0, mode=stat.S_IFREG | bits) for bits in permissions]


def _stored(path: Path) -> FileHeader | None:
    """The properties in the extended attribute: ``(uuua(ayay))``; None where there is none."""
    read = getattr(os, "getxattr", None)
    if read is None:
        return None
    try:
        data: bytes = read(path, _XATTR)
    except OSError:
        return None
    if len(data) < 12:  # noqa: PLR2004 - three numbers
        return None
    uid, gid, mode = (int.from_bytes(data[at : at + 4], "big") for at in (0, 4, 8))
    return FileHeader(uid=uid, gid=gid, mode=mode, xattrs=data[12:])
