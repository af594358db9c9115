"""This machine's register of sticks: every receipt, by the stick that it is about."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from lockstick.errors import LockstickError, NotFoundError, UsageError
from lockstick.media.records.database import Database, damaged
from lockstick.media.records.identity import KnownBy, identity_of
from lockstick.media.records.making import stick_of
from lockstick.media.records.receipt import from_json
from lockstick.media.records.standing import StickRecord, history_of

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from lockstick.media.model import Drive, Volume
    from lockstick.media.records.receipt import Receipt
    from lockstick.media.records.standing import History

__all__ = ["Register"]

_NAME_DIGITS = 12
_SHORTEST = 4
_NAME = re.compile(f"[0-9a-f]{{{_NAME_DIGITS}}}")
_WAYS = [way.value for way in KnownBy]


class Register:
    """The register. Each call opens its file anew, so it may be used from several threads and processes.

    Args:
        database: Its file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def at(cls, path: Path) -> Register:
        """The register in a file; it is made when something is first recorded."""
        return cls(Database(path))

    @property
    def path(self) -> Path:
        """Its file."""
        return self._database.path

    def record(self, receipt: Receipt, data: bytes, signature: bytes | None, *, previous: str | None = None) -> str:
        """Record a receipt. One that is there already is not recorded twice.

        Args:
            receipt: The receipt.
            data: Its bytes.
            signature: Its signature, or None.
            previous: The id of the receipt that lay on the stick before. A stick that is known by its looks alone
                is taken for one in the register only if that one got this receipt.

        Returns:
            The stick's name in the register.

        Raises:
            MediaError: If the register cannot be written.
        """
        identity = identity_of(receipt.stick)
        with self._database.writing() as connection:
            known = connection.execute(
                "SELECT s.id, s.name FROM receipts r JOIN sticks s ON s.id = r.stick WHERE r.receipt = ?", (receipt.id,)
            ).fetchone()
            if known is not None:
                return str(known[1])
            if identity.known_by is KnownBy.LOOKS:
                found = connection.execute(
                    "SELECT s.id, s.name FROM receipts r JOIN sticks s ON s.id = r.stick"
                    " WHERE r.receipt = ? AND s.identity = ?",
                    (previous, identity.digest),
                ).fetchone()
                name = hashlib.sha256(f"{identity.digest} {receipt.id}".encode()).hexdigest()[:_NAME_DIGITS]
            else:
                found = connection.execute(
                    "SELECT id, name FROM sticks WHERE identity = ?", (identity.digest,)
                ).fetchone()
                name = identity.digest[:_NAME_DIGITS]
            if found is None:
                cursor = connection.execute(
                    "INSERT INTO sticks (name, identity, known_by) VALUES (?, ?, ?)",
                    (name, identity.digest, identity.known_by.value),
                )
                found = (cursor.lastrowid, name)
            connection.execute(
                "INSERT INTO receipts (receipt, stick, document, signature) VALUES (?, ?, ?, ?)",
                (receipt.id, found[0], data, signature),
            )
            return str(found[1])

    def sticks(self) -> tuple[StickRecord, ...]:
        """Everything in the register; nothing if there is none.

        Raises:
            MediaError: If it cannot be read.
        """
        with self._database.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute("SELECT id, name, known_by FROM sticks ORDER BY id").fetchall()
            return tuple(self._stick(connection, *row) for row in rows)

    def find(self, wanted: str) -> StickRecord:
        """Find one stick.

        Args:
            wanted: The beginning of its name in the register (four digits at least), or all of its serial number or
                of its label.

        Returns:
            The stick.

        Raises:
            NotFoundError: If there is none.
            UsageError: If there are several.
            MediaError: If the register cannot be read.
        """
        found = [one for one in self.sticks() if _is_called(one, wanted)]
        if not found:
            raise NotFoundError(f"the register has no stick {wanted!r}", remedy="Run: lockstick register list")
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise UsageError(f"{wanted!r} may be several sticks", why=f"these are: {names}", remedy="Name one of them.")
        return found[0]

    def forget(self, name: str) -> None:
        """Forget one stick and all its receipts.

        Args:
            name: Its whole name in the register.

        Raises:
            NotFoundError: If there is none of that name.
            MediaError: If the register cannot be written.
        """
        with self._database.writing() as connection:
            if connection.execute("DELETE FROM sticks WHERE name = ?", (name,)).rowcount == 0:
                raise NotFoundError(f"the register has no stick {name!r}", remedy="Run: lockstick register list")

    def history(self, drive: Drive | None, volume: Volume | None) -> History:
        """Say how a stick has done so far, before it is written to.

        Args:
            drive: The drive, or None.
            volume: The volume on it, or None.

        Returns:
            Its past; empty if it is not in the register, or known by its looks alone.

        Raises:
            MediaError: If the register cannot be read.
        """
        stick = stick_of(drive, volume)
        identity = identity_of(stick)
        receipts: tuple[Receipt, ...] = ()
        if identity.known_by is not KnownBy.LOOKS:
            with self._database.reading() as connection:
                if connection is not None:
                    query = "SELECT id, name, known_by FROM sticks WHERE identity = ?"
                    row = connection.execute(query, (identity.digest,)).fetchone()
                    receipts = () if row is None else self._stick(connection, *row).receipts
        return history_of(identity.known_by, receipts, stick.label or stick.serial or "the stick")

    def _stick(self, connection: sqlite3.Connection, number: int, name: object, known_by: object) -> StickRecord:
        receipts, unreadable = [], 0
        rows = connection.execute("SELECT document FROM receipts WHERE stick = ? ORDER BY id", (number,))
        for (document,) in rows:
            try:
                receipts.append(from_json(document if isinstance(document, bytes) else b""))
            except LockstickError:
                unreadable += 1
        if not isinstance(name, str) or _NAME.fullmatch(name) is None or known_by not in _WAYS:
            raise damaged(self.path, "it names a stick that this program cannot have named")
        return StickRecord(name=name, known_by=KnownBy(known_by), receipts=tuple(receipts), unreadable=unreadable)


def _is_called(one: StickRecord, wanted: str) -> bool:
    if len(wanted) >= _SHORTEST and one.name.startswith(wanted.lower()):
        return True
    return bool(wanted and one.receipts) and wanted in (one.receipts[-1].stick.serial, one.receipts[-1].stick.label)
