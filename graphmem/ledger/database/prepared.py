"""Statements that are built and compiled once and then only executed.

Building and hashing a large expression costs more than SQLite needs to answer it, and a search runs dozens. The
expressions stay portable: ids travel as one JSON list, scope and time as named parameters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    FromClause,
    Select,
    String,
    TableClause,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeEngine

from graphmem.ledger.database.schema import EPOCH, TICK, Instant
from graphmem.values import Scope, When


class id_list(GenericFunction[str]):  # noqa: N801 - its name is its SQL
    """Rows of a JSON list of texts."""

    inherit_cache = True
    name = "id_list"


@compiles(id_list)
def _each(element: id_list, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(id_list, "postgresql")
def _elements(element: id_list, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS json))"


def listed(name: str, kind: type[TypeEngine[Any]] = String) -> Select[tuple[Any]]:
    """The values of the JSON list given as parameter `name`, for `column.in_(...)`."""
    rows = func.id_list(bindparam(name, type_=String)).table_valued("value")
    return select(rows.c.value if kind is String else cast(rows.c.value, kind))


class Shape(NamedTuple):
    """What of a scope and a moment changes the statement, and not only its parameters."""

    labels: tuple[str, ...]
    as_of: bool
    known_at: bool
    everything: bool

    @classmethod
    def of(cls, scope: Scope | None, when: When) -> Shape:
        """The shape of a read."""
        given = () if scope is None else tuple(scope.labels)
        return cls(given, when.as_of is not None, when.known_at is not None, when.everything)

    def scope(self) -> Scope | None:
        """A scope of named parameters."""
        labels = {label: bindparam(label, type_=String) for label in self.labels}
        return Scope.model_construct(**labels) if labels else None  # type: ignore[arg-type]

    def when(self) -> When:
        """A moment of named parameters."""
        times = [name for name, given in (("as_of", self.as_of), ("known_at", self.known_at), ("now", True)) if given]
        moments: dict[str, Any] = {name: bindparam(name, type_=BigInteger) for name in times}
        return When.model_construct(everything=self.everything, **moments)


def arguments(scope: Scope | None, when: When) -> dict[str, Any]:
    """Values of the parameters of a scope and a moment."""
    times = {"now": when.now, "as_of": when.as_of, "known_at": when.known_at}
    found: dict[str, Any] = {name: ticks(moment) for name, moment in times.items() if moment is not None}
    return found if scope is None else {**found, **scope.labels}


def ticks(moment: datetime) -> int:
    """A moment as the database keeps it."""
    return (moment - EPOCH) // TICK


def ids(values: Iterable[str]) -> str:
    """A list as one parameter for `listed`."""
    return json.dumps(list(values))


Twice = Literal["fail", "keep", "replace"]


def _decoder(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What turns a driver's value into a row's, where they differ."""
    if isinstance(kind, Instant):
        return lambda value: None if value is None else EPOCH + value * TICK
    if isinstance(kind, JSON):
        return lambda value: json.loads(value) if isinstance(value, str) else value
    return bool if isinstance(kind, Boolean) else None


