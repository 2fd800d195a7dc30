"""Reading memories: by id, by scope and time, with what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Integer, Select, bindparam, func, select

from graphmem.errors import InputError
from graphmem.ledger.contracts import Known
from graphmem.ledger.database.prepared import Prepared, Shape, arguments, listed
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.rows import chunks, evidence_of, history_of, memory_of
from graphmem.ledger.database.schema import (
    entities,
    evidence,
    history,
    memories,
    mentions,
    messages,
    relations,
    resolutions,
    supports,
)
from graphmem.ledger.database.visibility import sees_fact, sees_message
from graphmem.ledger.database.where import compiled
from graphmem.ledger.memories import facts
from graphmem.steps.filters import Condition
from graphmem.values import Evidence, HistoryEntry, Memory, Page, Plan, Scope, Source, Triple, When


def by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Memory]:
    """Memories by id; unknown ones are left out."""
    return {memory_id: known.memory for memory_id, known in facts.known(connection, ids).items()}


def known(connection: Connection, ids: Sequence[str]) -> dict[str, Known]:
    """Memories with relations and entity names."""
    triples: dict[str, list[Triple]] = {}
    names: dict[str, dict[str, str]] = {}
    for some in chunks(ids):
        values = {"ids": id_json(some)}
        for memory_id, source, kind, target, confidence in _TRIPLES.rows(connection, values):
            triple = Triple(source_id=source, type=kind, target_id=target, confidence=confidence)
            triples.setdefault(memory_id, []).append(triple)
        for memory_id, entity_id, name in _NAMED.rows(connection, values):
            names.setdefault(memory_id, {})[entity_id] = name
    return {
        i: Known(memory, tuple(triples.get(i, ())), names.get(i, {})) for i, memory in by_id(connection, ids).items()
    }


_TRIPLES = Prepared(
    select(supports.c.memory_id, relations.c.source_id, relations.c.type, relations.c.target_id, supports.c.confidence)
    .join(relations, relations.c.id == supports.c.relation_id)
    .where(supports.c.memory_id.in_(listed("ids")))
)
_NAMED = Prepared(
    select(mentions.c.item_id, entities.c.id, entities.c.name)
    .join(entities, entities.c.id == mentions.c.entity_id)
    .where(mentions.c.item_id.in_(listed("ids")))
)


def about(connection: Connection, owner: str, entity_ids: Sequence[str], limit: int) -> tuple[str, ...]:
    """Live memories whose subject or relation ends are among the entities, newest first."""
    newest: list[tuple[int, str]] = []
    # One bounded index walk an entity: a hub is not read to its end.
    for entity_id in dict.fromkeys(entity_ids):
        values = {"entity": entity_id, "owner": owner, "most": limit}
        newest += [(row[0], row[1]) for row in _ABOUT.rows(connection, values)]
    return tuple(memory_id for _, memory_id in sorted(set(newest), reverse=True)[:limit])


_ABOUT = Prepared(
    select(memories.c.seq, memories.c.id)
    .join_from(mentions, memories, memories.c.id == mentions.c.item_id)
    .where(mentions.c.entity_id == bindparam("entity"), mentions.c.source == "fact", mentions.c.about)
    .where(func.coalesce(memories.c.owner, "") == bindparam("owner"), memories.c.retired_at.is_(None))
    .order_by(mentions.c.item_seq.desc())
    .limit(bindparam("most", type_=Integer))
)


def page(
    connection: Connection, scope: Scope, when: When, condition: Condition | None, cursor: str | None, limit: int
) -> Page:
    """One page, newest first. The cursor is the place of the last memory seen, so inserts do not move it."""
    statement = select(memories).where(sees_fact(scope, when, listing=True), compiled(condition, "fact"))
    if cursor is not None:
        statement = statement.where(memories.c.seq < _place(cursor))
    rows = connection.execute(statement.order_by(memories.c.seq.desc()).limit(limit + 1)).mappings().all()
    more = len(rows) > limit
    items = tuple(memory_of(row) for row in rows[:limit])
    return Page(items=items, cursor=str(rows[limit - 1]["seq"]) if more else None)


def _place(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise InputError("cursor", f"{cursor[:40]!r} is not one.", advice="Give back the cursor of the page before.")
    return int(cursor)


def _seen(scope: Scope | None, when: When, source: Source, *, listing: bool) -> Select[tuple[str]]:
    if source == "fact":
        return select(memories.c.id).where(sees_fact(scope, when, listing=listing))
    return select(messages.c.id).where(sees_message(scope, when, listing=listing))


def selected(connection: Connection, scope: Scope, when: When, condition: Condition | None, source: Source) -> set[str]:
    """Ids of all facts or messages that a filtered search may return."""
    return set(connection.scalars(_seen(scope, when, source, listing=True).where(compiled(condition, source))))


def visible(connection: Connection, ids: Iterable[str], scope: Scope, when: When, source: Source) -> set[str]:
    """Those of `ids` that a search may return."""
    statement, values = _visible(source, Shape.of(scope, when)), arguments(scope, when)
    found: set[str] = set()
    for some in chunks(ids):
        found.update(row[0] for row in statement.rows(connection, {**values, "ids": id_json(some)}))
    return found


@lru_cache(maxsize=128)
def _visible(source: Source, shape: Shape) -> Prepared:
    table = memories if source == "fact" else messages
    seen = _seen(shape.scope(), shape.when(), source, listing=False)
    return Prepared(seen.where(table.c.id.in_(listed("ids"))))


def evidence_for(connection: Connection, memory_ids: Sequence[str]) -> dict[str, tuple[Evidence, ...]]:
    """Evidence by memory id, in order of writing."""
    found: dict[str, list[Evidence]] = {}
    for some in chunks(memory_ids):
        for row in _EVIDENCE.mappings(connection, {"ids": id_json(some)}):
            found.setdefault(row["memory_id"], []).append(evidence_of(row))
    return {memory_id: tuple(spans) for memory_id, spans in found.items()}


_EVIDENCE = Prepared(select(evidence).where(evidence.c.memory_id.in_(listed("ids"))).order_by(evidence.c.seq))
_DERIVED = Prepared(
    select(evidence.c.message_id, evidence.c.memory_id)
    .where(evidence.c.message_id.in_(listed("ids")))
    .order_by(evidence.c.seq)
)


def derived(connection: Connection, message_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Ids of the memories that rest on each message."""
    found: dict[str, dict[str, None]] = {}
    for some in chunks(message_ids):
        for message_id, memory_id in _DERIVED.rows(connection, {"ids": id_json(some)}):
            found.setdefault(message_id, {})[memory_id] = None
    return {message_id: tuple(ids) for message_id, ids in found.items()}


def history_of_memory(connection: Connection, memory_id: str) -> tuple[HistoryEntry, ...]:
    """Changes of one memory, oldest first."""
    statement = select(history).where(history.c.memory_id == memory_id).order_by(history.c.seq)
    return tuple(history_of(row) for row in connection.execute(statement).mappings())


def plan_of_episode(connection: Connection, episode_id: str) -> Plan | None:
    """The newest plan that an episode led to, or None."""
    statement = (
        select(resolutions.c.plan)
        .where(resolutions.c.episode_id == episode_id)
        .order_by(resolutions.c.seq.desc())
        .limit(1)
    )
    found = connection.scalar(statement)
    return None if found is None else Plan.model_validate_json(found)
