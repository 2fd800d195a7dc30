"""What a graph store should hold, read from the tables at the moment it is written there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from graphmem.ledger.database.engine import Database
from graphmem.ledger.database.prepared import Prepared, listed
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.rows import chunks, episode_of, scope_of
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
from graphmem.ledger.database.schema import (
    episodes as episode_rows,
)
from graphmem.ledger.database.visibility import sees_fact
from graphmem.ledger.memories import entities as names
from graphmem.ledger.memories import episodes, facts
from graphmem.steps import intervals, picture
from graphmem.steps.picture import Told
from graphmem.stores.contracts import GraphBatch, GraphEdge, GraphNode, Tie
from graphmem.values import Scope, Triple, When

PAGE = 1000


class Wanted(NamedTuple):
    """Ids of items, by what they are."""

    entities: Sequence[str] = ()
    messages: Sequence[str] = ()
    memories: Sequence[str] = ()
    relations: Sequence[str] = ()


def items(connection: Connection, asked: Iterable[tuple[str, str]], now: datetime) -> GraphBatch:
    """What a store should hold for some (view, id) pairs, with what they cannot stand without.

    Ids that the ledger does not have are `removed`.
    """
    ids: dict[str, list[str]] = {"entity": [], "message": [], "memory": [], "relation": []}
    for view, item_id in dict.fromkeys(asked):
        ids[view].append(item_id)
    wanted = Wanted(ids["entity"], ids["message"], ids["memory"], ids["relation"])
    batch = _batch(connection, _with_needed(connection, wanted), now)
    held = {node.id for node in batch.nodes}
    gone = [i for i in (*wanted.entities, *wanted.messages, *wanted.memories) if i not in held]
    sources = _sources_of_messages(connection, wanted)
    return batch._replace(edges=[*batch.edges, *sources], removed=gone)


def everything(connection: Connection, now: datetime) -> Iterator[GraphBatch]:
    """All that a store should hold, in batches that can be written one after the other."""
    for some in _pages(connection, entities.c.id):
        yield _batch(connection, Wanted(entities=some), now)
    for some in _pages(connection, messages.c.id, messages.c.hidden.is_(False), order=messages.c.seq):
        yield _batch(connection, Wanted(messages=some), now)
    for some in _pages(connection, memories.c.id, order=memories.c.seq):
        yield _batch(connection, Wanted(memories=some), now)
    for some in _pages(connection, relations.c.id):
        yield _batch(connection, Wanted(relations=some), now)


def _pages(
    connection: Connection, column: Any, condition: ColumnElement[bool] | None = None, order: Any = None
) -> Iterator[list[str]]:
    statement = select(column).order_by(column if order is None else order)
    found = connection.scalars(statement if condition is None else statement.where(condition)).all()
    yield from chunks(found, PAGE)


def _with_needed(connection: Connection, wanted: Wanted) -> Wanted:
    """And what the items name and support: an edge needs both its ends."""
    named, tied = [*wanted.entities], [*wanted.relations]
    for some in chunks([*wanted.memories, *wanted.messages]):
        values = {"ids": id_json(some)}
        named += [row[0] for row in _NAMED.rows(connection, values)]
        tied += [row[0] for row in _TIED.rows(connection, values)]
    return Wanted(list(dict.fromkeys(named)), wanted.messages, wanted.memories, list(dict.fromkeys(tied)))


_NAMED = Prepared(select(mentions.c.entity_id).where(mentions.c.item_id.in_(listed("ids"))))
_TIED = Prepared(select(supports.c.relation_id).where(supports.c.memory_id.in_(listed("ids"))))


def _batch(connection: Connection, wanted: Wanted, now: datetime) -> GraphBatch:
    when = When(now=now)
    nodes: list[GraphNode] = []
    edges: list[GraphEdge] = []
    nodes += _entities(connection, wanted.entities, when)
    said, chained = _messages(connection, wanted.messages)
    told, told_edges = _memories(connection, wanted.memories, when)
    nodes += [*said, *told]
    edges += [*chained, *told_edges]
    return GraphBatch(nodes, edges, _ties(connection, wanted.relations, when))


def _entities(connection: Connection, ids: Sequence[str], when: When) -> Iterator[GraphNode]:
    current: set[str] = set()
    owners: dict[str, str] = {}
    proposals: dict[str, list[tuple[str, float]]] = {}
    for some in chunks(ids):
        values = {"ids": id_json(some)}
        owners |= {row[0]: row[1] for row in _OWNERS.rows(connection, values)}
        for first, second, cosine in _SIMILAR.rows(connection, values):
            proposals.setdefault(first, []).append((second, cosine))
            proposals.setdefault(second, []).append((first, cosine))
        current |= set(connection.scalars(_named_now(some, when)))
    for entity_id, entity in names.by_id(connection, ids).items():
        yield picture.entity_node(entity, owners[entity_id], proposals.get(entity_id, ()), current=entity_id in current)


_OWNERS = Prepared(select(entities.c.id, entities.c.owner).where(entities.c.id.in_(listed("ids"))))
_SIMILAR = Prepared(
    select(similar.c.first_id, similar.c.second_id, similar.c.cosine).where(
        or_(similar.c.first_id.in_(listed("ids")), similar.c.second_id.in_(listed("ids")))
    )
)


def _named_now(ids: Sequence[str], when: When) -> Select[tuple[str]]:
    """Entities that a fact which is true now names; the first one found answers."""
    named = select(mentions.c.item_id).join(memories, memories.c.id == mentions.c.item_id)
    seen = named.where(mentions.c.entity_id == entities.c.id, mentions.c.source == "fact", sees_fact(None, when))
    return select(entities.c.id).where(entities.c.id.in_(ids), seen.exists())


def _messages(connection: Connection, ids: Sequence[str]) -> tuple[list[GraphNode], list[GraphEdge]]:
    if not ids:
        return [], []
    nodes: list[GraphNode] = []
    edges: list[GraphEdge] = []
    said = episodes.by_id(connection, ids)
    named = _mentions(connection, said)
    for some in chunks(said):
        values = {"ids": id_json(some)}
        for message_id, place, recorded_at, expires_at in _places(connection, some):
            message = said[message_id]
            nodes.append(picture.message_node(message, recorded_at, place, expires_at))
            edges += picture.message_edges(message, named.get(message_id, ()))
        nodes += [picture.episode_node(episode_of(row)) for row in _EPISODES.mappings(connection, values)]
    return nodes, _among_visible(connection, edges)


def _places(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, int, datetime, datetime | None]]:
    for row in _PLACES.mappings(connection, {"ids": id_json(ids)}):
        yield row["id"], row["seq"], row["recorded_at"], row["expires_at"]


_PLACES = Prepared(
    select(messages.c.id, messages.c.seq, messages.c.recorded_at, messages.c.expires_at).where(
        messages.c.id.in_(listed("ids"))
    )
)
_EPISODES = Prepared(
    select(episode_rows).where(
        episode_rows.c.id.in_(select(messages.c.episode_id).where(messages.c.id.in_(listed("ids"))))
    )
)


def _among_visible(connection: Connection, edges: Sequence[GraphEdge]) -> list[GraphEdge]:
    """Without edges to or from messages that were withdrawn."""
    ends_ = {end for edge in edges if edge.type == "NEXT" for end in (edge.source, edge.target)}
    there = episodes.by_id(connection, ends_).keys() if ends_ else ends_
    return [edge for edge in edges if edge.type != "NEXT" or (edge.source in there and edge.target in there)]


def _mentions(connection: Connection, ids: Iterable[str]) -> dict[str, dict[str, bool]]:
    """Item id -> entity id -> whether the item is about it."""
    found: dict[str, dict[str, bool]] = {}
    for some in chunks(ids):
        for item_id, entity_id, about in _MENTIONS.rows(connection, {"ids": id_json(some)}):
            found.setdefault(item_id, {})[entity_id] = bool(about)
    return found


_MENTIONS = Prepared(
    select(mentions.c.item_id, mentions.c.entity_id, mentions.c.about)
    .where(mentions.c.item_id.in_(listed("ids")))
    .order_by(mentions.c.item_id, mentions.c.entity_id)
)


def _memories(connection: Connection, ids: Sequence[str], when: When) -> tuple[list[GraphNode], list[GraphEdge]]:
    if not ids:
        return [], []
    known = facts.known(connection, ids)
    named, tied = _mentions(connection, known), _triples(connection, list(known))
    quotes, told_in = _evidence(connection, list(known))
    current = {i for some in chunks(known) for i in connection.scalars(select(memories.c.id).where(_sees(some, when)))}
    told = [
        Told(
            memory=found.memory,
            place=found.seq,
            current=memory_id in current,
            mentions=named.get(memory_id, {}),
            ties=tied.get(memory_id, ()),
            quotes=quotes.get(memory_id, {}),
            episode_ids=told_in.get(memory_id, ()),
        )
        for memory_id, found in known.items()
    ]
    later = {t.memory.superseded_by for t in told if t.memory.superseded_by is not None}
    there = {i for some in chunks(later) for (i,) in _THERE.rows(connection, {"ids": id_json(some)})}
    edges = [edge for t in told for edge in picture.memory_edges(t)]
    kept = [edge for edge in edges if edge.type != "SUPERSEDED_BY" or edge.target in there]
    return [picture.memory_node(t) for t in told], kept


_THERE = Prepared(select(memories.c.id).where(memories.c.id.in_(listed("ids"))))


def _sees(ids: Sequence[str], when: When) -> ColumnElement[bool]:
    return and_(memories.c.id.in_(ids), sees_fact(None, when))


def _triples(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, Triple]]]:
    found: dict[str, list[tuple[str, Triple]]] = {}
    for some in chunks(ids):
        for row in _SUPPORTS.mappings(connection, {"ids": id_json(some)}):
            triple = Triple.model_construct(
                source_id=row["source_id"], type=row["type"], target_id=row["target_id"], confidence=row["confidence"]
            )
            found.setdefault(row["memory_id"], []).append((row["id"], triple))
    return found


_SUPPORTS = Prepared(
    select(
        supports.c.memory_id,
        relations.c.id,
        relations.c.source_id,
        relations.c.type,
        relations.c.target_id,
        supports.c.confidence,
    )
    .join_from(supports, relations, relations.c.id == supports.c.relation_id)
    .where(supports.c.memory_id.in_(listed("ids")))
    .order_by(supports.c.memory_id, relations.c.id)
)


def _evidence(
    connection: Connection, ids: Sequence[str]
) -> tuple[dict[str, dict[str, list[str]]], dict[str, list[str]]]:
    """Memory id -> message id -> quotes, of messages that are not withdrawn; and memory id -> episode ids."""
    quotes: dict[str, dict[str, list[str]]] = {}
    told_in: dict[str, list[str]] = {}
    for some in chunks(ids):
        for memory_id, message_id, episode_id, quote, hidden in _EVIDENCE.rows(connection, {"ids": id_json(some)}):
            told_in.setdefault(memory_id, []).append(episode_id)
            if hidden is not None and not hidden:
                quotes.setdefault(memory_id, {}).setdefault(message_id, []).append(quote)
    return quotes, told_in


_QUOTED = (
    select(evidence.c.memory_id, evidence.c.message_id, evidence.c.episode_id, evidence.c.quote, messages.c.hidden)
    .join_from(evidence, messages, messages.c.id == evidence.c.message_id, isouter=True)
    .order_by(evidence.c.seq)
)
_EVIDENCE = Prepared(_QUOTED.where(evidence.c.memory_id.in_(listed("ids"))))
_RESTING = Prepared(select(evidence.c.memory_id).where(evidence.c.message_id.in_(listed("ids"))).distinct())


def _sources_of_messages(connection: Connection, wanted: Wanted) -> list[GraphEdge]:
    """Edges from facts that are not in the batch to its messages: a message that comes back has lost them."""
    if not wanted.messages:
        return []
    inside, said = set(wanted.memories), set(wanted.messages)
    resting = {row[0] for some in chunks(said) for row in _RESTING.rows(connection, {"ids": id_json(some)})} - inside
    quotes, _ = _evidence(connection, sorted(resting))
    return [
        GraphEdge(memory_id, "DERIVED_FROM", message_id, {"quotes": quoted})
        for memory_id, found in quotes.items()
        for message_id, quoted in found.items()
        if message_id in said
    ]


def _ties(connection: Connection, ids: Sequence[str], when: When) -> list[Tie]:
    """Relations with the intervals that hold now."""
    found: list[Tie] = []
    for some in chunks(ids):
        triples = {row["id"]: row for row in _RELATIONS.mappings(connection, {"ids": id_json(some)})}
        scopes: dict[str, Scope] = {}
        held: list[intervals.Support] = []
        for support in connection.execute(_supports_now(some, when)).mappings():
            scopes[support["memory_id"]] = scope_of(support)
            held.append(intervals.Support(*(support[name] for name in intervals.Support._fields)))
        parts: dict[str, list[intervals.Part]] = {}
        for part in intervals.newest(held, len(held)):
            parts.setdefault(part[0].relation_id, []).append(part)
        for relation_id, row in triples.items():
            triple = Triple.model_construct(
                source_id=row["source_id"], type=row["type"], target_id=row["target_id"], confidence=1.0
            )
            own = [picture.interval(part, scopes) for part in parts.get(relation_id, ())]
            found.append(picture.tie(relation_id, triple, own))
    return found


_RELATIONS = Prepared(select(relations).where(relations.c.id.in_(listed("ids"))))


def _supports_now(ids: Sequence[str], when: When) -> Select[Any]:
    r, m = relations.c, memories.c
    return (
        select(
            r.id.label("relation_id"),
            r.source_id,
            r.type,
            r.target_id,
            m.id.label("memory_id"),
            m.seq,
            m.text,
            m.valid_from.label("start"),
            m.valid_to.label("end"),
            m.recorded_at,
            supports.c.confidence,
            m.user_id,
            m.agent_id,
            m.app_id,
            m.run_id,
        )
        .join_from(relations, supports, supports.c.relation_id == r.id)
        .join(memories, m.id == supports.c.memory_id)
        .where(r.id.in_(ids), sees_fact(None, when))
    )


class GraphItems:
    """What a copy of the graph asks of the ledger. `SqlLedger.graph_items` gives it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def some(self, asked: Sequence[tuple[str, str]], now: datetime) -> GraphBatch:
        """What a copy should hold for (view, id) pairs of the outbox, with what they cannot stand without."""
        with self._database.read() as connection:
            return items(connection, asked, now)

    def all(self, now: datetime) -> Iterator[GraphBatch]:
        """All that a copy should hold, in batches that can be written one after the other."""
        with self._database.read() as connection:
            yield from everything(connection, now)

    def flipped(self, one: datetime, other: datetime) -> tuple[str, ...]:
        """Memories that stop (or start again) to be true between two moments, because time passes."""
        low, high = min(one, other), max(one, other)
        between = [and_(column > low, column <= high) for column in (memories.c.valid_to, memories.c.expires_at)]
        with self._database.read() as connection:
            return tuple(connection.scalars(select(memories.c.id).where(or_(*between)).order_by(memories.c.seq)))

    def next_flip(self, after: datetime) -> datetime | None:
        """The next moment at which a fact stops to be true by itself; None when none does."""
        with self._database.read() as connection:
            times = [
                connection.scalar(select(func.min(column)).where(column > after))
                for column in (memories.c.valid_to, memories.c.expires_at)
            ]
        return min((time for time in times if time is not None), default=None)
