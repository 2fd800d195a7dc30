"""Relations of the ledger, by their facts: which memories support them, as far as a read sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    func,
    or_,
    select,
    type_coerce,
)

from graphmem.ledger.database.prepared import Prepared, Shape, arguments, ids, listed
from graphmem.ledger.database.rows import chunks
from graphmem.ledger.database.schema import Instant, evidence, memories, mentions, relations, supports
from graphmem.ledger.database.visibility import ends, sees_fact
from graphmem.ledger.memories import entities as names
from graphmem.steps.intervals import Part, Support, newest, relation_of
from graphmem.values import Relation, Scope, When

SPARE = 4
"""Facts read for each relation asked for, at first: several may support one."""
BOUNDED = 10_000
"""Facts up to which the newest are looked up entity by entity; beyond that all relations are read."""


def visible(
    connection: Connection,
    scope: Scope | None,
    when: When,
    *,
    entity_ids: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    memory_ids: Sequence[str] | None = None,
    limit: int = 1000,
) -> tuple[Relation, ...]:
    """Relations supported by visible memories, newest first."""
    wanted = _newest(connection, scope, when, entity_ids, types, memory_ids, limit)
    ends_ = names.by_id(connection, {i for part in wanted for i in (part[0].source_id, part[0].target_id)})
    episodes = _episodes(connection, [s.memory_id for part in wanted for s in part])
    return tuple(relation_of(part, ends_, episodes) for part in wanted)


def of_memories(
    connection: Connection, memory_ids: Sequence[str], scope: Scope | None, when: When
) -> tuple[Relation, ...]:
    """Relations that some memories support, newest first, with the intervals of these memories."""
    return visible(connection, scope, when, memory_ids=memory_ids, limit=len(memory_ids) * 8)


def _newest(
    connection: Connection,
    scope: Scope | None,
    when: When,
    entity_ids: Sequence[str] | None,
    types: Sequence[str] | None,
    memory_ids: Sequence[str] | None,
    limit: int,
) -> list[Part]:
    """The newest relations. A few supports a relation are usual; where there are more, more are read."""
    values = arguments(scope, when) | {"types": ids(types or ()), "memories": ids(memory_ids or ())}
    shape = Shape.of(scope, when), types is not None
    most = limit * SPARE
    while True:
        values["most"] = most
        if entity_ids is None:
            way: Way = "all" if memory_ids is None else "memories"
            found = [Support(*row) for row in _supported(*shape, way).decoded(connection, values)]
            whole = len(found) < most
        else:
            found, whole = _touching(connection, shape, values, list(dict.fromkeys(entity_ids)), most)
        wanted = newest(found, limit)
        if whole or len(wanted) == limit:
            return wanted
        most *= SPARE


def _touching(
    connection: Connection, shape: tuple[Shape, bool], values: dict[str, Any], entity_ids: Sequence[str], most: int
) -> tuple[list[Support], bool]:
    """Supports of the relations of some entities, and whether these are all that a read sees."""
    found: dict[tuple[str, str], Support] = {}
    bounded, whole = len(entity_ids) * most <= BOUNDED, True
    statement = _supported(*shape, "newest" if bounded else "touching")
    for some in [[i] for i in entity_ids] if bounded else chunks(entity_ids):
        rows = list(statement.decoded(connection, values | {"entities": ids(some), "entity": some[0]}))
        whole = whole and not (bounded and len(rows) == most)
        for row in rows:
            support = Support(*row)
            found[support.relation_id, support.memory_id] = support
    return list(found.values()), whole


Way = Literal["all", "memories", "touching", "newest"]
"""How facts are found: all of the scope; by their ids; by the entities they tie; the newest about one entity."""


@lru_cache(maxsize=256)
def _supported(shape: Shape, typed: bool, way: Way) -> Prepared:
    scope, when = shape.scope(), shape.when()
    r, m = relations.c, memories.c
    statement = (
        select(
            r.id.label("relation_id"),
            r.source_id,
            r.type,
            r.target_id,
            m.id.label("memory_id"),
            m.seq,
            m.text,
            m.valid_from,
            _end(when).label("end"),
            m.recorded_at,
            supports.c.confidence,
        )
        .join_from(relations, supports, supports.c.relation_id == r.id)
        .join(memories, m.id == supports.c.memory_id)
        .where(sees_fact(scope, when))
        .order_by(m.seq.desc(), r.id)
    )
    if typed:
        statement = statement.where(r.type.in_(listed("types")))
    if way == "all":
        return Prepared(statement.limit(bindparam("most", type_=Integer)))
    if way == "memories":
        return Prepared(statement.where(m.id.in_(listed("memories"))).limit(bindparam("most", type_=Integer)))
    if way == "touching":
        some = listed("entities")
        return Prepared(statement.where(or_(r.source_id.in_(some), r.target_id.in_(some))))
    return Prepared(_about_one(statement).limit(bindparam("most", type_=Integer)))


def _about_one(statement: Select[Any]) -> Select[Any]:
    """By the newest facts about an entity: one with many relations is not read whole for a few of them."""
    r, c, one = relations.c, mentions.c, bindparam("entity", type_=String)
    # The wrapped columns keep planners from coming in through all relations of the entity.
    touches = or_(func.coalesce(r.source_id, "") == one, func.coalesce(r.target_id, "") == one)
    by_facts = statement.join(mentions, c.item_id == memories.c.id)
    return (
        by_facts.where(c.entity_id == one, c.source == "fact", c.about, touches)
        .order_by(None)
        .order_by(c.item_seq.desc(), r.id)
    )


def _end(when: When) -> ColumnElement[datetime | None]:
    return type_coerce(ends(when), Instant)


def _episodes(connection: Connection, memory_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for some in chunks(memory_ids):
        for memory_id, episode_id in _EPISODES.rows(connection, {"ids": ids(some)}):
            found.setdefault(memory_id, []).append(episode_id)
    return found


_EPISODES = Prepared(
    select(evidence.c.memory_id, evidence.c.episode_id)
    .where(evidence.c.memory_id.in_(listed("ids")))
    .order_by(evidence.c.seq)
)
