"""`graphmem demo --graph neo4j`: the bundled conversation in a real Neo4j."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest

from graphmem.cli import _demo
from graphmem.cli._run import run
from graphmem.cli._session import Session
from graphmem.demo import USER

HOMES = "MATCH (m:Memory {user_id: $user}) RETURN collect(DISTINCT m.home)"
PLAIN = "MATCH (p:Person:Current {home: $home})-[r]->(x) RETURN p.name, type(r), x.name"


@pytest.fixture
def driver(neo4j_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[neo4j.Driver]:
    """Beside the demo, which runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHMEM_NEO4J_URL", neo4j_url)
    with neo4j.GraphDatabase.driver(neo4j_url) as opened:
        yield opened


def homes(driver: neo4j.Driver) -> set[str]:
    """Homes that hold a demo; other tests may have one, too."""
    return set(driver.execute_query(HOMES, user=USER).records[0].value())


def test_it_can_be_looked_at_and_an_earlier_one_goes(driver: neo4j.Driver, capsys: pytest.CaptureFixture[str]):
    """What is in Neo4j is what the ledger says; it leaves Neo4j, too, when the next demo takes its place."""
    before = homes(driver)
    assert 0 == run(["demo", "--fast", "--graph", "neo4j"])
    out = capsys.readouterr().out
    (home,) = homes(driver) - before
    shown = {tuple(row) for row in driver.execute_query(PLAIN, home=home).records}

    assert "In Neo4j Browser" in out
    assert re.search(r"\d{3,} nodes and edges, 0 unlike the ledger", " ".join(out.split()))
    assert 'MATCH (p:Person:Current {owner: "user:nora"})-[r]->(x) RETURN p, r, x' in out
    assert ("Felix", "LIVES_IN", "Leeds") in shown
    assert ("Felix", "LIVES_IN", "Glasgow") not in shown

    _demo.fresh(Session.of("demo", {}, {}), {"extractor": "none", "vectors": "none", "graph": "neo4j"})

    assert home not in homes(driver)


def test_without_a_server_it_says_so_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """And not after the whole conversation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHMEM_NEO4J_URL", "bolt://127.0.0.1:9")
    code = run(["demo", "--fast", "--graph", "neo4j"])
    err = capsys.readouterr().err

    assert 0 != code
    assert "bolt://127.0.0.1:9" in err
    assert "listening" not in err


def test_another_graph_is_a_usage_error(capsys: pytest.CaptureFixture[str]):
    """The two that there are stand in the message."""
    assert 2 == run(["demo", "--graph", "oracle"])
    assert "embedded, neo4j" in capsys.readouterr().err
