"""What the projections still have to hear: one row an item, written in the transaction that changed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, Integer, Select, bindparam, delete, literal, select

from graphmem.ledger.contracts import OutboxItem
from graphmem.ledger.database.engine import insert
from graphmem.ledger.database.prepared import Prepared
from graphmem.ledger.database.rows import chunks
from graphmem.ledger.database.schema import outbox

Operation = Literal["upsert", "remove"]


UNPROJECTED = ("vectors", "entity")
"""Vectors of names are few and only compared inside one owner: the ledger alone holds them."""


class Stores(NamedTuple):
    """Which external stores exist; nothing is noted for one that does not."""

    vectors: bool = True
    graph: bool = False


def note(
    connection: Connection,
    stores: Stores,
    store: Literal["vectors", "graph"],
    operation: Operation,
    items: Iterable[tuple[str, str]],
) -> None:
    """Note (item id, view) pairs for a store."""
    if getattr(stores, store):
        kept = [(item_id, view) for item_id, view in items if (store, view) != UNPROJECTED]
        rows = [{"store": store, "operation": operation, "item_id": i, "view": view} for i, view in kept]
        insert(connection, outbox, rows)


def note_graph(connection: Connection, stores: Stores, operation: Operation, kind: str, ids: Iterable[str]) -> None:
    """Note entities, relations, memories or messages for the graph store."""
    note(connection, stores, "graph", operation, [(item_id, kind) for item_id in dict.fromkeys(ids)])


def note_selected(
    connection: Connection, stores: Stores, store: Literal["vectors", "graph"], found: Select[tuple[str, str]]
) -> None:
    """Note the removal of all (item id, view) rows of a query, without reading them."""
    if getattr(stores, store):
        rows = found.subquery()
        values = select(literal(store), literal("remove"), *rows.c)
        connection.execute(outbox.insert().from_select(["store", "operation", "item_id", "view"], values))


def pending(connection: Connection, store: str, limit: int, after: int) -> tuple[OutboxItem, ...]:
    """Rows of a store beyond a sequence, oldest first."""
    values = {"store": store, "after": after, "most": limit}
    return tuple(OutboxItem(*row) for row in _PENDING.rows(connection, values))


_PENDING = Prepared(
    select(*(outbox.c[name] for name in OutboxItem._fields))
    .where(outbox.c.store == bindparam("store"), outbox.c.sequence > bindparam("after", type_=Integer))
    .order_by(outbox.c.sequence)
    .limit(bindparam("most", type_=Integer))
)


def acknowledge(connection: Connection, items: Sequence[OutboxItem]) -> None:
    """Drop rows that a store has applied."""
    for some in chunks(item.sequence for item in items):
        connection.execute(delete(outbox).where(outbox.c.sequence.in_(some)))
