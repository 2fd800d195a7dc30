"""The ledger: the truth. Vectors and graph are projections of what it says.

Every method is one short transaction; none calls a model or the network. Reads see every committed write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from graphmem.models.contracts import Reply
from graphmem.steps.filters import Condition
from graphmem.steps.signals import FactOutline, MessageOutline
from graphmem.stores.contracts import GraphStore, Near, VectorItem, View
from graphmem.values import (
    DeleteReport,
    Entity,
    Episode,
    Evidence,
    HistoryEntry,
    Memory,
    Message,
    MessageRecord,
    Page,
    Plan,
    Relation,
    Scope,
    Source,
    Status,
    Triple,
    When,
)

if TYPE_CHECKING:
    from graphmem.ledger.keeping import Keeping
    from graphmem.ledger.operating import Operating
    from graphmem.ledger.projections.graph_items import GraphItems
    from graphmem.ledger.working import Working

LexicalView = Literal["fact", "turn", "window2", "window3"]
"""turn: the message alone; window2: previous + it; window3: previous + it + next (see `steps/views.py`)."""


class Recorded(NamedTuple):
    """What `record` wrote."""

    episode: Episode
    messages: tuple[MessageRecord, ...]
    neighbours: tuple[MessageRecord, ...]
    """Earlier messages whose window view changed, because a new message follows them."""
    created: bool
    """False: the same episode was there already; nothing was written."""


class OutboxItem(NamedTuple):
    """One projection write that a store has not acknowledged yet."""

    sequence: int
    store: Literal["vectors", "graph"]
    operation: Literal["upsert", "remove"]
    item_id: str
    view: View | Literal["entity", "relation", "memory", "message"]


class ProjectionState(NamedTuple):
    """What a projection should hold for one item."""

    items: tuple[VectorItem, ...]
    missing: tuple[tuple[str, View], ...]
    """Asked for, and not in the ledger (removed meanwhile)."""


class Known(NamedTuple):
    """A memory with its relations and entity names, for resolution."""

    memory: Memory
    triples: tuple[Triple, ...]
    names: Mapping[str, str]


class Ledger(Protocol):
    """All that was ever accepted, decided and undone."""

    # episodes and messages
    def record(
        self, episode: Episode, messages: Sequence[Message], *, searchable: bool = True, queued: bool = False
    ) -> Recorded:
        """Make an episode and its messages durable, chained and full-text searchable.

        Idempotent on `episode.id`: an episode that is there with the same content comes back with created=False,
        with other content it is a ConflictError. With `searchable=False` the messages are kept as evidence only, as if
        they had been withdrawn. With `queued=True` the episode waits for a worker.
        """
        ...

    def last_episode(self, conversation: str | None, scope: Scope) -> Episode | None:
        """The newest episode of a conversation (None: of the scope), or None."""
        ...

    def episode(self, episode_id: str) -> tuple[Episode, tuple[MessageRecord, ...]]:
        """An episode with its messages in order. Raises NotFound."""
        ...

    def episodes(
        self, status: Status | None = None, scope: Scope | None = None, limit: int = 1000
    ) -> tuple[Episode, ...]:
        """Episodes, oldest first."""
        ...

    def mark(self, episode_id: str, status: Status, reason: str = "", *, retryable: bool = False) -> None:
        """Change the status of an episode. Raises NotFound."""
        ...

    def recent(self, conversation: str, before: str, limit: int = 6) -> tuple[MessageRecord, ...]:
        """The last messages of a conversation before the episode `before`, oldest first."""
        ...

    def messages(self, ids: Sequence[str]) -> Mapping[str, MessageRecord]:
        """Messages by id; unknown and withdrawn ones are left out."""
        ...

    def message_outlines(self, ids: Sequence[str]) -> Mapping[str, MessageOutline]:
        """What a ranking looks at in messages, by id; unknown and withdrawn ones are left out."""
        ...

    def reply(self, episode_id: str, prompt_hash: str) -> Reply | None:
        """A journalled reply of a model, or None."""
        ...

    def journal(self, episode_id: str, prompt_hash: str, reply: Reply) -> None:
        """Keep a model's reply before it is used, so that a crash never pays twice."""
        ...

    # resolutions
    def commit(
        self,
        plan: Plan,
        vectors: Sequence[VectorItem] = (),
        replies: Sequence[tuple[str, Reply]] = (),
        *,
        after: int | None = None,
    ) -> bool:
        """Apply a plan whole: memories, relations, history, outbox, vectors, episode status. Idempotent on its id.

        False, and nothing is written, when its owner was decided about since the resolution at `after` (see `latest`):
        the plan rests on what is no longer so, and must be made anew.

        `replies` are a model's that the plan rests on and the journal has not yet: (hash of the prompt, reply).

        An episode ends as `done`, or as `empty` when the plan changes nothing.
        """
        ...

    def store_vectors(self, vectors: Sequence[VectorItem]) -> None:
        """Write vectors outside a plan (messages of a failed episode, a new embedding)."""
        ...

    def undo(self, resolution_id: str, at: datetime, pinned: Mapping[str, str] | None = None) -> Plan:
        """Put back what a resolution changed; returns the plan undone. Raises NotFound, ConflictError (undone before,
        a later resolution builds on it, or what comes back would hold beside a newer value).

        `pinned`: relation type -> "one" or "many" values at a time, where it is not as shipped.
        """
        ...

    def update(
        self,
        memory_id: str,
        at: datetime,
        *,
        text: str | None,
        metadata: Mapping[str, object] | None,
        valid_to: datetime | None = None,
        vectors: Sequence[VectorItem] = (),
        plan: Plan | None = None,
    ) -> Memory:
        """Change a memory in place, with history. Metadata is merged. A new text drops the old relations and mentions
        and takes those of `plan`, when given. Raises NotFound.
        """
        ...

    def delete(self, ids: Sequence[str], at: datetime) -> DeleteReport:
        """Remove memories or messages with all that only they supported. A memory's source messages are withdrawn
        from search unless another memory rests on them. History keeps what was; `undo` brings it back.
        """
        ...

    def delete_all(self, scope: Scope, at: datetime, *, dry_run: bool = False) -> DeleteReport:
        """Remove everything in a scope, episodes and messages included; history keeps one DELETE a memory."""
        ...

    def reset(self) -> None:
        """Remove everything."""
        ...

    # reads
    def memories(self, ids: Sequence[str]) -> Mapping[str, Memory]:
        """Memories by id; unknown ones are left out."""
        ...

    def fact_outlines(self, ids: Sequence[str]) -> Mapping[str, FactOutline]:
        """What a ranking looks at in memories, by id; unknown ones are left out."""
        ...

    def sources(self, memory_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Ids of the messages that each memory rests on; memories without evidence are left out."""
        ...

    def known(self, ids: Sequence[str]) -> Mapping[str, Known]:
        """Memories with relations and names, for resolution."""
        ...

    def about(self, owner: str, entity_ids: Sequence[str], limit: int = 200) -> tuple[str, ...]:
        """Ids of live memories whose subject or relation ends are among the entities, newest first."""
        ...

    def list(
        self,
        scope: Scope,
        when: When,
        condition: Condition | None = None,
        *,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page:
        """Memories of a scope, newest first; paging is stable under inserts."""
        ...

    def select(self, scope: Scope, when: When, condition: Condition | None, source: Source) -> set[str]:
        """Ids of all facts (or messages) that a filtered search may return."""
        ...

    def visible(self, ids: Sequence[str], scope: Scope, when: When, source: Source) -> set[str]:
        """Those of `ids` that a search may return."""
        ...

    def evidence(self, memory_ids: Sequence[str]) -> Mapping[str, tuple[Evidence, ...]]:
        """Evidence by memory id."""
        ...

    def relations_by_memory(self, memory_ids: Sequence[str], scope: Scope, when: When) -> tuple[Relation, ...]:
        """Relations visible in `scope` at `when` that some of the memories support, newest first."""
        ...

    def derived(self, message_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Ids of the memories that rest on each message."""
        ...

    def history(self, memory_id: str) -> tuple[HistoryEntry, ...]:
        """Changes of one memory, oldest first. Empty for an unknown id."""
        ...

    def latest(self, owner: str) -> int:
        """The place of the last resolution about an owner, growing with each; 0 when there is none."""
        ...

    def episode_result(self, episode_id: str) -> Plan | None:
        """The plan that the episode led to, or None."""
        ...

    # entities
    def entities(self, owner: str, keys: Sequence[str]) -> Mapping[str, tuple[Entity, ...]]:
        """Entities by normalised name or alias (see `steps.linking.key`); several when there are homonyms."""
        ...

    def entities_by_id(self, ids: Sequence[str]) -> Mapping[str, Entity]:
        """Entities by id; unknown ones are left out."""
        ...

    def find_entities(self, scope: Scope, text: str = "", *, limit: int = 50) -> tuple[Entity, ...]:
        """Entities that items of the scope name, best match of `text` in name or alias first; weak ones left out."""
        ...

    def entity_names(self, scope: Scope) -> tuple[str, ...]:
        """Names and aliases in a scope, for suggestions."""
        ...

    def mention_counts(self, entity_ids: Sequence[str]) -> Mapping[str, int]:
        """How many memories and messages name each entity (its degree)."""
        ...

    # ranking
    def lexical(
        self, view: LexicalView, query: str, scope: Scope, k: int = 100, allowed: set[str] | None = None
    ) -> tuple[Near, ...]:
        """The k best by BM25 (porter stems, stop words dropped, words joined by OR), best first, scores > 0.

        `allowed` limits the answer to these ids before the k are taken.
        """
        ...

    def nearest(
        self, view: View, vector: npt.NDArray[np.float32], scope: Scope, k: int = 100, allowed: set[str] | None = None
    ) -> tuple[Near, ...]:
        """The k nearest of a scope by exact cosine, from a cache of owner matrices that follows every commit."""
        ...

    def vector_count(self, view: View, scope: Scope) -> int:
        """How many vectors of a view a scope has; cheap (cached)."""
        ...

    def vectors(self, keys: Iterable[tuple[str, View]]) -> Mapping[tuple[str, View], npt.NDArray[np.float32]]:
        """Vectors by key; unknown ones are left out."""
        ...

    @property
    def graph(self) -> GraphStore:
        """The embedded graph: these same tables."""
        ...

    @property
    def graph_items(self) -> GraphItems:
        """What a copy of the graph should hold."""
        ...

    @property
    def operating(self) -> Operating:
        """Reviews, merges, expiry and erasure."""
        ...

    @property
    def keeping(self) -> Keeping:
        """Whole-ledger reads and writes, for upkeep: state, export, backup, re-embedding, queue."""
        ...

    @property
    def working(self) -> Working:
        """Leases and the queue, for workers."""
        ...

    # projection
    def pending(self, store: Literal["vectors", "graph"], limit: int = 1000, after: int = 0) -> tuple[OutboxItem, ...]:
        """Outbox rows of a store beyond the sequence `after`, oldest first."""
        ...

    def acknowledge(self, items: Sequence[OutboxItem]) -> None:
        """Drop outbox rows that a store has applied."""
        ...

    def projected_vectors(self, keys: Sequence[tuple[str, View]] | None = None) -> Iterable[VectorItem]:
        """What the vector store should hold: all of it, or the given keys (unknown ones left out)."""
        ...

    # housekeeping
    def snapshot(self) -> AbstractContextManager[object]:
        """All reads of this thread inside the block see one state, and cost less than one by one. Write outside it."""
        ...

    def meta(self, name: str) -> str | None:
        """A value of the meta table (schema version, embedding fingerprint)."""
        ...

    def set_meta(self, name: str, value: str) -> None:
        """Write a value of the meta table."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Rows by table, for `status`."""
        ...

    def check(self) -> tuple[str, ...]:
        """Problems inside the ledger itself (orphans, missing full-text rows, SQLite's own integrity check)."""
        ...

    def close(self) -> None:
        """Close all connections; a second call is a no-op."""
        ...
