"""The reading half of the ledger on a SQL database: every method is one statement or a few, in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from graphmem.ledger.contracts import Known, LexicalView
from graphmem.ledger.database.engine import Database
from graphmem.ledger.memories import entities, episodes, facts, outlines, reads
from graphmem.ledger.memories import relations as ties
from graphmem.ledger.projections import vectors as _vectors
from graphmem.ledger.text import lexical
from graphmem.ledger.text.common_words import WordCounts
from graphmem.steps.filters import Condition
from graphmem.steps.signals import FactOutline, MessageOutline
from graphmem.stores.contracts import Near, View
from graphmem.values import (
    Entity,
    Evidence,
    HistoryEntry,
    Memory,
    MessageRecord,
    Page,
    Plan,
    Relation,
    Scope,
    Source,
    When,
)


class Reading:
    """What `SqlLedger` answers; see `Ledger`."""

    _database: Database
    _matrices: _vectors.Matrices
    _word_counts: WordCounts

    def messages(self, ids: Sequence[str]) -> Mapping[str, MessageRecord]:
        """Messages by id; unknown and withdrawn ones are left out."""
        with self._database.read() as connection:
            return episodes.by_id(connection, ids)

    def message_outlines(self, ids: Sequence[str]) -> Mapping[str, MessageOutline]:
        """What a ranking looks at in messages, by id; unknown and withdrawn ones are left out."""
        with self._database.read() as connection:
            return outlines.of_messages(connection, ids)

    def memories(self, ids: Sequence[str]) -> Mapping[str, Memory]:
        """Memories by id; unknown ones are left out."""
        with self._database.read() as connection:
            return reads.by_id(connection, ids)

    def fact_outlines(self, ids: Sequence[str]) -> Mapping[str, FactOutline]:
        """What a ranking looks at in memories, by id; unknown ones are left out."""
        with self._database.read() as connection:
            return outlines.of_facts(connection, ids)

    def sources(self, memory_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Ids of the messages that each memory rests on."""
        with self._database.read() as connection:
            return outlines.sources(connection, memory_ids)

    def known(self, ids: Sequence[str]) -> Mapping[str, Known]:
        """Memories with relations and names, for resolution."""
        with self._database.read() as connection:
            return reads.known(connection, ids)

    def about(self, owner: str, entity_ids: Sequence[str], limit: int = 200) -> tuple[str, ...]:
        """Ids of live memories about the entities, newest first."""
        with self._database.read() as connection:
            return reads.about(connection, owner, entity_ids, limit)

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
        with self._database.read() as connection:
            return reads.page(connection, scope, when, condition, cursor, limit)

    def select(self, scope: Scope, when: When, condition: Condition | None, source: Source) -> set[str]:
        """Ids of all facts (or messages) that a filtered search may return."""
        with self._database.read() as connection:
            return reads.selected(connection, scope, when, condition, source)

    def visible(self, ids: Sequence[str], scope: Scope, when: When, source: Source) -> set[str]:
        """Those of `ids` that a search may return."""
        with self._database.read() as connection:
            return reads.visible(connection, ids, scope, when, source)

    def evidence(self, memory_ids: Sequence[str]) -> Mapping[str, tuple[Evidence, ...]]:
        """Evidence by memory id."""
        with self._database.read() as connection:
            return reads.evidence_for(connection, memory_ids)

    def derived(self, message_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Ids of the memories that rest on each message."""
        with self._database.read() as connection:
            return reads.derived(connection, message_ids)

    def history(self, memory_id: str) -> tuple[HistoryEntry, ...]:
        """Changes of one memory, oldest first. Empty for an unknown id."""
        with self._database.read() as connection:
            return reads.history_of_memory(connection, memory_id)

    def latest(self, owner: str) -> int:
        """The place of the last resolution about an owner; 0 when there is none."""
        with self._database.read() as connection:
            return facts.latest(connection, owner)

    def episode_result(self, episode_id: str) -> Plan | None:
        """The plan that the episode led to, or None."""
        with self._database.read() as connection:
            return reads.plan_of_episode(connection, episode_id)

    def relations_by_memory(self, memory_ids: Sequence[str], scope: Scope, when: When) -> tuple[Relation, ...]:
        """Relations that some memories support, newest first."""
        with self._database.read() as connection:
            return ties.of_memories(connection, memory_ids, scope, when)

    def entities(self, owner: str, keys: Sequence[str]) -> Mapping[str, tuple[Entity, ...]]:
        """Entities by normalised name or alias; several when there are homonyms."""
        with self._database.read() as connection:
            return entities.by_key(connection, owner, keys)

    def entities_by_id(self, ids: Sequence[str]) -> Mapping[str, Entity]:
        """Entities by id; unknown ones are left out."""
        with self._database.read() as connection:
            return entities.by_id(connection, ids)

    def find_entities(self, scope: Scope, text: str = "", *, limit: int = 50) -> tuple[Entity, ...]:
        """Entities that the items of the scope name, best match of `text` first; weak ones left out."""
        with self._database.read() as connection:
            return entities.find(connection, scope, text, limit)

    def entity_names(self, scope: Scope) -> tuple[str, ...]:
        """Names and aliases in a scope, for suggestions."""
        with self._database.read() as connection:
            return entities.names(connection, scope)

    def mention_counts(self, entity_ids: Sequence[str]) -> Mapping[str, int]:
        """How many memories and messages name each entity."""
        with self._database.read() as connection:
            return entities.degrees(connection, entity_ids)

    # ranking

    def lexical(
        self, view: LexicalView, query: str, scope: Scope, k: int = 100, allowed: set[str] | None = None
    ) -> tuple[Near, ...]:
        """The k best by BM25, best first, scores > 0."""
        with self._database.read() as connection:
            return lexical.search(connection, self._word_counts, view, query, scope, k, allowed)

    def nearest(
        self,
        view: View,
        vector: npt.NDArray[np.float32],
        scope: Scope,
        k: int = 100,
        allowed: set[str] | None = None,
    ) -> tuple[Near, ...]:
        """The k nearest of a scope by exact cosine."""
        with self._database.read() as connection:
            return self._matrices.nearest(connection, view, vector, scope, k, allowed)

    def vector_count(self, view: View, scope: Scope) -> int:
        """How many vectors of a view a scope has; from memory once the scope was searched."""
        with self._database.read() as connection:
            return self._matrices.count(connection, view, scope)

    def vectors(self, keys: Iterable[tuple[str, View]]) -> Mapping[tuple[str, View], npt.NDArray[np.float32]]:
        """Vectors by key; unknown ones are left out."""
        with self._database.read() as connection:
            return _vectors.get(connection, keys)
