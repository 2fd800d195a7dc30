"""Undoing a resolution: what it added goes, what it changed comes back from its before-image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, or_, select, tuple_, update

from graphmem.errors import ConflictError, NotFound
from graphmem.faults import reach
from graphmem.ledger.changes import committing, hanging, images, parting, removal, splitting
from graphmem.ledger.changes.committing import Entry
from graphmem.ledger.changes.images import Image
from graphmem.ledger.changes.merging import MERGED
from graphmem.ledger.changes.parting import PARTED
from graphmem.ledger.database.rows import chunks
from graphmem.ledger.database.schema import (
    aliases,
    entities,
    history,
    memories,
    mentions,
    relations,
    resolutions,
    similar,
    supports,
    touched,
)
from graphmem.ledger.database.visibility import is_true
from graphmem.ledger.memories import facts, reviews
from graphmem.ledger.memories.facts import Known
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.steps.linking import key, relation_id
from graphmem.steps.relation_types import cardinality
from graphmem.values import Memory, Plan, When


def undo(
    connection: Connection, stores: Stores, resolution_id: str, at: datetime, pinned: Mapping[str, str] | None = None
) -> Plan:
    """Put back what a resolution changed. Raises NotFound, ConflictError.

    `pinned`: relation type -> "one" or "many" values at a time, where it is not as shipped.
    """
    row = connection.execute(select(resolutions).where(resolutions.c.id == resolution_id)).mappings().first()
    if row is None:
        raise NotFound("resolution", resolution_id, advice="Ids of resolutions come from add, delete and history.")
    plan, image = Plan.model_validate_json(row["plan"]), row["before"]
    if MERGED in image:
        splitting.split(connection, stores, row, at)
        return plan
    if PARTED in image:
        parting.join(connection, stores, row, at)
        return plan
    ids = _undoable(connection, row)
    image = splitting.redirected(connection, image, row["seq"])
    before = facts.known(connection, ids)
    named = [entity_id for _, entity_id in hanging.named_by(connection, list(before))]
    ties = hanging.supported_by(connection, list(before))
    images.put_entities_back(connection, image)
    # What comes back is held by nothing until its mentions are there: removing must not sweep it away.
    hanging.remove_memories(connection, stores, list(before), sweeping=False)
    reach("undo.removed")
    returned = images.put_back(connection, image)
    _untie(connection, stores, image)
    removal.restore_messages(connection, stores, image)
    reach("undo.returned")
    _entities_as_before(connection, plan, image)
    _fade(connection, stores, plan, image, row["seq"])
    _sweep(connection, stores, plan, image, before)
    # What the text had that goes now: an update keeps no triples in its plan.
    hanging.sweep(connection, stores, named, ties)
    after = facts.known(connection, ids)
    back = [i for i in after if i not in before or _says_anew(before[i].memory, after[i].memory)]
    _refuse_rivals(connection, back, row, at, pinned or {})
    outbox.note(connection, stores, "vectors", "upsert", returned)
    _note(connection, stores, image, list(after))
    reviews.withdraw(connection, plan)
    reviews.reopen(connection, resolution_id)
    connection.execute(update(resolutions).where(resolutions.c.id == resolution_id).values(undone_at=at))
    committing.write_history(connection, f"undo:{resolution_id}", at, _entries(before, after, resolution_id))
    return plan


def _undoable(connection: Connection, row: RowMapping) -> list[str]:
    """Ids of the memories that a resolution touched, when nothing stands on it."""
    if row["undone_at"] is not None:
        raise ConflictError(f"Resolution {row['id']!r} was undone before.", advice="Nothing is left to undo.")
    ids = list(connection.scalars(select(touched.c.memory_id).where(touched.c.resolution_id == row["id"])))
    for some in chunks(ids):
        later = connection.scalar(
            select(resolutions.c.id)
            .join(touched, touched.c.resolution_id == resolutions.c.id)
            .where(touched.c.memory_id.in_(some), resolutions.c.seq > row["seq"], resolutions.c.undone_at.is_(None))
            .order_by(resolutions.c.seq.desc())
            .limit(1)
        )
        if later is not None:
            raise ConflictError(f"Resolution {later!r} builds on {row['id']!r}.", advice="Undo the later one first.")
    return ids


def _says_anew(old: Memory, new: Memory) -> bool:
    """Whether it holds again, or says again what an update had put another text for."""
    return old.retired_at is not None or old.text != new.text


def _refuse_rivals(
    connection: Connection, memory_ids: Sequence[str], row: RowMapping, at: datetime, pinned: Mapping[str, str]
) -> None:
    """What comes back must not hold beside a value that has taken its place since, past its time or not."""
    standing = (
        is_true(When(now=at)),
        memories.c.retired_at.is_(None),
        memories.c.modality == "asserted",
    )
    stated = memories.join(supports, supports.c.memory_id == memories.c.id)
    stated = stated.join(relations, relations.c.id == supports.c.relation_id)
    tie = (relations.c.source_id, relations.c.type, relations.c.target_id)
    for some in chunks(memory_ids):
        said = select(memories.c.id, memories.c.text, *tie).select_from(stated)
        for memory_id, text, source_id, kind, target_id in connection.execute(
            said.where(memories.c.id.in_(some), *standing)
        ).all():
            if cardinality(kind, pinned) != "one":
                continue
            same = (tie[0] == source_id, tie[1] == kind, tie[2] != target_id)
            rivals = select(memories.c.text).select_from(stated).where(*standing, *same)
            rival = connection.scalar(rivals.where(_newer(connection, row, memory_id)).limit(1))
            if rival is not None:
                raise ConflictError(
                    f"{text!r} would come back beside {rival!r}, which is newer.",
                    advice="Delete that one first, or undo what added it.",
                )


def _newer(connection: Connection, row: RowMapping, memory_id: str) -> ColumnElement[bool]:
    """Whether a memory began to hold, or to say what it says, behind a resolution that changed `memory_id`.

    History has the order of what was done in one moment, and of what came back by an undo; the clock stands in for
    lines that were erased.
    """
    told = (history.c.memory_id == memory_id, history.c.resolution_id == row["id"])
    place = connection.scalar(select(func.max(history.c.seq)).where(*told)) or 0
    line = select(history.c.id).where(history.c.memory_id == memories.c.id)
    turned = or_(history.c.event == "ADD", history.c.previous_text != history.c.text)
    known = line.where(history.c.seq < place).exists()
    return or_(line.where(history.c.seq > place, turned).exists(), and_(memories.c.recorded_at >= row["at"], ~known))


def _untie(connection: Connection, stores: Stores, image: Image) -> None:
    hanging.unmention(connection, [(item, entity) for item, entity in image.get("new_mentions", [])])
    outbox.note_graph(connection, stores, "upsert", "message", [item for item, _ in image.get("new_mentions", [])])
    parted = [entity for pair in image.get("new_similar", []) for entity in pair]
    outbox.note_graph(connection, stores, "upsert", "entity", parted)
    for some in chunks((first, second) for first, second in image.get("new_similar", [])):
        connection.execute(delete(similar).where(tuple_(similar.c.first_id, similar.c.second_id).in_(some)))


def _entities_as_before(connection: Connection, plan: Plan, image: Image) -> None:
    """Types and aliases as they were, where nobody has changed them since."""
    was = {row["id"]: row for row in image.get("entities", [])}
    known = {(row["entity_id"], row["key"]) for row in image.get("aliases", [])}
    for entity in plan.entities:
        if entity.id not in was:
            continue
        old = was[entity.id]
        same = (entities.c.id == entity.id, entities.c.type == entity.type, entities.c.name == entity.name)
        connection.execute(update(entities).where(*same).values(type=old["type"], name=old["name"]))
        added = [k for name in (entity.name, *entity.aliases) if (entity.id, k := key(name)) not in known]
        connection.execute(delete(aliases).where(aliases.c.entity_id == entity.id, aliases.c.key.in_(added)))


def _fade(connection: Connection, stores: Stores, plan: Plan, image: Image, seq: int) -> None:
    """Names that were weak or not known are left weak, where no fact names them in a resolution since."""
    strong = {entity["id"] for entity in image.get("entities", []) if not entity["weak"]}
    for some in chunks(entity.id for entity in plan.entities if not entity.weak and entity.id not in strong):
        since = connection.scalars(
            select(mentions.c.entity_id)
            .join(touched, touched.c.memory_id == mentions.c.item_id)
            .join(resolutions, resolutions.c.id == touched.c.resolution_id)
            .where(mentions.c.entity_id.in_(some), resolutions.c.seq > seq, resolutions.c.undone_at.is_(None))
        )
        faded = [*set(some).difference(since)]
        connection.execute(update(entities).where(entities.c.id.in_(faded)).values(weak=True))
        hanging.remove_vectors(connection, stores, faded, "entity")


def _sweep(connection: Connection, stores: Stores, plan: Plan, image: Image, before: dict[str, Known]) -> None:
    named = [entity.id for entity in plan.entities]
    named += [entity_id for addition in plan.additions for entity_id in addition.entity_ids]
    named += [entity_id for revision in plan.revisions for entity_id in revision.entity_ids]
    ends = [(*addition.triples,) for addition in plan.additions] + [(*r.triples,) for r in plan.revisions]
    triples = [triple for some in ends for triple in some]
    named += [end for triple in triples for end in (triple.source_id, triple.target_id)]
    named += [entity_id for _, entity_id in image.get("new_mentions", [])]
    named += [known.memory.subject_id for known in before.values() if known.memory.subject_id]
    ties = [relation_id(plan.scope.owner, triple) for triple in triples]
    hanging.sweep(connection, stores, named, ties)


def _note(connection: Connection, stores: Stores, image: Image, memory_ids: Sequence[str]) -> None:
    outbox.note_graph(connection, stores, "upsert", "entity", [row["id"] for row in image.get("entities", [])])
    outbox.note_graph(connection, stores, "upsert", "relation", [row["id"] for row in image.get("relations", [])])
    outbox.note_graph(connection, stores, "upsert", "memory", memory_ids)


def _entries(before: dict[str, Known], after: dict[str, Known], resolution_id: str) -> list[Entry]:
    reason = f"undo of {resolution_id}"
    entries = []
    for memory_id in {**before, **after}:
        old, new = before.get(memory_id), after.get(memory_id)
        if new is None and old is not None:
            entries.append(Entry("DELETE", old.memory, old.memory.text, None, reason))
        elif new is not None and (old is None or (old.memory.retired_at and not new.memory.retired_at)):
            entries.append(Entry("ADD", new.memory, None, new.memory.text, reason))
        elif new is not None and old is not None and new.memory != old.memory:
            entries.append(Entry("UPDATE", new.memory, old.memory.text, new.memory.text, reason))
    return entries
