"""The embedded graph: the ledger's own tables read as a graph. Nothing is copied, so nothing can drift.

`edges` is the fetch of the graph walk: one statement, however many nodes. A hub (an entity that more than 256 items
name) is never read: its relations come through an index, newest first, and stop at the fan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Float, Integer, Select, cast, func, literal_column, select, union_all

from graphmem.ledger import relations as ties
from graphmem.ledger.engine import Database
from graphmem.ledger.schema import entities, evidence, memories, mentions, messages, relations, similar, supports
from graphmem.ledger.visibility import sees_fact, sees_message
from graphmem.stores.contracts import Edge, EdgeKind, GraphWrite
from graphmem.values import Node, NodeKind, Relation, Scope, When

HUB = 256
"""An entity that more items name is not expanded to them."""
CHUNK = 1000

Branch = Select[Any]
"""Columns: source kind, source, target kind, target, edge kind, strength, degree, place (later is newer)."""


class EmbeddedGraph:
    """GraphStore over the ledger. Writing is the ledger's own business: `write` and `remove` have nothing to do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, batch: GraphWrite) -> None:
        """Nothing: the ledger's tables, already committed, are the graph."""

    def remove(self, ids: Sequence[str]) -> None:
        """Nothing: what the ledger removed is gone from the graph."""

    def erase(self) -> None:
        """Nothing: the graph holds nothing apart from the ledger; `Ledger.reset` removes both."""

    def close(self) -> None:
        """Nothing: the connections belong to the ledger."""

    def edges(self, nodes: Sequence[Node], scope: Scope, when: When, fan: int = 64) -> Sequence[Edge]:
        """Edges of all `nodes` in one fetch, at most `fan` a node and kind, visible in `scope` at `when`."""
        if not nodes:
            return ()
        with self._database.read() as connection:
            rows = [
                row
                for start in range(0, len(nodes), CHUNK)
                for row in _rows(connection, nodes[start : start + CHUNK], scope, when, fan)
            ]
        return _fanned(rows, fan)

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


def _fanned(rows: list[Any], fan: int) -> tuple[Edge, ...]:
    """Rows as edges, strongest and newest first, without repeats and at most `fan` a node and kind."""
    rows.sort(key=lambda row: (row[0], row[1], row[4], -row[5], -row[7], row[3]))
    seen: Counter[tuple[str, str, str]] = Counter()
    kept: dict[tuple[str, ...], Edge] = {}
    nodes: dict[tuple[str, str], Node] = {}
    for source_kind, source, target_kind, target, kind, strength, degree, _ in rows:
        name, place = (source_kind, source, target_kind, target, kind), (source_kind, source, kind)
        if name not in kept and seen[place] < fan:
            seen[place] += 1
            ends = (_node(nodes, source_kind, source), _node(nodes, target_kind, target))
            kept[name] = Edge(*ends, kind, strength, degree)
    return tuple(kept.values())


def _node(known: dict[tuple[str, str], Node], kind: NodeKind, node_id: str) -> Node:
    node = known.get((kind, node_id))
    if node is None:
        # Ids come from the ledger: validation would cost more than the query.
        node = known[kind, node_id] = Node.model_construct(kind=kind, id=node_id)
    return node


def _rows(connection: Connection, nodes: Sequence[Node], scope: Scope, when: When, fan: int) -> Sequence[Any]:
    facts, said, named = ([node.id for node in nodes if node.kind == kind] for kind in ("fact", "message", "entity"))
    branches: list[Branch] = []
    if facts:
        branches += [_fact_names(facts, scope, when), _fact_sources(facts, scope, when)]
    if said:
        branches += [*_neighbours(said, scope, when), _message_names(said, scope, when), _derived(said, scope, when)]
    if named:
        branches += _of_entities(connection, named, scope, when, fan)
    return list(connection.execute(union_all(*branches))) if branches else []


def _branch(
    source: NodeKind,
    source_id: Any,
    target: NodeKind,
    target_id: Any,
    kind: EdgeKind,
    strength: Any = 1.0,
    degree: Any = 0,
    place: Any = 0,
) -> Branch:
    columns = [literal_column(f"'{source}'"), source_id, literal_column(f"'{target}'"), target_id]
    numbers = [cast(strength, Float), cast(degree, Integer), cast(place, Integer)]
    names = ("source_kind", "source", "target_kind", "target", "kind", "strength", "degree", "place")
    values = [*columns, literal_column(f"'{kind}'"), *numbers]
    return select(*(value.label(name) for name, value in zip(names, values, strict=True)))