class Prepared:
    """One statement, compiled for each database on first use; times are given as integers."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled = lru_cache(maxsize=4)(self._compile)
        columns = statement.selected_columns if statement.is_select else ()
        self._names = [column.name for column in columns]
        self._decoders = [(i, decode) for i, c in enumerate(columns) if (decode := _decoder(c.type)) is not None]

    def _compile(self, dialect: Any) -> tuple[str, tuple[str, ...] | None, Mapping[str, Any]]:
        compiled = self._statement.compile(dialect=dialect)
        order = None if compiled.positiontup is None else tuple(compiled.positiontup)
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        return str(compiled), order, fixed

    def mappings(self, connection: Connection, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows by column name, decoded: times, JSON and booleans as they were written."""
        for row in self.decoded(connection, values):
            yield dict(zip(self._names, row, strict=True))

    def decoded(self, connection: Connection, values: Mapping[str, Any]) -> Iterator[list[Any]]:
        """The same rows as lists."""
        for row in self.rows(connection, values):
            decoded = list(row)
            for place, decode in self._decoders:
                decoded[place] = decode(decoded[place])
            yield decoded

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Rows as the driver gives them, times as integers; `values` holds its parameters and may hold more."""
        rows: Sequence[Any] = self._run(connection, values).fetchall()
        return rows

    def each(self, connection: Connection, values: Mapping[str, Any]) -> Iterator[Any]:
        """The same rows one by one: stop when there are enough."""
        with closing(self._run(connection, values)) as cursor:
            yield from cursor

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Change rows; how many."""
        return int(self._run(connection, values).rowcount)

    def run_each(self, connection: Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Change rows once for each of `values`. Empty: a no-op."""
        if values:
            text, order, fixed = self._compiled(connection.dialect)
            _execute(connection, text, [_ordered(order, {**fixed, **given}) for given in values], many=True)

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        text, order, fixed = self._compiled(connection.dialect)
        return _execute(connection, text, _ordered(order, {**fixed, **values}))


def _execute(connection: Connection, text: str, parameters: Any, *, many: bool = False) -> Any:
    """Run a statement on the driver's own cursor: SQLAlchemy's result costs several times what SQLite needs."""
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(text, parameters)
    except driver.Error as error:
        raise DBAPIError.instance(text, parameters, error, driver.Error, dialect=connection.dialect) from error
    return cursor


def _ordered(order: tuple[str, ...] | None, given: Mapping[str, Any]) -> Any:
    """Parameters in the form that the driver takes."""
    return given if order is None else tuple(given[name] for name in order)


@lru_cache(maxsize=256)
def rows_of(table: FromClause, column: str) -> Prepared:
    """Whole rows of a table whose `column` is among the `ids`."""
    return Prepared(select(table).where(table.c[column].in_(listed("ids"))))


class Insertion:
    """One insert into some columns of a table, compiled for each database on first use; see `insertion`."""

    def __init__(self, table: TableClause, columns: tuple[str, ...], twice: Twice, keep: tuple[str, ...]) -> None:
        self._table, self._columns, self._twice, self._keep = table, columns, twice, keep
        self._compiled = lru_cache(maxsize=4)(self._compile)

    def _compile(self, dialect: Any) -> tuple[str, tuple[str, ...] | None, tuple[Callable[[Any], Any] | None, ...]]:
        kind = postgresql if dialect.name == "postgresql" else sqlite
        statement = kind.insert(self._table).inline()
        if self._twice == "keep":
            statement = statement.on_conflict_do_nothing()
        elif self._twice == "replace":
            keys = [column.name for column in self._table.primary_key]
            changed = {c: statement.excluded[c] for c in self._columns if c not in keys and c not in self._keep}
            statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        compiled = statement.compile(dialect=dialect, column_keys=list(self._columns))
        order = None if compiled.positiontup is None else tuple(compiled.positiontup)
        types = (self._table.c[name].type.dialect_impl(dialect) for name in self._columns)
        return str(compiled), order, tuple(kind.bind_processor(dialect) for kind in types)

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that have exactly these columns."""
        text, order, encoders = self._compiled(connection.dialect)
        encoded = [
            {
                name: row[name] if encode is None else encode(row[name])
                for name, encode in zip(self._columns, encoders, strict=True)
            }
            for row in rows
        ]
        _execute(connection, text, [_ordered(order, row) for row in encoded], many=True)


@lru_cache(maxsize=256)
def insertion(table: TableClause, columns: tuple[str, ...], twice: Twice, keep: tuple[str, ...] = ()) -> Insertion:
    """An insert; `twice` says what becomes of a row whose key is there already, `keep` which columns then stay."""
    return Insertion(table, columns, twice, keep)
