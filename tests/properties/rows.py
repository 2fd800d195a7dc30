"""What the ledger's file says, read past the library: whether it changed, and the rows that belong to one owner."""

from __future__ import annotations

import sqlite3
from hashlib import sha256
from pathlib import Path

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import sqlite

from graphmem.ledger.copies.state import of_owner, tables

OWNED = tuple(
    str(
        select(table)
        .where(of_owner(table, bindparam("owner")))  # type: ignore[arg-type]
        .order_by(*table.primary_key)
        .compile(dialect=sqlite.dialect(paramstyle="named"))
    )
    for table in tables()
)
"""One statement a table that counts to the state."""


class Rows:
    """A connection of its own to a ledger that others write."""

    def __init__(self, home: Path) -> None:
        self._connection = sqlite3.connect(home / "ledger.db", isolation_level=None)
        self._version = self._now()

    def _now(self) -> int:
        (found,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(found)

    def moved(self) -> bool:
        """Whether anything was committed since this was asked last."""
        before, self._version = self._version, self._now()
        return before != self._version

    def of(self, tenant: str) -> str:
        """A hash of all rows that belong to a user, of every table that counts to the state."""
        mark = sha256()
        for statement in OWNED:
            mark.update(repr(self._connection.execute(statement, {"owner": f"user:{tenant}"}).fetchall()).encode())
        return mark.hexdigest()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
