"""`GraphCopy` on Neo4j. See `steps/picture.py` for what is in the graph, `cypher/` for how it is asked.

Every node of graphmem carries the label `Graphmem` and a key that starts with the home it belongs to. Whatever else
lives in the database, other homes included, is never read, changed or removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from graphmem.errors import StoreError
from graphmem.steps import intervals
from graphmem.steps.picture import STRUCTURE
from graphmem.stores.contracts import Ball, CopyState, CypherRow, Edge, GraphBatch
from graphmem.stores.digests import edge_key, graph_digest
from graphmem.stores.fanning import HUB, MOST_HUBS, fanned
from graphmem.stores.neo4j import answers, rows
from graphmem.stores.neo4j.answers import Told
from graphmem.stores.neo4j.asking import ask
from graphmem.stores.neo4j.connection import Address, Connection, Statement
from graphmem.values import SCOPE_LABELS, Node, Relation, Scope, When

PREPARATION = ("prepare_key", "prepare_home", "prepare_superseded_by", *(f"prepare_{label}" for label in SCOPE_LABELS))
PAGE = 2_000
SPARE = 4
"""Facts read for each relation asked for, at first: several may support one."""
BOUNDED = 10_000
"""Facts about some entities that are read, at least, before relations are put together from the newest of them."""
BREADTH = 2_000
"""Relations read in one round of a walk between entities."""
OWN = ("key", "home", "id")


class Neo4jGraph:
    """`GraphCopy` of one home; nothing is sent before it is used."""

    def __init__(self, address: Address, home: str) -> None:
        self.connection = Connection(address)
        self.home = rows.Home(home)
        self._prepared = False
        self._apart = False

    # writing

    def state(self) -> CopyState:
        """See `GraphCopy.state`; makes constraints and indexes that are not there."""
        if not self._prepared:
            self.connection.check()
            there = set(self.connection.read("prepared", {})[0][0])
            for name in PREPARATION:
                if name.replace("prepare", "graphmem") not in there:
                    self.connection.command(name)
            self._apart = len(self.connection.rolled_back("probe_types")[0][0]) == 1
            self._prepared = True
        return self._changed("state")

    def write(
        self, batch: GraphBatch, revision: int, current_at: datetime | None = None, *, fresh: bool = False
    ) -> CopyState | None:
        """See `GraphCopy.write`: one round trip, two when something is removed."""
        statements = []
        if batch.removed:
            statements.append(Statement("remove", {"batch": {"removed": self.home.keys(batch.removed)}}))
        for count, lists in enumerate(rows.written(batch, fresh=fresh, apart=self._apart)):
            own = {
                "home": self.home.id,
                "prefix": self.home.prefix,
                "revision": revision + count,
                "current_at": None if current_at is None else current_at.isoformat(),
            }
            statements.append(Statement("write", {"batch": own | lists}))
        found = self.connection.write(statements)
        return answers.state(found[0]) if found else None

    def filled(self, current_at: datetime) -> CopyState:
        """See `GraphCopy.filled`."""
        return self._changed("filled", current_at=current_at)

    def erase(self) -> CopyState:
        """See `GraphCopy.erase`."""
        state = self._changed("unfill")
        parameters = {"home": self.home.prefix, "most": PAGE}
        while self.connection.write([Statement("erase", parameters)])[0][0]:
            pass
        return state

    def _changed(self, name: str, **parameters: Any) -> CopyState:
        found = self.connection.write([Statement(name, {"home": self.home.id, **parameters})])
        if not found:
            raise StoreError(
                f"Neo4j at {self.connection.address.url} has forgotten this home.", advice="Run: graphmem rebuild graph"
            )
        return answers.state(found[0])

    def held(self) -> Mapping[tuple[str, str], str]:
        """See `GraphCopy.held`; everything is read back."""
        found: dict[tuple[str, str], str] = {}
        for page in self._pages():
            views = {}
            for key, labels, properties in page:
                own = [label for label in labels if label != "Graphmem"]
                said = answers.properties(properties, without=OWN)
                views[properties["id"]] = view = _view(own)
                found[view, key.removeprefix(self.home.prefix)] = graph_digest(own, said)
            edges = self.connection.read("held_edges", {"keys": [row[0] for row in page]})
            found |= dict(_edges(edges, views))
        return found

    def _pages(self) -> Iterator[list[list[Any]]]:
        after = ""
        while True:
            parameters = {"home": self.home.prefix, "after": after, "most": PAGE}
            page = self.connection.read("held_nodes", parameters)
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1][0]

    # reading

    def edges(self, nodes: Sequence[Node], scope: Scope, when: When, fan: int = 64) -> Sequence[Edge]:
        """See `GraphStore.edges`."""
        asked: dict[str, list[str]] = {"fact": [], "message": [], "entity": []}
        for node in nodes:
            asked[node.kind] += self.home.keys([node.id])
        parameters = {
            **answers.arguments(scope, when),
            "facts": asked["fact"],
            "messages": asked["message"],
            "entities": asked["entity"],
            "hub": HUB,
            "most_hubs": MOST_HUBS,
            "newest": fan * SPARE,
        }
        return fanned(self.connection.read("edges", {"ask": parameters}), fan)

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
        parameters: dict[str, Any] = {**answers.arguments(scope, when), "types": None if types is None else list(types)}
        name, most = "relations_in_scope", limit * SPARE
        if entity_ids is None:
            parameters |= {"by": next(iter(scope.labels)), "home": self.home.id}
        else:
            name, most = "relations", max(most, BOUNDED)
            parameters["keys"] = self.home.keys(sorted(set(entity_ids)))
        while True:
            told = Told(self._rows(name, {**parameters, "most": most}))
            found = told.relations(told.supports, limit)
            if len(told.supports) < most or len(found) == limit:
                return found
            most *= SPARE

    def neighbourhood(
        self,
        balls: Sequence[Ball],
        scope: Scope,
        when: When,
        *,
        types: Sequence[str] | None = None,
        limit: int = 500,
    ) -> Sequence[Sequence[Relation]]:
        """See `GraphStore.neighbourhood`: one statement, whose rows are then walked as the ledger's graph is."""
        parameters = {
            **answers.arguments(scope, when),
            "balls": [{"keys": self.home.keys(ball.entity_ids), "depth": ball.depth} for ball in balls],
            "types": None if types is None else list(types),
            "limit": limit,
        }
        found: list[Sequence[Relation]] = [() for _ in balls]
        read = sorted(self._rows("neighbourhood", parameters), key=lambda row: row[0])
        for index, some in groupby(read, key=lambda row: row[0]):
            walk = _Walk(Told(row[1:] for row in some))
            found[index] = intervals.around(walk.touching, balls[index].entity_ids, balls[index].depth, limit)
        return found

    def _rows(self, name: str, parameters: Mapping[str, Any]) -> list[list[Any]]:
        """The rows of a statement that returns them as one list."""
        rows: list[list[Any]] = self.connection.read(name, {"ask": parameters})[0][0]
        return rows

    def cypher(
        self, query: str, parameters: Mapping[str, object], *, limit: int, timeout: float
    ) -> tuple[CypherRow, ...]:
        """See `GraphCopy.cypher`."""
        return ask(self.connection, query, {"home": self.home.id, **parameters}, limit=limit, timeout=timeout)

    def close(self) -> None:
        """See `GraphStore.close`."""
        self.connection.close()


class _Walk:
    """Supports by the entities that they touch."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._at: dict[str, list[intervals.Support]] = {}
        for support in told.supports:
            for end in {support.source_id, support.target_id}:
                self._at.setdefault(end, []).append(support)

    def touching(self, entity_ids: Sequence[str]) -> Sequence[Relation]:
        """The newest relations of some entities."""
        touching = {support: None for end in entity_ids for support in self._at.get(end, ())}
        return self._told.relations(list(touching), BREADTH)


def _view(labels: Sequence[str]) -> str:
    for label in ("Memory", "Message", "Episode"):
        if label in labels:
            return label.lower()
    return "entity"


def _edges(found: Sequence[Sequence[Any]], views: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Edges that graphmem wrote; those that people drew by hand are their own business."""
    for source, kind, target, raw in found:
        said = answers.properties(raw)
        if views.get(source) in {"memory", "message"} and kind in STRUCTURE:
            yield edge_key(source, kind, target, said), graph_digest((), said)
        elif "relation_id" in said:
            yield ("relation", str(said.get("id"))), graph_digest((kind, source, target), said)
