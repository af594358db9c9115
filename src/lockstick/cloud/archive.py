"""Opening a ``credentials.zip``: only members that were asked for by name, and never more than a few bytes.

The file comes from a download folder, so it is treated as hostile: what it claims about sizes is checked
while it is read, and nothing in it is ever unpacked to disk.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockstick.errors import NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MAX_ARCHIVE_BYTES", "MAX_MEMBERS", "Archive", "open_archive"]

MAX_ARCHIVE_BYTES = 1 << 20
"""Largest file that is looked into; a real one has a few kilobytes."""

MAX_MEMBERS = 100
"""Most members it may list; a real one has fewer than ten."""

_ENCRYPTED = 0x1
_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What the zip library is known to raise on damaged files, apart from its own error.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    LookupError,
    RuntimeError,
)


class Archive:
    """An open ``credentials.zip``.

    Args:
        path: Where it is, for messages.
        opened: It.

    Attributes:
        path: Where it is.
        names: The names of its members; for telling kinds of zips apart, never for opening them.
    """

    def __init__(self, path: Path, opened: zipfile.ZipFile) -> None:
        self.path = path
        self._zip = opened
        self.names = frozenset(info.filename for info in opened.infolist())

    def read(self, name: str, *, limit: int) -> bytes | None:
        """Read one member.

        Args:
            name: Its exact name.
            limit: The most bytes it may have when unpacked.

        Returns:
            Its bytes; None if there is no such member.

        Raises:
            NotAllowedError: It is there twice, encrypted, too long, or damaged.
        """
        found = [info for info in self._zip.infolist() if info.filename == name]
        if not found:
            return None
        subject = f"{name} in {self.path}"
        if len(found) > 1:
            raise NotAllowedError(f"{self.path} cannot be used", why=f"it holds {name} twice")
        info = found[0]
        if info.flag_bits & _ENCRYPTED:
            raise NotAllowedError(f"{subject} cannot be read", why="it is encrypted with a password")
        if info.compress_type not in _PLAIN_METHODS:
            raise NotAllowedError(f"{subject} cannot be read", why="it is compressed in an unusual way")
        data = b""
        if info.file_size <= limit:
            try:
                with self._zip.open(info) as member:
                    data = member.read(limit + 1)
            except (*_DAMAGE, OSError):
                raise NotAllowedError(f"{subject} cannot be read", why="the zip file is damaged") from None
        if max(info.file_size, len(data)) > limit:
            raise NotAllowedError(f"{subject} cannot be used", why=f"it is longer than {limit} bytes")
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a ``credentials.zip``.

    Args:
        path: The file.

    Yields:
        The archive; nothing but its table of contents has been read.

    Raises:
        NotAllowedError: There is no such file, it may not be read, or it is no acceptable zip file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotAllowedError(f"{path} cannot be used as credentials", why="it is not a file")
        file = path.open("rb")
    except FileNotFoundError:
        raise NotAllowedError(
            f"there is no credentials file {path}",
            remedy="Check the path, or download credentials.zip from the account's settings page.",
        ) from None
    except OSError as error:
        raise NotAllowedError(
            f"the credentials file {path} cannot be read",
            why=error.strerror or type(error).__name__,
            remedy="Correct the file's permissions, or give another one.",
        ) from None
    with file:
        if status.st_size > MAX_ARCHIVE_BYTES:
            raise NotAllowedError(f"{path} is not a credentials.zip", why=f"it has {status.st_size} bytes")
        head = file.read(1)
        file.seek(0)
        try:
            opened = zipfile.ZipFile(file)
        except (*_DAMAGE, OSError):
            why = "it is not a zip file"
            if head == b"{":
                why += "; it looks like the JSON file of an API client, which cannot fetch lockboxes"
            raise NotAllowedError(f"{path} is not a credentials.zip", why=why) from None
        with opened:
            if len(opened.infolist()) > MAX_MEMBERS:
                raise NotAllowedError(f"{path} is not a credentials.zip", why=f"it has more than {MAX_MEMBERS} members")
            yield Archive(path, opened)
