"""The embedded graph: the ledger's own tables read as a graph. Nothing is copied, so nothing can drift.

`edges` is the fetch of the graph walk: at most one statement a kind of node, however many nodes. A hub (an entity that
more than 64 items name) is never read: its relations come through an index, newest first, and stop at the fan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    union_all,
)

from graphmem.ledger.database.engine import Database
from graphmem.ledger.database.prepared import Prepared, Shape, arguments, ids, listed
from graphmem.ledger.database.schema import (
    entities,
    evidence,
    memories,
    mentions,
    messages,
    relations,
    similar,
    supports,
)
from graphmem.ledger.database.visibility import sees_fact, sees_message
from graphmem.ledger.memories import relations as ties
from graphmem.steps import intervals
from graphmem.stores.contracts import Ball, Edge, EdgeKind
from graphmem.stores.fanning import HUB, MOST_HUBS, fanned
from graphmem.values import Node, NodeKind, Relation, Scope, When

BREADTH = 2_000
"""Relations read in one round of a walk between entities."""

Branch = Select[Any]
"""Columns: source kind, source, target kind, target, edge kind, strength, degree, weak, place (later is newer)."""


class EmbeddedGraph:
    """GraphStore over the ledger, whose tables, already committed, are the graph."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Nothing: the connections belong to the ledger."""

    def edges(self, nodes: Sequence[Node], scope: Scope, when: When, fan: int = 64) -> Sequence[Edge]:
        """Edges of all `nodes` in one fetch, at most `fan` a node and kind, visible in `scope` at `when`."""
        asked: dict[str, list[str]] = {"fact": [], "message": [], "entity": []}
        for node in nodes:
            asked[node.kind].append(node.id)
        shape, values = Shape.of(scope, when), arguments(scope, when)
        values |= {kind: ids(found) for kind, found in asked.items()}
        rows: list[Any] = []
        with self._database.read() as connection:
            for kind, found in asked.items():
                if found:
                    rows += _around(kind, shape).rows(connection, values)
            for hub in _hubs(connection, values) if asked["entity"] else ():
                rows += _hub(shape).rows(connection, {**values, "hub": hub, "newest": fan * 4})
        return fanned(rows, fan)

    def relations(
        self,
        scope: Scope,
        when: When,
        *,
        entity_ids: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> Sequence[Relation]:
        """Relations visible in `scope` at `when`, newest first, one value an interval of validity."""
        with self._database.read() as connection:
            return ties.visible(connection, scope, when, entity_ids=entity_ids, types=types, limit=limit)

    def neighbourhood(
        self,
        balls: Sequence[Ball],
        scope: Scope,
        when: When,
        *,
        types: Sequence[str] | None = None,
        limit: int = 500,
    ) -> Sequence[Sequence[Relation]]:
        """Relations within some hops of some entities, nearest first; one answer a ball, all of one state."""

        def fetch(ids: Sequence[str]) -> Sequence[Relation]:
            return self.relations(scope, when, entity_ids=ids, types=types, limit=BREADTH)

        with self._database.read():
            return [intervals.around(fetch, ball.entity_ids, ball.depth, limit) for ball in balls]


@lru_cache(maxsize=256)
def _around(kind: NodeKind, shape: Shape) -> Prepared:
    """The edges of all nodes of one kind."""
    scope, when = shape.scope(), shape.when()
    if kind == "fact":
        branches = [_fact_names(scope, when), _fact_sources(scope, when)]
    elif kind == "message":
        branches = [*_neighbours(scope, when), _message_names(scope, when), _derived(scope, when)]
    else:
        branches = [*_items(scope, when), *_related(scope, when), *_same()]
    return Prepared(union_all(*branches))


@lru_cache(maxsize=64)
def _hub(shape: Shape) -> Prepared:
    return Prepared(union_all(*_related_to_hub(shape.scope(), shape.when())))


_HUBS = Prepared(
    select(entities.c.id).where(entities.c.id.in_(listed("entity")), entities.c.degree > HUB).limit(MOST_HUBS)
)


def _hubs(connection: Connection, values: Mapping[str, Any]) -> list[str]:
    return [row[0] for row in _HUBS.rows(connection, values)]


_NAMED = {"degree": entities.c.degree, "weak": entities.c.weak}
"""What a mention knows of its entity."""


def _branch(
    source: NodeKind,
    source_id: Any,
    target: NodeKind,
    target_id: Any,
    kind: EdgeKind,
    strength: Any = 1.0,
    degree: Any = 0,
    weak: Any = 0,
    place: Any = 0,
) -> Branch:
    columns = [literal_column(f"'{source}'"), source_id, literal_column(f"'{target}'"), target_id]
    numbers = [cast(strength, Float), cast(degree, Integer), cast(weak, Integer), cast(place, Integer)]
    names = ("source_kind", "source", "target_kind", "target", "kind", "strength", "degree", "weak", "place")
    values = [*columns, literal_column(f"'{kind}'"), *numbers]
    return select(*(value.label(name) for name, value in zip(names, values, strict=True)))


def _fact_names(scope: Scope | None, when: When) -> Branch:
    m = mentions.c
    row = _branch("fact", m.item_id, "entity", m.entity_id, "mentions", **_NAMED)
    joined = row.join_from(mentions, entities, entities.c.id == m.entity_id)
    return joined.join(memories, memories.c.id == m.item_id).where(
        m.item_id.in_(listed("fact")), sees_fact(scope, when)
    )


def _message_names(scope: Scope | None, when: When) -> Branch:
    m = mentions.c
    row = _branch("message", m.item_id, "entity", m.entity_id, "mentions", **_NAMED)
    joined = row.join_from(mentions, entities, entities.c.id == m.entity_id)
    said = joined.join(messages, messages.c.id == m.item_id)
    return said.where(m.item_id.in_(listed("message")), _leads_on(), sees_message(scope, when))


def _leads_on() -> ColumnElement[bool]:
    """A name that one item alone bears leads back to it, and a hub is not expanded: half of all mentions."""
    return entities.c.degree.between(2, HUB)


def _fact_sources(scope: Scope | None, when: When) -> Branch:
    row = _branch("fact", evidence.c.memory_id, "message", evidence.c.message_id, "derived_from", place=messages.c.seq)
    seen = (sees_fact(scope, when), sees_message(scope, when))
    return _rests(row).where(evidence.c.memory_id.in_(listed("fact")), *seen)


def _derived(scope: Scope | None, when: When) -> Branch:
    row = _branch("message", evidence.c.message_id, "fact", evidence.c.memory_id, "derived_from", place=memories.c.seq)
    seen = (sees_fact(scope, when), sees_message(scope, when))
    return _rests(row).where(evidence.c.message_id.in_(listed("message")), *seen)


def _rests(row: Branch) -> Branch:
    joined = row.join_from(evidence, memories, memories.c.id == evidence.c.memory_id)
    return joined.join(messages, messages.c.id == evidence.c.message_id)


def _neighbours(scope: Scope | None, when: When) -> list[Branch]:
    here, there = messages.alias("here"), messages.alias("there")
    seen = (sees_message(scope, when, here), sees_message(scope, when, there))
    row = _branch("message", here.c.id, "message", there.c.id, "next", place=there.c.seq)
    return [
        row.join_from(here, there, there.c.id == here.c[pointer]).where(here.c.id.in_(listed("message")), *seen)
        for pointer in ("previous_id", "next_id")
    ]


def _small() -> Select[tuple[str]]:
    """The entities asked for that are no hubs: what many items name is never read whole."""
    return select(entities.c.id).where(entities.c.id.in_(listed("entity")), entities.c.degree <= HUB)


def _items(scope: Scope | None, when: When) -> list[Branch]:
    m = mentions.c
    fact = _branch("entity", m.entity_id, "fact", m.item_id, "mentions", **_NAMED, place=m.item_seq)
    said = _branch("entity", m.entity_id, "message", m.item_id, "mentions", **_NAMED, place=m.item_seq)
    here = (m.entity_id.in_(_small()), entities.c.id == m.entity_id)
    return [
        fact.join_from(mentions, memories, memories.c.id == m.item_id)
        .join(entities, entities.c.id == m.entity_id)
        .where(*here, m.source == "fact", sees_fact(scope, when)),
        said.join_from(mentions, messages, messages.c.id == m.item_id)
        .join(entities, entities.c.id == m.entity_id)
        .where(*here, m.source == "message", sees_message(scope, when)),
    ]


def _related(scope: Scope | None, when: When) -> list[Branch]:
    r = relations.c
    return [
        _supported(_tie(near, far), scope, when).where(near.in_(_small()))
        for near, far in ((r.source_id, r.target_id), (r.target_id, r.source_id))
    ]


def _related_to_hub(scope: Scope | None, when: When) -> list[Branch]:
    """Relations of an entity by its newest facts: reading all of them would cost as much as the hub is large."""
    m, r = mentions.c, relations.c
    hub = bindparam("hub", type_=String)
    newest = (
        select(m.item_id)
        .where(m.entity_id == hub, m.source == "fact", m.about)
        .order_by(m.item_seq.desc())
        .limit(bindparam("newest", type_=Integer))
    )
    # The wrapped column keeps planners from coming in through the hub's relations.
    return [
        _supported(_tie(near, far), scope, when).where(supports.c.memory_id.in_(newest), func.coalesce(near, "") == hub)
        for near, far in ((r.source_id, r.target_id), (r.target_id, r.source_id))
    ]


def _tie(near: Any, far: Any) -> Branch:
    strength = func.max(supports.c.confidence)
    row = _branch("entity", near, "entity", far, "relates", strength, place=func.max(memories.c.seq))
    return row.where(near != far).group_by(near, far)


def _supported(row: Branch, scope: Scope | None, when: When) -> Branch:
    joined = row.join_from(supports, relations, relations.c.id == supports.c.relation_id)
    return joined.join(memories, memories.c.id == supports.c.memory_id).where(sees_fact(scope, when))


def _same() -> list[Branch]:
    ends = ((similar.c.first_id, similar.c.second_id), (similar.c.second_id, similar.c.first_id))
    return [
        _branch("entity", near, "entity", far, "same_as", similar.c.cosine).where(near.in_(listed("entity")))
        for near, far in ends
    ]
