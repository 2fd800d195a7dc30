"""What of an add comes in: without secrets, and without what this memory itself put into the conversation."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid5

from graphmem.engine import Engine
from graphmem.steps import echo, linking
from graphmem.steps.redaction import Redactor
from graphmem.values import Episode, Fact, Message, Scope

RETRY_WINDOW = timedelta(minutes=10)
"""The same content again within this time, with nothing in between, is a retry and not a new statement."""
SUPPLIED = "graphmem.facts"
"""Metadata key under which an episode keeps the facts that its caller supplied, so that a retry has them."""
RECALLED = "graphmem.recalled"
"""Metadata key under which an episode keeps the ids of what had been put into the conversation."""
IDS, OWNERS = 200, 1000
"""How much is known of what was recalled: ids an owner, owners."""


class Given(NamedTuple):
    """The arguments of an add, checked; see `Memory.add`."""

    messages: Sequence[Message]
    scope: Scope
    metadata: Mapping[str, Any]
    facts: Sequence[Fact] | None
    instructions: str
    idempotency_key: str | None
    at: datetime | None
    expires_at: datetime | None
    recalled: Sequence[str]
    """Ids of what had been put into the conversation."""
    trust: str
    include_assistant: bool
    infer: bool = True


class Admitted(NamedTuple):
    """What is remembered of what was given."""

    episode: Episode
    messages: tuple[Message, ...]
    redacted: Mapping[str, int]


class Recalls:
    """What `context` gave lately, by owner: ids of memories and messages, the newest kept."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, deque[str]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, owner: str, ids: Sequence[str]) -> None:
        """Remember that these were put into a conversation."""
        with self._lock:
            held = self._held.setdefault(owner, deque(maxlen=IDS))
            held.extend(item for item in ids if item not in held)
            self._held.move_to_end(owner)
            while len(self._held) > OWNERS:
                self._held.popitem(last=False)

    def of(self, owner: str) -> tuple[str, ...]:
        """What was put into conversations of an owner."""
        with self._lock:
            return tuple(self._held.get(owner, ()))


def admit(engine: Engine, given: Given) -> Admitted:
    """The episode of an add, without secrets (see `settings.redact`) and without blocks that `context` gave."""
    redactor = Redactor(engine.settings.redact)
    said = [m.model_copy(update={"content": echo.without_recalled(m.content)}) for m in given.messages]
    said = [redactor.message(message) for message in said]
    kept = redactor.value(given.metadata)
    if kept:
        said = [m.model_copy(update={"metadata": {**kept, **m.metadata}}) for m in said]
    own: dict[str, Any] = {}
    if given.facts is not None:
        own[SUPPLIED] = [redactor.fact(fact).model_dump(mode="json") for fact in given.facts]
    if given.include_assistant:
        own["graphmem.include_assistant"] = True
    if given.recalled and any(m.role != "user" for m in said):
        own[RECALLED] = list(given.recalled)
    key = _key(redactor, given.idempotency_key)
    episode = _episode(engine, said, given.scope, key, given.at).model_copy(
        update={
            "metadata": {**kept, **own},
            "infer": given.infer,
            "instructions": redactor.text(given.instructions),
            "trust": given.trust,
            "expires_at": given.expires_at,
        }
    )
    return Admitted(episode, tuple(said), dict(redactor.counts))


def _key(redactor: Redactor, key: str | None) -> str | None:
    """A key without secrets; one that held some stays different from every other."""
    if key is None or redactor.text(key) == key:
        return key
    return hashlib.sha256(key.encode()).hexdigest()


def _episode(
    engine: Engine, messages: Sequence[Message], scope: Scope, key: str | None, at: datetime | None
) -> Episode:
    now = engine.clock()
    content = hashlib.sha256(
        json.dumps([m.model_dump(mode="json") for m in messages], sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()
    dated = at is not None or all(m.timestamp is not None for m in messages)
    given = [m.timestamp for m in messages if m.timestamp is not None]
    occurred = at or (max(given) if given else now)
    if key is None:
        key = f"content:{content}:{occurred.isoformat()}" if dated else _retried(engine, scope, content, now)
    identity = str(uuid5(linking.NAMESPACE, f"episode\n{json.dumps(scope.labels)}\n{key}"))
    chained = f"run\n{json.dumps(scope.labels)}" if scope.run_id else f"episode\n{identity}"
    conversation = str(uuid5(linking.NAMESPACE, chained))
    return Episode(
        id=identity,
        scope=scope,
        conversation=conversation,
        occurred_at=occurred,
        recorded_at=now,
        idempotency_key=key,
    )


def _retried(engine: Engine, scope: Scope, content: str, now: datetime) -> str:
    """The key of an undated add: that of the newest episode when this is the same thing at once again."""
    last = engine.ledger.last_episode(None, scope)
    if (
        last is not None
        and last.scope == scope
        and last.idempotency_key.startswith(f"said:{content}:")
        and now - last.recorded_at < RETRY_WINDOW
    ):
        return last.idempotency_key
    return f"said:{content}:{now.isoformat()}"
