"""What an add would write, without writing it; and whether anything has changed since it was asked."""

from __future__ import annotations

import json
from hashlib import sha256

from sqlalchemy import Connection, func, select

from graphmem.ledger.database.rows import message_of
from graphmem.ledger.database.schema import entities, history, memories, messages, resolutions, reviews
from graphmem.values import Episode, MessageRecord


def latest(connection: Connection, episode: Episode, limit: int = 6) -> tuple[MessageRecord, ...]:
    """The last messages of the conversation that an episode would go on with, oldest first."""
    statement = (
        select(messages)
        .where(messages.c.owner == episode.scope.owner, messages.c.conversation == episode.conversation)
        .where(messages.c.hidden.is_(False), messages.c.episode_id != episode.id)
        .order_by(messages.c.seq.desc())
        .limit(limit)
    )
    return tuple(reversed([message_of(row) for row in connection.execute(statement).mappings()]))


def world(connection: Connection, owner: str) -> str:
    """A mark that changes with every write that may change how something new of an owner is judged."""
    marks: list[object] = []
    for table in (resolutions, history, memories, messages, entities, reviews):
        seq = table.c.get("seq")
        newest = func.count() if seq is None else func.max(seq)
        marks.append(list(connection.execute(select(newest, func.count()).where(table.c.owner == owner)).one()))
    undone = select(func.count()).where(resolutions.c.owner == owner, resolutions.c.undone_at.is_not(None))
    marks.append(connection.scalar(undone))
    return sha256(json.dumps(marks).encode()).hexdigest()[:32]
