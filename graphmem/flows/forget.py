"""Changing and removing on the caller's word: update, delete, undo. History keeps what was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid5

from graphmem.engine import Engine
from graphmem.errors import NotFound
from graphmem.flows import reembed
from graphmem.models.contracts import ExtractionRequest
from graphmem.steps import linking
from graphmem.steps.redaction import Redactor
from graphmem.stores.contracts import VectorItem
from graphmem.values import (
    Addition,
    Change,
    DeleteReport,
    Draft,
    FactDraft,
    Memory,
    MessageRecord,
    Plan,
    Scope,
)


def update(engine: Engine, memory_id: str, text: str | None, metadata: Mapping[str, Any] | None) -> Change:
    """Change text or metadata of a memory; a new text takes the relations that can be read from it."""
    before = get(engine, memory_id)
    redactor = Redactor(engine.settings.redact)
    text = None if text is None else redactor.text(text)
    metadata = None if metadata is None else redactor.value(metadata)
    now = engine.clock()
    plan, vectors = None, []
    if text is not None and text != before.text:
        plan = _reread(engine, before, text, now)
        vectors = [VectorItem(memory_id, "fact", before.scope, engine.embedder.embed([text])[0])]
    after = engine.ledger.update(memory_id, now, text=text, metadata=metadata, vectors=vectors, plan=plan)
    engine.projection.apply()
    return Change(
        event="UPDATE", memory_id=memory_id, text=after.text, previous_text=before.text, reason="changed by the caller"
    )


def get(engine: Engine, memory_id: str) -> Memory:
    """One memory. Raises NotFound."""
    found = engine.ledger.memories([memory_id]).get(memory_id)
    if found is None:
        raise NotFound("memory", memory_id)
    return found


def _reread(engine: Engine, memory: Memory, text: str, now: datetime) -> Plan:
    """Entities and relations of a changed text, linked like those of a new fact."""
    message = MessageRecord(
        id=memory.id,
        episode_id=memory.id,
        position=0,
        conversation=memory.id,
        scope=memory.scope,
        role="user",
        speaker=memory.speaker or next(iter(memory.scope.labels.values())),
        content=text,
        timestamp=memory.valid_from or memory.recorded_at,
    )
    fact = _merged(engine, message)
    draft = Draft(facts=(fact,))
    owner = memory.scope.owner
    known = engine.ledger.entities(owner, linking.keys(linking.names(draft)))
    linked = linking.link(draft, known, {}, owner=owner, episode_id=memory.id, messages=(message,))
    read = linked.facts[0]
    changed = memory.model_copy(update={"text": text, "claims": fact.claims, "subject_id": read.subject_id})
    return Plan(
        resolution_id=str(uuid5(linking.NAMESPACE, f"update\n{memory.id}\n{now.isoformat()}")),
        scope=memory.scope,
        at=now,
        entities=linked.entities,
        additions=(Addition(memory=changed, entity_ids=read.entity_ids, triples=read.triples),),
    )


def _merged(engine: Engine, message: MessageRecord) -> FactDraft:
    """Everything that extraction reads in the text, as one fact."""
    read = Draft()
    if engine.extractor is not None:
        request = ExtractionRequest(messages=(message,), participants=(message.speaker,), at=message.timestamp)
        read = engine.extractor.extract(request)
    entities = {e.name: e for f in read.facts for e in f.entities}
    claims = engine.reader.claims([message.content])[0] if engine.reader is not None else ()
    return FactDraft(
        text=message.content,
        message=0,
        subject=next((f.subject for f in read.facts if f.subject), None),
        entities=tuple(entities.values()),
        relations=tuple(dict.fromkeys(r for f in read.facts for r in f.relations)),
        claims=claims or tuple(c for f in read.facts for c in f.claims),
    )


def delete(engine: Engine, item_id: str) -> DeleteReport:
    """Remove one memory or message. Raises NotFound."""
    if not engine.ledger.memories([item_id]) and not engine.ledger.messages([item_id]):
        raise NotFound("memory", item_id)
    report = engine.ledger.delete([item_id], engine.clock())
    engine.projection.apply()
    return report


def delete_all(engine: Engine, scope: Scope, *, dry_run: bool) -> DeleteReport:
    """Remove everything of a scope."""
    report = engine.ledger.delete_all(scope, engine.clock(), dry_run=dry_run)
    if not dry_run:
        engine.projection.apply()
    return report


def undo(engine: Engine, resolution_id: str) -> tuple[Change, ...]:
    """Put back what a resolution changed, in the words of what happens now. Raises NotFound, ConflictError."""
    plan = engine.ledger.undo(resolution_id, engine.clock(), engine.settings.cardinality)
    reembed.fill_returned(engine)
    engine.projection.apply()
    inverse = {"ADD": "DELETE", "DELETE": "ADD", "UPDATE": "UPDATE", "NONE": "NONE"}
    return tuple(
        Change(
            event=inverse[change.event],
            memory_id=change.memory_id,
            text=change.previous_text or change.text if change.event == "UPDATE" else change.text,
            previous_text=change.text if change.event == "UPDATE" else None,
            reason="undone",
        )
        for change in plan.changes
    )


def reset(engine: Engine) -> None:
    """Remove everything this home holds."""
    engine.projection.expect_rebuild()
    engine.ledger.reset()
    engine.projection.rebuild("vectors")
    engine.projection.apply()
