"""What has outlived its time, and what is given more of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from graphmem.ledger.database.rows import in_scope
from graphmem.ledger.database.schema import memories, messages
from graphmem.steps.resolution.plan import TRUST_OF_ROLE
from graphmem.steps.resolution.sides import rank
from graphmem.values import Evidence, Memory, Scope


def due(connection: Connection, scope: Scope | None, now: datetime, *, withdrawn: bool) -> dict[str, list[str]]:
    """Ids of memories and messages past their time, by owner; messages that are withdrawn only if asked for."""
    found: dict[str, list[str]] = {}
    for table in (memories, messages):
        statement = select(table.c.owner, table.c.id).where(table.c.expires_at <= now, in_scope(table, scope))
        if table is messages and not withdrawn:
            statement = statement.where(messages.c.hidden.is_(False))
        for owner, item_id in connection.execute(statement.order_by(table.c.seq)):
            found.setdefault(owner, []).append(item_id)
    return found


def prolong(connection: Connection, said: Sequence[tuple[Memory, Sequence[Evidence]]]) -> None:
    """Let memories that end live as long as the longest-living message that says them anew.

    A source that is trusted less than the memory gives it no time.
    """
    for memory, spans in said:
        ids = [span.message_id for span in spans]
        columns = (messages.c.expires_at, messages.c.trust, messages.c.role)
        rows = connection.execute(select(*columns).where(messages.c.id.in_(ids)))
        ends = [end for end, trust, role in rows if rank(trust or TRUST_OF_ROLE[role]) >= rank(memory.trust)]
        if ends:
            mine = [memories.c.id == memory.id, memories.c.expires_at.is_not(None)]
            longest = None if None in ends else max(end for end in ends if end)
            if longest is not None:
                mine.append(memories.c.expires_at < longest)
            connection.execute(update(memories).where(*mine).values(expires_at=longest))
