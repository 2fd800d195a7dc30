"""Relationship queries: by name, in a scope, at a moment; every answer carries its evidence. No model is asked.

Everything here runs on the `GraphStore` contract, so the embedded graph and Neo4j give the same answers.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from graphmem import inputs
from graphmem.engine import Engine
from graphmem.errors import ConfigError, InputError, UnknownEntity
from graphmem.steps import linking
from graphmem.steps.relation_types import relation_type
from graphmem.stores.contracts import Ball, CypherRow
from graphmem.values import (
    SCOPE_LABELS,
    Direction,
    Entity,
    EntityCard,
    Neighbourhood,
    Path,
    Relation,
    Scope,
    Value,
    When,
)

EVERYTHING = 1_000_000
BREADTH = 2_000
"""Relations around each end of a path, from which on no more are read."""
LONGEST_GUESSED = 200
"""Characters of a name for which nearest ones are looked for: comparing costs their product."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no XML file may hold: it could be written, and not read again."""
_TYPED_NAME = re.compile(r"^(?P<name>.+?)\s*\((?P<type>[A-Za-z]+)\)$")


class Asked(NamedTuple):
    """Where and when a query looks."""

    engine: Engine
    scope: Scope
    when: When

    def relations(
        self, ids: Sequence[str] | None, types: Sequence[str] | None = None, limit: int = EVERYTHING
    ) -> Sequence[Relation]:
        """Relations of the graph store, newest first."""
        return self.engine.graph.relations(self.scope, self.when, entity_ids=ids, types=types, limit=limit)


def resolve(asked: Asked, name: str) -> tuple[Entity, ...]:
    """The entities a name or alias means in the scope; `Paris (Place)` picks one of several homonyms.

    Raises UnknownEntity with the nearest names.
    """
    found = _named(asked, name)
    if not found and (typed := _TYPED_NAME.match(name.strip())) is not None:
        found = tuple(e for e in _named(asked, typed["name"]) if e.type.casefold() == typed["type"].casefold())
    if not found:
        raise UnknownEntity(name, _nearest(name, asked.engine.ledger.entity_names(asked.scope)))
    return found


def _named(asked: Asked, name: str) -> tuple[Entity, ...]:
    wanted = linking.key(name)
    if tuple(asked.scope.labels) == ("user_id",):
        # All that this user's entities are named by is in the scope: an index answers.
        known = asked.engine.ledger.entities(asked.scope.owner, [wanted]).get(wanted, ())
        return tuple(e for e in known if not e.weak)
    listed = asked.engine.ledger.find_entities(asked.scope, name)
    return tuple(e for e in listed if wanted in {linking.key(n) for n in (e.name, *e.aliases)})


def _nearest(name: str, names: Iterable[str]) -> list[str]:
    if len(name) > LONGEST_GUESSED:
        return []
    by_key = {linking.key(n): n for n in names if len(n) <= LONGEST_GUESSED}
    close = difflib.get_close_matches(linking.key(name), by_key, n=3, cutoff=0.6)
    return [by_key[k] for k in close]


def relations(
    asked: Asked, name: str | None, *, type: str | None, direction: Direction, limit: int
) -> tuple[Relation, ...]:
    """Relations of one entity, or of all, newest first."""
    ids = None if name is None else [e.id for e in resolve(asked, name)]
    kinds = None if type is None else [relation_type(type)]
    found = asked.relations(ids, kinds, limit if direction == "both" else EVERYTHING)
    if ids is not None and direction != "both":
        here = set(ids)
        found = [r for r in found if (r.source.id if direction == "out" else r.target.id) in here]
    return tuple(found[:limit])


