"""Everything the rehearsal cloud remembers, in one embedded database.

One database file per data directory, used by any number of threads of one process and by other processes on
the same directory (``lockstick sandbox define`` while ``serve`` runs). Nothing is cached in memory, so every
answer is what the database says now.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from lockstick.errors import MediaError, UsageError
from lockstick.sandbox.signing import RoleKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lockstick.metadata.types import JsonObject

__all__ = ["PackageRecord", "State"]

_PATIENCE = 30

_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS role_key (
    serial INTEGER PRIMARY KEY, repository TEXT NOT NULL, role TEXT NOT NULL, pem BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS document (
    repository TEXT NOT NULL, path TEXT NOT NULL, version INTEGER NOT NULL,
    body TEXT NOT NULL, withdrawn INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (repository, path, version)
);
CREATE TABLE IF NOT EXISTS package (
    target TEXT PRIMARY KEY, role TEXT NOT NULL, sha256 TEXT NOT NULL, length INTEGER NOT NULL,
    hardware_ids TEXT NOT NULL, blob TEXT, external INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, secret TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS token (digest TEXT PRIMARY KEY, client TEXT NOT NULL, expires REAL NOT NULL);
"""


@dataclass(frozen=True, kw_only=True)
class PackageRecord:
    """One package that the image repository offers.

    Attributes:
        target: The target name.
        role: The role that lists it: ``targets`` or a delegation.
        sha256: The signed digest, in hex.
        length: The signed length in bytes.
        hardware_ids: The hardware ids it is for.
        blob: File name below ``blobs/``, or None when its bytes are not stored.
        external: Whether its bytes are served at a plain public address named in ``custom.uri``.
    """

    target: str
    role: str
    sha256: str
    length: int
    hardware_ids: tuple[str, ...]
    blob: str | None
    external: bool = False


