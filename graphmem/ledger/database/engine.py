"""Connections: one writer at a time in a process, readers that never wait for it, and one place that names errors.

SQLite's own settings live here and nowhere else (full text aside, see `lexical.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, TableClause, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from graphmem.errors import StoreError, StoreReadOnly, StoreUnavailable
from graphmem.faults import reach
from graphmem.ledger.database import postgres
from graphmem.ledger.database.prepared import insertion

Row = Mapping[str, Any]

BUSY_SECONDS = 10
PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA cache_size=-32000",
)
READ_ONLY = ("readonly database", "database or disk is full", "unable to open database file", "read-only")
LOST = (
    "connection failed",
    "connection is closed",
    "closed the connection",
    "terminating connection",
    "lock timeout",
    "deadlock",
)
BUSY = ("database is locked", "database table is locked", "could not connect", "connection refused", *LOST)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into this package's."""
    try:
        yield
    except DBAPIError as error:
        raise _named(error) from error


def _named(error: DBAPIError) -> StoreError:
    text = str(error.orig)
    lowered = text.lower()
    if any(sign in lowered for sign in READ_ONLY):
        return StoreReadOnly(
            f"The ledger cannot be written: {text}.", advice="Free disk space or fix the permissions of the home."
        )
    if isinstance(error, OperationalError) and any(sign in lowered for sign in BUSY):
        return StoreUnavailable(f"The ledger is busy or away: {text}.", advice="Try again.")
    if "not a database" in lowered:
        return StoreError(
            "The ledger.db of this home is not a database, or it is damaged.",
            advice="Choose another home, or put a backup back: graphmem restore FOLDER --force",
        )
    return StoreError(
        f"The ledger failed: {text}.",
        advice="Run: graphmem doctor; if the file is damaged, put a backup back: graphmem restore FOLDER --force",
    )


class Database:
    """Two pools on one database: `write()` and `read()` give connections inside a transaction."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._writer = _engine(url, writes=True)
        self._reader = _engine(url, writes=False)
        self._turn = threading.Lock()
        self._reading = threading.local()

    @classmethod
    def at(cls, url_or_path: str | Path) -> Database:
        """A database by URL, or a SQLite file by path; the folder of the file is made."""
        text = str(url_or_path)
        if "://" in text:
            return cls(make_url(text))
        home = Path(text).parent
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            problem = "it is a file, not a folder" if home.is_file() else error.strerror or str(error)
            raise StoreReadOnly(
                f"The home {home} cannot be made: {problem}.", advice="Choose another folder."
            ) from error
        return cls(URL.create("sqlite", database=text))

    @contextmanager
    def write(self, step: str, *, turn: bool = True) -> Iterator[Connection]:
        """One write transaction, from its start (BEGIN IMMEDIATE), committed at the end or rolled back whole.

        `step` names it for tests of faults. `turn=False`: on PostgreSQL other writers are not waited for.
        """
        with self._turn, translated(), self._writer.begin() as connection:
            if turn:
                postgres.take_turn(connection)
            yield connection
            reach(f"ledger.{step}.before")
        reach(f"ledger.{step}.after")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot; never waits for a writer. Inside another read of this thread it is the same one."""
        open_one: Connection | None = getattr(self._reading, "connection", None)
        if open_one is not None:
            yield open_one
            return
        with translated(), self._reader.begin() as connection:
            self._reading.connection = connection
            try:
                yield connection
            finally:
                self._reading.connection = None

    @contextmanager
    def outside(self) -> Iterator[Any]:
        """A cursor outside of any transaction, while no other thread writes: for statements that allow none."""
        driver: Any = self._writer.dialect.dbapi
        with self._turn, translated(), self._writer.connect() as connection:
            if self._writer.dialect.name != "sqlite":
                # SQLite's driver is in this mode always, and SQLAlchemy would end it on return.
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901
            cursor = connection.connection.cursor()
            try:
                yield cursor
            except driver.Error as error:
                raise _named(OperationalError("", None, error)) from error
            finally:
                cursor.close()

    def close(self) -> None:
        """Close all connections; a second call is a no-op."""
        self._reader.dispose()
        self._writer.dispose()


def _engine(url: URL, *, writes: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        return postgres.engine(url, writes=writes)
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
        pool_size=1 if writes else 5,
        max_overflow=0 if writes else -1,
        query_cache_size=1000,
    )
    event.listen(engine, "connect", _prepare if writes else _prepare_reader)
    event.listen(engine, "begin", _begin_immediate if writes else _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    # The driver's own BEGIN comes too late and without IMMEDIATE: two writers would meet in the middle.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)
    # SQLite's lower() knows ASCII only, PostgreSQL's knows Unicode.
    connection.create_function("lower", 1, _fold, deterministic=True)


def _prepare_reader(connection: Any, record: object) -> None:
    _prepare(connection, record)
    connection.execute("PRAGMA query_only=ON")


def _fold(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def insert(connection: Connection, table: TableClause, rows: Sequence[Row]) -> None:
    """Insert rows of the same columns in one batch. Empty: a no-op."""
    if rows:
        insertion(table, tuple(rows[0]), "fail").run(connection, rows)


def insert_new(connection: Connection, table: TableClause, rows: Sequence[Row]) -> None:
    """Insert the rows whose keys are not there yet. Empty: a no-op."""
    if rows:
        insertion(table, tuple(rows[0]), "keep").run(connection, rows)


def upsert(connection: Connection, table: TableClause, rows: Sequence[Row], keep: Sequence[str] = ()) -> None:
    """Insert rows, or change those that have the same primary key, columns in `keep` left alone. Empty: a no-op."""
    if rows:
        insertion(table, tuple(rows[0]), "replace", tuple(keep)).run(connection, rows)
