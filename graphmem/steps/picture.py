"""The graph as a person reads it: what is remembered as labelled nodes and named edges.

- `(:Entity:Person {name})`, and the type of the entity as its second label; a mere search word is a `:Keyword`.
- `(:Memory {text})` a fact, `(:Message {content})` what was said, `(:Episode)` one add.
- `(a:Entity)-[:WORKS_AT {fact, valid_from, valid_to, memory_ids}]->(b:Entity)`: what is true now, and nothing else
  starts at an entity.
- `(:Memory)-[:SUBJECT]->(a)`, `(:Memory)-[:OBJECT]->(b)`: the same of every fact, past ones too.
- `(:Memory | :Message)-[:MENTIONS]->(:Entity)`, `(:Memory)-[:DERIVED_FROM {quotes}]->(:Message)`,
  `(:Memory)-[:SUPERSEDED_BY]->(:Memory)`, `(:Message)-[:NEXT]->(:Message)`, `(:Message)-[:PART_OF]->(:Episode)`.
- `:Current` on facts that are true now and on entities that such facts name.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from graphmem.steps.intervals import Part
from graphmem.steps.relation_types import snake_case
from graphmem.stores.contracts import GraphEdge, GraphNode, Properties, Tie
from graphmem.values import SCOPE_LABELS, Entity, Episode, Memory, MessageRecord, Scope, Triple

CURRENT = "Current"
RESERVED_LABELS = frozenset(
    {"Current", "Entity", "Episode", "Graphmem", "GraphmemHome", "Keyword", "Memory", "Message"}
)
STRUCTURE = ("MENTIONS", "SUBJECT", "OBJECT", "DERIVED_FROM", "SUPERSEDED_BY", "NEXT", "PART_OF")
"""Types of edges that are no relations. A relation of the same name gets an underscore."""
LONGEST = 63

_OTHER = re.compile(r"[^A-Za-z0-9]+")
_MEMORY = (
    "text", "kind", "valid_from", "valid_to", "recorded_at", "retired_at", "updated_at", "superseded_by", "expires_at",
    "trust", "modality", "confidence", "times_seen", "speaker", "role",
)  # fmt: skip
_MESSAGE = ("content", "role", "speaker", "timestamp", "conversation", "position", "episode_id")


@lru_cache(maxsize=4096)
def label(entity_type: str) -> str:
    """A type of entity as a label: `[A-Z][A-Za-z0-9]{0,62}`, CamelCase; `Thing` when nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", entity_type).encode("ascii", "ignore").decode()
    name = "".join(word[0].upper() + word[1:] for word in _OTHER.split(plain) if word)[:LONGEST]
    if not name:
        return "Thing"
    if name[0].isdigit():
        name = f"T{name[:-1]}" if len(name) == LONGEST else f"T{name}"
    return f"{name}_" if name in RESERVED_LABELS else name


@lru_cache(maxsize=4096)
def edge_type(relation: str) -> str:
    """A type of relation as an edge is called: `[A-Z][A-Z0-9_]{0,63}`."""
    name = snake_case(relation).upper()
    return f"{name}_" if name in STRUCTURE else name


def _owned(scope: Scope) -> dict[str, Any]:
    return {"owner": scope.owner, **scope.labels}


