"""The bytes of one wanted file so far: on disk, hashed as they arrive, journaled as far as they are durable."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from lockstick.errors import LockstickError
from lockstick.transfer.disk import flush, media_error, prepare_folder, publish
from lockstick.transfer.hashing import Digester
from lockstick.transfer.journal import Mark, drop_journal, load_journal, save_journal
from lockstick.transfer.setbacks import WrongBody

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from lockstick.transfer.model import Download
    from lockstick.transfer.policy import Policy
    from lockstick.transfer.validators import Validator

__all__ = ["Partial"]

_BUFFER = 1 << 20
_FLAGS = (
    os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)


class Partial:
    """An open partial file. Not for several threads.

    On entering, what an earlier run left is taken over as far as its journal goes and its bytes still have the
    digest noted there. On leaving, whatever is there is flushed and journaled, unless it was published or
    discarded.

    Args:
        download: What it is a part of.
        policy: How often to flush.
        clock: Seconds from any start, never going backwards.
        check: Called while old bytes are hashed, which can take long; may raise to end it.

    Attributes:
        size: How many bytes there are.
        resumed_from: How many of them an earlier run had left.
        validator: What the server said that names these bytes, if it said anything usable.
    """

    def __init__(
        self, download: Download, *, policy: Policy, clock: Callable[[], float], check: Callable[[], None]
    ) -> None:
        self._download = download
        self._path = download.partial
        self._policy = policy
        self._clock = clock
        self.size = 0
        self.resumed_from = 0
        self.validator: Validator | None = None
        self._unflushed = 0
        self._flushed_at = clock()
        self._digester = Digester(download.digests)
        self._is_kept = True
        prepare_folder(self._path.parent)
        try:
            self._file = io.FileIO(os.open(self._path, _FLAGS, 0o644), "r+")
        except OSError as error:
            raise media_error(error, self._path, "opened") from error
        try:
            self._take_over(check)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._is_kept and self._unflushed:
                self.flush()
        except LockstickError:
            # A full disk is why we are here, more often than not; the journal before this one still holds.
            if error is None:
                raise
        finally:
            with suppress(OSError):
                self._file.close()

    def write(self, data: bytes) -> None:
        """Append bytes, hash them, and flush when it is time.

        Raises:
            MediaError: The disk does not take them.
        """
        count = len(data)
        try:
            written = self._file.write(data)
            while written < count:
                written += self._file.write(memoryview(data)[written:])
        except OSError as error:
            raise media_error(error, self._path, "written") from error
        self._digester.update(data)
        self.size += count
        self._unflushed += count
        if (
            self._unflushed >= self._policy.flush_bytes
            or self._clock() - self._flushed_at >= self._policy.flush_seconds
        ):
            self.flush()

    def flush(self) -> None:
        """Make what is there durable and say so in the journal.

        Does nothing for bytes that could not be continued anyway, as no validator names them.

        Raises:
            MediaError: The disk refused.
        """
        self._flushed_at = self._clock()
        self._unflushed = 0
        if self.size == 0 or (self.validator is None and self.size < self._download.length):
            return
        try:
            flush(self._file.fileno())
            save_journal(self._path, self._mark())
        except OSError as error:
            raise media_error(error, self._path, "flushed") from error

    def restart(self) -> int:
        """Throw away what is there and begin at zero.

        Returns:
            How many bytes were thrown away.

        Raises:
            MediaError: The disk refused.
        """
        thrown = self.size
        drop_journal(self._path)
        self._cut_to(0)
        self._digester = Digester(self._download.digests)
        self.size = self.resumed_from = self._unflushed = 0
        self.validator = None
        return thrown

    def prove(self) -> None:
        """Return when all digests hold.

        Raises:
            WrongBody: One does not.
        """
        actual = self._digester.digests()
        for name, expected in self._download.digests.items():
            if actual[name] != expected:
                raise WrongBody(f"{name} {expected}", actual[name])

    def publish(self) -> None:
        """Flush the complete, proven file and give it its final name.

        Raises:
            MediaError: The disk refused.
        """
        try:
            flush(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise media_error(error, self._path, "flushed") from error
        self._unflushed = 0
        try:
            prepare_folder(self._download.destination.parent)
            publish(self._path, self._download.destination)
        except LockstickError:
            # The bytes are all there; with this, the next run only has to find them a place.
            with suppress(OSError):
                save_journal(self._path, self._mark())
            raise
        self._is_kept = False
        drop_journal(self._path)

    def discard(self) -> None:
        """Remove the partial file and its journal; what they hold is not to be continued."""
        self._is_kept = False
        drop_journal(self._path)
        with suppress(OSError):
            self._file.close()
            self._path.unlink(missing_ok=True)

    def _mark(self) -> Mark:
        return Mark(
            length=self._download.length,
            digests=self._download.digests,
            flushed=self.size,
            prefix=self._digester.digests(),
            validator=self.validator,
        )

    def _take_over(self, check: Callable[[], None]) -> None:
        mark = load_journal(self._path)
        if mark is not None and self._fits(mark) and self._rehash(mark, check):
            self._cut_to(mark.flushed)
            self.size = self.resumed_from = mark.flushed
            self.validator = mark.validator
        else:
            self.restart()

    def _fits(self, mark: Mark) -> bool:
        wanted = self._download
        known = {name: text for name, text in mark.digests.items() if name in wanted.digests}
        return mark.length == wanted.length and known == wanted.digests and known.keys() <= mark.prefix.keys()

    def _rehash(self, mark: Mark, check: Callable[[], None]) -> bool:
        """Hash the prefix that the journal speaks of; say whether it is the one that was journaled."""
        left = mark.flushed
        buffer = memoryview(bytearray(min(_BUFFER, left)))
        try:
            while left:
                check()
                count = self._file.readinto(buffer[: min(left, len(buffer))])
                if not count:
                    return False
                self._digester.update(buffer[:count])
                left -= count
        except OSError as error:
            raise media_error(error, self._path, "read") from error
        return all(mark.prefix[name] == text for name, text in self._digester.digests().items())

    def _cut_to(self, size: int) -> None:
        try:
            self._file.truncate(size)
            self._file.seek(size)
        except OSError as error:
            raise media_error(error, self._path, "written") from error
