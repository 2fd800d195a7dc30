"""Episodes and their messages, chained and indexed; and the journal of model replies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy import Connection, select, update

from graphmem.errors import ConflictError, NotFound
from graphmem.faults import reach
from graphmem.ledger import lexical
from graphmem.ledger.contracts import LexicalView, Recorded
from graphmem.ledger.engine import insert, insert_new
from graphmem.ledger.prepared import Prepared, listed
from graphmem.ledger.prepared import ids as id_json
from graphmem.ledger.rows import (
    attribute_rows,
    chunks,
    episode_of,
    episode_row,
    in_scope,
    labels,
    message_of,
    message_row,
)
from graphmem.ledger.schema import attributes, episodes, messages, model_replies
from graphmem.models.contracts import Reply
from graphmem.steps import views
from graphmem.values import Episode, Message, MessageRecord, Scope, Status

NAMESPACE = UUID("6b0c5a2e-7c86-5d63-9a5d-3d2f4d0a7c11")


def stable_id(*parts: object) -> str:
    """The same parts give the same id, in every process and for ever."""
    return str(uuid5(NAMESPACE, json.dumps([str(part) for part in parts])))


def record(connection: Connection, episode: Episode, said: Sequence[Message]) -> Recorded:
    """Write an episode with its messages, chained to those before and full-text searchable."""
    digest = _digest(episode, said)
    there = connection.execute(select(episodes).where(episodes.c.id == episode.id)).mappings().first()
    if there is not None:
        if there["digest"] != digest:
            raise ConflictError(
                f"Episode {episode.id!r} is there with other content.", advice="Use another idempotency key."
            )
        return Recorded(episode_of(there), of_episode(connection, episode.id), (), created=False)
    tail, hidden = _tail(connection, episode)
    records = _chained(episode, said, tail.id if tail else None)
    insert(connection, episodes, [episode_row(episode, digest)])
    insert(connection, messages, [message_row(record, episode.recorded_at) for record in records])
    insert(connection, attributes, [row for r in records for row in attribute_rows(r.id, r.metadata)])
    reach("record.written")
    neighbours: tuple[MessageRecord, ...] = ()
    if records and tail:
        connection.execute(update(messages).where(messages.c.id == tail.id).values(next_id=records[0].id))
        neighbours = () if hidden else (tail.model_copy(update={"next_id": records[0].id}),)
    if records:
        index(connection, [*records, *neighbours])
    return Recorded(episode, records, neighbours, created=True)


def _digest(episode: Episode, said: Sequence[Message]) -> str:
    content = [labels(episode.scope), [m.model_dump(mode="json") for m in said]]
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _tail(connection: Connection, episode: Episode) -> tuple[MessageRecord | None, bool]:
    """The newest message of the conversation, and whether it is withdrawn."""
    statement = (
        select(messages)
        .where(messages.c.owner == episode.scope.owner, messages.c.conversation == episode.conversation)
        .order_by(messages.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(statement).mappings().first()
    return (None, False) if row is None else (message_of(row), row["hidden"])


def _chained(episode: Episode, said: Sequence[Message], before: str | None) -> tuple[MessageRecord, ...]:
    ids = [stable_id("message", episode.id, position) for position in range(len(said))]
    around = [before, *ids, None]
    return tuple(
        MessageRecord(
            id=ids[i],
            episode_id=episode.id,
            position=i,
            conversation=episode.conversation,
            scope=episode.scope,
            role=message.role,
            speaker=message.name or _speaker(message.role, episode.scope),
            content=message.content,
            timestamp=message.timestamp or episode.occurred_at,
            previous_id=around[i],
            next_id=around[i + 2],
            metadata=message.metadata,
        )
        for i, message in enumerate(said)
    )


def _speaker(role: str, scope: Scope) -> str:
    if role == "user":
        return scope.user_id or next(iter(scope.labels.values()))
    return (scope.agent_id or role) if role == "assistant" else role


def index(connection: Connection, changed: Sequence[MessageRecord]) -> None:
    """Write the full-text rows of messages from what is there around them; withdrawn neighbours do not count.

    All of one owner. Those of `changed` that are withdrawn are taken out.
    """
    around = {m.id: m for m in changed} | by_id(
        connection, {i for m in changed for i in (m.previous_id, m.next_id) if i} - {m.id for m in changed}
    )
    seqs = dict(_seqs(connection, [m.id for m in changed]))
    texts: dict[LexicalView, list[tuple[int, str]]] = {"turn": [], "window2": [], "window3": []}
    for message in changed:
        previous = around.get(message.previous_id or "")
        following = around.get(message.next_id or "")
        seq = seqs[message.id]
        texts["turn"].append((seq, views.turn(message)))
        texts["window2"].append((seq, views.window2(previous, message)))
        texts["window3"].append((seq, views.window3(previous, message, following)))
    for view, pairs in texts.items():
        lexical.put(connection, view, changed[0].scope.owner, pairs)


def _seqs(connection: Connection, ids: Sequence[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for some in chunks(ids):
        rows = connection.execute(select(messages.c.id, messages.c.seq).where(messages.c.id.in_(some)))
        found += [(row.id, row.seq) for row in rows]
    return found


def by_id(connection: Connection, ids: Sequence[str] | set[str], *, hidden: bool = False) -> dict[str, MessageRecord]:
    """Messages by id; unknown ones are left out, withdrawn ones unless `hidden`."""
    found: dict[str, MessageRecord] = {}
    for some in chunks(ids):
        for row in _BY_ID.mappings(connection, {"ids": id_json(some)}):
            if hidden or not row["hidden"]:
                found[row["id"]] = message_of(row)
    return found


_BY_ID = Prepared(select(messages).where(messages.c.id.in_(listed("ids"))))


def of_episode(connection: Connection, episode_id: str) -> tuple[MessageRecord, ...]:
    """Messages of an episode, in order."""
    statement = select(messages).where(messages.c.episode_id == episode_id).order_by(messages.c.position)
    return tuple(message_of(row) for row in connection.execute(statement).mappings())


def get(connection: Connection, episode_id: str) -> Episode:
    """One episode. Raises NotFound."""
    row = connection.execute(select(episodes).where(episodes.c.id == episode_id)).mappings().first()
    if row is None:
        raise NotFound("episode", episode_id)
    return episode_of(row)


def last(connection: Connection, conversation: str | None, scope: Scope) -> Episode | None:
    """The newest episode of a conversation (None: of any), or None."""
    statement = select(episodes).where(in_scope(episodes, scope)).order_by(episodes.c.seq.desc()).limit(1)
    if conversation is not None:
        statement = statement.where(episodes.c.conversation == conversation)
    row = connection.execute(statement).mappings().first()
    return None if row is None else episode_of(row)


def all_of(connection: Connection, status: Status | None, scope: Scope | None, limit: int) -> tuple[Episode, ...]:
    """Episodes, oldest first."""
    statement = select(episodes).where(in_scope(episodes, scope)).order_by(episodes.c.seq).limit(limit)
    if status is not None:
        statement = statement.where(episodes.c.status == status)
    return tuple(episode_of(row) for row in connection.execute(statement).mappings())


def mark(connection: Connection, episode_id: str, status: Status, reason: str, *, retryable: bool) -> None:
    """Change the status of an episode. Raises NotFound."""
    change = update(episodes).where(episodes.c.id == episode_id)
    if connection.execute(change.values(status=status, reason=reason, retryable=retryable)).rowcount == 0:
        raise NotFound("episode", episode_id)


def recent(connection: Connection, conversation: str, before: str, limit: int) -> tuple[MessageRecord, ...]:
    """The last messages of a conversation before the episode `before`, oldest first."""
    place = select(episodes.c.seq, episodes.c.owner).where(episodes.c.id == before).subquery()
    earlier = select(episodes.c.id).where(
        episodes.c.owner == place.c.owner, episodes.c.conversation == conversation, episodes.c.seq < place.c.seq
    )
    statement = (
        select(messages)
        .where(messages.c.episode_id.in_(earlier.order_by(episodes.c.seq.desc()).limit(limit)))
        .where(messages.c.hidden.is_(False))
        .order_by(messages.c.seq.desc())
        .limit(limit)
    )
    return tuple(reversed([message_of(row) for row in connection.execute(statement).mappings()]))


def journalled(connection: Connection, episode_id: str, prompt_hash: str) -> Reply | None:
    """A reply kept earlier, or None."""
    replies = model_replies.c
    found = connection.scalar(
        select(replies.reply).where(replies.episode_id == episode_id, replies.prompt_hash == prompt_hash)
    )
    return None if found is None else Reply.model_validate_json(found)


def journal(connection: Connection, episode_id: str, prompt_hash: str, reply: Reply) -> None:
    """Keep a reply; the first one of a prompt stays."""
    row: Mapping[str, object] = {
        "episode_id": episode_id,
        "prompt_hash": prompt_hash,
        "reply": reply.model_dump_json(),
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "milliseconds": reply.milliseconds,
    }
    insert_new(connection, model_replies, [row])
