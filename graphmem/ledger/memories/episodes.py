"""Episodes and their messages, chained and indexed; and the journal of model replies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy import Connection, Integer, bindparam, select, update

from graphmem.errors import ConflictError, NotFound
from graphmem.faults import reach
from graphmem.ledger.contracts import LexicalView, Recorded
from graphmem.ledger.database import places
from graphmem.ledger.database.engine import insert, insert_new
from graphmem.ledger.database.prepared import Prepared, rows_of
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.rows import (
    attribute_rows,
    chunks,
    episode_of,
    episode_row,
    in_scope,
    labels,
    message_of,
    message_row,
)
from graphmem.ledger.database.schema import attributes, episodes, messages, model_replies
from graphmem.ledger.text import lexical
from graphmem.models.contracts import Reply
from graphmem.steps import views
from graphmem.steps.resolution.sides import untrusted
from graphmem.values import Episode, Message, MessageRecord, Scope, Status

NAMESPACE = UUID("6b0c5a2e-7c86-5d63-9a5d-3d2f4d0a7c11")


WINDOWS: tuple[LexicalView, ...] = ("turn", "window2", "window3")
"""The full-text views of a message."""

_FOLLOW = Prepared(update(messages).where(messages.c.id == bindparam("tail")).values(next_id=bindparam("following")))
_TAIL = Prepared(
    select(messages)
    .where(messages.c.owner == bindparam("owner"), messages.c.conversation == bindparam("conversation"))
    .order_by(messages.c.seq.desc())
    .limit(1)
)
_MARK = Prepared(
    update(episodes)
    .where(episodes.c.id == bindparam("episode"))
    .values({name: bindparam(name) for name in ("status", "reason", "retryable")})
)


def stable_id(*parts: object) -> str:
    """The same parts give the same id, in every process and for ever."""
    return str(uuid5(NAMESPACE, json.dumps([str(part) for part in parts])))


def record(connection: Connection, episode: Episode, said: Sequence[Message], *, searchable: bool = True) -> Recorded:
    """Write an episode with its messages, chained to those before and, unless told otherwise, full-text searchable."""
    digest = _digest(episode, said)
    if (there := _recorded(connection, episode, digest)) is not None:
        return there
    tail, hidden = _tail(connection, episode)
    records = _chained(episode, said, tail.id if tail else None)
    insert(connection, episodes, [episode_row(episode, digest)])
    rows = [message_row(record, episode.recorded_at) for record in records]
    insert(connection, messages, [{**row, "hidden": not searchable} for row in rows])
    insert(connection, attributes, [row for r in records for row in attribute_rows(r.id, r.metadata)])
    reach("record.written")
    neighbours: tuple[MessageRecord, ...] = ()
    if records and tail:
        _FOLLOW.run(connection, {"tail": tail.id, "following": records[0].id})
        neighbours = () if hidden else (tail.model_copy(update={"next_id": records[0].id}),)
    if records and searchable:
        index(connection, records, neighbours)
    return Recorded(episode, records, neighbours, created=True)


def foreseen(connection: Connection, episode: Episode, said: Sequence[Message]) -> Recorded:
    """What `record` would answer. Nothing is written. Raises ConflictError as it does."""
    if (there := _recorded(connection, episode, _digest(episode, said))) is not None:
        return there
    tail, hidden = _tail(connection, episode)
    records = _chained(episode, said, tail.id if tail else None)
    followed = records and tail and not hidden
    neighbours = (tail.model_copy(update={"next_id": records[0].id}),) if followed and tail else ()
    return Recorded(episode, records, neighbours, created=True)


def _recorded(connection: Connection, episode: Episode, digest: str) -> Recorded | None:
    """The episode, when it was recorded before. Raises ConflictError when it had other content."""
    there = next(rows_of(episodes, "id").mappings(connection, {"ids": id_json([episode.id])}), None)
    if there is None:
        return None
    if there["digest"] != digest:
        raise ConflictError(
            f"Episode {episode.id!r} is there with other content.", advice="Use another idempotency key."
        )
    return Recorded(episode_of(there), of_episode(connection, episode.id), (), created=False)


def _digest(episode: Episode, said: Sequence[Message]) -> str:
    content = [labels(episode.scope), [m.model_dump(mode="json") for m in said]]
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _tail(connection: Connection, episode: Episode) -> tuple[MessageRecord | None, bool]:
    """The newest message of the conversation, and whether it is withdrawn."""
    values = {"owner": episode.scope.owner, "conversation": episode.conversation}
    row = next(_TAIL.mappings(connection, values), None)
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
            speaker=message.name or _speaker(message.role, episode),
            content=message.content,
            timestamp=message.timestamp or episode.occurred_at,
            previous_id=around[i],
            next_id=around[i + 2],
            metadata=message.metadata,
            trust=episode.trust,
            expires_at=episode.expires_at,
        )
        for i, message in enumerate(said)
    )


def _speaker(role: str, episode: Episode) -> str:
    scope = episode.scope
    if untrusted(episode.trust or role):
        # "I" in a page from the web is not the user.
        return episode.trust or role
    if role == "user":
        return scope.user_id or next(iter(scope.labels.values()))
    return (scope.agent_id or role) if role == "assistant" else role


def index(connection: Connection, new: Sequence[MessageRecord], changed: Sequence[MessageRecord] = ()) -> None:
    """Write the full-text rows of messages from what is there around them; withdrawn neighbours do not count.

    All of one owner. `new` ones are not in the index yet, `changed` ones may be.
    """
    told = [*new, *changed]
    around = {m.id: m for m in told} | by_id(
        connection, {i for m in told for i in (m.previous_id, m.next_id) if i} - {m.id for m in told}
    )
    seqs = places.seqs(connection, messages, (m.id for m in told))
    for view in WINDOWS:
        lexical.remove(connection, view, [seqs[m.id] for m in changed])
    texts: dict[LexicalView, list[tuple[int, str]]] = {view: [] for view in WINDOWS}
    for message in told:
        previous = around.get(message.previous_id or "")
        following = around.get(message.next_id or "")
        seq = seqs[message.id]
        texts["turn"].append((seq, views.turn(message)))
        texts["window2"].append((seq, views.window2(previous, message)))
        texts["window3"].append((seq, views.window3(previous, message, following)))
    for view, pairs in texts.items():
        lexical.add(connection, view, told[0].scope.owner, pairs)


def by_id(connection: Connection, ids: Sequence[str] | set[str], *, hidden: bool = False) -> dict[str, MessageRecord]:
    """Messages by id; unknown ones are left out, withdrawn ones unless `hidden`."""
    found: dict[str, MessageRecord] = {}
    for some in chunks(ids):
        for row in rows_of(messages, "id").mappings(connection, {"ids": id_json(some)}):
            if hidden or not row["hidden"]:
                found[row["id"]] = message_of(row)
    return found


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
    values = {"episode": episode_id, "status": status, "reason": reason, "retryable": retryable}
    if _MARK.run(connection, values) == 0:
        raise NotFound("episode", episode_id)


def recent(connection: Connection, conversation: str, before: str, limit: int) -> tuple[MessageRecord, ...]:
    """The last messages of a conversation before the episode `before`, oldest first."""
    values = {"conversation": conversation, "before": before, "most": limit}
    return tuple(reversed([message_of(row) for row in _RECENT.mappings(connection, values)]))


def _recent() -> Prepared:
    place = select(episodes.c.seq, episodes.c.owner).where(episodes.c.id == bindparam("before")).subquery()
    same = (episodes.c.owner == place.c.owner, episodes.c.conversation == bindparam("conversation"))
    most = bindparam("most", type_=Integer)
    earlier = select(episodes.c.id).where(*same, episodes.c.seq < place.c.seq)
    found = select(messages).where(
        messages.c.episode_id.in_(earlier.order_by(episodes.c.seq.desc()).limit(most)), messages.c.hidden.is_(False)
    )
    return Prepared(found.order_by(messages.c.seq.desc()).limit(most))


_RECENT = _recent()


def journalled(connection: Connection, episode_id: str, prompt_hash: str) -> Reply | None:
    """A reply kept earlier, or None."""
    rows = _REPLY.rows(connection, {"episode": episode_id, "prompt": prompt_hash})
    return Reply.model_validate_json(rows[0][0]) if rows else None


_REPLY = Prepared(
    select(model_replies.c.reply).where(
        model_replies.c.episode_id == bindparam("episode"), model_replies.c.prompt_hash == bindparam("prompt")
    )
)


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
