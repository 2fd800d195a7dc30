"""A batch as the parameters of the statement that writes it: rows are lists, times are text.

Packing is what a write costs on this side: names of keys would be half of it, and a time costs as much as ten texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from graphmem.stores.contracts import GraphBatch, GraphEdge, NodeView, Properties

Row = list[Any]
Lists = dict[str, list[Row]]

ENTITY = ("name", "type", "aliases", "owner", "similar_ids", "similar_cosines")
EPISODE = ("owner", "user_id", "agent_id", "app_id", "run_id", "occurred_at", "recorded_at")
MESSAGE = (
    "content", "role", "speaker", "owner", "user_id", "agent_id", "app_id", "run_id",
    "conversation", "position", "episode_id", "said_as", "timestamp", "recorded_at", "expires_at",
)  # fmt: skip
MEMORY = (
    "text", "kind", "owner", "user_id", "agent_id", "app_id", "run_id", "trust", "modality", "confidence",
    "times_seen", "speaker", "role", "place", "episode_ids", "metadata", "superseded_by",
    "valid_from", "valid_to", "recorded_at", "retired_at", "updated_at", "expires_at",
)  # fmt: skip
INTERVAL = (
    "id", "relation_id", "relation", "fact", "memory_ids", "confidence", "user_id", "agent_id", "app_id",
    "run_id", "valid_from", "valid_to", "recorded_at",
)  # fmt: skip
"""The columns of `write.cypher`, in its order, after the ids at the head of each row."""
_LISTS: Mapping[NodeView, str] = {
    "entity": "entities", "memory": "memories", "message": "messages", "episode": "episodes",
}  # fmt: skip
NAMES = (
    "owners", *_LISTS.values(), "mentions", "supports", "sources", "loose", "chain", "successors", "relations", "ties",
)  # fmt: skip
TYPE = 2
"""The column of `ties` that holds the type of an edge."""


class Home(NamedTuple):
    """Whose nodes they are."""

    id: str

    @property
    def prefix(self) -> str:
        """What the keys of its nodes start with."""
        return f"{self.id}/"

    def keys(self, item_ids: Sequence[str]) -> list[str]:
        """The keys of nodes."""
        return [f"{self.id}/{item_id}" for item_id in item_ids]


def written(batch: GraphBatch, *, fresh: bool, apart: bool) -> Iterator[Lists]:
    """The lists of one statement; `apart`: of one statement for each type of relation.

    `fresh`: none of the nodes is there yet, so nothing they said before has to go. `apart` is for Neo4j 5.26.0, which
    gives all rows of a list the type of the first one.
    """
    lists: Lists = {name: [] for name in NAMES}
    for node in batch.nodes:
        lists[_LISTS[node.view]].append(_node(node.id, node.view, node.labels, node.properties))
    _edges(lists, batch)
    for tie in batch.ties:
        lists["ties"] += [[tie.source, tie.target, tie.type, *_values(part, INTERVAL)] for part in tie.intervals]
    if not fresh:
        lists["owners"] = _owners(batch)
        lists["relations"] = [[tie.source, tie.target, tie.relation_id] for tie in batch.ties]
    types = list(dict.fromkeys(row[TYPE] for row in lists["ties"]))
    if not apart or len(types) < 2:
        yield lists
        return
    for place, kind in enumerate(types):
        own = [row for row in lists["ties"] if row[TYPE] == kind]
        yield {**(lists if place == 0 else {name: [] for name in NAMES}), "ties": own}


def _node(item_id: str, view: NodeView, labels: Sequence[str], properties: Properties) -> Row:
    if view == "memory":
        return [item_id, "Current" in labels, *_values(properties, MEMORY)]
    if view == "entity":
        return [item_id, list(labels), *_values(properties, ENTITY)]
    return [item_id, *_values(properties, MESSAGE if view == "message" else EPISODE)]


def _values(properties: Properties, columns: Sequence[str]) -> Row:
    get = properties.get
    return [value.isoformat() if isinstance(value := get(name), datetime) else value for name in columns]


def _owners(batch: GraphBatch) -> list[Row]:
    """Facts and messages with the relations that they stand behind: what else starts at them is written anew."""
    kept: dict[str, list[str]] = {node.id: [] for node in batch.nodes if node.view in {"memory", "message"}}
    for edge in batch.edges:
        if edge.type == "SUBJECT":
            kept[edge.source].append(edge.properties["relation_id"])
    return [[item_id, relations] for item_id, relations in kept.items()]


def _edges(lists: Lists, batch: GraphBatch) -> None:
    here = {node.id for node in batch.nodes}
    mentions: dict[str, list[Row]] = {}
    ends: dict[tuple[str, str], str] = {}
    for edge in batch.edges:
        properties = edge.properties
        if edge.type == "MENTIONS":
            mentions.setdefault(edge.source, []).append([edge.target, properties["about"]])
        elif edge.type == "SUBJECT":
            ends[edge.source, properties["relation_id"]] = edge.target
        elif edge.type == "OBJECT":
            lists["supports"].append(_support(edge, ends))
        elif edge.type == "DERIVED_FROM":
            lists["sources" if edge.source in here else "loose"].append(
                [edge.source, edge.target, properties["quotes"]]
            )
        elif edge.type != "PART_OF":
            lists["chain" if edge.type == "NEXT" else "successors"].append([edge.source, edge.target])
    lists["mentions"] = [[source, targets] for source, targets in mentions.items()]


def _support(edge: GraphEdge, subjects: Mapping[tuple[str, str], str]) -> Row:
    relation_id = edge.properties["relation_id"]
    said = (relation_id, edge.properties["relation"], edge.properties["confidence"])
    return [edge.source, subjects[edge.source, relation_id], edge.target, *said]
