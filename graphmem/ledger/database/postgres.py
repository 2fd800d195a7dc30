"""PostgreSQL's own settings: connections, turns of writers, the order of texts, and NUL characters.

Writers take turns, as they do on SQLite: each write transaction begins with an advisory lock of its schema. Places in
the order of writing (`seq`) then become visible in order, which readers that follow by `seq` rely on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, String, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn
from sqlalchemy.sql.compiler import DDLCompiler

from graphmem.errors import ConfigError, MissingExtra

PATIENCE = "SET lock_timeout = '30s'"
TURN = "SELECT pg_advisory_xact_lock(hashtextextended('graphmem ' || current_schema(), 0))"

# PostgreSQL's texts hold no NUL. The escape is a character for private use, itself escaped.
ESCAPE = "\U0010fffd"
NUL = ESCAPE + "0"


def engine(url: URL, *, writes: bool) -> Engine:
    """A pool of connections. Raises MissingExtra, and ConfigError for a database that the ledger does not know."""
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ConfigError(
            f"ledger_url names {url.get_backend_name()!r}; the ledger runs on sqlite and postgresql.",
            advice="Use postgresql://user@host/database, or leave it out.",
        )
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    try:
        made = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=1 if writes else 5,
            max_overflow=4 if writes else 20,
            isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
        )
    except ModuleNotFoundError as exc:
        raise MissingExtra("A PostgreSQL ledger", "postgres") from exc
    event.listen(made, "connect", _prepare)
    if not writes:
        event.listen(made, "begin", _read_only)
    return made


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction writes in this schema; the turn ends with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(TURN)


def _read_only(connection: Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _prepare(connection: Any, _: object) -> None:
    from psycopg.types import string

    class Dumper(string.StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(escaped(obj))

    class Loader(string.TextLoader):
        def load(self, data: Any) -> Any:
            return restored(str(super().load(data)))

    connection.adapters.register_dumper(str, Dumper)
    for name in ("text", "varchar"):
        connection.adapters.register_loader(name, Loader)
    with connection.cursor() as cursor:
        cursor.execute(PATIENCE)
    connection.commit()


def escaped(text: str) -> str:
    """A text as PostgreSQL can hold it."""
    if "\0" not in text and ESCAPE not in text:
        return text
    return text.replace(ESCAPE, ESCAPE + "1").replace("\0", NUL)


def restored(text: str) -> str:
    """The text that was escaped."""
    if ESCAPE not in text:
        return text
    return text.replace(NUL, "\0").replace(ESCAPE + "1", ESCAPE)


@compiles(CreateColumn, "postgresql")
def _by_code_point(element: CreateColumn, compiler: DDLCompiler, **options: Any) -> str:
    """Texts are ordered by code point, as SQLite and Python do, whatever the locale of the database."""
    made: str = compiler.visit_create_column(element, **options)  # type: ignore[no-untyped-call]
    if isinstance(element.element.type, String):
        return made.replace("VARCHAR", 'VARCHAR COLLATE "C"', 1)
    return made
