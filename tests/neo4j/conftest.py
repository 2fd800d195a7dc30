from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
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


@contextmanager
def neo4j_memory(home: Path, url: str, clock: Clock | None = None, **options: object) -> Iterator[Memory]:
    """A memory that takes facts as given, its graph in Neo4j; what it wrote there goes at the end."""
    chosen: dict[str, object] = {
        "home": home,
        "embedder": "hash",
        "extractor": "none",
        "vectors": "none",
        "graph": "neo4j",
        "neo4j_url": url,
    }
    still = clock or Clock(datetime(2024, 1, 15, 12, tzinfo=UTC))
    with Memory.open(Settings(**(chosen | options)), clock=still) as memory:
        yield memory
        graph = memory._engine.projection.graph
        if graph is not None and (copy := graph.current()) is not None:
            copy.erase()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock, neo4j_url: str) -> Iterator[Opened]:
    """Opens memories that take facts as given, on the Neo4j of this run; what they wrote there goes at the end."""
    with ExitStack() as stack:

        def open_one(home: str = "home", **options: object) -> Memory:
            return stack.enter_context(neo4j_memory(tmp_path / home, neo4j_url, clock, **options))

        yield open_one


@pytest.fixture
def graph(opened: Opened) -> Memory:
    """A memory whose graph is in Neo4j."""
    return opened()