class State:
    """The database of one data directory.

    Args:
        file: The database file; made when absent.

    Raises:
        MediaError: If the file cannot be opened.
        UsageError: If it is something else.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        try:
            self._connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise MediaError(f"{file} cannot be opened.", why=str(error)) from error
        try:
            # WAL keeps readers of another process from waiting; a lost last second is no loss in a rehearsal.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self._connection.close()
            raise UsageError(
                f"{file} is not the database of a rehearsal cloud.",
                why=str(error),
                remedy="Name another directory, or remove this one to start anew.",
            ) from error

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one change, for all threads and processes; may be nested."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    # --- settings ------------------------------------------------------------------------------

    def setting(self, name: str) -> str | None:
        """Give a setting, or None."""
        row = self._one("SELECT value FROM setting WHERE name = ?", name)
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Write a setting."""
        self._run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value)

    # --- keys ----------------------------------------------------------------------------------

    def keys(self, repository: str, role: str) -> list[RoleKey]:
        """Give the current keys of a role, oldest first."""
        rows = self._all("SELECT pem FROM role_key WHERE repository = ? AND role = ? ORDER BY serial", repository, role)
        return [RoleKey.from_pem(row[0]) for row in rows]

    def set_keys(self, repository: str, role: str, keys: list[RoleKey]) -> None:
        """Replace the current keys of a role."""
        with self.transaction():
            self._run("DELETE FROM role_key WHERE repository = ? AND role = ?", repository, role)
            for key in keys:
                self._run(
                    "INSERT INTO role_key (repository, role, pem) VALUES (?, ?, ?)",
                    *(repository, role, key.pem()),
                )

    def roles(self, repository: str) -> list[str]:
        """Give the names of the roles that have keys."""
        rows = self._all("SELECT DISTINCT role FROM role_key WHERE repository = ? ORDER BY role", repository)
        return [str(row[0]) for row in rows]

    # --- documents -----------------------------------------------------------------------------

    def put_document(self, repository: str, path: str, version: int, body: JsonObject) -> None:
        """Store one version of a document, in place of an equal version."""
        self._run(
            "INSERT OR REPLACE INTO document (repository, path, version, body) VALUES (?, ?, ?, ?)",
            *(repository, path, version, json.dumps(body)),
        )

    def document(self, repository: str, path: str, version: int | None = None) -> JsonObject | None:
        """Give a document that is not withdrawn: one version, or the newest."""
        row = self._one(
            "SELECT body, withdrawn FROM document WHERE repository = ? AND path = ? AND ? IN (version, -1) "
            "ORDER BY version DESC LIMIT 1",
            *(repository, path, -1 if version is None else version),
        )
        if row is None or row[1]:
            return None
        return cast("JsonObject", json.loads(row[0]))

    def last_version(self, repository: str, path: str) -> int:
        """Give the highest version ever stored, withdrawn ones included; 0 when there is none."""
        row = self._one("SELECT max(version) FROM document WHERE repository = ? AND path = ?", repository, path)
        return int(row[0] or 0) if row else 0

    def paths(self, repository: str, folder: str) -> list[str]:
        """Give the paths below a folder whose newest version is not withdrawn, sorted."""
        rows = self._all(
            "SELECT path FROM document AS one WHERE repository = ? AND substr(path, 1, ?) = ? AND version = "
            "(SELECT max(version) FROM document WHERE repository = one.repository AND path = one.path) "
            "AND NOT withdrawn ORDER BY path",
            *(repository, len(folder), folder),
        )
        return [str(row[0]) for row in rows]

    def withdraw(self, repository: str, path: str) -> None:
        """Hide every version of a document; its version numbers are not used again."""
        self._run("UPDATE document SET withdrawn = 1 WHERE repository = ? AND path = ?", repository, path)

    # --- packages ------------------------------------------------------------------------------

    def put_package(self, package: PackageRecord) -> None:
        """Store what is known of a package, in place of an earlier one of that name."""
        self._run(
            "INSERT OR REPLACE INTO package VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(package.target, package.role, package.sha256, package.length),
            *(json.dumps(package.hardware_ids), package.blob, package.external),
        )

    def package(self, target: str) -> PackageRecord | None:
        """Give one package, or None."""
        row = self._one("SELECT * FROM package WHERE target = ?", target)
        return None if row is None else _package(row)

    def drop_package(self, target: str) -> None:
        """Forget a package."""
        self._run("DELETE FROM package WHERE target = ?", target)

    def packages(self) -> list[PackageRecord]:
        """Give all packages, in the order in which they were first added."""
        return [_package(row) for row in self._all("SELECT * FROM package ORDER BY rowid")]

    # --- clients and tokens --------------------------------------------------------------------

    def add_client(self, client: str, secret: str) -> None:
        """Store an API client."""
        self._run("INSERT INTO client (id, secret) VALUES (?, ?)", client, secret)

    def secret(self, client: str) -> str | None:
        """Give the secret of a client that exists and is not revoked."""
        row = self._one("SELECT secret FROM client WHERE id = ? AND NOT revoked", client)
        return None if row is None else str(row[0])

    def revoke_client(self, client: str) -> None:
        """Refuse a client from now on; its tokens die at once (cloud-apis 1.1)."""
        with self.transaction():
            self._run("UPDATE client SET revoked = 1 WHERE id = ?", client)
            self._run("DELETE FROM token WHERE client = ?", client)

    def add_token(self, digest: str, client: str, expires: float) -> None:
        """Remember a token by its digest until ``expires`` (seconds since 1970)."""
        self._run("INSERT INTO token VALUES (?, ?, ?)", digest, client, expires)

    def token(self, digest: str) -> tuple[str, float] | None:
        """Give the client of a known token and when it expires, or None for an unknown one."""
        row = self._one("SELECT client, expires FROM token WHERE digest = ?", digest)
        return None if row is None else (str(row[0]), float(row[1]))

    def forget_tokens(self) -> None:
        """Make every token that was ever given out unknown."""
        self._run("DELETE FROM token")

    # --- the one place that talks to SQLite -------------------------------------------------------

    def _run(self, sql: str, *values: object) -> None:
        with self._lock:
            self._connection.execute(sql, values)

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock:
            return cast("tuple[Any, ...] | None", self._connection.execute(sql, values).fetchone())

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()


def _package(row: tuple[Any, ...]) -> PackageRecord:
    target, role, sha256, length, hardware_ids, blob, external = row
    return PackageRecord(
        target=target,
        role=role,
        sha256=sha256,
        length=length,
        hardware_ids=tuple(json.loads(hardware_ids)),
        blob=blob,
        external=bool(external),
    )
