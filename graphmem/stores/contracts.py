"""What the engine asks of a store. Both kinds are projections of the ledger: safe to lose, rebuilt without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from graphmem.errors import StoreError
from graphmem.values import Node, Relation, Scope, When

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


class CutOff(StoreError):
    """What wrote the store was killed, or failed, in the middle: it must be opened anew, and filled."""


class OpenVectors(Protocol):
    """Opens a vector store."""

    def __call__(self, *, anew: bool = False) -> VectorStore:
        """Open it; `anew`: with nothing in it, whatever was there.

        Raises StoreUnavailable when it cannot be had now, CutOff, another StoreError when what is there cannot be read.
        """
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


Properties = Mapping[str, Any]
"""Of a node or an edge: text, numbers, booleans, aware datetimes, and lists of texts or numbers."""

CypherRow = dict[str, object]
"""Column -> plain value: nodes and edges are dicts, paths lists, times aware and in UTC."""

NodeView = Literal["entity", "memory", "message", "episode"]


class GraphNode(NamedTuple):
    """A node as a person reads it; see `steps/picture.py`."""

    id: str
    view: NodeView
    labels: tuple[str, ...]
    properties: Properties


class GraphEdge(NamedTuple):
    """An edge that hangs on a memory or a message."""

    source: str
    type: str
    target: str
    properties: Properties


class Tie(NamedTuple):
    """A relation as edges between its two entities, one an interval that holds now; none when none does."""

    relation_id: str
    source: str
    type: str
    """As an edge is called: `WORKS_AT`."""
    target: str
    intervals: tuple[Properties, ...]
    """Each with `id`, `fact`, `valid_from`, `valid_to`, `memory_ids` and more."""


class GraphBatch(NamedTuple):
    """What a graph store should hold for some items. Nodes own the edges that start at a memory or a message: those
    that the batch does not name are to go.
    """

    nodes: Sequence[GraphNode] = ()
    edges: Sequence[GraphEdge] = ()
    ties: Sequence[Tie] = ()
    removed: Sequence[str] = ()
    """Ids of nodes that are no more. Unknown ids: a no-op."""


class CopyState(NamedTuple):
    """What a graph store knows of itself."""

    revision: int
    """Grows by one with every batch: a writer says which one it builds on, so that none writes an old state."""
    filled: bool
    """Whether everything was written once; False for a store that is new, erased or half rebuilt."""
    current_at: datetime | None = None
    """The moment for which "current" was decided."""


class GraphStore(Protocol):
    """Entities, the relations between them, and the facts and messages that name them."""

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

    def neighbourhood(
        self,
        balls: Sequence[Ball],
        scope: Scope,
        when: When,
        *,
        types: Sequence[str] | None = None,
        limit: int = 500,
    ) -> Sequence[Sequence[Relation]]:
        """Relations within some hops of some entities, nearest first and then newest first; one answer a ball.

        A ball that holds `limit` relations grows no further. Unknown ids are skipped.
        """
        ...

    def close(self) -> None:
        """Free the store; a second call is a no-op."""
        ...


class Ball(NamedTuple):
    """What lies within `depth` hops (at most 6) of any of the entities."""

    entity_ids: Sequence[str]
    depth: int


class GraphCopy(GraphStore, Protocol):
    """A graph store that is a copy of the ledger: written from its outbox, safe to lose."""

    def state(self) -> CopyState:
        """What the store knows of itself; made ready for its first use if need be."""
        ...

    def write(
        self, batch: GraphBatch, revision: int, current_at: datetime | None = None, *, fresh: bool = False
    ) -> CopyState | None:
        """Apply a batch whole, or nothing: None when another writer came between `revision` and now.

        Writing a batch twice is the same as writing it once. `current_at` is kept, when given. `fresh`: the store was
        erased and none of these nodes is there.
        """
        ...

    def cypher(
        self, query: str, parameters: Mapping[str, object], *, limit: int, timeout: float
    ) -> tuple[CypherRow, ...]:
        """Rows of a query that only reads, at most `limit`, within `timeout` seconds. `$home` is added.

        Raises InputError for one that writes, is not understood or takes too long.
        """
        ...

    def held(self) -> Mapping[tuple[str, str], str]:
        """(kind, id) -> content digest of every node and edge of this home; see `digests.graph_digests`."""
        ...

    def erase(self) -> CopyState:
        """Remove everything this store holds for this home, and nothing else; it is not `filled` after that."""
        ...

    def filled(self, current_at: datetime) -> CopyState:
        """Say that everything was written."""
        ...
