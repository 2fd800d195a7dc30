"""What a ranking looks at in its candidates, read in few columns: a search has hundreds and shows ten."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from graphmem.ledger.database.prepared import Prepared, ids, listed
from graphmem.ledger.database.rows import chunks
from graphmem.ledger.database.schema import evidence, memories, messages
from graphmem.steps.signals import FactOutline, MessageOutline


def of_facts(connection: Connection, fact_ids: Sequence[str]) -> dict[str, FactOutline]:
    """By id; unknown ones are left out."""
    found: dict[str, FactOutline] = {}
    for some in chunks(fact_ids):
        rows = _FACTS.decoded(connection, {"ids": ids(some)})
        found |= {row[0]: FactOutline(*row) for row in rows}
    return found


def of_messages(connection: Connection, message_ids: Sequence[str]) -> dict[str, MessageOutline]:
    """By id; unknown and withdrawn ones are left out."""
    found: dict[str, MessageOutline] = {}
    for some in chunks(message_ids):
        rows = _MESSAGES.decoded(connection, {"ids": ids(some)})
        found |= {row[0]: MessageOutline(*row) for row in rows}
    return found


def sources(connection: Connection, fact_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Ids of the messages that each fact rests on, in order of writing."""
    found: dict[str, tuple[str, ...]] = {}
    for some in chunks(fact_ids):
        for fact, message in _SOURCES.rows(connection, {"ids": ids(some)}):
            found[fact] = (*found.get(fact, ()), message)
    return found


_FACTS = Prepared(select(*(memories.c[name] for name in FactOutline._fields)).where(memories.c.id.in_(listed("ids"))))
_MESSAGES = Prepared(
    select(*(messages.c[name] for name in MessageOutline._fields)).where(
        messages.c.id.in_(listed("ids")), messages.c.hidden.is_(False)
    )
)
_SOURCES = Prepared(
    select(evidence.c.memory_id, evidence.c.message_id)
    .where(evidence.c.memory_id.in_(listed("ids")))
    .order_by(evidence.c.seq)
)
