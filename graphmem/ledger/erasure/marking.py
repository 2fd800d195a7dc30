"""What an erasure is about: memories and messages, closed under what rests only on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, or_, select

from graphmem.errors import NotFound
from graphmem.ledger.changes import removal
from graphmem.ledger.database import schema
from graphmem.ledger.database.rows import chunks, in_scope
from graphmem.ledger.database.schema import history, memories, messages, resolutions, touched
from graphmem.values import Scope


class Marked(NamedTuple):
    """What is to be erased."""

    kind: str
    memories: set[str]
    messages: set[str]
    entities: set[str]
    """Beside those that nothing else holds."""
    scope: Scope | None = None
    """Everything in it goes, also what only history remembers."""


def mark_scope(connection: Connection, scope: Scope) -> Marked:
    """Everything in a scope, and what was reworded by it."""
    facts = set(connection.scalars(select(memories.c.id).where(in_scope(memories, scope))))
    said = set(connection.scalars(select(messages.c.id).where(in_scope(messages, scope))))
    facts |= set(removal.resting_only_on(connection, list(said)))
    return Marked("scope", facts | _reworded_by(connection, said), said, set(), scope)


def mark_items(connection: Connection, ids: Sequence[str]) -> Marked:
    """Memories or messages by id, also such as only history remembers. Raises NotFound."""
    facts, said, told = (
        there(connection, column, ids) for column in (memories.c.id, messages.c.id, history.c.memory_id)
    )
    for item_id in ids:
        if item_id not in facts | said | told:
            raise NotFound("memory or message", item_id)
    told -= facts | said
    return _closed(connection, "memory", facts | told, said | _withdrawn_with(connection, told), set())


def _withdrawn_with(connection: Connection, told: set[str]) -> set[str]:
    """Messages that were withdrawn when these memories were deleted: only the images of that still join them."""
    found: set[str] = set()
    for plan_id in there(connection, touched.c.memory_id, told, answer=touched.c.resolution_id):
        image = connection.scalar(select(resolutions.c.before).where(resolutions.c.id == plan_id)) or {}
        found |= {row["message_id"] for row in image.get("evidence", ()) if row["memory_id"] in told}
    rested_on = there(connection, schema.evidence.c.message_id, found)
    hidden = select(messages.c.id).where(messages.c.hidden)
    return {i for some in chunks(found - rested_on) for i in connection.scalars(hidden.where(messages.c.id.in_(some)))}


def mark_entity(connection: Connection, entity_id: str, items: Iterable[str]) -> Marked:
    """An entity with all that names it; `items` are further memories and messages that hold its name."""
    named = set(connection.scalars(select(schema.mentions.c.item_id).where(schema.mentions.c.entity_id == entity_id)))
    found = sorted(named | set(items))
    facts, said = (there(connection, column, found) for column in (memories.c.id, messages.c.id))
    merged = {entity_id}
    while more := there(connection, schema.merged.c.into_id, merged, answer=schema.merged.c.entity_id) - merged:
        merged |= more
    return _closed(connection, "entity", facts, said, merged)


def _closed(connection: Connection, kind: str, facts: set[str], said: set[str], named: set[str]) -> Marked:
    """With the memories that rest only on these messages, and the messages that only these memories rest on."""
    said = said | set(removal.sources_of_only(connection, list(facts)))
    facts = facts | set(removal.resting_only_on(connection, list(said))) | _deleted_before(connection, said)
    return Marked(kind, facts | _reworded_by(connection, said), said, named)


def _deleted_before(connection: Connection, said: set[str]) -> set[str]:
    """Memories that rested only on these messages and were deleted: history and images still hold their texts."""
    rested: dict[str, set[str]] = {}
    for plan_id in there(connection, touched.c.memory_id, said, answer=touched.c.resolution_id):
        image = connection.scalar(select(resolutions.c.before).where(resolutions.c.id == plan_id)) or {}
        for row in image.get("evidence", ()):
            rested.setdefault(row["memory_id"], set()).add(row["message_id"])
    gone = {memory_id for memory_id, sources in rested.items() if sources <= said}
    return gone - there(connection, memories.c.id, gone)


def _reworded_by(connection: Connection, said: set[str]) -> set[str]:
    """Memories whose present text was written by an episode of which nothing stays."""
    gone = emptied(connection, said)
    plans = there(connection, resolutions.c.episode_id, gone, answer=resolutions.c.id)
    lines = there(connection, history.c.resolution_id, plans, answer=history.c.memory_id)
    newest: dict[str, str | None] = {}
    for some in chunks(lines):
        rows = connection.execute(
            select(history.c.memory_id, history.c.resolution_id)
            .where(history.c.memory_id.in_(some), history.c.event == "UPDATE")
            .order_by(history.c.seq)
        )
        newest |= {row.memory_id: row.resolution_id for row in rows}
    return {memory_id for memory_id, plan in newest.items() if plan in plans}


def emptied(connection: Connection, said: set[str]) -> set[str]:
    """Episodes all of whose messages are among these."""
    touching = there(connection, messages.c.id, said, answer=messages.c.episode_id)
    left: set[str] = set()
    for some in chunks(touching):
        rows = connection.execute(select(messages.c.id, messages.c.episode_id).where(messages.c.episode_id.in_(some)))
        left |= {row.episode_id for row in rows if row.id not in said}
    return touching - left


def there(connection: Connection, column: Any, values: Iterable[str], *, answer: Any = None) -> set[str]:
    """The values that a column holds, or what stands beside them in the column `answer`."""
    found: set[str] = set()
    for some in chunks(values):
        statement = select(column if answer is None else answer).where(column.in_(some))
        found |= set(connection.scalars(statement))
    return found - {None}


def kept_sources(connection: Connection, marked: Marked) -> tuple[str, ...]:
    """Messages that marked memories rest on and that stay, because other memories rest on them, too."""
    sources = there(connection, schema.evidence.c.memory_id, marked.memories, answer=schema.evidence.c.message_id)
    return tuple(sorted(sources - marked.messages))


def holding(connection: Connection, owner: str, name: str) -> set[str]:
    """Memories and messages of an owner that hold a name as whole words."""
    whole = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    found: set[str] = set()
    for table, content in ((memories, memories.c.text), (messages, messages.c.content)):
        rows = connection.execute(select(table.c.id, content.label("text")).where(_has(table, content, owner, name)))
        found |= {row.id for row in rows if whole.search(row.text)}
    return found


def _has(table: Table, content: Any, owner: str, name: str) -> ColumnElement[bool]:
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    either = or_(content.like(f"%{escaped}%", escape="\\"), content.ilike(f"%{escaped}%", escape="\\"))
    return (table.c.owner == owner) & either
