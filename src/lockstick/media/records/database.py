"""The register's file: an SQLite database that several runs may use at once, and that a killed run does not break.

The rules:

1. A rollback journal, not a write-ahead log: the log does not work on network shares, and nothing here is written
   often enough to need it. Either keeps a transaction whole whenever the power fails.
2. Whoever writes takes the write lock at once (``BEGIN IMMEDIATE``) and waits for it; nobody finds out half-way.
3. The file is made for its user alone (mode 0600), and under its name it is never open to others.
4. A file of another program, of a newer schema, or a damaged one is told of and left as it is.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from lockstick.disk.durable import prepare_folder
from lockstick.disk.trouble import media_error
from lockstick.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["APPLICATION_ID", "STEPS", "Database", "damaged"]

APPLICATION_ID = 0x4C53524B
"""What tells a register from other SQLite files (``LSRK``)."""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE sticks (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        identity TEXT NOT NULL,
        known_by TEXT NOT NULL
    );
    CREATE INDEX sticks_by_identity ON sticks (identity);
    CREATE TABLE receipts (
        id INTEGER PRIMARY KEY,
        receipt TEXT NOT NULL UNIQUE,
        stick INTEGER NOT NULL REFERENCES sticks (id) ON DELETE CASCADE,
        document BLOB NOT NULL,
        signature BLOB
    );
    CREATE INDEX receipts_by_stick ON receipts (stick);
    """,
)
"""What turns each version of the schema into the next one; a step that was released is never changed."""

_WAIT = 10.0
_MODE = 0o600
_LARGEST_VALUE = 1 << 20  # sixteen times the largest receipt
_PRIMARY = 0xFF  # the lower byte of an extended result code is the result code
_OTHER = "Name another file: --register, or LOCKSTICK_REGISTER."


class Database:
    """The register's file.

    Args:
        path: Where it lies, or is to lie.
        steps: What makes the schema, one version after the other.
        wait: How many seconds to wait while another run writes.
    """

    def __init__(self, path: Path, *, steps: Sequence[str] = STEPS, wait: float = _WAIT) -> None:
        self.path = path
        self._steps = steps
        self._wait = wait

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Open it for reading.

        Yields:
            A connection, all of whose answers are of one moment; None if there is no register yet.

        Raises:
            MediaError: It cannot be read, or is none of this program's.
        """
        if not os.path.lexists(self.path):
            yield None
            return
        with self._told("read"), closing(self._connect()) as connection:
            connection.execute("BEGIN")
            if self._version(connection) < len(self._steps):
                connection.execute("ROLLBACK")
                with self._transaction(connection):
                    self._migrate(connection)
                connection.execute("BEGIN")
            yield connection
            connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open it for writing, making it if need be; what is done is done in whole, or not at all.

        Yields:
            A connection in a transaction that nobody else can disturb.

        Raises:
            MediaError: It cannot be written, or is none of this program's.
        """
        prepare_folder(self.path.parent)
        with self._told("written"):
            _make(self.path)
            with closing(self._connect()) as connection, self._transaction(connection):
                self._migrate(connection)
                yield connection

    def _connect(self) -> sqlite3.Connection:
        if not stat.S_ISREG(self.path.stat().st_mode):
            raise MediaError(f"{self.path} cannot be the register", why="it is no plain file", remedy=_OTHER)
        # Opens for reading only if the file may not be written; never makes one.
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw", uri=True, timeout=self._wait, isolation_level=None
        )
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
            for pragma in ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON", "synchronous = EXTRA"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _version(self, connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (things,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == 0 and version == 0 and things == 0:
            return 0
        if application != APPLICATION_ID:
            raise MediaError(f"{self.path} is not a register", why="it is another program's database", remedy=_OTHER)
        if not 0 < version <= len(self._steps):
            raise MediaError(
                f"the register {self.path} cannot be used",
                why=f"a newer Lockstick made it: its schema is {version}, and this one knows {len(self._steps)}",
                remedy="Use the newer Lockstick, or name another file: --register.",
            )
        if _schema(connection) != self._expected(version):
            # Views, triggers, conditions and computed columns run whatever somebody wrote into them, and need not
            # come to an end.
            raise damaged(self.path, "it holds more than this program's tables")
        (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if sound != "ok":
            raise damaged(self.path, str(sound))
        return int(version)

    def _expected(self, version: int) -> list[tuple[object, ...]]:
        """What a register of a version consists of, as this SQLite writes it down."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
            for step in self._steps[:version]:
                for statement in _statements(step):
                    fresh.execute(statement)
            return _schema(fresh)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = self._version(connection)
        for number, step in enumerate(self._steps[version:], start=version + 1):
            for statement in _statements(step):
                connection.execute(statement)
            # Neither takes a parameter; both are part of the transaction.
            connection.execute(f"PRAGMA user_version = {number:d}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn the errors of SQLite and of the system into words."""
        try:
            yield
        except sqlite3.Error as error:
            raise _in_words(error, self.path, doing) from error
        except UnicodeDecodeError as error:
            # What SQLite says of a damaged file holds names out of it.
            raise damaged(self.path, "a name in it is no text") from error
        except OSError as error:
            raise media_error(error, self.path, doing) from error


def _statements(step: str) -> Iterator[str]:
    return filter(str.strip, step.split(";"))


def _schema(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()


def _make(path: Path) -> None:
    """Make an empty file for this user alone, unless there is one.

    It gets its name when it is closed already: closing a file would let go of the locks that another thread of this
    process has on it by then (POSIX).
    """
    if os.path.lexists(path):
        return
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE))
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    except OSError:
        # A file system without hard links. Whoever was faster has an empty file, too, or is busy with it.
        if not os.path.lexists(path):
            aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _in_words(error: sqlite3.Error, path: Path, doing: str) -> MediaError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    what = f"the register {path} cannot be {doing}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return MediaError(what, why="another run is using it", remedy="Run the command again when that has ended.")
    if code == sqlite3.SQLITE_FULL:
        return MediaError(what, why="the disk is full", remedy="Make room on it.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return MediaError(what, why="this user may not write there, or the disk is read-only", remedy=_OTHER)
    if code == sqlite3.SQLITE_IOERR:
        return MediaError(what, why=f"the disk failed: {error}", remedy="Check the disk.")
    return damaged(path, str(error))


def damaged(path: Path, why: str) -> MediaError:
    """The error for a register that holds what it cannot hold.

    Args:
        path: Its file.
        why: What is wrong with it.

    Returns:
        The error to raise.
    """
    return MediaError(
        f"the register {path} is damaged or not one of this program's",
        why=why,
        remedy=f"Rename it, as {path.name}.damaged: the next write begins a new one. Sticks keep their receipts.",
    )