def entity(asked: Asked, name: str) -> EntityCard:
    """What is known about an entity, now and before."""
    chosen = resolve(asked, name)
    ids = [e.id for e in chosen]
    now = asked.relations(ids)
    always = Asked(asked.engine, asked.scope, asked.when.model_copy(update={"everything": True})).relations(ids)
    moment = asked.when.as_of or asked.when.now
    about = asked.engine.ledger.about(asked.scope.owner, ids)
    visible = asked.engine.ledger.visible(about, asked.scope, asked.when, "fact")
    memories = asked.engine.ledger.memories([i for i in about if i in visible])
    return EntityCard(
        entity=chosen[0],
        now=tuple(now),
        before=tuple(r for r in always if r.valid_to is not None and r.valid_to <= moment),
        facts=tuple(memories[i] for i in about if i in memories),
        mentions=sum(asked.engine.ledger.mention_counts(ids).values()),
    )


def neighbors(asked: Asked, name: str, *, depth: int, types: Sequence[str] | None, limit: int) -> Neighbourhood:
    """Entities and relations within `depth` hops, nearest first."""
    start = resolve(asked, name)
    ball = Ball([e.id for e in start], depth)
    kinds = [relation_type(t) for t in types] if types else None
    found = asked.engine.graph.neighbourhood([ball], asked.scope, asked.when, types=kinds, limit=limit)[0]
    reached = {e.id: e for e in start}
    for relation in found:
        reached.setdefault(relation.source.id, relation.source)
        reached.setdefault(relation.target.id, relation.target)
    return Neighbourhood(entities=tuple(reached.values()), relations=tuple(found))


def paths(asked: Asked, source: str, target: str, *, max_hops: int, limit: int) -> tuple[Path, ...]:
    """The shortest ways between two entities over relations in any direction, shortest first."""
    import networkx as nx

    starts, ends = resolve(asked, source), resolve(asked, target)
    half = (max_hops + 1) // 2
    balls = [Ball([e.id for e in starts], half), Ball([e.id for e in ends], max_hops - half)]
    near_start, near_end = asked.engine.graph.neighbourhood(balls, asked.scope, asked.when, limit=BREADTH)
    graph = nx.Graph()
    graph.add_nodes_from(e.id for e in (*starts, *ends))
    for relation in (*near_start, *near_end):
        known = graph.get_edge_data(relation.source.id, relation.target.id)
        if known is None:
            graph.add_edge(relation.source.id, relation.target.id, relation=relation)
    ways: list[list[str]] = []
    for start in starts:
        for end in ends:
            ways += _shortest(graph, start.id, end.id, max_hops, limit)
    ways.sort(key=lambda way: (len(way), way))
    return tuple(_path(graph, way) for way in ways[:limit])


def _shortest(graph: Any, start: str, end: str, max_hops: int, limit: int) -> list[list[str]]:
    import networkx as nx

    found: list[list[str]] = []
    if start == end:
        return found
    try:
        for way in nx.shortest_simple_paths(graph, start, end):
            if len(way) - 1 > max_hops or len(found) == limit:
                break
            found.append(way)
    except nx.NetworkXNoPath:
        return found
    return found


def _path(graph: Any, way: Sequence[str]) -> Path:
    steps = [graph.edges[a, b]["relation"] for a, b in pairwise(way)]
    by_id = {e.id: e for r in steps for e in (r.source, r.target)}
    return Path(entities=tuple(by_id[i] for i in way), relations=tuple(steps))


def common(asked: Asked, first: str, second: str) -> tuple[Entity, ...]:
    """Entities that both are related to, by name."""
    around = [_others(asked, resolve(asked, name)) for name in (first, second)]
    shared = around[0].keys() & around[1].keys()
    return tuple(sorted((around[0][i] for i in shared), key=lambda e: (linking.key(e.name), e.id)))


def _others(asked: Asked, entities: Sequence[Entity]) -> Mapping[str, Entity]:
    own = {e.id for e in entities}
    ends = [e for r in asked.relations(sorted(own)) for e in (r.source, r.target)]
    return {e.id: e for e in ends if e.id not in own}


def timeline(asked: Asked, name: str, *, limit: int) -> tuple[Relation, ...]:
    """Everything that was ever true of an entity, oldest first."""
    ids = [e.id for e in resolve(asked, name)]
    found = asked.relations(ids)
    dated = sorted(found, key=lambda r: (r.valid_from or asked.when.now, r.valid_to or asked.when.now, r.id))
    return tuple(dated[:limit])


