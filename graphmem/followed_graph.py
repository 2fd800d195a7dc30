"""Questions to a graph that is kept twice: the copy answers while it is in step, the ledger's own graph otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from graphmem.errors import StoreError
from graphmem.graph_projection import GraphProjection
from graphmem.stores.contracts import Ball, Edge, GraphStore
from graphmem.values import Node, Relation, Scope, When

T = TypeVar("T")


class FollowedGraph:
    """A `GraphStore` that asks the copy while it is in step, else the ledger's own graph. Answers are the same."""

    def __init__(self, copy: GraphProjection, own: GraphStore) -> None:
        self._copy = copy
        self._own = own

    def _ask(self, question: Callable[[GraphStore], T]) -> T:
        copy = self._copy.current()
        if copy is not None:
            try:
                return question(copy)
            except StoreError as exc:
                self._copy.failed(exc)
        return question(self._own)

    def edges(self, nodes: Sequence[Node], scope: Scope, when: When, fan: int = 64) -> Sequence[Edge]:
        """See `GraphStore.edges`."""
        return self._ask(lambda graph: graph.edges(nodes, scope, when, fan))

    def relations(
        self,
        scope: Scope,
        when: When,
        *,
        entity_ids: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> Sequence[Relation]:
        """See `GraphStore.relations`."""
        return self._ask(lambda graph: graph.relations(scope, when, entity_ids=entity_ids, types=types, limit=limit))

    def neighbourhood(
        self,
        balls: Sequence[Ball],
        scope: Scope,
        when: When,
        *,
        types: Sequence[str] | None = None,
        limit: int = 500,
    ) -> Sequence[Sequence[Relation]]:
        """See `GraphStore.neighbourhood`."""
        return self._ask(lambda graph: graph.neighbourhood(balls, scope, when, types=types, limit=limit))

    def close(self) -> None:
        """Nothing: the projection closes its store, the ledger its own graph."""
