"""The ledger on a SQL database: a facade; each concern has its own file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select

from graphmem.ledger.changes import committing, removal, undo, updating
from graphmem.ledger.contracts import OutboxItem, Recorded
from graphmem.ledger.copies import checking
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import Database, upsert
from graphmem.ledger.keeping import Keeping
from graphmem.ledger.memories import episodes, facts, leases
from graphmem.ledger.migrations import MIGRATIONS, migrate
from graphmem.ledger.operating import Operating
from graphmem.ledger.projections import outbox
from graphmem.ledger.projections import vectors as _vectors
from graphmem.ledger.projections.graph import EmbeddedGraph
from graphmem.ledger.projections.graph_items import GraphItems
from graphmem.ledger.projections.outbox import Stores
from graphmem.ledger.reading import Reading
from graphmem.ledger.text.common_words import WordCounts
from graphmem.ledger.working import Working
from graphmem.models.contracts import Reply
from graphmem.stores.contracts import VectorItem, View
from graphmem.values import (
    DeleteReport,
    Episode,
    Memory,
    Message,
    MessageRecord,
    Plan,
    Scope,
    Status,
)


class SqlLedger(Reading):
    """`Ledger` over SQLAlchemy; open one with `SqlLedger.open`. Safe for many threads and many processes."""

    def __init__(self, database: Database, stores: Stores, cache_mb: float) -> None:
        self._database = database
        self._stores = stores
        self._matrices = _vectors.Matrices(cache_mb)
        self._word_counts = WordCounts()
        self._graph = EmbeddedGraph(database)
        self._keeping = Keeping(database, stores, self._matrices.forget)
        self._working = Working(self, database)
        self.operating = Operating(database, stores, self._matrices)
        self.graph_items = GraphItems(database)

    @classmethod
    def open(
        cls,
        url_or_path: str | Path,
        *,
        vector_store: bool = True,
        graph_store: bool = False,
        cache_mb: float = 256,
    ) -> SqlLedger:
        """Open or make a ledger: a path of a SQLite file, or a database URL.

        `vector_store`, `graph_store`: whether an external store follows the outbox; without it nothing is noted.
        `cache_mb`: memory for vector matrices. Raises StoreReadOnly, StoreUnavailable, NewerHome.
        """
        database = Database.at(url_or_path)
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise
        return cls(database, Stores(vectors=vector_store, graph=graph_store), cache_mb)

    def on(self, database: Database) -> SqlLedger:
        """The same ledger by other connections to it."""
        other = copy(self)
        other._database = database
        return other

    @staticmethod
    def schema() -> int:
        """Number of the schema that this version knows."""
        return len(MIGRATIONS)

    # episodes and messages

    def record(
        self, episode: Episode, messages: Sequence[Message], *, searchable: bool = True, queued: bool = False
    ) -> Recorded:
        """Make an episode and its messages durable, chained and searchable. Idempotent; see `Ledger.record`."""
        with self._database.write("record") as connection:
            recorded = episodes.record(connection, episode, messages, searchable=searchable)
            if recorded.created:
                outbox.note_graph(connection, self._stores, "upsert", "message", [m.id for m in recorded.messages])
            if queued and recorded.episode.status in leases.UNFINISHED:
                leases.enqueue(connection, episode.id)
            return recorded

    def last_episode(self, conversation: str | None, scope: Scope) -> Episode | None:
        """The newest episode of a conversation (None: of any), or None."""
        with self._database.read() as connection:
            return episodes.last(connection, conversation, scope)

    def episode(self, episode_id: str) -> tuple[Episode, tuple[MessageRecord, ...]]:
        """An episode with its messages in order. Raises NotFound."""
        with self._database.read() as connection:
            return episodes.get(connection, episode_id), episodes.of_episode(connection, episode_id)

    def episodes(
        self, status: Status | None = None, scope: Scope | None = None, limit: int = 1000
    ) -> tuple[Episode, ...]:
        """Episodes, oldest first."""
        with self._database.read() as connection:
            return episodes.all_of(connection, status, scope, limit)

    def mark(self, episode_id: str, status: Status, reason: str = "", *, retryable: bool = False) -> None:
        """Change the status of an episode. Raises NotFound."""
        with self._database.write("mark") as connection:
            episodes.mark(connection, episode_id, status, reason, retryable=retryable)

    def recent(self, conversation: str, before: str, limit: int = 6) -> tuple[MessageRecord, ...]:
        """The last messages of a conversation before the episode `before`, oldest first."""
        with self._database.read() as connection:
            return episodes.recent(connection, conversation, before, limit)

    def reply(self, episode_id: str, prompt_hash: str) -> Reply | None:
        """A journalled reply of a model, or None."""
        with self._database.read() as connection:
            return episodes.journalled(connection, episode_id, prompt_hash)

    def journal(self, episode_id: str, prompt_hash: str, reply: Reply) -> None:
        """Keep a model's reply before it is used."""
        with self._database.write("journal") as connection:
            episodes.journal(connection, episode_id, prompt_hash, reply)

    # resolutions

    def commit(
        self,
        plan: Plan,
        vectors: Sequence[VectorItem] = (),
        replies: Sequence[tuple[str, Reply]] = (),
        *,
        after: int | None = None,
    ) -> bool:
        """Apply a plan whole, unless its owner was decided about since `after`; see `Ledger.commit`."""
        with self._database.write("commit") as connection:
            if after is not None and facts.latest(connection, plan.scope.owner) != after:
                return facts.is_resolved(connection, plan.resolution_id)
            committing.commit(connection, self._stores, plan, vectors)
            if plan.episode_id is not None:
                for prompt_hash, reply in replies:
                    episodes.journal(connection, plan.episode_id, prompt_hash, reply)
        return True

    def store_vectors(self, vectors: Sequence[VectorItem]) -> None:
        """Write vectors outside a plan."""
        with self._database.write("store_vectors") as connection:
            _vectors.put(connection, self._stores, vectors)

    def undo(self, resolution_id: str, at: datetime, pinned: Mapping[str, str] | None = None) -> Plan:
        """See `Ledger.undo`."""
        with self._database.write("undo") as connection:
            return undo.undo(connection, self._stores, resolution_id, at, pinned)

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
        """Change a memory in place, with history; metadata is merged. Raises NotFound."""
        with self._database.write("update") as connection:
            return updating.change(
                connection,
                self._stores,
                memory_id,
                at,
                text=text,
                metadata=metadata,
                valid_to=valid_to,
                items=vectors,
                plan=plan,
            )

    def delete(self, ids: Sequence[str], at: datetime) -> DeleteReport:
        """Remove memories or messages with all that only they supported. Raises NotFound for an unknown id."""
        with self._database.write("delete") as connection:
            report, gone = removal.delete_items(connection, self._stores, ids, at)
        self._matrices.drop(gone)
        return report

    def delete_all(self, scope: Scope, at: datetime, *, dry_run: bool = False) -> DeleteReport:
        """Remove everything in a scope; it cannot be undone."""
        with self._database.write("delete_all") as connection:
            report = removal.delete_scope(connection, self._stores, scope, at, dry_run=dry_run)
        self._matrices.forget()
        return report

    def reset(self) -> None:
        """Remove everything; the meta table stays."""
        with self._database.write("reset") as connection:
            removal.reset(connection)
        self._matrices.forget()

    @property
    def graph(self) -> EmbeddedGraph:
        """The embedded graph: these same tables."""
        return self._graph

    @property
    def keeping(self) -> Keeping:
        """Whole-ledger reads and writes, for upkeep."""
        return self._keeping

    @property
    def working(self) -> Working:
        """Leases and the queue, for workers."""
        return self._working

    # projection

    def pending(self, store: Literal["vectors", "graph"], limit: int = 1000, after: int = 0) -> tuple[OutboxItem, ...]:
        """Outbox rows of a store beyond a sequence, oldest first."""
        with self._database.read() as connection:
            return outbox.pending(connection, store, limit, after)

    def acknowledge(self, items: Sequence[OutboxItem]) -> None:
        """Drop outbox rows that a store has applied. Empty: a no-op."""
        if items:
            with self._database.write("acknowledge") as connection:
                outbox.acknowledge(connection, items)

    def projected_vectors(self, keys: Sequence[tuple[str, View]] | None = None) -> Iterator[VectorItem]:
        """What the vector store should hold: all of it, or the given keys (unknown ones left out)."""
        with self._database.read() as connection:
            yield from _vectors.items_of(connection, keys)

    # housekeeping

    def snapshot(self) -> AbstractContextManager[object]:
        """One state for all reads of this thread inside the block."""
        return self._database.read()

    def meta(self, name: str) -> str | None:
        """A value of the meta table."""
        with self._database.read() as connection:
            return connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == name))

    def set_meta(self, name: str, value: str) -> None:
        """Write a value of the meta table."""
        with self._database.write("set_meta") as connection:
            upsert(connection, schema.meta, [{"name": name, "value": value}])

    def counts(self) -> Mapping[str, int]:
        """Rows by table."""
        with self._database.read() as connection:
            tables = schema.metadata.sorted_tables
            return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables}

    def check(self) -> tuple[str, ...]:
        """Problems inside the ledger itself; empty when all is well."""
        with self._database.read() as connection:
            return checking.problems(connection)

    def close(self) -> None:
        """Close all connections; a second call is a no-op."""
        self._matrices.forget()
        self._database.close()
