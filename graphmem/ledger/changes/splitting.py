"""Taking a merge of two entities back: what was moved and still stands returns, what was said since finds its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, or_, select, update

from graphmem.errors import ConflictError
from graphmem.ledger.changes import hanging
from graphmem.ledger.changes.images import Image, rows_of
from graphmem.ledger.changes.merging import MERGED, drop_supports, plan_of, tell, there, with_end, write_lines
from graphmem.ledger.database.engine import insert, insert_new
from graphmem.ledger.database.rows import Columns, chunks
from graphmem.ledger.database.schema import (
    aliases,
    entities,
    memories,
    mentions,
    merged,
    messages,
    relations,
    resolutions,
    similar,
    supports,
    touched,
    vectors,
)
from graphmem.ledger.memories import entities as names
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.steps.linking import key
from graphmem.values import MergeReport

_MENTION = tuple(column.name for column in mentions.columns)
_RELATION = tuple(column.name for column in relations.columns)


def split(connection: Connection, stores: Stores, row: RowMapping, at: datetime) -> MergeReport:
    """Take a merge back. Raises ConflictError when a later one builds on it or the entity is gone."""
    image: Image = row["before"]
    keep_id, other_id = image[MERGED]
    check(connection, row, keep_id, other_id)
    owner = row["owner"]
    other_names = [r["alias"] for r in image["aliases"] if r["entity_id"] == other_id]
    own_names = [r["alias"] for r in image["aliases"] if r["entity_id"] == keep_id]
    _return_entity(connection, image, keep_id, other_id)
    back = [r for r in image["mentions"] if (r["item_id"], keep_id) in _named(connection, image["mentions"], keep_id)]
    later = _said_since(connection, image, keep_id, other_names, own_names)
    _return_mentions(connection, image, [*back, *later], keep_id, other_id)
    moved = _return_ties(connection, stores, image, owner, keep_id, other_id, {r["item_id"] for r in back})
    moved += move_later_ties(connection, stores, owner, keep_id, other_id, [r["item_id"] for r in later])
    wanted = [*image["subjects"], *(r["item_id"] for r in later)]
    for some in chunks(wanted):
        mine = (memories.c.id.in_(some), memories.c.subject_id == keep_id)
        connection.execute(update(memories).where(*mine).values(subject_id=other_id))
    _return_proposals(connection, image, keep_id, other_id)
    connection.execute(delete(merged).where(merged.c.entity_id == other_id))
    connection.execute(update(resolutions).where(resolutions.c.id == row["id"]).values(undone_at=at))
    known = names.by_id(connection, [keep_id, other_id])
    plan = plan_of(owner, known[keep_id], known[other_id], at, "split")
    write_lines(connection, plan, known[keep_id], known[other_id], f"undo of {row['id']}")
    tell(connection, stores, [*back, *later], [keep_id, other_id])
    returned = [(r["item_id"], r["view"]) for r in image["vectors"] if r["item_id"] == other_id]
    outbox.note(connection, stores, "vectors", "upsert", returned)
    hanging.sweep(connection, stores, [keep_id, other_id], [])
    return MergeReport(
        resolution_id=row["id"],
        entity=known[keep_id],
        other=known[other_id],
        mentions=len(back) + len(later),
        relations=moved,
    )


def check(connection: Connection, row: RowMapping, keep_id: str, other_id: str) -> None:
    """Raises ConflictError when a merge or split was taken back before or a later change builds on it."""
    if row["undone_at"] is not None:
        raise ConflictError(f"Resolution {row['id']!r} was undone before.", advice="Nothing is left to undo.")
    later = connection.scalar(
        select(resolutions.c.id)
        .join(touched, touched.c.resolution_id == resolutions.c.id)
        .where(touched.c.memory_id.in_([keep_id, other_id]), resolutions.c.seq > row["seq"])
        .where(resolutions.c.undone_at.is_(None))
        .order_by(resolutions.c.seq.desc())
        .limit(1)
    )
    if later is not None:
        raise ConflictError(f"Resolution {later!r} builds on {row['id']!r}.", advice="Undo the later one first.")
    if not names.by_id(connection, [keep_id]):
        raise ConflictError("The entity that stayed is gone.", advice="Undo what removed it first.")


def _return_entity(connection: Connection, image: Image, keep_id: str, other_id: str) -> None:
    """The other entity with its names and vector; the one that stays keeps what it has learned since."""
    was = {row["id"]: row for row in rows_of(image, entities)}
    insert_new(connection, entities, [{**was[other_id], "degree": 0}])
    rows = rows_of(image, aliases)
    insert_new(connection, aliases, [row for row in rows if row["entity_id"] == other_id])
    insert_new(connection, vectors, [r for r in rows_of(image, vectors, without=("seq",)) if r["item_id"] == other_id])
    theirs = {row["key"] for row in rows if row["entity_id"] == other_id}
    ours = {row["key"] for row in rows if row["entity_id"] == keep_id}
    rename(connection, keep_id, drop=theirs - ours)
    merged_type = was[other_id]["type"] if was[keep_id]["type"] == "Thing" else was[keep_id]["type"]
    unchanged = (entities.c.id == keep_id, entities.c.type == merged_type)
    old = {name: was[keep_id][name] for name in ("type", "weak")}
    connection.execute(update(entities).where(*unchanged).values(old))


def rename(connection: Connection, entity_id: str, drop: set[str]) -> None:
    """Take names, by their keys, from an entity; the places of the others close up. Its own name stays."""
    mine = select(aliases).where(aliases.c.entity_id == entity_id).order_by(aliases.c.position)
    rows = [dict(row) for row in connection.execute(mine).mappings()]
    kept = [row for row in rows if row["position"] == 0 or row["key"] not in drop]
    if len(kept) < len(rows):
        connection.execute(delete(aliases).where(aliases.c.entity_id == entity_id))
        insert(connection, aliases, [{**row, "position": place} for place, row in enumerate(kept)])


def _named(connection: Connection, rows: Sequence[Columns], entity_id: str) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for some in chunks(row["item_id"] for row in rows):
        there = select(mentions.c.item_id).where(mentions.c.entity_id == entity_id, mentions.c.item_id.in_(some))
        found |= {(item_id, entity_id) for item_id in connection.scalars(there)}
    return found


def _said_since(
    connection: Connection, image: Image, keep_id: str, theirs: Sequence[str], ours: Sequence[str]
) -> list[Columns]:
    """Mentions that came after the merge, in items that use a name of the other entity and none of this one."""
    known = {row["item_id"] for row in image["mentions"]}
    found: list[Columns] = []
    for source, table, text, seen in zip(
        ("fact", "message"), (memories, messages), (memories.c.text, messages.c.content), image["seen"], strict=True
    ):
        statement = (
            select(mentions, text.label("said"))
            .join(table, table.c.id == mentions.c.item_id)
            .where(mentions.c.entity_id == keep_id, mentions.c.source == source, mentions.c.item_seq > seen)
        )
        for row in connection.execute(statement).mappings():
            if row["item_id"] not in known and uses(row["said"], theirs) and not uses(row["said"], ours):
                found.append({name: row[name] for name in _MENTION})  # noqa: PERF401
    return found


def uses(text: str, wanted: Sequence[str]) -> bool:
    """The text says one of the names."""
    folded = key(text)
    return any(re.search(rf"(?<!\w){re.escape(key(name))}(?!\w)", folded) for name in wanted)


def _return_mentions(
    connection: Connection, image: Image, rows: Sequence[Columns], keep_id: str, other_id: str
) -> None:
    both = {row["item_id"]: row for row in image["kept_mentions"]}
    hanging.unmention(connection, [(r["item_id"], keep_id) for r in rows if r["item_id"] not in both])
    hanging.mention(connection, [{**row, "entity_id": other_id} for row in rows])
    for item_id, row in both.items():
        mine = (mentions.c.item_id == item_id, mentions.c.entity_id == keep_id)
        connection.execute(update(mentions).where(*mine).values(about=row["about"]))


def _return_ties(
    connection: Connection, stores: Stores, image: Image, owner: str, keep_id: str, other_id: str, items: set[str]
) -> int:
    """Relations as they were, for the memories that still stand as the merge left them."""
    was = {row["id"]: row for row in image["relations"]}
    now = {old: new["id"] for old, row in was.items() if (new := with_end(row, other_id, keep_id, owner)) is not None}
    had = {(memory_id, tie) for memory_id, tie in image["had"]}
    rows = [row for row in image["supports"] if row["memory_id"] in items]
    moved = [{**row, "relation_id": now[row["relation_id"]]} for row in rows if row["relation_id"] in now]
    standing = {(memory_id, tie) for memory_id, tie in there(connection, moved)}
    back = [r for r in rows if r["relation_id"] not in now or (r["memory_id"], now[r["relation_id"]]) in standing]
    insert_new(connection, relations, [was[row["relation_id"]] for row in back])
    insert_new(connection, supports, back)
    drop_supports(connection, standing - had)
    ties = [row["relation_id"] for row in back]
    hanging.sweep(connection, stores, [], [*ties, *now.values()])
    return len(set(ties))


def move_later_ties(
    connection: Connection, stores: Stores, owner: str, keep_id: str, other_id: str, items: Sequence[str]
) -> int:
    """Relations that later memories support: those of the other entity by name."""
    touching = or_(relations.c.source_id == keep_id, relations.c.target_id == keep_id)
    rows: list[Columns] = []
    for some in chunks(items):
        statement = select(supports, relations).join(relations).where(supports.c.memory_id.in_(some), touching)
        rows += [dict(row) for row in connection.execute(statement).mappings()]
    new = {row["id"]: tie for row in rows if (tie := with_end(_tie(row), keep_id, other_id, owner)) is not None}
    insert_new(connection, relations, list(new.values()))
    moved = [row for row in rows if row["id"] in new]
    fields = ("memory_id", "confidence")
    insert_new(connection, supports, [{**{f: r[f] for f in fields}, "relation_id": new[r["id"]]["id"]} for r in moved])
    drop_supports(connection, [(row["memory_id"], row["id"]) for row in moved])
    hanging.sweep(connection, stores, [], [*new, *(tie["id"] for tie in new.values())])
    return len(new)


def _tie(row: Columns) -> Columns:
    return {name: row[name] for name in _RELATION}


def _return_proposals(connection: Connection, image: Image, keep_id: str, other_id: str) -> None:
    was = rows_of(image, similar)
    pairs = {(row["first_id"], row["second_id"]) for row in was}
    for row in was:
        ends = {row["first_id"], row["second_id"]}
        if other_id in ends and keep_id not in ends:
            pair = tuple(sorted((keep_id, (ends - {other_id}).pop())))
            if pair not in pairs:
                mine = (similar.c.first_id == pair[0], similar.c.second_id == pair[1])
                connection.execute(delete(similar).where(*mine))
    there = set(names.by_id(connection, [end for pair in pairs for end in pair]))
    insert_new(connection, similar, [row for row in was if {row["first_id"], row["second_id"]} <= there])


def take_back(connection: Connection, stores: Stores, entity_id: str, alias: str, at: datetime) -> MergeReport | None:
    """Take back the newest merge that gave an entity this name; None when none did. Raises ConflictError."""
    wanted = (
        select(resolutions)
        .join(merged, merged.c.resolution_id == resolutions.c.id)
        .where(merged.c.into_id == entity_id)
        .order_by(resolutions.c.seq.desc())
    )
    for row in connection.execute(wanted).mappings().all():
        other_id = row["before"][MERGED][1]
        if key(alias) in {r["key"] for r in row["before"]["aliases"] if r["entity_id"] == other_id}:
            return split(connection, stores, row, at)
    return None


def redirected(connection: Connection, image: Image, seq: int) -> Image:
    """The before-image of resolution `seq` in which entities that were merged since are those that they became.

    What comes back so is added to the image of the merge, so that a split finds it. An older merge says nothing: behind
    it, its id is that of another entity with the same name.
    """
    ids = {row["id"] for row in image.get("entities", ())} | {row["entity_id"] for row in image.get("mentions", ())}
    ids |= {row[end] for row in image.get("relations", ()) for end in ("source_id", "target_id")}
    into = _became(connection, ids, seq)
    if not into:
        return image
    for other_id in into:
        _remember(connection, image, other_id)
    new: Image = {**image, **_ties_of(image, into)}
    for table, column in (("entities", "id"), ("aliases", "entity_id"), ("vectors", "item_id")):
        new[table] = [row for row in image.get(table, ()) if row[column] not in into]
    new["similar"] = [row for row in image.get("similar", ()) if not {row["first_id"], row["second_id"]} & set(into)]
    named = [{**row, "entity_id": into.get(row["entity_id"], row["entity_id"])} for row in image.get("mentions", ())]
    new["mentions"] = list({(row["item_id"], row["entity_id"]): row for row in named}.values())
    new["new_mentions"] = [[item, into.get(entity, entity)] for item, entity in image.get("new_mentions", ())]
    facts = image.get("memories", ())
    new["memories"] = [{**row, "subject_id": into.get(row["subject_id"], row["subject_id"])} for row in facts]
    return new


def _ties_of(image: Image, into: Mapping[str, str]) -> Image:
    """Relations and supports of an image with the ends that they have now."""
    ties: dict[str, Columns | None] = {}
    for row in image.get("relations", ()):
        moved: Columns | None = row
        for old, new in into.items():
            if moved is not None and old in (moved["source_id"], moved["target_id"]):
                moved = with_end(moved, old, new, row["owner"])
        ties[row["id"]] = moved
    held = [(row, tie) for row in image.get("supports", ()) if (tie := ties.get(row["relation_id"])) is not None]
    return {
        "relations": [tie for tie in ties.values() if tie is not None],
        "supports": [{**row, "relation_id": tie["id"]} for row, tie in held],
    }


def _became(connection: Connection, ids: set[str], seq: int) -> dict[str, str]:
    """Entity merged behind resolution `seq` -> the one it is now; one that is gone again is left out."""
    found: dict[str, str] = {}
    later = select(merged.c.entity_id, merged.c.into_id).join(resolutions, resolutions.c.id == merged.c.resolution_id)
    for some in chunks(ids):
        rows = connection.execute(later.where(merged.c.entity_id.in_(some), resolutions.c.seq > seq))
        found |= {row.entity_id: row.into_id for row in rows}
    if found and (further := _became(connection, set(found.values()), seq)):
        found = {old: further.get(new, new) for old, new in found.items()}
    there_ = names.by_id(connection, set(found.values()))
    return {old: new for old, new in found.items() if new in there_}


def _remember(connection: Connection, image: Image, other_id: str) -> None:
    wanted = select(resolutions).join(merged, merged.c.resolution_id == resolutions.c.id)
    row = connection.execute(wanted.where(merged.c.entity_id == other_id)).mappings().one()
    before: dict[str, Any] = {**row["before"]}
    ties = [r for r in image.get("relations", ()) if other_id in (r["source_id"], r["target_id"])]
    ids = {tie["id"] for tie in ties}
    more: Mapping[str, list[Any]] = {
        "mentions": [r for r in image.get("mentions", ()) if r["entity_id"] == other_id],
        "relations": ties,
        "supports": [r for r in image.get("supports", ()) if r["relation_id"] in ids],
        "subjects": [r["id"] for r in image.get("memories", ()) if r["subject_id"] == other_id],
    }
    for name, rows in more.items():
        before[name] = [*before[name], *(r for r in rows if r not in before[name])]
    connection.execute(update(resolutions).where(resolutions.c.id == row["id"]).values(before=before))
