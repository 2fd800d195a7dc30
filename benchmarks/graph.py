"""The graph in Neo4j and in the ledger: how fast it is written, and what lies around an entity or between two.

    python benchmarks/graph.py --neo4j bolt://localhost:7687 [--sizes 10000 100000] [--json FILE]

Facts go straight into the ledger (extraction is not what is measured). Everyone is tied to a few others near by and to
some far away, so what lies around an entity does not grow with the graph. Both graphs get the same questions in turn,
and their answers are compared.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import interleaved, machine, report, write
from graphmem import Memory
from graphmem.stores.contracts import Ball
from graphmem.values import Addition, Entity, Plan, Scope, Triple, When
from graphmem.values import Memory as Fact

BATCH = 1000
START = datetime(2025, 1, 1, tzinfo=UTC)
SCOPE = Scope(user_id="bench")
TYPES = ("knows", "works_with", "works_at", "lives_in", "likes", "studies_at", "visited", "parent_of")
KINDS = ("Person", "Person", "Organisation", "Place", "Product")
NEAR = 40
"""Most ties are to one of so many neighbours."""
FAR = 0.15
"""Share of ties that go anywhere."""
TARGETS = {
    "project, memories/s": ("at least", 2000),
    "2 hops, Neo4j p50 ms": ("at most", 5),
    "2 hops, ledger p50 ms": ("at most", 3),
    "path of 4 hops, Neo4j p50 ms": ("at most", 20),
}


def identity(*parts: object) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


class World:
    """Entities and the facts that tie them."""

    def __init__(self, facts: int) -> None:
        self.facts = facts
        self.rng = np.random.default_rng(7)
        self.entities = [
            Entity(id=identity("entity", i), name=f"{KINDS[i % len(KINDS)]} {i}", type=KINDS[i % len(KINDS)])
            for i in range(facts // 3)
        ]
        self.named: set[str] = set()
        """Ids of those that some fact names; a few of a hundred thousand are not."""

    def load(self, memory: Memory) -> None:
        for start in range(0, self.facts, BATCH):
            additions = [self.addition(start + row) for row in range(min(BATCH, self.facts - start))]
            named = {i: None for a in additions for i in a.entity_ids}
            memory._engine.ledger.commit(
                Plan(
                    resolution_id=identity("plan", start),
                    scope=SCOPE,
                    at=START,
                    entities=tuple(e for e in self.entities if e.id in named),
                    additions=tuple(additions),
                )
            )

    def addition(self, number: int) -> Addition:
        one = int(self.rng.integers(len(self.entities)))
        step = int(self.rng.integers(1, NEAR)) if self.rng.random() > FAR else int(self.rng.integers(1, 10**6))
        source, target = self.entities[one], self.entities[(one + step) % len(self.entities)]
        kind = TYPES[int(self.rng.integers(len(TYPES)))]
        at = START + timedelta(minutes=number)
        fact = Fact(
            id=identity("fact", number),
            text=f"{source.name} {kind.replace('_', ' ')} {target.name}",
            scope=SCOPE,
            valid_from=at,
            recorded_at=at,
            subject_id=source.id,
        )
        self.named |= {source.id, target.id}
        triples = (Triple(source_id=source.id, type=kind, target_id=target.id),) if source.id != target.id else ()
        return Addition(memory=fact, entity_ids=(source.id, target.id), triples=triples)

    def pairs(self, count: int) -> list[tuple[str, str]]:
        """Pairs of names a few steps apart."""
        found: list[tuple[str, str]] = []
        while len(found) < count:
            one, step = int(self.rng.integers(len(self.entities))), int(self.rng.integers(NEAR, 3 * NEAR))
            ends = self.entities[one], self.entities[(one + step) % len(self.entities)]
            if all(end.id in self.named for end in ends):
                found.append((ends[0].name, ends[1].name))
        return found


def questions(memory: Memory, world: World, rounds: int) -> dict[str, Any]:
    engine: Any = memory._engine
    copy = engine.projection.graph.current()
    assert copy is not None, engine.projection.graph.problem
    own, when = engine.ledger.graph, When(now=datetime.now(UTC))
    picks = [world.entities[i].id for i in world.rng.integers(len(world.entities), size=rounds + 5)]
    pairs = world.pairs(rounds + 5)
    sizes: list[int] = []

    def around(graph: Any) -> Any:
        return lambda n: graph.neighbourhood([Ball([picks[n]], 2)], SCOPE, when)

    def ways(graph: Any) -> Any:
        def ask(number: int) -> Any:
            # What `Memory` asks the graph that answers; here each of the two.
            chosen = Memory(type(engine)(**{**vars(engine), "graph": graph}))
            return chosen.paths(*pairs[number], user_id="bench", max_hops=4, limit=1)

        return ask

    for number in range(rounds, rounds + 5):
        here, there = around(own)(number)[0], around(copy)(number)[0]
        assert list(here) == list(there)
        assert ways(own)(number) == ways(copy)(number)
        sizes.append(len(here))
    calls = {
        "2 hops ledger": around(own),
        "2 hops neo4j": around(copy),
        "path ledger": ways(own),
        "path neo4j": ways(copy),
    }
    for number in range(rounds, rounds + 5):
        for call in calls.values():
            call(number)
    return {**interleaved(calls, rounds), "relations in 2 hops": sum(sizes) / len(sizes)}


def projected(memory: Memory, count: int) -> float:
    """Memories a second from the outbox into Neo4j."""
    graph: Any = memory._engine.projection.graph
    began = time.perf_counter()
    assert graph.flush(), graph.problem
    return count / (time.perf_counter() - began)


def rebuilt(memory: Memory, count: int) -> float:
    """Memories a second by `rebuild graph`."""
    began = time.perf_counter()
    memory._engine.projection.graph.rebuild()  # type: ignore[union-attr]
    return count / (time.perf_counter() - began)


def measure(settings: dict[str, Any], count: int, rounds: int) -> dict[str, Any]:
    world = World(count)
    with tempfile.TemporaryDirectory() as home, Memory.open(home=home, **settings) as memory:
        memory._engine.projection.apply()
        try:
            # A server that has just started compiles what it runs; the first thousand facts are for that.
            warm = World(BATCH)
            warm.load(memory)
            memory._engine.projection.apply()
            memory.reset()
            world.load(memory)
            found = {"project": projected(memory, count), "rebuild": rebuilt(memory, count)}
            found |= questions(memory, world, rounds) | {"relations": memory.status().counts["relations"]}
        finally:
            memory.reset()
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neo4j", default="bolt://localhost:7687", help="address of a server")
    parser.add_argument("--password", default=None)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000], help="memories")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    settings = {
        "graph": "neo4j",
        "neo4j_url": given.neo4j,
        "neo4j_password": given.password,
        "vectors": "none",
        "embedder": "hash",
        "extractor": "none",
    }
    print(machine())
    figures = {}
    for count in given.sizes:
        figures[count] = measure(settings, count, given.rounds)
        print(f"{count:,} memories: {figures[count]}", flush=True)
    report(
        "writing",
        ("memories", "relations", "outbox -> Neo4j, memories/s", "rebuild graph, memories/s"),
        [(f"{n:,}", f"{f['relations']:,}", f"{f['project']:,.0f}", f"{f['rebuild']:,.0f}") for n, f in figures.items()],
    )
    kinds = ("2 hops ledger", "2 hops neo4j", "path ledger", "path neo4j")
    report(
        "asking, ms (p50 / p95)",
        ("relations", "in 2 hops", *kinds),
        [
            (
                f"{f['relations']:,}",
                f"{f['relations in 2 hops']:.0f}",
                *(f"{f[k]['p50']} / {f[k]['p95']}" for k in kinds),
            )
            for f in figures.values()
        ],
    )
    print(f"load at the end: {os.getloadavg()[0]:.1f}")
    write(given.json, {"graph": figures})


if __name__ == "__main__":
    main()
