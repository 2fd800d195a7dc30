"""Looking for problems inside the ledger: orphans, wrong counts, missing full text, a damaged file."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Table, func, select, text

from graphmem.ledger.database import schema
from graphmem.ledger.database.schema import (
    entities,
    evidence,
    memories,
    mentions,
    messages,
    relations,
    supports,
    vectors,
)
from graphmem.ledger.text import lexical


def problems(connection: Connection) -> tuple[str, ...]:
    """One sentence a problem; empty when all is well."""
    return (*_file(connection), *_orphans(connection), *_degrees(connection), *_full_text(connection))


def _file(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        for line in connection.execute(text("PRAGMA integrity_check")).scalars():
            if line != "ok":
                yield f"SQLite: {line}"
        for row in connection.execute(text("PRAGMA foreign_key_check")):
            yield f"SQLite: a row of {row[0]} points to a missing row of {row[2]}"


def _orphans(connection: Connection) -> Iterator[str]:
    facts, said = select(memories.c.id), select(messages.c.id)
    named = select(mentions.c.entity_id)
    tied = select(relations.c.source_id).union(select(relations.c.target_id))
    items = facts.union(said, select(entities.c.id))
    searched = facts.union(select(messages.c.id).where(messages.c.hidden.is_(False)))
    checks = (
        ("mention of an item that is gone", mentions, mentions.c.item_id.not_in(searched)),
        ("vector of an item that is gone", vectors, vectors.c.item_id.not_in(items)),
        ("evidence in a message that is gone", evidence, evidence.c.message_id.not_in(said)),
        ("relation that no memory supports", relations, relations.c.id.not_in(select(supports.c.relation_id))),
        ("entity that nothing names", entities, entities.c.id.not_in(named) & entities.c.id.not_in(tied)),
        ("review of a message that is gone", schema.reviews, schema.reviews.c.message_id.not_in(said)),
        ("attribute of an item that is gone", schema.attributes, schema.attributes.c.item_id.not_in(facts.union(said))),
    )
    for what, table, wrong in checks:
        count = connection.scalar(select(func.count()).select_from(table).where(wrong))
        if count:
            yield f"{count} x {what}"


def _degrees(connection: Connection) -> Iterator[str]:
    counted = select(func.count()).where(mentions.c.entity_id == entities.c.id).scalar_subquery()
    wrong = connection.scalar(select(func.count()).select_from(entities).where(entities.c.degree != counted))
    if wrong:
        yield f"{wrong} x entity with a wrong degree"


def _full_text(connection: Connection) -> Iterator[str]:
    for view in lexical.VIEWS:
        items: Table = memories if view == "fact" else messages
        wanted = select(items.c.seq) if view == "fact" else select(items.c.seq).where(items.c.hidden.is_(False))
        there, should = lexical.rowids(connection, view), set(connection.scalars(wanted))
        if there != should:
            yield f"full text of {view}: {len(should - there)} missing, {len(there - should)} too many"
