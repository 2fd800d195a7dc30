"""What hangs on a memory: evidence, mentions, relations, full text; put on and taken off.

An entity's `degree` is counted as mentions come and go, never recounted: a hub has too many to count at each add.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Integer, and_, bindparam, delete, or_, select, true, tuple_, update

from graphmem.ledger.database.engine import insert, insert_new, upsert
from graphmem.ledger.database.prepared import Prepared, listed
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.rows import Columns, chunks
from graphmem.ledger.database.schema import (
    aliases,
    attributes,
    entities,
    evidence,
    memories,
    mentions,
    next_vectors,
    relations,
    similar,
    supports,
    vectors,
)
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.ledger.text import lexical
from graphmem.steps.linking import key, relation_id
from graphmem.values import Entity, Evidence, Triple

_NAMES = Prepared(
    select(aliases.c.entity_id, aliases.c.alias)
    .where(aliases.c.entity_id.in_(listed("ids")))
    .order_by(aliases.c.position)
)
_NAMED = Prepared(select(mentions.c.item_id, mentions.c.entity_id).where(mentions.c.item_id.in_(listed("ids"))))
_SUPPORTED = Prepared(select(supports.c.relation_id).where(supports.c.memory_id.in_(listed("ids"))))
_DEGREE = Prepared(
    update(entities)
    .where(entities.c.id == bindparam("entity"))
    .values(degree=entities.c.degree + bindparam("more", type_=Integer))
)


class Hangers(NamedTuple):
    """Names and relations of one memory."""

    memory_id: str
    seq: int
    subject_id: str | None
    entity_ids: Sequence[str]
    triples: Sequence[Triple]


def write_entities(connection: Connection, owner: str, found: Sequence[Entity]) -> None:
    """Insert entities, or change the name and type of those that are there; aliases are added, never dropped."""
    new = {entity.id: entity for entity in found}
    rows = [
        {"id": e.id, "owner": owner, "name": e.name, "type": e.type, "weak": e.weak, "degree": 0} for e in new.values()
    ]
    upsert(connection, entities, rows, keep=("degree", "owner"))
    known: dict[str, list[str]] = {}
    for some in chunks(new):
        for entity_id, alias in _NAMES.rows(connection, {"ids": id_json(some)}):
            known.setdefault(entity_id, []).append(alias)
    written = [row for e in new.values() for row in _alias_rows(owner, e, known.get(e.id, []))]
    upsert(connection, aliases, written)


def _alias_rows(owner: str, entity: Entity, known: Sequence[str]) -> list[Columns]:
    names: dict[str, str] = {}
    for name in (entity.name, *known, *entity.aliases):
        names.setdefault(key(name), name)
    return [
        {"entity_id": entity.id, "position": position, "owner": owner, "alias": name, "key": found}
        for position, (found, name) in enumerate(names.items())
    ]


def add_evidence(connection: Connection, found: Iterable[tuple[str, Evidence]]) -> None:
    """Add (memory id, evidence) pairs; the same span twice counts once."""
    insert_new(connection, evidence, [{"memory_id": m, **span.model_dump()} for m, span in found])


def hang(connection: Connection, owner: str, memories_: Sequence[Hangers]) -> list[str]:
    """Write mentions and relations of memories; returns the relations' ids."""
    named = [row for memory in memories_ for row in _mention_rows(memory)]
    mention(connection, named)
    ties = [(memory, triple) for memory in memories_ for triple in memory.triples]
    ids = [relation_id(owner, triple) for _, triple in ties]
    insert_new(
        connection,
        relations,
        [
            {"id": i, "owner": owner, "source_id": t.source_id, "type": t.type, "target_id": t.target_id}
            for i, (_, t) in zip(ids, ties, strict=True)
        ],
    )
    upsert(
        connection,
        supports,
        [
            {"memory_id": memory.memory_id, "relation_id": i, "confidence": triple.confidence}
            for i, (memory, triple) in zip(ids, ties, strict=True)
        ],
    )
    return ids


def _mention_rows(memory: Hangers) -> list[Columns]:
    ends = [end for triple in memory.triples for end in (triple.source_id, triple.target_id)]
    about = {*ends, *([memory.subject_id] if memory.subject_id else [])}
    return [
        {
            "item_id": memory.memory_id,
            "entity_id": entity_id,
            "source": "fact",
            "item_seq": memory.seq,
            "about": entity_id in about,
        }
        for entity_id in dict.fromkeys([*memory.entity_ids, *about])
    ]


def mention(connection: Connection, rows: Sequence[Columns]) -> list[tuple[str, str]]:
    """Write mentions that are not there yet, counting degrees; returns the new (item id, entity id) pairs."""
    there = set(named_by(connection, (row["item_id"] for row in rows)))
    new = {pair: row for row in rows if (pair := (row["item_id"], row["entity_id"])) not in there}
    insert(connection, mentions, list(new.values()))
    _count(connection, Counter(entity_id for _, entity_id in new))
    return list(new)


