"""Rows out of one ledger and into another: what `export` writes and `import` reads.

Rows keep their order of writing. In a ledger that holds others already they get later places, and the before-images
that name places follow.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import JSON, Boolean, Connection, LargeBinary, Table, func, select, text

from graphmem.errors import ConflictError, InputError
from graphmem.ledger.copies.state import PAGE, SEEN, rows, tables
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import insert
from graphmem.ledger.database.rows import Columns, attribute_rows, chunks, message_of
from graphmem.ledger.database.schema import Instant
from graphmem.ledger.memories import episodes
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.ledger.text import lexical

Line = tuple[str, Columns]
"""The name of a table, and a row as JSON values."""


def dump(connection: Connection, owner: str | None, *, vectors: bool) -> Iterator[Line]:
    """All rows, table after table, each table after those that it points to; vectors last."""
    for table in (*tables(), *([schema.vectors] if vectors else [])):
        for row in rows(connection, table, owner):
            yield table.name, row if vectors or table is not schema.resolutions else _bare(row)


def _bare(row: Columns) -> Columns:
    """A resolution whose before-image holds no vectors."""
    image = row["before"]
    return {**row, "before": {**image, "vectors": []}} if isinstance(image, dict) and "vectors" in image else row


def load(connection: Connection, stores: Stores, lines: Iterable[Line], *, vectors: bool) -> dict[str, int]:
    """Insert rows with all that follows from them; returns how many by table. Raises ConflictError, InputError.

    `vectors`: False leaves out all vectors, those in before-images, too: they come from another embedding model.
    """
    known = {table.name: table for table in (*tables(), schema.vectors)}
    later = {name: _last(connection, table) for name, table in known.items() if "seq" in table.c}
    counts: dict[str, int] = {}
    for name, group in groupby(lines, key=lambda line: line[0]):
        if name not in known:
            raise InputError(
                "file", f"has rows of {name!r}, which is no table.", advice="Use the graphmem that wrote it."
            )
        if name == "vectors" and not vectors:
            counts[name] = sum(0 for _ in group)
            continue
        for page in _pages(row for _, row in group):
            counts[name] = counts.get(name, 0) + len(page)
            _insert(connection, stores, known[name], [_moved(name, row, later, vectors) for row in page])
    _index_messages(connection, later["messages"])
    for name in later:
        _advance(connection, known[name])
    return {name: count for name, count in counts.items() if count}


def _last(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.max(table.c.seq))) or 0


def _pages(found: Iterable[Columns]) -> Iterator[list[Columns]]:
    page: list[Columns] = []
    for row in found:
        page.append(row)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _moved(name: str, row: Columns, later: Mapping[str, int], vectors: bool) -> Columns:
    """A row at its place behind what is there already."""
    moved = dict(row)
    if "seq" in row:
        moved["seq"] = row["seq"] + later[name]
    if "item_seq" in row:
        moved["item_seq"] = row["item_seq"] + later["memories" if row["source"] == "fact" else "messages"]
    if name == "resolutions" and isinstance(image := row.get("before"), dict):
        moved["before"] = {
            kind: [_moved(kind, part, later, vectors) if isinstance(part, dict) else part for part in parts]
            for kind, parts in image.items()
            if vectors or kind != "vectors"
        }
        if SEEN in image:
            shifts = (later["memories"], later["messages"])
            moved["before"][SEEN] = [place + shift for place, shift in zip(image[SEEN], shifts, strict=True)]
    return moved


def _insert(connection: Connection, stores: Stores, table: Table, page: list[Columns]) -> None:
    if "id" in table.c:
        _refuse_known(connection, table, [row["id"] for row in page])
    typed = [{name: _typed(table, name, value) for name, value in row.items()} for row in page]
    insert(connection, table, [_complete(table, row) for row in typed])
    if "metadata" in table.c and table is not schema.episodes:
        insert(connection, schema.attributes, [a for row in typed for a in attribute_rows(row["id"], row["metadata"])])
    if table is schema.memories:
        for owner, group in groupby(typed, key=lambda row: row["owner"]):
            lexical.add(connection, "fact", owner, [(row["seq"], row["text"]) for row in group])
    if table is schema.vectors:
        outbox.note(connection, stores, "vectors", "upsert", [(row["item_id"], row["view"]) for row in typed])


def _refuse_known(connection: Connection, table: Table, ids: list[str]) -> None:
    for some in chunks(ids):
        there = connection.scalar(select(table.c.id).where(table.c.id.in_(some)).limit(1))
        if there is not None:
            raise ConflictError(
                f"{table.name}: {there!r} is in this home already.",
                advice="Import into an empty home, or delete what the file holds from this one.",
            )


def _typed(table: Table, name: str, value: Any) -> Any:
    if name not in table.c:
        raise InputError("file", f"{table.name} has no column {name!r}.", advice="Use the graphmem that wrote it.")
    kind = table.c[name].type
    if value is None:
        return None
    if isinstance(kind, Instant):
        return datetime.fromisoformat(value)
    return b64decode(value) if isinstance(kind, LargeBinary) else value


def _complete(table: Table, row: Columns) -> Columns:
    """A row of an older schema with the columns that came later, empty."""
    absent = {
        column.name: _empty(column.type)
        for column in table.c
        if column.name not in row and not column.nullable and column.autoincrement is not True
    }
    return {**{column.name: None for column in table.c if column.nullable}, **absent, **row}


def _empty(kind: Any) -> Any:
    if isinstance(kind, JSON):
        return {}
    if isinstance(kind, Boolean):
        return False
    return "" if kind.python_type is str else 0


def _index_messages(connection: Connection, after: int) -> None:
    """Full text of the messages beyond a place; done last, because a window shows its neighbours."""
    m = schema.messages
    statement = select(m).where(m.c.seq > after, m.c.hidden.is_(False)).order_by(m.c.owner, m.c.seq)
    found = connection.execute(statement.execution_options(yield_per=PAGE)).mappings()
    for _, group in groupby(found, key=lambda row: row["owner"]):
        for page in _pages(dict(row) for row in group):
            episodes.index(connection, [message_of(row) for row in page])


def _advance(connection: Connection, table: Table) -> None:
    """PostgreSQL counts places by a sequence, which an explicit place does not move."""
    if connection.dialect.name == "postgresql":
        last = _last(connection, table)
        if last:
            named = text("SELECT setval(pg_get_serial_sequence(:name, 'seq'), :last)")
            connection.execute(named, {"name": table.name, "last": last})
