"""Homes whose graph is in a Neo4j, for the campaign."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphmem import Memory
from tests.faults.workload import Opening, World


@contextmanager
def opening_at(where: str, folder: Path) -> Iterator[Opening]:
    """Opens homes with the graph at that URL, or in a server that is started here and stopped at the end."""
    if where != "local":
        yield _opening(where)
        return
    from tests.neo4j_server import LocalNeo4j

    server = LocalNeo4j(folder / "neo4j")
    server.start()
    try:
        yield _opening(server.url)
    finally:
        server.stop()


def _opening(url: str) -> Opening:
    @contextmanager
    def opened(world: World, home: Path, first: int) -> Iterator[Memory]:
        with world.opened(home, graph="neo4j", neo4j_url=url) as memory:
            if first > 0:
                # The home is a copy of an earlier state; what others of its copies wrote to the server is later.
                memory.rebuild("graph")
            yield memory

    return opened
