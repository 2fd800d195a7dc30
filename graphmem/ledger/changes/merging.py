"""Two entities become one: mentions, relations, subjects and names move, and every row that changed is kept.

`splitting.py` takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, or_, select, tuple_, update

from graphmem.errors import ConflictError, NotFound
from graphmem.ledger.changes import committing, hanging, images
from graphmem.ledger.changes.images import Image, plain
from graphmem.ledger.database.engine import insert, insert_new
from graphmem.ledger.database.rows import Columns, chunks, labels, owner_scope
from graphmem.ledger.database.schema import (
    entities,
    history,
    memories,
    mentions,
    merged,
    messages,
    relations,
    similar,
    supports,
)
from graphmem.ledger.memories import entities as names
from graphmem.ledger.memories import episodes
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.steps.linking import relation_id
from graphmem.values import Change, Entity, MergeReport, Plan, Triple

MERGED = "merged"
"""Key of an image that belongs to a merge: the entity that stays, and the one that went."""


def merge(connection: Connection, stores: Stores, keep_id: str, other_id: str, at: datetime) -> MergeReport:
    """Make the names, mentions and relations of one entity those of another. Raises ConflictError."""
    known = names.by_id(connection, [keep_id, other_id])
    if keep_id == other_id or len(known) < 2:
        raise ConflictError("These are one entity already.", advice="List the names with entities().")
    keep, other = known[keep_id], known[other_id]
    owners = set(connection.scalars(select(entities.c.owner).where(entities.c.id.in_([keep_id, other_id]))))
    if len(owners) > 1:
        raise ConflictError("These entities have different owners.", advice="Give the scope of one owner.")
    owner = owners.pop()
    joined, image, moved = absorb(connection, stores, owner, keep, other)
    items = [row["item_id"] for row in image["mentions"]]
    plan = plan_of(owner, keep, other, at, "merge")
    committing.write_resolution(connection, plan, image, [keep_id, other_id, *items])
    row = {"entity_id": other_id, "into_id": keep_id, "owner": owner, "resolution_id": plan.resolution_id}
    insert(connection, merged, [row])
    write_lines(connection, plan, keep, other, f"{other.name} was merged into {keep.name}")
    tell(connection, stores, image["mentions"], [keep_id])
    return MergeReport(
        resolution_id=plan.resolution_id, entity=joined, other=other, mentions=len(items), relations=moved
    )


def absorb(
    connection: Connection, stores: Stores, owner: str, keep: Entity, other: Entity
) -> tuple[Entity, Image, int]:
    """Move all that is of one entity to another, without a resolution.

    Returns the entity that stays, every row that changed as it was, and how many relations moved.
    """
    image = _image(connection, keep.id, other.id)
    move_mentions(connection, image["mentions"], keep.id)
    moved = _move_ties(connection, stores, image, owner, keep.id, other.id)
    connection.execute(update(memories).where(memories.c.subject_id == other.id).values(subject_id=keep.id))
    _move_proposals(connection, keep.id, other.id)
    joined = _joined(keep, other)
    hanging.remove_entities(connection, stores, [other.id])
    hanging.write_entities(connection, owner, [joined])
    return joined, image, moved


def _image(connection: Connection, keep_id: str, other_id: str) -> Image:
    """Every row that a merge changes."""
    image = images.take(connection, [], entity_ids=[keep_id, other_id])
    ties = or_(relations.c.source_id == other_id, relations.c.target_id == other_id)
    image["mentions"] = rows(connection, select(mentions).where(mentions.c.entity_id == other_id))
    items = [row["item_id"] for row in image["mentions"]]
    image["kept_mentions"] = [
        row
        for some in chunks(items)
        for row in rows(
            connection, select(mentions).where(mentions.c.entity_id == keep_id, mentions.c.item_id.in_(some))
        )
    ]
    image["relations"] = rows(connection, select(relations).where(ties))
    image["supports"] = [
        row
        for some in chunks(row["id"] for row in image["relations"])
        for row in rows(connection, select(supports).where(supports.c.relation_id.in_(some)))
    ]
    image["subjects"] = list(connection.scalars(select(memories.c.id).where(memories.c.subject_id == other_id)))
    image["seen"] = [connection.scalar(select(func.max(table.c.seq))) or 0 for table in (memories, messages)]
    image[MERGED] = [keep_id, other_id]
    return image


def rows(connection: Connection, statement: object) -> list[Columns]:
    """The rows of a query as JSON values."""
    return [plain(row) for row in connection.execute(statement).mappings()]  # type: ignore[call-overload]


def move_mentions(connection: Connection, rows: Sequence[Columns], entity_id: str) -> None:
    """Let an entity be named where these rows name another one."""
    hanging.unmention(connection, [(row["item_id"], row["entity_id"]) for row in rows])
    hanging.mention(connection, [{**row, "entity_id": entity_id} for row in rows])
    for some in chunks(row["item_id"] for row in rows if row["about"]):
        mine = (mentions.c.entity_id == entity_id, mentions.c.item_id.in_(some))
        connection.execute(update(mentions).where(*mine).values(about=True))


def _move_ties(connection: Connection, stores: Stores, image: Image, owner: str, keep_id: str, other_id: str) -> int:
    """Give relations of the other entity the ends of this one; one that would lead to itself is dropped."""
    moved: dict[str, Columns] = {}
    for row in image["relations"]:
        if (new := with_end(row, other_id, keep_id, owner)) is not None:
            moved[row["id"]] = new
    insert_new(connection, relations, list(moved.values()))
    new_ids = {old: new["id"] for old, new in moved.items()}
    rows = [
        {**row, "relation_id": new_ids[row["relation_id"]]}
        for row in image["supports"]
        if row["relation_id"] in new_ids
    ]
    image["had"] = there(connection, rows)
    insert_new(connection, supports, rows)
    old_ids = [row["id"] for row in image["relations"]]
    drop_supports(connection, [(row["memory_id"], row["relation_id"]) for row in image["supports"]])
    hanging.sweep(connection, stores, [], [*old_ids, *new_ids.values()])
    return len(moved)


def with_end(row: Columns, old: str, new: str, owner: str) -> Columns | None:
    """A relation with another end; None when both ends would be one."""
    source, target = (new if row[end] == old else row[end] for end in ("source_id", "target_id"))
    if source == target:
        return None
    tie = Triple(source_id=source, type=row["type"], target_id=target)
    return {**row, "id": relation_id(owner, tie), "source_id": source, "target_id": target}


def there(connection: Connection, rows: Sequence[Columns]) -> list[list[str]]:
    """Those of the supports that exist."""
    pairs = tuple_(supports.c.memory_id, supports.c.relation_id)
    found: list[list[str]] = []
    for some in chunks(((row["memory_id"], row["relation_id"]) for row in rows), 500):
        there = connection.execute(select(supports.c.memory_id, supports.c.relation_id).where(pairs.in_(some)))
        found += [list(row) for row in there]
    return found


def drop_supports(connection: Connection, pairs: Iterable[tuple[str, str]]) -> None:
    """Remove (memory id, relation id) supports. Those that are not there: a no-op."""
    for some in chunks(pairs, 500):
        connection.execute(delete(supports).where(tuple_(supports.c.memory_id, supports.c.relation_id).in_(some)))


def _move_proposals(connection: Connection, keep_id: str, other_id: str) -> None:
    touching = or_(similar.c.first_id == other_id, similar.c.second_id == other_id)
    rows = connection.execute(select(similar).where(touching)).all()
    connection.execute(delete(similar).where(touching))
    further = [(({row.first_id, row.second_id} - {other_id}).pop(), row.cosine) for row in rows]
    insert_new(
        connection,
        similar,
        [
            {"first_id": min(keep_id, end), "second_id": max(keep_id, end), "cosine": cosine}
            for end, cosine in further
            if end != keep_id
        ],
    )


def _joined(keep: Entity, other: Entity) -> Entity:
    kind = other.type if keep.type == "Thing" else keep.type
    named = (*keep.aliases, other.name, *other.aliases)
    return keep.model_copy(update={"type": kind, "weak": keep.weak and other.weak, "aliases": named})


def plan_of(owner: str, keep: Entity, other: Entity, at: datetime, what: str) -> Plan:
    """The plan of a merge or split, for the journal of resolutions."""
    identity = episodes.stable_id(what, owner, keep.id, other.id, at.isoformat())
    change = Change(event="UPDATE", memory_id=keep.id, text=keep.name, previous_text=other.name, reason=what)
    return Plan(resolution_id=identity, scope=owner_scope(owner), at=at, changes=(change,))


def write_lines(connection: Connection, plan: Plan, keep: Entity, other: Entity, reason: str) -> None:
    """One line for each of the two entities; `history(id)` gives them by the entity's id."""
    lines = (("UPDATE", keep.id, keep.name, keep.name), ("UPDATE", other.id, other.name, keep.name))
    rows = [
        {
            "id": episodes.stable_id("history", plan.resolution_id, plan.at.isoformat(), place, entity_id, reason),
            "memory_id": entity_id,
            "event": event,
            "previous_text": before,
            "text": after,
            "at": plan.at,
            "reason": reason,
            "resolution_id": plan.resolution_id,
            **labels(plan.scope),
        }
        for place, (event, entity_id, before, after) in enumerate(lines)
    ]
    insert_new(connection, history, rows)


def tell(connection: Connection, stores: Stores, rows: Sequence[Columns], entity_ids: Sequence[str]) -> None:
    """Let the graph store follow: entities, and the items that name them."""
    outbox.note_graph(connection, stores, "upsert", "entity", entity_ids)
    for source, kind in (("fact", "memory"), ("message", "message")):
        outbox.note_graph(connection, stores, "upsert", kind, [r["item_id"] for r in rows if r["source"] == source])


def part(connection: Connection, first_id: str, second_id: str, at: datetime) -> str:
    """Drop the proposal that two entities are one; `undo` of the resolution brings it back. Raises NotFound."""
    wanted = (similar.c.first_id == first_id, similar.c.second_id == second_id)
    found = rows(connection, select(similar).where(*wanted))
    known = names.by_id(connection, [first_id, second_id])
    if not found or len(known) < 2:
        raise NotFound("proposal", f"{first_id} and {second_id}", advice="List them with reviews().")
    connection.execute(delete(similar).where(*wanted))
    owner = str(connection.scalar(select(entities.c.owner).where(entities.c.id == first_id)))
    plan = plan_of(owner, known[first_id], known[second_id], at, "part")
    committing.write_resolution(connection, plan, {"similar": found}, [])
    return plan.resolution_id
