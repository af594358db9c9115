"""A file on its way to the service: read in pieces into one buffer, hashed as it goes, and watched for changes."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from typing import TYPE_CHECKING, Self

from lockstick.errors import MediaError, UsageError
from lockstick.progress import SILENT, Observer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["FileBody"]

_PIECE = 256 << 10
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class FileBody:
    """A regular file, as the body of a request. Use as a context.

    Args:
        path: The file.
        observer: Told how much is sent.

    Attributes:
        length: Its bytes when it was opened.

    Raises:
        UsageError: There is no such file, or it is something else.
        MediaError: It cannot be read.
    """

    def __init__(self, path: Path, observer: Observer = SILENT) -> None:
        self._path = path
        self._observer = observer
        self._hash = hashlib.sha256()
        self._sent = 0
        try:
            if not path.is_file():  # looked at first, as opening a pipe would wait for somebody to write into it
                raise UsageError(f"{path} cannot be uploaded", why="there is no such file", remedy="Name a file.")
            # Opened so that a pipe that took its place since then is not waited for either.
            self._file = io.FileIO(os.open(path, _READ), "r")
            self._status = os.fstat(self._file.fileno())
            if not stat.S_ISREG(self._status.st_mode):
                self._file.close()
                raise UsageError(f"{path} cannot be uploaded", why="it is no plain file", remedy="Name a file.")
        except OSError as error:
            raise MediaError(f"{path} cannot be read", why=error.strerror or "") from error
        self.length = self._status.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """The digest in hex of what was sent last."""
        return self._hash.hexdigest()

    def pieces(self) -> Iterator[memoryview]:
        """Give the file from its start.

        Raises:
            MediaError: It cannot be read, or changes while it is read. The last piece is held back until that is
                known, so the service never gets the whole of such a file.
        """
        if self._sent:
            self._observer.advanced(self._path.name, -self._sent)
        self._hash, self._sent = hashlib.sha256(), 0
        buffer = memoryview(bytearray(_PIECE))
        try:
            self._file.seek(0)
            while self._sent < self.length:
                count = self._file.readinto(buffer[: min(_PIECE, self.length - self._sent)])
                if not count or (self._sent + count == self.length and self._has_changed()):
                    raise MediaError(
                        f"{self._path} was not uploaded",
                        why="it changed while it was being sent",
                        remedy="Upload it again when nothing writes to it.",
                    )
                self._hash.update(buffer[:count])
                yield buffer[:count]
                self._sent += count
                self._observer.advanced(self._path.name, count)
        except OSError as error:
            raise MediaError(f"{self._path} cannot be read", why=error.strerror or "") from error

    def _has_changed(self) -> bool:
        now = os.fstat(self._file.fileno())
        then = self._status
        # The time of the last change is whatever whoever writes says; that of its entry (POSIX) is the system's.
        return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (then.st_size, then.st_mtime_ns, then.st_ctime_ns)
