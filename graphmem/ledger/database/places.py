"""Places in the order of writing: the `seq` of memories and messages, by which indexes and mentions know them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import Connection, Table, select

from graphmem.ledger.database.prepared import Prepared, ids, listed
from graphmem.ledger.database.rows import chunks
from graphmem.ledger.database.schema import messages


def seqs(connection: Connection, table: Table, item_ids: Iterable[str]) -> dict[str, int]:
    """Place by id; unknown ids are left out."""
    return _places(connection, _by_id(table), item_ids)


def seqs_seen(connection: Connection, message_ids: Iterable[str]) -> dict[str, int]:
    """Place by id of messages; unknown and withdrawn ones are left out."""
    return _places(connection, _SEEN, message_ids)


def _places(connection: Connection, statement: Prepared, item_ids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in chunks(item_ids):
        found |= {row[0]: row[1] for row in statement.rows(connection, {"ids": ids(some)})}
    return found


@lru_cache(maxsize=8)
def _by_id(table: Table) -> Prepared:
    return Prepared(select(table.c.id, table.c.seq).where(table.c.id.in_(listed("ids"))))


_SEEN = Prepared(
    select(messages.c.id, messages.c.seq).where(messages.c.id.in_(listed("ids")), messages.c.hidden.is_(False))
)
