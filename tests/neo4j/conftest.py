from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from graphmem import Fact, Memory, Settings
from tests.conftest import Clock

Opened = Callable[..., Memory]


def fact(text: str, *relations: str, **fields: object) -> Fact:
    """A fact with relations such as `"Ann works_at Acme"`."""
    triples = tuple((s, t, o) for s, t, o in (r.split(" ", 2) for r in relations))
    return Fact(text=text, relations=triples, **fields)  # type: ignore[arg-type]


def said(*relations: str, **fields: object) -> list[Fact]:
    """Facts that say one relation each."""
    return [fact(relation.replace("_", " "), relation, **fields) for relation in relations]


@pytest.fixture
def opened(tmp_path: Path, clock: Clock, neo4j_url: str) -> Iterator[Opened]:
    """Opens memories that take facts as given, on the Neo4j of this run; what they wrote there goes at the end."""
    with ExitStack() as stack:

        def open_one(home: str = "home", **options: object) -> Memory:
            chosen: dict[str, object] = {
                "home": tmp_path / home,
                "embedder": "hash",
                "extractor": "none",
                "vectors": "none",
                "graph": "neo4j",
                "neo4j_url": neo4j_url,
            }
            memory = stack.enter_context(Memory.open(Settings(**(chosen | options)), clock=clock))
            stack.callback(_erase, memory)
            return memory

        yield open_one


def _erase(memory: Memory) -> None:
    graph = memory._engine.projection.graph
    if graph is not None and (copy := graph.current()) is not None:
        copy.erase()


@pytest.fixture
def graph(opened: Opened) -> Memory:
    """A memory whose graph is in Neo4j."""
    return opened()
