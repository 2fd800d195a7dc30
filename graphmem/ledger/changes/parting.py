"""One entity becomes two where no merge had made it of two: things that share a name, or a name given by mistake."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from graphmem.errors import ConflictError, NotFound
from graphmem.ledger.changes import committing, hanging, merging, splitting
from graphmem.ledger.changes.images import Image, plain
from graphmem.ledger.changes.merging import plan_of, tell, write_lines
from graphmem.ledger.database.rows import Columns, chunks, owner_scope
from graphmem.ledger.database.schema import aliases, entities, evidence, memories, mentions, messages, resolutions
from graphmem.ledger.memories import entities as names
from graphmem.ledger.projections import vectors
from graphmem.ledger.projections.outbox import Stores
from graphmem.steps.linking import entity_id, key
from graphmem.stores.contracts import VectorItem
from graphmem.values import Entity, MergeReport

PARTED = "parted"
"""Key of an image that belongs to such a split: the entity that stays, and the new one."""


def part_off(
    connection: Connection,
    stores: Stores,
    keep_id: str,
    name: str,
    vector: npt.NDArray[np.float32],
    ids: Collection[str] | None,
    at: datetime,
) -> MergeReport:
    """Make a new entity, with a name and the vector of that, of the items that mean it.

    These are the memories and messages in `ids` with the messages that only they rest on, or else those that use the
    name and no other of the entity. Raises NotFound, ConflictError.
    """
    keep = names.by_id(connection, [keep_id])[keep_id]
    owner = str(connection.scalar(select(entities.c.owner).where(entities.c.id == keep_id)))
    _check(connection, owner, keep, name, ids)
    image: Image = {"aliases": [plain(row) for row in _aliases(connection, keep_id)]}
    said = _using(connection, keep, name) if ids is None else _given(connection, keep_id, ids)
    other = keep.model_copy(update={"id": _free_id(connection, owner, name), "name": name, "aliases": ()})
    items = [row["item_id"] for row in said]
    image |= {PARTED: [keep_id, other.id], "moved": items}
    hanging.write_entities(connection, owner, [other])
    vectors.put(connection, stores, [VectorItem(other.id, "entity", owner_scope(owner), vector)])
    merging.move_mentions(connection, said, other.id)
    moved = splitting.move_later_ties(connection, stores, owner, keep_id, other.id, items)
    _move_subjects(connection, items, keep_id, other.id)
    splitting.rename(connection, keep_id, drop={key(name)})
    plan = plan_of(owner, keep, other, at, "split")
    committing.write_resolution(connection, plan, image, [keep_id, other.id, *items])
    write_lines(connection, plan, keep, other, f"{name} was split from {keep.name}")
    tell(connection, stores, said, [keep_id, other.id])
    hanging.sweep(connection, stores, [other.id], [])
    now = names.by_id(connection, [keep_id])[keep_id]
    return MergeReport(resolution_id=plan.resolution_id, entity=now, other=other, mentions=len(items), relations=moved)


def _check(connection: Connection, owner: str, keep: Entity, name: str, ids: Collection[str] | None) -> None:
    mine = {key(known) for known in (keep.name, *keep.aliases)}
    if ids is None and (key(name) not in mine or key(name) == key(keep.name)):
        raise NotFound(
            "other name",
            name,
            advice="entity() lists the aliases; where two share a name, give the ids of what means the other.",
        )
    bearing = select(aliases.c.entity_id).where(aliases.c.owner == owner, aliases.c.key == key(name))
    if set(connection.scalars(bearing)) - {keep.id} or key(name) == key(keep.name):
        raise ConflictError(f"{name!r} is the name of an entity.", advice="Give the new one a name of its own.")


def _aliases(connection: Connection, entity_id_: str) -> Sequence[RowMapping]:
    mine = select(aliases).where(aliases.c.entity_id == entity_id_).order_by(aliases.c.position)
    return connection.execute(mine).mappings().all()


def _free_id(connection: Connection, owner: str, name: str) -> str:
    ordinal = 0
    while names.by_id(connection, [found := entity_id(owner, name, ordinal)]):
        ordinal += 1
    return found


def _using(connection: Connection, keep: Entity, name: str) -> list[Columns]:
    """Mentions by items that use this name of the entity and none of the others."""
    others = [known for known in (keep.name, *keep.aliases) if key(known) != key(name)]
    return [
        {column.name: row[column.name] for column in mentions.columns}
        for table, text in ((memories, memories.c.text), (messages, messages.c.content))
        for row in connection.execute(
            select(mentions, text.label("said"))
            .join(table, table.c.id == mentions.c.item_id)
            .where(mentions.c.entity_id == keep.id)
        ).mappings()
        if splitting.uses(row["said"], [name]) and not splitting.uses(row["said"], others)
    ]


def _given(connection: Connection, keep_id: str, ids: Collection[str]) -> list[Columns]:
    """Mentions by these items, and by the messages of which no other fact names the entity."""
    naming = set(connection.scalars(select(mentions.c.item_id).where(mentions.c.entity_id == keep_id)))
    if unknown := sorted(set(ids) - naming):
        raise NotFound("memory or message that names the entity", unknown[0], advice="entity() and list() give ids.")
    resting: dict[str, set[str]] = {}
    for some in chunks(naming):
        rows = select(evidence.c.message_id, evidence.c.memory_id).where(evidence.c.memory_id.in_(some))
        for message_id, memory_id in connection.execute(rows):
            resting.setdefault(message_id, set()).add(memory_id)
    wanted = set(ids) | {message for message, told in resting.items() if message in naming and told <= set(ids)}
    return [
        dict(row)
        for some in chunks(sorted(wanted))
        for row in connection.execute(
            select(mentions).where(mentions.c.entity_id == keep_id, mentions.c.item_id.in_(some))
        ).mappings()
    ]


def _move_subjects(connection: Connection, items: Sequence[str], old: str, new: str) -> None:
    for some in chunks(items):
        mine = (memories.c.id.in_(some), memories.c.subject_id == old)
        connection.execute(update(memories).where(*mine).values(subject_id=new))


def join(connection: Connection, stores: Stores, row: RowMapping, at: datetime) -> None:
    """Take such a split back, with what was said of the new entity since. Raises ConflictError."""
    image: Image = row["before"]
    keep_id, new_id = image[PARTED]
    splitting.check(connection, row, keep_id, new_id)
    known = names.by_id(connection, [keep_id, new_id])
    if new_id in known:
        _, moved, _ = merging.absorb(connection, stores, row["owner"], known[keep_id], known[new_id])
        later = {mention["item_id"] for mention in moved["mentions"]} - set(image["moved"])
        _put_names_back(connection, keep_id, image["aliases"], () if later else (known[new_id].name,))
    else:
        _put_names_back(connection, keep_id, image["aliases"], ())
    connection.execute(update(resolutions).where(resolutions.c.id == row["id"]).values(undone_at=at))
    if new_id in known:
        plan = plan_of(row["owner"], known[keep_id], known[new_id], at, "merge")
        write_lines(connection, plan, known[keep_id], known[new_id], f"undo of {row['id']}")
    tell(connection, stores, [], [keep_id])


def _put_names_back(connection: Connection, entity_id_: str, rows: Sequence[Columns], without: Collection[str]) -> None:
    """The names as they were, in their order; those learned since come after them."""
    dropped = {row["key"] for row in rows} | {key(name) for name in without}
    later = [dict(row) for row in _aliases(connection, entity_id_) if row["key"] not in dropped]
    connection.execute(delete(aliases).where(aliases.c.entity_id == entity_id_))
    ordered = [{**row, "position": place} for place, row in enumerate([*rows, *later])]
    connection.execute(insert(aliases), ordered)
