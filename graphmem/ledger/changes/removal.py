"""Deleting: chosen items, which can be undone, and whole scopes, which cannot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, literal, or_, select, update

from graphmem.errors import NotFound
from graphmem.ledger.changes import committing, hanging, images
from graphmem.ledger.changes.committing import Entry
from graphmem.ledger.changes.images import Image
from graphmem.ledger.database import schema
from graphmem.ledger.database.rows import chunks, in_scope, owner_scope
from graphmem.ledger.database.schema import evidence, memories, messages
from graphmem.ledger.memories import episodes, facts
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.ledger.text import lexical
from graphmem.values import Change, DeleteReport, MessageRecord, Plan, Scope

REASON = "deleted on request"


def delete_items(
    connection: Connection, stores: Stores, ids: Sequence[str], at: datetime, reason: str = REASON
) -> tuple[DeleteReport, set[str]]:
    """Remove memories or messages; also answers with the ids whose vectors went. Raises NotFound."""
    known = facts.known(connection, ids)
    said = episodes.by_id(connection, [i for i in ids if i not in known])
    for item_id in ids:
        if item_id not in known and item_id not in said:
            raise NotFound("memory or message", item_id)
    known |= facts.known(connection, resting_only_on(connection, list(said)))
    said |= episodes.by_id(connection, sources_of_only(connection, list(known)))
    if not known and not said:
        return DeleteReport(), set()
    pairs = hanging.named_by(connection, [*known, *said])
    named = list(dict.fromkeys(entity_id for _, entity_id in pairs))
    ties = hanging.supported_by(connection, list(known))
    image = images.take(connection, known, said, named)
    hanging.remove_memories(connection, stores, list(known))
    lost = _withdraw(connection, stores, list(said.values()), image)
    hanging.sweep(connection, stores, named, [])
    scope = next(iter([*(k.memory.scope for k in known.values()), *(m.scope for m in said.values())]))
    plan = _plan(scope, at, [(k.memory.id, k.memory.text) for k in known.values()], list(said), reason)
    committing.write_resolution(connection, plan, image, [*known, *said])
    entries = [Entry("DELETE", k.memory, k.memory.text, None, reason) for k in known.values()]
    committing.write_history(connection, plan.resolution_id, at, entries)
    report = DeleteReport(
        memories=len(known),
        messages=len(said),
        relations=len(ties) - _count_of(connection, schema.relations, ties),
        entities=len(named) - _count_of(connection, schema.entities, named),
        resolution_id=plan.resolution_id,
    )
    return report, {*known, *said, *named, *lost}


def _plan(scope: Scope, at: datetime, gone: Sequence[tuple[str, str]], said: Sequence[str], reason: str) -> Plan:
    changes = tuple(Change(event="DELETE", memory_id=i, text=text, reason=reason) for i, text in gone)
    resolution_id = episodes.stable_id("delete", at.isoformat(), *sorted([i for i, _ in gone] + list(said)))
    return Plan(resolution_id=resolution_id, scope=scope, at=at, changes=changes)


def _count_of(connection: Connection, table: Any, ids: Sequence[str]) -> int:
    counts = (select(func.count()).where(table.c.id.in_(some)) for some in chunks(ids))
    return sum(connection.scalar(count) or 0 for count in counts)


def resting_only_on(connection: Connection, message_ids: Sequence[str]) -> list[str]:
    """Memories whose every evidence is in these messages."""
    touching: set[str] = set()
    for some in chunks(message_ids):
        touching |= set(connection.scalars(select(evidence.c.memory_id).where(evidence.c.message_id.in_(some))))
    return [i for i, sources in _pairs(connection, touching, "memory_id", "message_id") if sources <= set(message_ids)]


def sources_of_only(connection: Connection, memory_ids: Sequence[str]) -> list[str]:
    """Messages that these memories rest on and no other memory does."""
    sources: set[str] = set()
    for some in chunks(memory_ids):
        sources |= set(connection.scalars(select(evidence.c.message_id).where(evidence.c.memory_id.in_(some))))
    return [i for i, resting in _pairs(connection, sources, "message_id", "memory_id") if resting <= set(memory_ids)]


def _pairs(connection: Connection, ids: Iterable[str], one: str, other: str) -> list[tuple[str, set[str]]]:
    found: dict[str, set[str]] = {}
    for some in chunks(sorted(ids)):
        statement = select(evidence.c[one], evidence.c[other]).where(evidence.c[one].in_(some))
        for left, right in connection.execute(statement):
            found.setdefault(left, set()).add(right)
    return list(found.items())


def _withdraw(connection: Connection, stores: Stores, said: Sequence[MessageRecord], image: Image) -> list[str]:
    """Take messages out of search; the windows of their neighbours are written anew without them.

    Returns the neighbours whose window vectors went, because the text that they stand for is gone.
    """
    if not said:
        return []
    ids = [message.id for message in said]
    image["hidden"] = list(ids)
    around = {i for message in said for i in (message.previous_id, message.next_id) if i} - set(ids)
    image["vectors"] += [row for row in images.take(connection, [], around)["vectors"] if row["view"] == "window"]
    for some in chunks(ids):
        connection.execute(update(messages).where(messages.c.id.in_(some)).values(hidden=True))
        seqs = list(connection.scalars(select(messages.c.seq).where(messages.c.id.in_(some))))
        for view in ("turn", "window2", "window3"):
            lexical.remove(connection, view, seqs)
    hanging.remove_vectors(connection, stores, ids)
    hanging.remove_vectors(connection, stores, around, "window")
    hanging.unmention(connection, hanging.named_by(connection, ids))
    outbox.note_graph(connection, stores, "remove", "message", ids)
    index_anew(connection, around)
    return sorted(around)


def index_anew(connection: Connection, message_ids: Iterable[str]) -> None:
    """Write the full-text rows of messages from what is there around them now; unknown and withdrawn ones: a no-op."""
    by_owner: dict[str, list[MessageRecord]] = {}
    for message in episodes.by_id(connection, list(message_ids)).values():
        by_owner.setdefault(message.scope.owner, []).append(message)
    for some in by_owner.values():
        episodes.index(connection, (), some)


def restore_messages(connection: Connection, stores: Stores, image: Image) -> None:
    """Bring withdrawn messages back into search; their vectors and mentions are rows of the image."""
    ids: list[str] = image.get("hidden", [])
    for some in chunks(ids):
        connection.execute(update(messages).where(messages.c.id.in_(some)).values(hidden=False))
    back = episodes.by_id(connection, ids)
    around = {i for m in back.values() for i in (m.previous_id, m.next_id) if i}
    index_anew(connection, {*back, *around})
    outbox.note_graph(connection, stores, "upsert", "message", back)


def delete_scope(connection: Connection, stores: Stores, scope: Scope, at: datetime, *, dry_run: bool) -> DeleteReport:
    """Remove everything in a scope, however much; history keeps one DELETE a memory."""
    gone = select(memories.c.id).where(in_scope(memories, scope))
    said = select(messages.c.id).where(in_scope(messages, scope))
    before = _totals(connection)
    counted = {
        "memories": _count(connection, gone),
        "messages": _count(connection, said),
        "episodes": _count(connection, select(schema.episodes.c.id).where(in_scope(schema.episodes, scope))),
    }
    savepoint = connection.begin_nested()
    _erase(connection, stores, scope, gone, said, at)
    after = _totals(connection)
    if dry_run:
        savepoint.rollback()
    return DeleteReport(**counted, relations=before[0] - after[0], entities=before[1] - after[1], dry_run=dry_run)


def _count(connection: Connection, found: Select[tuple[str]]) -> int:
    return connection.scalar(select(func.count()).select_from(found.subquery())) or 0


def _totals(connection: Connection) -> tuple[int, int]:
    return _count(connection, select(schema.relations.c.id)), _count(connection, select(schema.entities.c.id))


def _erase(
    connection: Connection,
    stores: Stores,
    scope: Scope,
    gone: Select[tuple[str]],
    said: Select[tuple[str]],
    at: datetime,
) -> None:
    v, e, m = schema.vectors.c, schema.evidence.c, schema.mentions.c
    items = (m.item_id.in_(gone), m.item_id.in_(said))
    named = list(connection.scalars(select(m.entity_id).where(or_(*items)).distinct()))
    ties = schema.supports.c.memory_id.in_(gone)
    related = list(connection.scalars(select(schema.supports.c.relation_id).where(ties).distinct()))
    outbox.note_selected(
        connection, stores, "graph", select(memories.c.id, literal("memory")).where(in_scope(memories, scope))
    )
    outbox.note_selected(
        connection, stores, "graph", select(messages.c.id, literal("message")).where(in_scope(messages, scope))
    )
    held = (v.item_id.in_(gone), v.item_id.in_(said))
    outbox.note_selected(connection, stores, "vectors", select(v.item_id, v.view).where(or_(*held)))
    around = _next_to(connection, scope)
    hanging.remove_vectors(connection, stores, around, "window")
    _write_deletes(connection, scope, at)
    for statement in (
        delete(schema.vectors).where(or_(*held)),
        delete(schema.next_vectors).where(in_scope(schema.next_vectors, scope)),
        delete(schema.supports).where(ties),
        delete(schema.mentions).where(or_(*items)),
        delete(schema.attributes).where(
            or_(schema.attributes.c.item_id.in_(gone), schema.attributes.c.item_id.in_(said))
        ),
        delete(schema.evidence).where(or_(e.memory_id.in_(gone), e.message_id.in_(said))),
    ):
        connection.execute(statement)
    lexical.remove_selected(connection, scope)
    _forget_resolutions(connection, scope, gone, said)
    connection.execute(delete(schema.reviews).where(in_scope(schema.reviews, scope)))
    _remove_episodes(connection, scope)
    index_anew(connection, around)
    _recount(connection, named)
    hanging.sweep(connection, stores, named, related)


def _next_to(connection: Connection, scope: Scope) -> list[str]:
    """Messages outside the scope whose windows hold one of its messages."""
    inside = select(messages.c.id).where(in_scope(messages, scope))
    beside = or_(messages.c.previous_id.in_(inside), messages.c.next_id.in_(inside))
    return list(connection.scalars(select(messages.c.id).where(beside, messages.c.id.not_in(inside))))


def _write_deletes(connection: Connection, scope: Scope, at: datetime) -> None:
    gone = connection.execute(select(memories.c.id).where(in_scope(memories, scope))).scalars().all()
    for some in chunks(gone, 1000):
        known = facts.known(connection, some).values()
        entries = [Entry("DELETE", k.memory, k.memory.text, None, REASON) for k in known]
        committing.write_history(connection, None, at, entries)


def _forget_resolutions(
    connection: Connection, scope: Scope, gone: Select[tuple[str]], said: Select[tuple[str]]
) -> None:
    """Plans and before-images hold the texts of what they touched, and must never bring it back."""
    t, r = schema.touched, schema.resolutions
    inside = select(schema.episodes.c.id).where(in_scope(schema.episodes, scope))
    # What was deleted before is known to history alone.
    told = select(schema.history.c.memory_id).where(in_scope(schema.history, scope))
    touching = select(t.c.resolution_id).where(or_(*(t.c.memory_id.in_(some) for some in (gone, said, told))))
    ids = list(connection.scalars(select(r.c.id).where(or_(r.c.id.in_(touching), r.c.episode_id.in_(inside)))))
    for some in chunks(ids):
        connection.execute(delete(t).where(t.c.resolution_id.in_(some)))
        connection.execute(delete(r).where(r.c.id.in_(some)))


def _remove_episodes(connection: Connection, scope: Scope) -> None:
    inside = select(messages.c.id).where(in_scope(messages, scope)).scalar_subquery()
    ours = select(schema.episodes.c.id).where(in_scope(schema.episodes, scope))
    for pointer in ("previous_id", "next_id"):
        outside = update(messages).where(messages.c[pointer].in_(inside), messages.c.id.not_in(inside))
        connection.execute(outside.values({pointer: None}))
    connection.execute(delete(memories).where(in_scope(memories, scope)))
    connection.execute(delete(messages).where(in_scope(messages, scope)))
    connection.execute(delete(schema.model_replies).where(schema.model_replies.c.episode_id.in_(ours)))
    connection.execute(delete(schema.queue).where(schema.queue.c.episode_id.in_(ours)))
    if scope == owner_scope(scope.owner):
        # A worker that is at it finds its lease gone, and writes nothing more.
        connection.execute(delete(schema.leases).where(schema.leases.c.owner == scope.owner))
    connection.execute(delete(schema.episodes).where(in_scope(schema.episodes, scope)))


def _recount(connection: Connection, entity_ids: Sequence[str]) -> None:
    counted = select(func.count()).where(schema.mentions.c.entity_id == schema.entities.c.id).scalar_subquery()
    for some in chunks(entity_ids):
        change = update(schema.entities).where(schema.entities.c.id.in_(some))
        connection.execute(change.values(degree=counted))


def reset(connection: Connection) -> None:
    """Remove everything but the settings of the home."""
    for view in lexical.VIEWS:
        lexical.clear(connection, view)
    for table in reversed(schema.metadata.sorted_tables):
        if table is not schema.meta:
            connection.execute(delete(table))
