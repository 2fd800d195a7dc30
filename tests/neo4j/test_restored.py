"""A ledger that was put back, while Neo4j had gone on: the graph is written anew from what the ledger says."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphmem import Memory, Settings
from tests.conftest import Clock
from tests.neo4j.conftest import neo4j_memory, said

THESE = "MATCH (n:Graphmem {home: $was}) WHERE n.id IN $ids RETURN count(n) AS n"


@pytest.mark.parametrize("before", ["neo4j", "embedded"])
def test_a_backup_older_than_the_graph(tmp_path: Path, neo4j_url: str, clock: Clock, before: str) -> None:
    """Nothing that came after the backup is left in Neo4j, also when the graph was embedded then."""
    home, folder = tmp_path / "home", tmp_path / "backup"
    with neo4j_memory(home, neo4j_url, clock, graph=before) as memory:
        memory.add("Hello", user_id="u", facts=said("Ann knows Bob", "Ann lives_in Rome"))
        held = memory.relations(user_id="u")
        memory.backup(folder)
    settings = Settings(
        home=home, embedder="hash", extractor="none", vectors="none", graph="neo4j", neo4j_url=neo4j_url
    )
    clock.advance(days=1)
    with Memory.open(settings, clock=clock) as memory:
        memory.add("I moved", user_id="u", facts=said("Ann lives_in Oslo", "Ann knows Cem"))
        later = [m.id for m in memory.list(user_id="u").items if "Cem" in m.text]
        was = memory._engine.ledger.meta("graph_home")
        assert ({"n": 1},) == memory.cypher(THESE, was=was, ids=later)
    Memory.restore(folder, settings, force=True)
    with neo4j_memory(home, neo4j_url, clock) as memory:
        assert () == memory.verify().differences
        assert "neo4j" == memory.status().graph
        assert held == memory.relations(user_id="u")
        assert ({"n": 0},) == memory.cypher(THESE, was=was, ids=later)
