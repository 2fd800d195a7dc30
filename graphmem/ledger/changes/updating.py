"""Changing one memory in place, with history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, update

from graphmem.errors import NotFound
from graphmem.ledger.changes import committing, hanging, images
from graphmem.ledger.changes.committing import Entry
from graphmem.ledger.database.engine import insert
from graphmem.ledger.database.rows import attribute_rows
from graphmem.ledger.database.schema import attributes, memories
from graphmem.ledger.memories import facts
from graphmem.ledger.memories.episodes import stable_id
from graphmem.ledger.projections import outbox, vectors
from graphmem.ledger.projections.outbox import Stores
from graphmem.stores.contracts import VectorItem
from graphmem.values import Change, Memory, Plan, Revision

REASON = "updated on request"


def change(
    connection: Connection,
    stores: Stores,
    memory_id: str,
    at: datetime,
    *,
    text: str | None,
    metadata: Mapping[str, object] | None,
    valid_to: datetime | None,
    items: Sequence[VectorItem],
    plan: Plan | None,
) -> Memory:
    """Apply what is given and nothing else; metadata is merged. Raises NotFound."""
    known = facts.known(connection, [memory_id]).get(memory_id)
    if known is None:
        raise NotFound("memory", memory_id)
    old = known.memory
    # Names that only the old text had are swept away with it, and must come back with it.
    named = [entity_id for _, entity_id in hanging.named_by(connection, [memory_id])]
    image = images.take(connection, [memory_id], entity_ids=[*named, *(e.id for e in (plan.entities if plan else ()))])
    if text is not None and text != old.text:
        if plan is not None:
            hanging.write_entities(connection, old.scope.owner, plan.entities)
        committing.rewrite(connection, stores, known, _revision(old, text, plan), at)
    fields: dict[str, Any] = {"updated_at": at}
    if metadata is not None:
        fields["metadata"] = {**old.metadata, **metadata}
        connection.execute(delete(attributes).where(attributes.c.item_id == memory_id))
        insert(connection, attributes, attribute_rows(memory_id, fields["metadata"]))
    if valid_to is not None:
        fields |= {"valid_to": valid_to, "retired_at": at}
        outbox.note_graph(connection, stores, "upsert", "relation", hanging.supported_by(connection, [memory_id]))
    connection.execute(update(memories).where(memories.c.id == memory_id).values(fields))
    outbox.note_graph(connection, stores, "upsert", "memory", [memory_id])
    outbox.note_graph(connection, stores, "upsert", "entity", [e.id for e in plan.entities] if plan else ())
    vectors.put(connection, stores, items)
    new = facts.known(connection, [memory_id])[memory_id].memory
    _keep(connection, old, new, at, image, plan)
    return new


def _revision(old: Memory, text: str, plan: Plan | None) -> Revision:
    """The names and relations that a plan gives to the new text, whether as a revision or as an addition."""
    if plan is not None and plan.revisions:
        return plan.revisions[0].model_copy(update={"memory_id": old.id, "text": text})
    base = Revision(memory_id=old.id, text=text, previous_text=old.text, reason=REASON)
    if plan is None:
        return base
    found = plan.additions
    return base.model_copy(
        update={
            "entity_ids": tuple(i for addition in found for i in addition.entity_ids),
            "triples": tuple(t for addition in found for t in addition.triples),
            "claims": tuple(c for addition in found for c in addition.memory.claims),
        }
    )


def _keep(
    connection: Connection, old: Memory, new: Memory, at: datetime, image: images.Image, plan: Plan | None
) -> None:
    line = Change(event="UPDATE", memory_id=old.id, text=new.text, previous_text=old.text, reason=REASON)
    resolution_id = stable_id("update", old.id, at.isoformat(), new.model_dump_json())
    entities = plan.entities if plan else ()
    kept = Plan(resolution_id=resolution_id, scope=old.scope, at=at, entities=entities, changes=(line,))
    if not facts.is_resolved(connection, resolution_id):
        committing.write_resolution(connection, kept, image, [old.id])
    committing.write_history(connection, resolution_id, at, [Entry("UPDATE", new, old.text, new.text, REASON)])
