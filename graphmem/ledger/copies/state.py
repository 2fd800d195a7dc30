"""The state hash: equal for two ledgers that remember the same, whatever file, database or version they live in.

A row becomes canonical JSON (keys sorted, times in ISO 8601, bytes in base64) of the columns that say something: empty
ones count as absent, so that a column which a later version adds changes nothing. Places in the order of writing and
counts that follow from other rows are left out. The digest of a table is the SHA-256 of its rows' SHA-256 digests,
sorted; the state is the SHA-256 of the lines `table digest`, sorted, of the tables that hold a row.

What is operational (the outbox, leases, settings of the home) or derived (attributes, full text, vectors) does not
count: another embedding model, or a store rebuilt, leaves the state as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, false, or_, select, true

from graphmem.ledger.changes.images import plain
from graphmem.ledger.database import schema
from graphmem.ledger.database.rows import Columns

OPERATIONAL = frozenset({"meta", "outbox", "leases", "queue", "next_vectors"})
"""What a home needs to run: neither compared nor exported."""
DERIVED = frozenset({"attributes", "vectors"})
"""Computed from what the other tables hold."""
PLACES = frozenset({"seq", "item_seq", "degree"})
"""Columns that say where a row stands, or count others."""
SEEN = "seen"
"""In the before-image of a merge: the last places of memories and messages."""
PAGE = 1000


class State(NamedTuple):
    """What a ledger remembers, in one line and by table."""

    hash: str
    """64 hex digits."""
    tables: dict[str, str]
    """Digest by table, those that hold a row."""
    counts: dict[str, int]


def tables() -> tuple[Table, ...]:
    """The tables that make up the state, each after those that it points to."""
    every = schema.metadata.sorted_tables
    return tuple(table for table in every if table.name not in OPERATIONAL | DERIVED)


def state(connection: Connection, owner: str | None = None) -> State:
    """The state of a ledger, or of what one owner has in it."""
    digests: dict[str, str] = {}
    counts: dict[str, int] = {}
    for table in tables():
        found = sorted(row_digest(table, row) for row in rows(connection, table, owner))
        if found:
            digests[table.name] = hashlib.sha256(b"".join(found)).hexdigest()
            counts[table.name] = len(found)
    return State(combined(digests), digests, counts)


def combined(digests: dict[str, str]) -> str:
    """The state that the digests of tables make together."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def row_digest(table: Table, row: Columns) -> bytes:
    """SHA-256 of what a row says; `row` is plain, see `images.plain`."""
    said = {name: value for name, value in row.items() if value and name not in PLACES}
    if table is schema.resolutions and "before" in said:
        said["before"] = _timeless(said["before"])
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _timeless(image: Any) -> Any:
    """A before-image without places and vectors."""
    if isinstance(image, dict):
        return {
            key: _timeless(value) for key, value in image.items() if key not in PLACES and key not in ("vectors", SEEN)
        }
    return [_timeless(part) for part in image] if isinstance(image, list) else image


def rows(connection: Connection, table: Table, owner: str | None = None) -> Iterator[Columns]:
    """The rows of a table in the order of writing, plain; of one owner, or all."""
    order = [table.c.seq] if "seq" in table.c else list(table.primary_key)
    statement = select(table).where(of_owner(table, owner)).order_by(*order).execution_options(yield_per=PAGE)
    return (plain(row) for row in connection.execute(statement).mappings())


def of_owner(table: Table, owner: str | None) -> ColumnElement[bool]:
    """Whether a row belongs to an owner: by its own column, or by the row that it points to; else to nobody."""
    if owner is None:
        return true()
    if "owner" in table.c:
        return table.c.owner == owner
    if table is schema.attributes:
        held = [select(t.c.id).where(t.c.owner == owner) for t in (schema.memories, schema.messages)]
        return or_(*(table.c.item_id.in_(found) for found in held))
    key = next((key for key in table.foreign_keys if "owner" in key.column.table.c), None)
    if key is None:
        return false()
    return table.c[key.parent.name].in_(select(key.column).where(key.column.table.c.owner == owner))
