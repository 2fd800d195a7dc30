"""Facts as they lie in the tables, with their places; and which resolutions there have been."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from graphmem.ledger.database import places
from graphmem.ledger.database.prepared import Prepared, rows_of
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.rows import chunks, memory_of
from graphmem.ledger.database.schema import memories, resolutions
from graphmem.values import Memory


class Known(NamedTuple):
    """A memory and its place."""

    seq: int
    memory: Memory


def known(connection: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """Memories with their places; unknown ones are left out."""
    found: dict[str, Known] = {}
    for some in chunks(ids):
        for row in rows_of(memories, "id").mappings(connection, {"ids": id_json(some)}):
            found[row["id"]] = Known(row["seq"], memory_of(row))
    return found


def is_resolved(connection: Connection, resolution_id: str) -> bool:
    """Whether a resolution was committed before, undone or not."""
    return bool(places.seqs(connection, resolutions, [resolution_id]))


def latest(connection: Connection, owner: str) -> int:
    """The place of the last resolution about an owner; 0 when there is none."""
    return _LATEST.rows(connection, {"owner": owner})[0][0] or 0


_LATEST = Prepared(select(func.max(resolutions.c.seq).label("seq")).where(resolutions.c.owner == bindparam("owner")))
