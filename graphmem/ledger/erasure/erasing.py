"""Erasing: rows go for good, with everything else that tells of them. `cleaning.py` then cleans the files.

What is erased is a set of memories and messages, closed under what rests only on it. With them go evidence, mentions,
relations and entities that nothing else holds, vectors, full text, lines of history, plans and before-images (they hold
the texts of what they touched), replies of models, held facts, and whole episodes none of whose messages is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, cast, delete, func, or_, select, update

from graphmem.ledger.changes import hanging, removal, splitting
from graphmem.ledger.changes.merging import MERGED
from graphmem.ledger.changes.parting import PARTED
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import insert
from graphmem.ledger.database.rows import chunks, in_scope, owner_scope
from graphmem.ledger.database.schema import aliases, entities, history, memories, messages, resolutions, touched
from graphmem.ledger.erasure.marking import Marked, emptied, kept_sources, there
from graphmem.ledger.memories import episodes
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections.outbox import Stores
from graphmem.ledger.text import lexical
from graphmem.steps.linking import key
from graphmem.values import Receipt, Scope

SUPPLIED = "graphmem.facts"
"""Metadata key under which an episode keeps the facts that its caller supplied, see `flows/remember.py`."""
_IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Erased(NamedTuple):
    """What an erasure did, and the texts that must be found nowhere from now on."""

    receipt: Receipt
    texts: tuple[str, ...]
    items: tuple[str, ...]
    """Ids whose vectors went."""


def erase(connection: Connection, stores: Stores, marked: Marked, at: datetime) -> Erased:
    """Remove everything that is marked; the receipt says how much."""
    gone = emptied(connection, marked.messages)
    kept = kept_sources(connection, marked)
    plans = _plans(connection, marked, gone)
    texts = _Texts(connection)
    counts: dict[str, int] = {"vectors": _count(connection, schema.vectors.c.item_id, marked)}
    texts.of(schema.reviews.c.text, schema.reviews.c.id, reviews := _reviews(connection, marked, gone))
    texts.of_items(marked, gone)
    counts["reviews"] = _delete(connection, schema.reviews.c.id, reviews)
    _unjudge(connection, marked)
    named, ties = _named(connection, marked)
    counts["memories"] = len(there(connection, memories.c.id, marked.memories))
    counts["messages"] = len(there(connection, messages.c.id, marked.messages))
    counts["replies"] = _forget_replies(connection, marked, gone)
    hanging.remove_memories(connection, stores, sorted(marked.memories), sweeping=False)
    around = _unsay(connection, stores, marked)
    texts.of_history(lines := _lines(connection, marked, plans))
    counts["history"] = _delete(connection, history.c.id, lines)
    _delete(connection, touched.c.resolution_id, plans)
    counts["resolutions"] = _delete(connection, resolutions.c.id, plans)
    counts["episodes"] = _drop_messages(connection, marked, gone)
    removal.index_anew(connection, around)
    owners = there(connection, entities.c.id, named, answer=entities.c.owner)
    swept, counts["relations"] = _sweep(connection, stores, marked, named, ties, texts)
    counts["entities"] = len(swept)
    counts["resolutions"] += _undecide(connection, owners, swept)
    receipt_id = episodes.stable_id("erasure", at.isoformat(), marked.kind, *sorted(marked.memories | marked.messages))
    receipt = Receipt(id=receipt_id, kind=marked.kind, at=at, kept=kept, **counts)
    _write_receipt(connection, receipt, counts)
    return Erased(receipt, tuple(texts.found), (*marked.memories, *marked.messages, *around, *named))


def _write_receipt(connection: Connection, receipt: Receipt, counts: dict[str, int]) -> None:
    row = {"id": receipt.id, "kind": receipt.kind, "at": receipt.at, "finished_at": None, "counts": counts}
    if connection.scalar(select(schema.erasures.c.seq).where(schema.erasures.c.id == receipt.id)) is None:
        insert(connection, schema.erasures, [row])


def _count(connection: Connection, column: Any, marked: Marked) -> int:
    return sum(
        len(connection.scalars(select(column).where(column.in_(some))).all())
        for some in chunks(marked.memories | marked.messages | marked.entities)
    )


def _delete(connection: Connection, column: Any, values: Iterable[str]) -> int:
    return sum(connection.execute(delete(column.table).where(column.in_(some))).rowcount for some in chunks(values))


def _named(connection: Connection, marked: Marked) -> tuple[list[str], list[str]]:
    """Entities and relations that may be held by nothing afterwards."""
    pairs = hanging.named_by(connection, sorted(marked.memories | marked.messages))
    named = {entity_id for _, entity_id in pairs} | marked.entities
    return sorted(named), hanging.supported_by(connection, sorted(marked.memories))


def _plans(connection: Connection, marked: Marked, gone: set[str]) -> set[str]:
    """Resolutions that hold a text, or a row, of what is marked."""
    items = marked.memories | marked.messages | marked.entities
    found = there(connection, touched.c.memory_id, items, answer=touched.c.resolution_id)
    found |= there(connection, resolutions.c.episode_id, gone, answer=resolutions.c.id)
    if marked.scope is not None:
        found |= set(connection.scalars(select(history.c.resolution_id).where(in_scope(history, marked.scope))))
    for owner in _owners(connection, marked):
        whole = marked.scope is not None and marked.scope == owner_scope(owner)
        before = cast(resolutions.c.before, String)
        rows = select(resolutions.c.id, resolutions.c.plan, before).where(resolutions.c.owner == owner)
        for plan_id, plan, image in connection.execute(rows.execution_options(stream_results=True)):
            if whole or not items.isdisjoint(_IDS.findall(plan)) or not items.isdisjoint(_IDS.findall(image)):
                found.add(plan_id)
    return found - {None}


def _owners(connection: Connection, marked: Marked) -> set[str]:
    if marked.scope is not None and marked.scope.user_id is not None:
        return {marked.scope.owner}
    found: set[str] = set()
    for table, ids in ((memories, marked.memories), (messages, marked.messages), (entities, marked.entities)):
        found |= there(connection, table.c.id, ids, answer=table.c.owner)
    return found | there(connection, history.c.memory_id, marked.memories, answer=history.c.owner) - {""}


def _lines(connection: Connection, marked: Marked, plans: set[str]) -> set[str]:
    """Lines of history of what is marked; of memories that stay, those that the marked episodes wrote; and of entities
    that stay, what the plans made of them: they name the other one.
    """
    items = marked.memories | marked.messages | marked.entities
    found = there(connection, history.c.memory_id, items, answer=history.c.id)
    if marked.scope is not None:
        found |= set(connection.scalars(select(history.c.id).where(in_scope(history, marked.scope))))
    gone = emptied(connection, marked.messages)
    ours = there(connection, resolutions.c.episode_id, gone, answer=resolutions.c.id) & plans
    for some in chunks(plans):
        of_entities = history.c.memory_id.in_(select(entities.c.id))
        found |= set(connection.scalars(select(history.c.id).where(history.c.resolution_id.in_(some), of_entities)))
    return found | there(connection, history.c.resolution_id, ours, answer=history.c.id)


def _reviews(connection: Connection, marked: Marked, gone: set[str]) -> set[str]:
    c = schema.reviews.c
    found = there(connection, c.message_id, marked.messages, answer=c.id)
    if marked.scope is not None:
        found |= set(connection.scalars(select(c.id).where(in_scope(schema.reviews, marked.scope))))
    return found | there(connection, c.episode_id, gone, answer=c.id)


def _unjudge(connection: Connection, marked: Marked) -> None:
    """Reviews that stay say no more what they would do to the memories that go."""
    c = schema.reviews.c
    for owner in _owners(connection, marked):
        rows = connection.execute(
            select(c.id, c.reason, c.verdicts).where(in_scope(schema.reviews, owner_scope(owner)))
        )
        for row in rows.all():
            told = [verdict["reason"] for verdict in row.verdicts if verdict["memory_id"] in marked.memories]
            if told:
                left = [verdict for verdict in row.verdicts if verdict["memory_id"] not in marked.memories]
                reason = row.reason
                for words in told:
                    reason = reason.replace(words, "what it would change was erased")
                connection.execute(update(schema.reviews).where(c.id == row.id).values(reason=reason, verdicts=left))


def _forget_replies(connection: Connection, marked: Marked, gone: set[str]) -> int:
    """Replies of models, and supplied facts, of every episode that loses a message."""
    touching = there(connection, messages.c.id, marked.messages, answer=messages.c.episode_id)
    for some in chunks(touching - gone):
        rows = connection.execute(
            select(schema.episodes.c.id, schema.episodes.c.metadata).where(schema.episodes.c.id.in_(some))
        )
        for row in rows.all():
            if SUPPLIED in row.metadata:
                left = {key: value for key, value in row.metadata.items() if key != SUPPLIED}
                change = update(schema.episodes).where(schema.episodes.c.id == row.id)
                connection.execute(change.values(metadata=left))
    return _delete(connection, schema.model_replies.c.episode_id, touching)


def _unsay(connection: Connection, stores: Stores, marked: Marked) -> set[str]:
    """Take messages out of search; returns their neighbours, whose windows showed them."""
    ids = sorted(marked.messages)
    around: set[str] = set()
    for some in chunks(ids):
        rows = connection.execute(
            select(messages.c.seq, messages.c.previous_id, messages.c.next_id).where(messages.c.id.in_(some))
        ).all()
        around |= {end for row in rows for end in (row.previous_id, row.next_id) if end}
        for view in ("turn", "window2", "window3"):
            lexical.remove(connection, view, [row.seq for row in rows])
        connection.execute(delete(schema.attributes).where(schema.attributes.c.item_id.in_(some)))
        connection.execute(delete(schema.evidence).where(schema.evidence.c.message_id.in_(some)))
    around -= marked.messages
    hanging.remove_vectors(connection, stores, ids)
    hanging.remove_vectors(connection, stores, around, "window")
    _delete(connection, schema.next_vectors.c.item_id, marked.memories | marked.messages | around)
    hanging.unmention(connection, hanging.named_by(connection, ids))
    outbox.note_graph(connection, stores, "remove", "message", ids)
    return around


def _drop_messages(connection: Connection, marked: Marked, gone: set[str]) -> int:
    for some in chunks(marked.messages):
        for pointer in ("previous_id", "next_id"):
            change = update(messages).where(messages.c[pointer].in_(some))
            connection.execute(change.values({pointer: None}))
        connection.execute(delete(messages).where(messages.c.id.in_(some)))
    _delete(connection, schema.queue.c.episode_id, gone)
    count = _delete(connection, schema.episodes.c.id, gone)
    if marked.scope is not None:
        count += _drop_empty_episodes(connection, marked.scope)
        if marked.scope == owner_scope(marked.scope.owner):
            # What was deleted before has left nothing but its owner's name here.
            for table in (schema.leases, schema.merged):
                connection.execute(delete(table).where(table.c.owner == marked.scope.owner))
    return count


def _drop_empty_episodes(connection: Connection, scope: Scope) -> int:
    """Episodes of a scope without any message; none is written so, but an import may bring one."""
    empty = schema.episodes.c.id.not_in(select(messages.c.episode_id))
    ids = connection.scalars(select(schema.episodes.c.id).where(in_scope(schema.episodes, scope), empty)).all()
    _delete(connection, schema.queue.c.episode_id, ids)
    _delete(connection, schema.model_replies.c.episode_id, ids)
    return _delete(connection, schema.episodes.c.id, ids)


def _sweep(
    connection: Connection, stores: Stores, marked: Marked, named: Sequence[str], ties: Sequence[str], texts: _Texts
) -> tuple[set[str], int]:
    """Relations and entities that nothing holds any more, and names that nothing left says.

    Returns the ids of the entities, and how many relations went.
    """
    names = texts.names(named)
    before = {t.name: there(connection, t.c.id, ids) for t, ids in ((schema.relations, ties), (entities, named))}
    hanging.sweep(connection, stores, named, ties)
    after = {t.name: there(connection, t.c.id, ids) for t, ids in ((schema.relations, ties), (entities, named))}
    swept = before["entities"] - after["entities"]
    texts.found |= {name for entity_id in swept for name in names.get(entity_id, ())}
    texts.found |= _unsaid_aliases(connection, after["entities"])
    _delete(connection, schema.next_vectors.c.item_id, swept)
    _delete(connection, schema.merged.c.entity_id, marked.entities | swept)
    _delete(connection, schema.merged.c.into_id, marked.entities | swept)
    return swept, len(before["relations"] - after["relations"])


def _undecide(connection: Connection, owners: Iterable[str], swept: set[str]) -> int:
    """What was decided about entities that went, made one with another or kept apart: it holds their names."""
    found: set[str] = set()
    before = cast(resolutions.c.before, String)
    of_facts = select(touched.c.memory_id).where(touched.c.resolution_id == resolutions.c.id).exists()
    about = or_(~of_facts, *(before.contains(f'"{sign}"', autoescape=True) for sign in (MERGED, PARTED)))
    for some in chunks(owners):
        rows = connection.execute(select(resolutions.c.id, before).where(resolutions.c.owner.in_(some), about))
        found |= {plan_id for plan_id, image in rows.all() if not swept.isdisjoint(_IDS.findall(image))}
    _delete(connection, history.c.resolution_id, found)
    _delete(connection, touched.c.resolution_id, found)
    return _delete(connection, resolutions.c.id, found)


def _unsaid_aliases(connection: Connection, entity_ids: set[str]) -> set[str]:
    """Drop aliases that no item that names the entity holds any more; returns them."""
    gone: set[str] = set()
    for some in chunks(entity_ids):
        rows = connection.execute(
            select(aliases.c.entity_id, aliases.c.alias).where(aliases.c.entity_id.in_(some), aliases.c.position > 0)
        ).all()
        for row in rows:
            if not _said(connection, row.entity_id, row.alias):
                splitting.rename(connection, row.entity_id, drop={key(row.alias)})
                gone.add(row.alias)
    return gone


def _said(connection: Connection, entity_id: str, alias: str) -> bool:
    m = schema.mentions.c
    wanted = alias.casefold()
    for table, content in ((memories, memories.c.text), (messages, messages.c.content)):
        rows = select(content).join(schema.mentions, m.item_id == table.c.id).where(m.entity_id == entity_id)
        if any(wanted in text.casefold() for text in connection.scalars(rows)):
            return True
    return False


class _Texts:
    """Gathers what was written in the rows that go."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.found: set[str] = set()

    def of(self, text: Any, column: Any, values: Iterable[str]) -> None:
        """Texts of the rows in which a column has one of these values."""
        self.found |= {t for t in there(self._connection, column, values, answer=text) if t}

    def of_items(self, marked: Marked, gone: set[str]) -> None:
        """Texts of memories, messages and whole episodes, with quotes, metadata and replies."""
        evidence, attributes = schema.evidence.c, schema.attributes.c
        self.of(memories.c.text, memories.c.id, marked.memories)
        self.of(messages.c.content, messages.c.id, marked.messages)
        self.of(evidence.quote, evidence.memory_id, marked.memories)
        self.of(attributes.text, attributes.item_id, marked.memories | marked.messages)
        self.of(schema.episodes.c.instructions, schema.episodes.c.id, gone)

    def of_history(self, lines: set[str]) -> None:
        """Texts, present and previous, of lines of history."""
        self.of(history.c.text, history.c.id, lines)
        self.of(history.c.previous_text, history.c.id, lines)

    def names(self, entity_ids: Sequence[str]) -> dict[str, list[str]]:
        """Names and aliases by entity."""
        found: dict[str, list[str]] = {}
        for some in chunks(entity_ids):
            rows = select(aliases.c.entity_id, aliases.c.alias).where(aliases.c.entity_id.in_(some))
            for row in self._connection.execute(rows):
                found.setdefault(row.entity_id, []).append(row.alias)
        return found


def unfinished(connection: Connection) -> tuple[str, ...]:
    """Ids of erasures whose files have not been cleaned."""
    return tuple(connection.scalars(select(schema.erasures.c.id).where(schema.erasures.c.finished_at.is_(None))))


def finish(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """Note that the files are clean."""
    for some in chunks(ids):
        connection.execute(update(schema.erasures).where(schema.erasures.c.id.in_(some)).values(finished_at=at))


def said(connection: Connection, fragments: Iterable[str]) -> set[str]:
    """Those of the fragments that some memory, message, name, line of history or review holds."""
    held = (
        messages.c.content,
        memories.c.text,
        aliases.c.alias,
        history.c.text,
        history.c.previous_text,
        schema.reviews.c.text,
        schema.attributes.c.text,
        schema.episodes.c.instructions,
    )
    return {f for f in fragments if any(_holds(connection, column, f) for column in held)}


def _holds(connection: Connection, column: Any, fragment: str) -> bool:
    return connection.scalar(select(column).where(func.replace(column, fragment, "") != column).limit(1)) is not None
