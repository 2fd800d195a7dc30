"""Copies of a SQLite ledger by SQLite's own online backup: one consistent state, while others read and write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.engine import URL

from graphmem.errors import StoreError, StoreReadOnly
from graphmem.ledger.copies import state as _state
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import translated
from graphmem.ledger.migrations import version


def copy_out(connection: Connection, target: Path) -> None:
    """Write the state that the connection sees to a new file; it is complete and on disk when this returns."""
    source: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    _copy(source, target)
    with target.open("rb") as copied:
        os.fsync(copied.fileno())


def copy_in(source: Path, target: Path) -> None:
    """Replace what a ledger file holds, in one transaction: after a crash it holds the old or the new, whole."""
    with closing(sqlite3.connect(source)) as opened:
        _copy(opened, target, journal="WAL")


def _copy(source: sqlite3.Connection, target: Path, journal: str = "DELETE") -> None:
    try:
        with closing(sqlite3.connect(target, timeout=10)) as copied:
            source.backup(copied)
            # A copy is one file; the write-ahead log of the original would be a second.
            copied.execute("PRAGMA journal_mode=WAL" if journal == "WAL" else "PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise StoreReadOnly(
            f"{target} cannot be written: {error}.", advice="Close what uses it; free space."
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"The ledger cannot be copied: {error}.", advice="Run: graphmem verify") from error


def examined(path: Path) -> _state.State:
    """The state of a copy, read without changing a byte of it. Raises StoreError when the file is damaged."""
    with _looking(path) as connection:
        problems = [line for line in connection.execute(text("PRAGMA integrity_check")).scalars() if line != "ok"]
        if problems:
            raise StoreError(f"{path} is damaged: {problems[0]}.", advice="Use another backup.")
        return _state.state(connection)


def schema_of(path: Path) -> int:
    """Number of the schema of a file, which is not brought to the present one. Raises StoreError."""
    with _looking(path) as connection:
        return version(connection)


def meta_of(path: Path, name: str) -> str | None:
    """A value of the meta table of a file; None when it has none. Raises StoreError."""
    with _looking(path) as connection:
        return connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == name))


def set_meta(path: Path, values: Mapping[str, str]) -> None:
    """Write values into the meta table of a file that nobody else has open."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", values.items())


@contextmanager
def _looking(path: Path) -> Iterator[Connection]:
    """A connection that cannot write."""
    url = URL.create("sqlite", database=f"file:{path.resolve().as_posix()}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(url)
    try:
        with translated(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