def _given(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Without what a graph database would not keep: absent values and empty lists."""
    return {name: value for name, value in properties.items() if value is not None and value != []}


def entity_node(entity: Entity, owner: str, similar: Iterable[tuple[str, float]], *, current: bool) -> GraphNode:
    """An entity; `similar` are proposals that it may be another one: (entity id, cosine)."""
    proposals = sorted(similar)
    properties = _given(
        {
            "name": entity.name,
            "type": entity.type,
            "aliases": list(entity.aliases),
            "owner": owner,
            "similar_ids": [other for other, _ in proposals],
            "similar_cosines": [cosine for _, cosine in proposals],
        }
    )
    labels = ("Keyword",) if entity.weak else ("Entity", label(entity.type))
    return GraphNode(entity.id, "entity", (*labels, CURRENT) if current and not entity.weak else labels, properties)


class Told(NamedTuple):
    """A memory with all that hangs on it."""

    memory: Memory
    place: int
    current: bool
    mentions: Mapping[str, bool]
    """Entity id -> whether the fact is about it."""
    ties: Sequence[tuple[str, Triple]]
    """(relation id, triple) pairs."""
    quotes: Mapping[str, Sequence[str]]
    """Message id -> what is quoted of it."""
    episode_ids: Sequence[str]


def memory_node(told: Told) -> GraphNode:
    """A fact."""
    memory = told.memory
    properties = {name: getattr(memory, name) for name in _MEMORY} | {
        **_owned(memory.scope),
        "place": told.place,
        "episode_ids": list(dict.fromkeys(told.episode_ids)),
        "metadata": json.dumps(dict(memory.metadata), ensure_ascii=False, sort_keys=True) if memory.metadata else None,
    }
    return GraphNode(memory.id, "memory", ("Memory", CURRENT) if told.current else ("Memory",), _given(properties))


def memory_edges(told: Told) -> list[GraphEdge]:
    """What starts at a fact."""
    own = told.memory.id
    edges = [GraphEdge(own, "MENTIONS", entity, {"about": about}) for entity, about in told.mentions.items()]
    for relation_id, triple in told.ties:
        properties = {"relation_id": relation_id, "relation": triple.type, "confidence": triple.confidence}
        edges.append(GraphEdge(own, "SUBJECT", triple.source_id, properties))
        edges.append(GraphEdge(own, "OBJECT", triple.target_id, properties))
    edges += [GraphEdge(own, "DERIVED_FROM", said, _given({"quotes": list(q)})) for said, q in told.quotes.items()]
    if told.memory.superseded_by is not None:
        edges.append(GraphEdge(own, "SUPERSEDED_BY", told.memory.superseded_by, {}))
    return edges


def message_node(message: MessageRecord, recorded_at: datetime, place: int, expires_at: datetime | None) -> GraphNode:
    """What somebody said. Its place has another name than that of a fact: only facts are read in their order."""
    properties = {name: getattr(message, name) for name in _MESSAGE} | {
        **_owned(message.scope),
        "recorded_at": recorded_at,
        "expires_at": expires_at,
        "said_as": place,
    }
    return GraphNode(message.id, "message", ("Message",), _given(properties))


def message_edges(message: MessageRecord, names: Iterable[str]) -> list[GraphEdge]:
    """What starts at a message, and the edge from the message before it."""
    edges = [GraphEdge(message.id, "MENTIONS", entity, {"about": False}) for entity in names]
    edges.append(GraphEdge(message.id, "PART_OF", message.episode_id, {}))
    chain = ((message.previous_id, message.id), (message.id, message.next_id))
    edges += [GraphEdge(a, "NEXT", b, {}) for a, b in chain if a is not None and b is not None]
    return edges


def episode_node(episode: Episode) -> GraphNode:
    """One add."""
    times = {"occurred_at": episode.occurred_at, "recorded_at": episode.recorded_at}
    return GraphNode(episode.id, "episode", ("Episode",), {**_owned(episode.scope), **times})


def interval(part: Part, scopes: Mapping[str, Scope]) -> Properties:
    """One interval of a relation as the properties of its edge; `scopes` are those of its memories by id.

    Scope labels are those that all its memories share.
    """
    newest = max(part, key=lambda s: s.seq)
    oldest_first = sorted(part, key=lambda s: s.seq)
    start = None if any(s.start is None for s in part) else min(s.start for s in part if s.start)
    labels = [scopes[s.memory_id].labels for s in part]
    shared = {name: value for name, value in labels[0].items() if all(other.get(name) == value for other in labels)}
    return _given(
        {
            "id": newest.relation_id if start is None else f"{newest.relation_id}@{start.isoformat()}",
            "relation_id": newest.relation_id,
            "relation": newest.type,
            "fact": newest.text,
            "valid_from": start,
            "valid_to": None if any(s.end is None for s in part) else max(s.end for s in part if s.end),
            "recorded_at": oldest_first[0].recorded_at,
            "memory_ids": [s.memory_id for s in oldest_first],
            "confidence": max(s.confidence for s in part),
            **{name: shared[name] for name in SCOPE_LABELS if name in shared},
        }
    )


def tie(relation_id: str, triple: Triple, intervals: Iterable[Properties]) -> Tie:
    """A relation with its intervals."""
    return Tie(relation_id, triple.source_id, edge_type(triple.type), triple.target_id, tuple(intervals))
