"""The bytes of one wanted file so far: on disk, hashed in order as they become contiguous, journaled once durable.

Several workers write stretches of one file at the same time. The rules:

1. A byte is hashed once: from memory when it is the next one in order, else from the disk as soon as it is its turn.
2. The journal speaks only of bytes that were flushed before.
3. A journal is believed as far as the bytes it calls hashed still have the digest noted there.
4. Starting over is for the time when nobody writes.
"""

from __future__ import annotations

import io
import os
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from lockstick.disk.durable import flush, prepare_folder, publish, read_at, reserve, write_at
from lockstick.disk.hashing import Digester
from lockstick.disk.sizes import size as in_words
from lockstick.disk.trouble import media_error
from lockstick.errors import LockstickError, MediaError
from lockstick.transfer.journal import Mark, drop_journal, load_journal, save_journal
from lockstick.transfer.setbacks import WrongBody
from lockstick.transfer.spans import Spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockstick.transfer.model import Download
    from lockstick.transfer.policy import Policy
    from lockstick.transfer.validators import Validator

__all__ = ["Partial"]

_BUFFER = 1 << 20
_WORTH_RESERVING = 1 << 20
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Partial:
    """An open partial file. :meth:`write`, :meth:`catch_up` and :meth:`flush` may be used from several threads.

    On making it, what an earlier run left is taken over as far as its journal goes and its bytes still have the
    digest noted there.

    Args:
        download: What it is a part of.
        policy: How often to flush.
        clock: Seconds from any start, never going backwards.
        check: Called while bytes on the disk are hashed, which can take long; may raise to end it.

    Attributes:
        have: Which bytes are there; read and changed under :attr:`lock`.
        lock: Guards what is there.
        resumed_from: How many bytes an earlier run had left.
        validator: What the server said that names these bytes, if it said anything usable.

    Raises:
        MediaError: The file cannot be opened, or there is not enough room for it.
    """

    def __init__(
        self, download: Download, *, policy: Policy, clock: Callable[[], float], check: Callable[[], None]
    ) -> None:
        self._download = download
        self._path = download.partial
        self._policy = policy
        self._clock = clock
        self._check = check
        self.lock = threading.Lock()
        self.have = Spans()
        self.resumed_from = 0
        self.validator: Validator | None = None
        self._unflushed = 0
        self._flushed_at = clock()
        self._is_kept = True
        self._has_journal = False
        self._hashing = threading.Lock()  # whoever holds it may move the frontier
        self._flushing = threading.Lock()
        self._frontier = 0  # the bytes before it are hashed
        self._digester = Digester(download.digests)
        is_new = self._open()
        try:
            if is_new:
                if download.length >= _WORTH_RESERVING:
                    drop_journal(
                        self._path
                    )  # of a file that somebody removed; for many small ones it is not looked for
            else:
                self._has_journal = True
                self._take_over()
            self._reserve()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> bool:
        """Open the file; say whether it was not there before."""
        try:
            try:
                self._file = self._open_new()
            except (FileNotFoundError, NotADirectoryError):
                prepare_folder(self._path.parent)
                self._file = self._open_new()
        except FileExistsError:
            try:
                return self._reopen()
            except OSError as error:
                raise media_error(error, self._path, "opened") from error
        except OSError as error:
            raise media_error(error, self._path, "opened") from error
        return True

    def _open_new(self) -> io.FileIO:
        return io.FileIO(os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o644), "r+")

    def _reopen(self) -> bool:
        """Open what lies there; say whether it had to be made anew."""
        fd = os.open(self._path, _FLAGS | getattr(os, "O_NONBLOCK", 0))
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
            self._file = io.FileIO(fd, "r+")
            return False
        os.close(fd)
        if not stat.S_ISREG(status.st_mode):
            raise MediaError(
                f"{self._path} cannot be opened",
                why="something else than a file lies in its place",
                remedy="Look what it is, and remove it.",
            )
        # It is somebody's copy, or their file, under another name: it is not for us to write to.
        self._path.unlink()
        self._file = self._open_new()
        return True

    @property
    def fd(self) -> int:
        """The file, for flushing it together with others."""
        return self._file.fileno()

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.have.size

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are there; they need not be hashed yet."""
        return self.have.size == self._download.length

    def snapshot(self) -> Spans:
        """Give a copy of what is there now."""
        with self.lock:
            return Spans(self.have)

    def write(self, data: memoryview, offset: int) -> None:
        """Put bytes in their place, hash them if it is their turn, and flush when it is time.

        Raises:
            MediaError: The disk does not take them.
        """
        count = len(data)
        with self.lock:
            if self.have.touches(offset, offset + count):
                # What was hashed would not be what is on the disk. The board gives no byte away twice; if it
                # ever did, better no file than one that nobody has proven.
                raise AssertionError("bytes for a place where others are there already")
        try:
            written = write_at(self.fd, data, offset)
            while written < count:
                written += write_at(self.fd, data[written:], offset + written)
        except OSError as error:
            raise media_error(error, self._path, "written") from error
        with self.lock:
            self.have.add(offset, offset + count)
            self._unflushed += count
            unflushed = self._unflushed
        if self._frontier == offset and self._hashing.acquire(blocking=False):
            try:
                if self._frontier == offset:
                    self._digester.update(data)
                    self._frontier += count
            finally:
                self._hashing.release()
        elif offset < self._frontier + self._policy.max_lag and self._frontier < offset:
            self.catch_up(offset + count)
        if unflushed >= self._policy.flush_bytes or self._clock() - self._flushed_at >= self._policy.flush_seconds:
            self.flush()

    def catch_up(self, limit: int | None = None) -> None:
        """Hash, from the disk, what has become contiguous meanwhile; leave it to whoever is at it already.

        Args:
            limit: Go no further than this; by default as far as possible.

        Raises:
            MediaError: The disk cannot be read.
        """
        buffer: memoryview | None = None
        while self._hashing.acquire(blocking=False):
            try:
                with self.lock:
                    end = self.have.end_from(self._frontier)
                end = end if limit is None else min(end, limit)
                if end <= self._frontier:
                    return
                buffer = buffer or memoryview(bytearray(_BUFFER))
                self._check()
                self._hash_from_disk(buffer, end)
            finally:
                self._hashing.release()

    def flush(self) -> None:
        """Make what is there durable and say so in the journal; leave it to whoever is at it already.

        Does nothing for bytes that could not be continued anyway, as no validator names them.

        Raises:
            MediaError: The disk refused.
        """
        if not self._flushing.acquire(blocking=False):
            return
        try:
            self._flush()
        finally:
            self._flushing.release()

    def _flush(self) -> None:
        with self._hashing, self.lock:
            self._flushed_at = self._clock()
            self._unflushed = 0
            if not self._is_kept or self.size == 0 or (self.validator is None and not self.is_complete):
                return
            mark = self._mark()
        try:
            flush(self.fd)
            self._has_journal = True
            save_journal(self._path, mark)
        except OSError as error:
            raise media_error(error, self._path, "flushed") from error

    def restart(self) -> int:
        """Throw away what is there and begin at zero. Nobody may be writing.

        Returns:
            How many bytes were thrown away.

        Raises:
            MediaError: The disk refused.
        """
        thrown = self.size
        drop_journal(self._path)
        self._cut_to(0)
        self._digester = Digester(self._download.digests)
        self.have = Spans()
        self.resumed_from = self._unflushed = self._frontier = 0
        self.validator = None
        return thrown

    def prove(self) -> None:
        """Hash what is not hashed yet of a complete file, and return when all digests hold.

        Raises:
            WrongBody: One does not.
            MediaError: The disk cannot be read.
        """
        while self._frontier < self._download.length:
            self.catch_up()
        actual = self._digester.digests()
        for name, expected in self._download.digests.items():
            if actual[name] != expected:
                raise WrongBody(f"{name} {expected}", actual[name])

    def publish(self, *, is_flushed: bool = False) -> None:
        """Flush the complete, proven file and give it its final name.

        Args:
            is_flushed: Whether somebody has flushed it since the last byte came.

        Raises:
            MediaError: The disk refused.
        """
        try:
            if not is_flushed:
                flush(self.fd)
            self._file.close()
        except OSError as error:
            raise media_error(error, self._path, "flushed") from error
        self._unflushed = 0
        try:
            self._rename()
        except LockstickError:
            # The bytes are all there; with this, the next run only has to find them a place.
            with suppress(OSError):
                save_journal(self._path, self._mark())
            raise
        self._is_kept = False
        if self._has_journal:
            drop_journal(self._path)

    def _rename(self) -> None:
        destination = self._download.destination
        try:
            os.replace(self._path, destination)  # noqa: PTH105 - a missing folder is no error yet
        except FileNotFoundError:
            prepare_folder(destination.parent)
            publish(self._path, destination)
        except OSError as error:
            raise media_error(error, destination, "published") from error

    def discard(self) -> None:
        """Remove the partial file and its journal; what they hold is not to be continued.

        The file itself stays open until :meth:`close`: others may be writing to it still, and the number of a closed
        file may be another file's a moment later.
        """
        self._is_kept = False
        drop_journal(self._path)
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Flush and journal what is there, unless it was published or discarded.

        Raises:
            MediaError: The disk refused; the journal before this one still holds.
        """
        try:
            if self._is_kept and self._unflushed:
                self.flush()
        finally:
            with suppress(OSError):
                self._file.close()
                if not self._is_kept:
                    self._path.unlink(missing_ok=True)  # for systems that keep the name of an open file

    def _mark(self) -> Mark:
        frontier = self._frontier
        return Mark(
            length=self._download.length,
            digests=self._download.digests,
            flushed=frontier,
            prefix=self._digester.digests(),
            validator=self.validator,
            beyond=tuple((max(first, frontier), end) for first, end in self.have if end > frontier),
        )

    def _take_over(self) -> None:
        mark = load_journal(self._path)
        if mark is not None and self._fits(mark) and self._rehash(mark):
            self.have = Spans(((0, mark.flushed), *mark.beyond))
            self._cut_to(max(end for _, end in self.have))
            self.resumed_from = self.size
            self.validator = mark.validator
        else:
            self.restart()

    def _fits(self, mark: Mark) -> bool:
        wanted = self._download
        known = {name: text for name, text in mark.digests.items() if name in wanted.digests}
        try:
            is_long_enough = os.fstat(self.fd).st_size >= max((end for _, end in mark.beyond), default=mark.flushed)
        except OSError as error:
            raise media_error(error, self._path, "read") from error
        return (
            is_long_enough
            and mark.length == wanted.length
            and known == wanted.digests
            and known.keys() <= mark.prefix.keys()
            and (mark.validator is not None or mark.size == wanted.length)  # nothing else may be added to them
        )

    def _rehash(self, mark: Mark) -> bool:
        """Hash the prefix that the journal speaks of; say whether it is the one that was journaled."""
        buffer = memoryview(bytearray(min(_BUFFER, max(mark.flushed, 1))))
        while self._frontier < mark.flushed:
            self._check()
            self._hash_from_disk(buffer, mark.flushed)
        return all(mark.prefix[name] == text for name, text in self._digester.digests().items())

    def _hash_from_disk(self, buffer: memoryview, end: int) -> None:
        """Hash the next bytes, as many as the buffer takes."""
        wanted = min(end - self._frontier, len(buffer))
        try:
            count = read_at(self.fd, buffer[:wanted], self._frontier)
        except OSError as error:
            raise media_error(error, self._path, "read") from error
        if not count:
            raise MediaError(f"{self._path} cannot be read", why="it has become shorter while it was written")
        self._digester.update(buffer[:count])
        self._frontier += count

    def _cut_to(self, size: int) -> None:
        try:
            self._file.truncate(size)
        except OSError as error:
            raise media_error(error, self._path, "written") from error

    def _reserve(self) -> None:
        if self._download.length < _WORTH_RESERVING or self.is_complete:
            return
        try:
            reserve(self.fd, self._download.length)
        except OSError as error:
            if not self.resumed_from:
                self.discard()
            self.close()
            raise MediaError(
                f"there is not enough room for {self._download.name}",
                why=f"setting {in_words(self._download.length)} aside in {self._path.parent} failed: {error.strerror}",
                remedy="Make room there or choose another folder; what was fetched is kept.",
            ) from error
