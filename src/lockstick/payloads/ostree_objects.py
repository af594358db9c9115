"""What OSTree's objects say: commits, folders and their properties (lockbox-format 5).

A commit names the root folder; a folder names files, folders and their properties: each by the digest of its bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lockstick.payloads.gvariant import NotNormalError, array, join, split, text

__all__ = ["Commit", "FileHeader", "Folder", "NotNormalError", "check_dirmeta", "read_commit", "read_dirtree"]

_DIGEST_BYTES = 32
_FIXED = struct.Struct(">IIII")
_DIRMETA_FIXED = 12
_FILE_TYPE = 0o170000
_REGULAR, _LINK, _FOLDER = 0o100000, 0o120000, 0o040000


@dataclass(frozen=True)
class Commit:
    """A commit.

    Attributes:
        tree: The digest of the root folder.
        meta: The digest of the root folder's properties.
    """

    tree: str
    meta: str


@dataclass(frozen=True)
class Folder:
    """A folder.

    Attributes:
        files: The digests of its files.
        folders: The digests of its folders, each with that of its properties.
    """

    files: tuple[str, ...]
    folders: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class FileHeader:
    """The properties of a file or a symbolic link.

    Attributes:
        uid: Its owner.
        gid: Its group.
        mode: Its type and permissions.
        rdev: Its device numbers; 0 in every tree.
        target: Where a symbolic link leads; empty for files.
        xattrs: Its extended attributes, as they are serialised.
    """

    uid: int
    gid: int
    mode: int
    rdev: int = 0
    target: bytes = b""
    xattrs: bytes = b""

    @property
    def is_link(self) -> bool:
        """True for a symbolic link, which has no bytes of its own."""
        return self.mode & _FILE_TYPE == _LINK

    def prologue(self) -> bytes:
        """The bytes that stand before the content when a file's digest is computed."""
        body = join(_FIXED.pack(self.uid, self.gid, self.mode, self.rdev), (self.target + b"\x00", self.xattrs))
        return struct.pack(">I4x", len(body)) + body

    @classmethod
    def read(cls, data: bytes) -> tuple[FileHeader, int]:
        """Read the header of a file in an archive repository.

        Args:
            data: The header's bytes.

        Returns:
            The header, and the length of the content that it promises.

        Raises:
            NotNormalError: It is something else.
        """
        if len(data) < 8 + _FIXED.size:
            raise NotNormalError("its header is too short")
        target, xattrs = split(data, 2, 8 + _FIXED.size)
        text(target)
        uid, gid, mode, rdev = _FIXED.unpack_from(data, 8)
        header = cls(uid=uid, gid=gid, mode=mode, rdev=rdev, target=target[:-1], xattrs=xattrs)
        kind = mode & _FILE_TYPE
        if kind not in (_REGULAR, _LINK) or rdev or (kind == _LINK) != bool(header.target):
            raise NotNormalError("its header describes neither a file nor a symbolic link")
        _check_xattrs(xattrs)
        return header, int.from_bytes(data[:8], "big")


def read_commit(data: bytes) -> Commit:
    """Read a commit: ``(a{sv}aya(say)sstayay)``.

    Args:
        data: Its bytes.

    Returns:
        What it names.

    Raises:
        NotNormalError: It is no commit.
    """
    parts = split(data, 7)
    # The time and the digest of the root folder share a part here: the time has a fixed size and an alignment.
    before = sum(len(part) for part in parts[:5])
    aligned = -before % 8
    rest = parts[5]
    if len(rest) != aligned + 8 + _DIGEST_BYTES or any(rest[:aligned]):
        raise NotNormalError("it is no commit")
    for one in parts[3:5]:
        text(one)
    if len(parts[1]) not in (0, _DIGEST_BYTES):
        raise NotNormalError("its parent is no digest")
    return Commit(tree=_digest(rest[aligned + 8 :]), meta=_digest(parts[6]))


def read_dirtree(data: bytes) -> Folder:
    """Read a folder: ``(a(say)a(sayay))``.

    Args:
        data: Its bytes.

    Returns:
        What it names.

    Raises:
        NotNormalError: It is no folder, or a name in it could lead elsewhere, or is there twice.
    """
    files, folders = split(data, 2)
    names: list[str] = []
    found: list[str] = []
    for element in array(files):
        name, digest = split(element, 2)
        names.append(_name(name))
        found.append(_digest(digest))
    below: list[tuple[str, str]] = []
    for element in array(folders):
        name, tree, meta = split(element, 3)
        names.append(_name(name))
        below.append((_digest(tree), _digest(meta)))
    if len(set(names)) != len(names):
        raise NotNormalError("a name stands in it twice")
    return Folder(tuple(found), tuple(below))


def check_dirmeta(data: bytes) -> None:
    """Check the properties of a folder: ``(uuua(ayay))``.

    Args:
        data: Their bytes.

    Raises:
        NotNormalError: They are something else.
    """
    if len(data) < _DIRMETA_FIXED or int.from_bytes(data[8:12], "big") & _FILE_TYPE != _FOLDER:
        raise NotNormalError("it does not describe a folder")
    _check_xattrs(data[_DIRMETA_FIXED:])


def _check_xattrs(data: bytes) -> None:
    for element in array(data):
        split(element, 2)


def _digest(data: bytes) -> str:
    if len(data) != _DIGEST_BYTES:
        raise NotNormalError("a digest in it has another length than digests have")
    return data.hex()


def _name(data: bytes) -> str:
    name = text(data)
    if name in ("", ".", "..") or "/" in name:
        raise NotNormalError("a name in it could lead elsewhere")
    return name
