"""A batch as the parameters of the statement that writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from graphmem.stores.contracts import GraphBatch, GraphEdge, GraphNode, Properties, Tie

Row = dict[str, Any]
LISTS = ("nodes", "owners", "plain", "keyed", "relations", "ties")
TYPED = ("plain", "keyed", "ties")
"""The lists whose rows make edges of a type of their own."""


class Home(NamedTuple):
    """Whose nodes they are."""

    id: str

    def key(self, item_id: str) -> str:
        """The key of a node."""
        return f"{self.id}/{item_id}"

    def keys(self, item_ids: Sequence[str]) -> list[str]:
        """The keys of nodes."""
        return [f"{self.id}/{item_id}" for item_id in item_ids]


def written(home: Home, batch: GraphBatch, *, apart: bool) -> Iterator[dict[str, list[Row]]]:
    """The lists of one statement; `apart`: of one statement for each type of edges.

    Neo4j 5.26.0 gives all rows of a list the type of the first one.
    """
    edges = [_edge(home, edge) for edge in batch.edges]
    whole: dict[str, list[Row]] = {
        "nodes": [_node(home, node) for node in batch.nodes],
        "owners": _owners(home, batch),
        "plain": [row for row in edges if "relation_id" not in row],
        "keyed": [row for row in edges if "relation_id" in row],
        "relations": [_relation(home, tie) for tie in batch.ties],
        "ties": [_tied(home, tie, interval) for tie in batch.ties for interval in tie.intervals],
    }
    types = list(dict.fromkeys(row["type"] for row in chain.from_iterable(whole[name] for name in TYPED)))
    if not apart or len(types) < 2:
        yield whole
        return
    for place, kind in enumerate(types):
        typed = {name: [row for row in whole[name] if row["type"] == kind] for name in TYPED}
        yield {**(whole if place == 0 else {name: [] for name in LISTS}), **typed}


def _node(home: Home, node: GraphNode) -> Row:
    own = {"key": home.key(node.id), "home": home.id, "id": node.id}
    return {"key": own["key"], "labels": list(node.labels), "properties": {**node.properties, **own}}


def _owners(home: Home, batch: GraphBatch) -> list[Row]:
    """Every fact and message of the batch with all that starts at it: other edges of it are to go."""
    kept: dict[str, list[str]] = {node.id: [] for node in batch.nodes if node.view in {"memory", "message"}}
    for edge in batch.edges:
        if edge.source in kept:
            by = f"{edge.properties['relation_id']} " if "relation_id" in edge.properties else ""
            kept[edge.source].append(f"{edge.type} {by}{edge.target}")
    return [{"key": home.key(item_id), "edges": edges} for item_id, edges in kept.items()]


def _edge(home: Home, edge: GraphEdge) -> Row:
    row: Row = {
        "source": home.key(edge.source),
        "type": edge.type,
        "target": home.key(edge.target),
        "properties": dict(edge.properties),
    }
    by = edge.properties.get("relation_id")
    return row if by is None else {**row, "relation_id": by}


def _relation(home: Home, tie: Tie) -> Row:
    intervals = [interval["id"] for interval in tie.intervals]
    ends = {"source": home.key(tie.source), "target": home.key(tie.target)}
    return {**ends, "relation_id": tie.relation_id, "intervals": intervals}


def _tied(home: Home, tie: Tie, interval: Properties) -> Row:
    return {
        "source": home.key(tie.source),
        "type": tie.type,
        "target": home.key(tie.target),
        "id": interval["id"],
        "properties": dict(interval),
    }
