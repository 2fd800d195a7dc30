"""Committing a plan: everything a resolution decided, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, update

from graphmem.faults import reach
from graphmem.ledger.changes import hanging, images
from graphmem.ledger.changes.hanging import Hangers
from graphmem.ledger.changes.images import Image
from graphmem.ledger.database import places
from graphmem.ledger.database.engine import insert, insert_new
from graphmem.ledger.database.rows import Columns, attribute_rows, claims_json, labels, memory_row
from graphmem.ledger.database.schema import attributes, history, memories, resolutions, similar, touched
from graphmem.ledger.memories import episodes, expiring, facts, reviews
from graphmem.ledger.memories.facts import Known
from graphmem.ledger.projections import outbox, vectors
from graphmem.ledger.projections.outbox import Stores
from graphmem.ledger.text import lexical
from graphmem.stores.contracts import VectorItem
from graphmem.values import Addition, Event, Memory, Plan, Revision, Status


class Entry(NamedTuple):
    """A line of history to write."""

    event: Event
    memory: Memory
    previous_text: str | None
    text: str | None
    reason: str


def commit(connection: Connection, stores: Stores, plan: Plan, items: Sequence[VectorItem]) -> None:
    """Apply a plan whole. Idempotent on its id. What it says of memories that are gone is left out."""
    if facts.is_resolved(connection, plan.resolution_id):
        return
    if plan.episode_id is not None:
        episodes.mark(connection, plan.episode_id, *_outcome(plan), retryable=False)
    before = facts.known(connection, _changed(plan))
    reworded = [revision.memory_id for revision in plan.revisions]
    named = [entity_id for _, entity_id in hanging.named_by(connection, reworded)]
    image = images.take(connection, before, entity_ids=[*named, *(entity.id for entity in plan.entities)])
    hanging.write_entities(connection, plan.scope.owner, plan.entities)
    fresh = {addition.memory.id for addition in plan.additions} - set(before)
    entries = [
        *_add(connection, stores, [a for a in plan.additions if a.memory.id in fresh], plan),
        *_revise(connection, stores, [r for r in plan.revisions if r.memory_id in before], before, plan),
        *_repeat(connection, stores, plan, before),
        *_close(connection, stores, plan, before),
    ]
    image |= _tie(connection, stores, plan)
    reviews.hold(connection, plan)
    vectors.put(connection, stores, items)
    reach("commit.vectors")
    outbox.note_graph(connection, stores, "upsert", "entity", [entity.id for entity in plan.entities])
    write_resolution(connection, plan, image, [*before, *fresh])
    write_history(connection, plan.resolution_id, plan.at, entries)


def _outcome(plan: Plan) -> tuple[Status, str]:
    does = plan.additions or plan.closures or plan.revisions or plan.repeats or plan.held
    return ("done", "") if does else ("empty", "nothing to remember was found")


def _changed(plan: Plan) -> list[str]:
    closed = [closure.memory_id for closure in plan.closures]
    told = [revision.memory_id for revision in plan.revisions] + [repeat.memory_id for repeat in plan.repeats]
    return list(dict.fromkeys([*closed, *told, *(addition.memory.id for addition in plan.additions)]))


def _reasons(plan: Plan, event: Event) -> Mapping[str, str]:
    return {change.memory_id: change.reason for change in plan.changes if change.event == event}


def _add(connection: Connection, stores: Stores, additions: Sequence[Addition], plan: Plan) -> list[Entry]:
    added = {addition.memory.id: addition.memory for addition in additions}
    insert(connection, memories, [memory_row(memory) for memory in added.values()])
    insert(connection, attributes, [row for m in added.values() for row in attribute_rows(m.id, m.metadata)])
    reach("commit.added")
    seqs = places.seqs(connection, memories, added)
    owner = plan.scope.owner
    lexical.add(connection, "fact", owner, [(seqs[m.id], m.text) for m in added.values()])
    hanging.add_evidence(connection, [(a.memory.id, span) for a in additions for span in a.evidence])
    hangers = [Hangers(a.memory.id, seqs[a.memory.id], a.memory.subject_id, a.entity_ids, a.triples) for a in additions]
    ties = hanging.hang(connection, owner, hangers)
    outbox.note_graph(connection, stores, "upsert", "relation", ties)
    outbox.note_graph(connection, stores, "upsert", "memory", added)
    reasons = _reasons(plan, "ADD")
    return [Entry("ADD", m, None, m.text, reasons.get(m.id, "")) for m in added.values()]


def _close(connection: Connection, stores: Stores, plan: Plan, before: Mapping[str, Known]) -> list[Entry]:
    there = {**{i: k.memory for i, k in before.items()}, **{a.memory.id: a.memory for a in plan.additions}}
    closures = [closure for closure in plan.closures if closure.memory_id in there]
    if closures:
        change = update(memories).where(memories.c.id == bindparam("closed"))
        values: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in ("valid_to", "superseded_by", "retired_at")
        }
        rows = [
            {
                "closed": closure.memory_id,
                "new_valid_to": closure.valid_to,
                "new_superseded_by": closure.superseded_by,
                "new_retired_at": plan.at,
            }
            for closure in closures
        ]
        reach("supersede.before")
        connection.execute(change.values(**values), rows)
        reach("supersede.after")
    closed = [closure.memory_id for closure in closures]
    outbox.note_graph(connection, stores, "upsert", "relation", hanging.supported_by(connection, closed))
    outbox.note_graph(connection, stores, "upsert", "memory", closed)
    return [Entry("DELETE", there[c.memory_id], there[c.memory_id].text, None, c.reason) for c in closures]


def _revise(
    connection: Connection, stores: Stores, revisions: Sequence[Revision], before: Mapping[str, Known], plan: Plan
) -> list[Entry]:
    for revision in revisions:
        rewrite(connection, stores, before[revision.memory_id], revision, plan.at)
    said = [(before[r.memory_id].memory, r.evidence) for r in revisions]
    expiring.prolong(connection, [(memory, spans) for memory, spans in said if memory.expires_at])
    return [Entry("UPDATE", before[r.memory_id].memory, r.previous_text, r.text, r.reason) for r in revisions]


def rewrite(connection: Connection, stores: Stores, known_: Known, revision: Revision, at: datetime) -> None:
    """Give a memory a new text, with the names and relations of the revision in place of its own."""
    memory = known_.memory
    claims = claims_json(revision.claims)
    change = update(memories).where(memories.c.id == memory.id)
    connection.execute(change.values(text=revision.text, claims=claims, updated_at=at))
    lexical.put(connection, "fact", memory.scope.owner, [(known_.seq, revision.text)])
    hanging.add_evidence(connection, [(memory.id, span) for span in revision.evidence])
    hangers = Hangers(memory.id, known_.seq, memory.subject_id, revision.entity_ids, revision.triples)
    hanging.rehang(connection, stores, memory.scope.owner, hangers)
    hanging.remove_vectors(connection, stores, [memory.id], "fact")


def _repeat(connection: Connection, stores: Stores, plan: Plan, before: Mapping[str, Known]) -> list[Entry]:
    repeats = [repeat for repeat in plan.repeats if repeat.memory_id in before]
    if repeats:
        change = update(memories).where(memories.c.id == bindparam("seen"))
        connection.execute(
            change.values(times_seen=memories.c.times_seen + 1), [{"seen": repeat.memory_id} for repeat in repeats]
        )
    hanging.add_evidence(connection, [(repeat.memory_id, span) for repeat in repeats for span in repeat.evidence])
    outbox.note_graph(connection, stores, "upsert", "memory", [repeat.memory_id for repeat in repeats])
    said = [(before[r.memory_id].memory, r.evidence) for r in repeats]
    expiring.prolong(connection, [(memory, spans) for memory, spans in said if memory.expires_at])
    return []


def _tie(connection: Connection, stores: Stores, plan: Plan) -> Image:
    """Mentions by messages and proposals of sameness; returns what was new, for undo."""
    seqs = places.seqs_seen(connection, (message_id for message_id, _ in plan.message_entities))
    rows: list[Columns] = [
        {"item_id": m, "entity_id": e, "source": "message", "item_seq": seqs[m], "about": False}
        for m, e in plan.message_entities
        if m in seqs
    ]
    new = hanging.mention(connection, rows)
    outbox.note_graph(connection, stores, "upsert", "message", seqs)
    pairs = [{"first_id": min(a, b), "second_id": max(a, b), "cosine": cosine} for a, b, cosine in plan.similar]
    insert_new(connection, similar, pairs)
    outbox.note_graph(connection, stores, "upsert", "entity", [end for a, b, _ in plan.similar for end in (a, b)])
    return {
        "new_mentions": [list(pair) for pair in new],
        "new_similar": [[p["first_id"], p["second_id"]] for p in pairs],
    }


def write_resolution(connection: Connection, plan: Plan, image: Image, memory_ids: Sequence[str]) -> None:
    """Keep a plan with the image of what was there before it."""
    row = {
        "id": plan.resolution_id,
        "owner": plan.scope.owner,
        "episode_id": plan.episode_id,
        "at": plan.at,
        "plan": plan.model_dump_json(),
        "before": image,
    }
    insert(connection, resolutions, [row])
    rows = [{"memory_id": i, "resolution_id": plan.resolution_id} for i in dict.fromkeys(memory_ids)]
    insert(connection, touched, rows)


def write_history(connection: Connection, resolution_id: str | None, at: datetime, entries: Sequence[Entry]) -> None:
    """Write lines of history."""
    rows = [
        {
            "id": episodes.stable_id(
                "history", resolution_id or "", at.isoformat(), place, entry.memory.id, entry.event
            ),
            "memory_id": entry.memory.id,
            "event": entry.event,
            "previous_text": entry.previous_text,
            "text": entry.text,
            "at": at,
            "reason": entry.reason,
            "resolution_id": resolution_id,
            "speaker": entry.memory.speaker,
            "role": entry.memory.role,
            **labels(entry.memory.scope),
        }
        for place, entry in enumerate(entries)
    ]
    insert_new(connection, history, rows)