def cypher(
    engine: Engine, query: str, params: Mapping[str, object], limit: int, timeout: float
) -> tuple[CypherRow, ...]:
    """Rows of a Cypher query on Neo4j. Raises ConfigError, InputError, StoreError."""
    copy = engine.projection.graph
    if copy is None:
        raise ConfigError("cypher() needs the graph in Neo4j.", advice='Set graph = "neo4j"; see docs/neo4j.md.')
    labels = {label: params.get(label) for label in SCOPE_LABELS}
    given = {label: value for label, value in labels.items() if isinstance(value, str) and value}
    own = {"now": engine.clock(), "owner": Scope(**given).owner if given else None}
    return copy.required().cypher(query, {**labels, **own, **params}, limit=limit, timeout=timeout)


class GraphView(Value):
    """The entities and relations of a scope, ready for other tools."""

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]

    def to_networkx(self) -> Any:
        """A `networkx.MultiDiGraph`; nodes are entity ids, edge keys are relation types."""
        import networkx as nx

        graph = nx.MultiDiGraph()
        for entity in self.entities:
            graph.add_node(entity.id, name=entity.name, type=entity.type, aliases=list(entity.aliases))
        for relation in self.relations:
            graph.add_edge(relation.source.id, relation.target.id, **_edge(relation))
        return graph

    def to_graphml(self, path: str | FilePath) -> None:
        """Write GraphML; lists become comma-separated text, missing times are left out. Raises InputError."""
        import networkx as nx

        file, graph = inputs.file("path", path), self.to_networkx()
        for attributes in (*(d for _, d in graph.nodes(data=True)), *(d for *_, d in graph.edges(data=True))):
            for name, value in list(attributes.items()):
                if value is None:
                    del attributes[name]
                elif isinstance(value, str | list):
                    joined = value if isinstance(value, str) else ", ".join(value)
                    attributes[name] = _NOT_XML.sub("\ufffd", joined)
        try:
            nx.write_graphml(graph, file)
        except OSError as exc:
            problem = exc.strerror or type(exc).__name__
            raise InputError("path", f"{str(file)!r} cannot be written: {problem}.", advice="Pass another.") from exc

    def to_records(self) -> tuple[dict[str, str | float | None], ...]:
        """One flat row a relation: what `pandas.DataFrame` takes."""
        return tuple(
            {
                "source": r.source.name,
                "source_type": r.source.type,
                "relation": r.type,
                "target": r.target.name,
                "target_type": r.target.type,
                "fact": r.fact,
                "valid_from": r.valid_from.isoformat() if r.valid_from else None,
                "valid_to": r.valid_to.isoformat() if r.valid_to else None,
                "confidence": r.confidence,
                "memory_ids": ", ".join(r.memory_ids),
            }
            for r in self.relations
        )

    def to_json(self) -> str:
        """Entities and relations as one JSON document."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=2)


def _edge(relation: Relation) -> dict[str, Any]:
    return {
        "key": f"{relation.type}@{relation.valid_from.isoformat() if relation.valid_from else ''}",
        "type": relation.type,
        "fact": relation.fact,
        "valid_from": relation.valid_from.isoformat() if relation.valid_from else None,
        "valid_to": relation.valid_to.isoformat() if relation.valid_to else None,
        "confidence": relation.confidence,
        "memory_ids": list(relation.memory_ids),
    }


def graph(asked: Asked) -> GraphView:
    """All relations of the scope with their ends, and entities that no relation touches."""
    found = tuple(asked.relations(None))
    entities = {e.id: e for r in found for e in (r.source, r.target)}
    for entity in asked.engine.ledger.find_entities(asked.scope, "", limit=EVERYTHING):
        entities.setdefault(entity.id, entity)
    return GraphView(entities=tuple(sorted(entities.values(), key=lambda e: (e.name, e.id))), relations=found)
