"""What the engine asks of a store. Both kinds are projections of the ledger: safe to lose, rebuilt without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from graphmem.values import Entity, Node, Relation, Scope, When

View = Literal["fact", "turn", "window", "entity"]
"""What a vector stands for: a fact; a message alone; a message with its neighbours; an entity's name."""


class VectorItem(NamedTuple):
    """One vector to store."""

    item_id: str
    view: View
    scope: Scope
    vector: npt.NDArray[np.float32]
    """Shape (dimensions,), length 1."""


class Near(NamedTuple):
    """An item found by a ranking; higher is better."""

    item_id: str
    score: float


class VectorStore(Protocol):
    """Nearest neighbours by cosine."""

    def upsert(self, items: Sequence[VectorItem]) -> None:
        """Write items by (item_id, view), replacing those that exist. Empty: a no-op."""
        ...

    def remove(self, keys: Sequence[tuple[str, View]]) -> None:
        """Remove items. Unknown keys: a no-op."""
        ...

    def nearest(self, vector: npt.NDArray[np.float32], view: View, k: int) -> Sequence[Near]:
        """The k nearest of one view over all scopes, best first, cosine in [-1, 1]; approximate."""
        ...

    def ids(self) -> Mapping[tuple[str, View], str]:
        """Key -> content digest (hash of the vector, 16 hex digits) of everything stored."""
        ...

    def erase(self) -> None:
        """Remove everything this store holds for graphmem, and nothing else."""
        ...

    def close(self) -> None:
        """Free the store; a second call is a no-op."""
        ...


EdgeKind = Literal["next", "mentions", "derived_from", "relates", "same_as"]


class Edge(NamedTuple):
    """An edge seen from `source`; weights are set by the walk, `strength` is the store's own (confidence, cosine)."""

    source: Node
    target: Node
    kind: EdgeKind
    strength: float
    degree: int
    """Number of items that name the entity end of a `mentions` edge; 0 for other kinds."""
    weak: bool = False
    """The entity end of a `mentions` edge is a mere word of a text, no name that an extractor or a caller gave."""


class GraphWrite(NamedTuple):
    """A batch for a graph store; each tuple is idempotent on its ids."""

    entities: Sequence[Entity] = ()
    relations: Sequence[Relation] = ()
    mentions: Sequence[tuple[str, str]] = ()


class GraphStore(Protocol):
    """Entities, the relations between them, and the facts and messages that name them."""

    def write(self, batch: GraphWrite) -> None:
        """Upsert a batch by ids. Empty: a no-op."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Remove entities, relations or memories by id. Unknown ids: a no-op."""
        ...

    def edges(self, nodes: Sequence[Node], scope: Scope, when: When, fan: int = 64) -> Sequence[Edge]:
        """Edges of all `nodes` in one fetch, at most `fan` a node and kind, visible in `scope` at `when`.

        Unknown nodes are skipped, not an error. An entity that more than 64 items name is not expanded to them, and
        edges to it, or to one that a single item names, are left out: they lead nowhere.
        """
        ...

    def relations(
        self,
        scope: Scope,
        when: When,
        *,
        entity_ids: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> Sequence[Relation]:
        """Relations visible in `scope` at `when`, touching one of `entity_ids` (None: any), newest first.

        One value a relation and interval of validity, with evidence.
        """
        ...

    def erase(self) -> None:
        """Remove everything this store holds for graphmem, and nothing else."""
        ...

    def close(self) -> None:
        """Free the store; a second call is a no-op."""
        ...