def unmention(connection: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Take (item id, entity id) mentions away, counting degrees. Those that are not there: a no-op."""
    for some in chunks(pairs, 500):
        wanted = tuple_(mentions.c.item_id, mentions.c.entity_id).in_(some)
        found = connection.execute(select(mentions.c.entity_id).where(wanted)).scalars().all()
        connection.execute(delete(mentions).where(wanted))
        _count(connection, Counter({entity_id: -n for entity_id, n in Counter(found).items()}))


def _count(connection: Connection, more: Counter[str]) -> None:
    _DEGREE.run_each(connection, [{"entity": entity_id, "more": n} for entity_id, n in more.items()])


def named_by(connection: Connection, item_ids: Iterable[str]) -> list[tuple[str, str]]:
    """(item id, entity id) pairs of some items."""
    pairs: list[tuple[str, str]] = []
    for some in chunks(item_ids):
        pairs += [(row[0], row[1]) for row in _NAMED.rows(connection, {"ids": id_json(some)})]
    return pairs


def supported_by(connection: Connection, memory_ids: Iterable[str]) -> list[str]:
    """Ids of the relations that some memories support."""
    ids: list[str] = []
    for some in chunks(memory_ids):
        ids += [row[0] for row in _SUPPORTED.rows(connection, {"ids": id_json(some)})]
    return list(dict.fromkeys(ids))


def rehang(connection: Connection, stores: Stores, owner: str, memory: Hangers) -> None:
    """Take mentions and relations off a memory, put others on, and remove what nothing holds any more."""
    pairs, ties = named_by(connection, [memory.memory_id]), supported_by(connection, [memory.memory_id])
    connection.execute(delete(supports).where(supports.c.memory_id == memory.memory_id))
    unmention(connection, pairs)
    new = hang(connection, owner, [memory])
    sweep(connection, stores, [entity_id for _, entity_id in pairs], ties)
    outbox.note_graph(connection, stores, "upsert", "relation", new)
    outbox.note_graph(connection, stores, "upsert", "memory", [memory.memory_id])


def remove_memories(
    connection: Connection, stores: Stores, memory_ids: Sequence[str], *, sweeping: bool = True
) -> None:
    """Remove memory rows and all that hangs on them; if `sweeping`, entities and relations that nothing else holds."""
    pairs, ties = named_by(connection, memory_ids), supported_by(connection, memory_ids)
    seqs: list[int] = []
    for some in chunks(memory_ids):
        seqs += connection.scalars(select(memories.c.seq).where(memories.c.id.in_(some)))
        for table in (supports, evidence):
            connection.execute(delete(table).where(table.c.memory_id.in_(some)))
        connection.execute(delete(attributes).where(attributes.c.item_id.in_(some)))
    remove_vectors(connection, stores, memory_ids)
    unmention(connection, pairs)
    lexical.remove(connection, "fact", seqs)
    for some in chunks(memory_ids):
        connection.execute(delete(memories).where(memories.c.id.in_(some)))
    outbox.note_graph(connection, stores, "remove", "memory", memory_ids)
    if sweeping:
        sweep(connection, stores, [entity_id for _, entity_id in pairs], ties)


def remove_vectors(connection: Connection, stores: Stores, item_ids: Iterable[str], view: str | None = None) -> None:
    """Remove the vectors of items, of one view or of all."""
    for some in chunks(item_ids):
        wanted = and_(vectors.c.item_id.in_(some), true() if view is None else vectors.c.view == view)
        outbox.note_selected(connection, stores, "vectors", select(vectors.c.item_id, vectors.c.view).where(wanted))
        connection.execute(delete(vectors).where(wanted))
        connection.execute(delete(next_vectors).where(next_vectors.c.item_id.in_(some)))


def sweep(connection: Connection, stores: Stores, entity_ids: Iterable[str], relation_ids: Iterable[str]) -> None:
    """Among these, remove relations that no memory supports and entities that nothing names or ties."""
    for some in chunks(relation_ids):
        held = select(supports.c.relation_id).where(supports.c.relation_id == relations.c.id).exists()
        gone = connection.scalars(select(relations.c.id).where(relations.c.id.in_(some), ~held)).all()
        connection.execute(delete(relations).where(relations.c.id.in_(gone)))
        outbox.note_graph(connection, stores, "remove", "relation", gone)
        outbox.note_graph(connection, stores, "upsert", "relation", set(some) - set(gone))
    for some in chunks(entity_ids):
        remove_entities(connection, stores, unheld(connection, some))


def unheld(connection: Connection, entity_ids: Sequence[str]) -> list[str]:
    """Those of the entities that nothing names and no relation ties."""
    ends = or_(relations.c.source_id == entities.c.id, relations.c.target_id == entities.c.id)
    tied = select(relations.c.id).where(ends).exists()
    found = select(entities.c.id).where(entities.c.id.in_(entity_ids), entities.c.degree <= 0, ~tied)
    return list(connection.scalars(found))


def remove_entities(connection: Connection, stores: Stores, entity_ids: Sequence[str]) -> None:
    """Remove entities with their names, proposals and vectors."""
    if not entity_ids:
        return
    connection.execute(delete(aliases).where(aliases.c.entity_id.in_(entity_ids)))
    either = or_(similar.c.first_id.in_(entity_ids), similar.c.second_id.in_(entity_ids))
    pairs = connection.execute(select(similar.c.first_id, similar.c.second_id).where(either))
    outbox.note_graph(connection, stores, "upsert", "entity", [end for pair in pairs for end in pair])
    connection.execute(delete(similar).where(either))
    remove_vectors(connection, stores, entity_ids)
    connection.execute(delete(entities).where(entities.c.id.in_(entity_ids)))
    outbox.note_graph(connection, stores, "remove", "entity", entity_ids)