def _fact_names(facts: Sequence[str], scope: Scope, when: When) -> Branch:
    m = mentions.c
    row = _branch("fact", m.item_id, "entity", m.entity_id, "mentions", degree=entities.c.degree)
    joined = row.join_from(mentions, entities, entities.c.id == m.entity_id)
    return joined.join(memories, memories.c.id == m.item_id).where(m.item_id.in_(facts), sees_fact(scope, when))


def _message_names(said: Sequence[str], scope: Scope, when: When) -> Branch:
    m = mentions.c
    row = _branch("message", m.item_id, "entity", m.entity_id, "mentions", degree=entities.c.degree)
    joined = row.join_from(mentions, entities, entities.c.id == m.entity_id)
    return joined.join(messages, messages.c.id == m.item_id).where(m.item_id.in_(said), sees_message(scope, when))


def _fact_sources(facts: Sequence[str], scope: Scope, when: When) -> Branch:
    row = _branch("fact", evidence.c.memory_id, "message", evidence.c.message_id, "derived_from", place=messages.c.seq)
    return _rests(row).where(evidence.c.memory_id.in_(facts), sees_fact(scope, when), sees_message(scope, when))


def _derived(said: Sequence[str], scope: Scope, when: When) -> Branch:
    row = _branch("message", evidence.c.message_id, "fact", evidence.c.memory_id, "derived_from", place=memories.c.seq)
    return _rests(row).where(evidence.c.message_id.in_(said), sees_fact(scope, when), sees_message(scope, when))


def _rests(row: Branch) -> Branch:
    joined = row.join_from(evidence, memories, memories.c.id == evidence.c.memory_id)
    return joined.join(messages, messages.c.id == evidence.c.message_id)


def _neighbours(said: Sequence[str], scope: Scope, when: When) -> list[Branch]:
    here, there = messages.alias("here"), messages.alias("there")
    seen = (sees_message(scope, when, here), sees_message(scope, when, there))
    row = _branch("message", here.c.id, "message", there.c.id, "next", place=there.c.seq)
    return [
        row.join_from(here, there, there.c.id == here.c[pointer]).where(here.c.id.in_(said), *seen)
        for pointer in ("previous_id", "next_id")
    ]


def _of_entities(connection: Connection, named: Sequence[str], scope: Scope, when: When, fan: int) -> list[Branch]:
    found = select(entities.c.id).where(entities.c.id.in_(named), entities.c.degree > HUB)
    hubs = set(connection.scalars(found))
    small = [entity_id for entity_id in named if entity_id not in hubs]
    return [
        *_items(small, scope, when),
        *_related(small, scope, when),
        *(branch for hub in sorted(hubs) for branch in _related_to_hub(hub, scope, when, fan)),
        *_same(named),
    ]


def _items(named: Sequence[str], scope: Scope, when: When) -> list[Branch]:
    m = mentions.c
    fact = _branch("entity", m.entity_id, "fact", m.item_id, "mentions", degree=entities.c.degree, place=m.item_seq)
    said = _branch("entity", m.entity_id, "message", m.item_id, "mentions", degree=entities.c.degree, place=m.item_seq)
    here = (m.entity_id.in_(named), entities.c.id == m.entity_id)
    return [
        fact.join_from(mentions, memories, memories.c.id == m.item_id)
        .join(entities, entities.c.id == m.entity_id)
        .where(*here, m.source == "fact", sees_fact(scope, when)),
        said.join_from(mentions, messages, messages.c.id == m.item_id)
        .join(entities, entities.c.id == m.entity_id)
        .where(*here, m.source == "message", sees_message(scope, when)),
    ]


def _related(named: Sequence[str], scope: Scope, when: When) -> list[Branch]:
    r = relations.c
    return [
        _supported(_tie(near, far), scope, when).where(near.in_(named))
        for near, far in ((r.source_id, r.target_id), (r.target_id, r.source_id))
    ]


def _related_to_hub(hub: str, scope: Scope, when: When, fan: int) -> list[Branch]:
    m, r = mentions.c, relations.c
    newest = (
        select(m.item_id)
        .where(m.entity_id == hub, m.source == "fact", m.about)
        .order_by(m.item_seq.desc())
        .limit(fan * 4)
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


def _supported(row: Branch, scope: Scope, when: When) -> Branch:
    joined = row.join_from(supports, relations, relations.c.id == supports.c.relation_id)
    return joined.join(memories, memories.c.id == supports.c.memory_id).where(sees_fact(scope, when))


def _same(named: Sequence[str]) -> list[Branch]:
    ends = ((similar.c.first_id, similar.c.second_id), (similar.c.second_id, similar.c.first_id))
    return [
        _branch("entity", near, "entity", far, "same_as", similar.c.cosine).where(near.in_(named)) for near, far in ends
    ]
