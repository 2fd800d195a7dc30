"""Neo4j goes down and comes back, and settings that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neo4j
import pytest

from graphmem import Fact, Memory, Settings, StoreRefused, StoreUnavailable
from graphmem.cli._run import run
from graphmem.stores.neo4j.connection import Address, check_version, translated
from graphmem.values import EntityDraft
from tests.conftest import Clock
from tests.neo4j.conftest import neo4j_memory, said
from tests.neo4j_server import LocalNeo4j

ADDS = 200
STOPPED, STARTED = 20, 180


@pytest.mark.timeout(600)
def test_a_server_that_stops_in_the_middle_of_adds_loses_nothing(
    own_neo4j: Any, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Adds go on, the ledger's graph answers and status says why; when the server is back the copy catches up."""
    chosen = Settings(
        home=tmp_path / "home",
        embedder="hash",
        extractor="none",
        vectors="none",
        graph="neo4j",
        neo4j_url=own_neo4j.url,
    )
    with Memory.open(chosen, clock=clock) as memory:
        graph = memory._engine.projection.graph
        assert graph is not None
        projected = []
        for number in range(ADDS):
            if number == STOPPED:
                own_neo4j.stop()
            if number == STARTED:
                answers(memory, number)
                own_neo4j.start()
                graph._again = 0.0  # the store is left alone for some seconds after a failure: not here
            added = memory.add(f"Message {number}", user_id="u", facts=said(f"Ann knows Friend{number}"))
            projected.append(added.projected)

        assert [True] * STOPPED == projected[:STOPPED]
        assert True not in projected[STOPPED:STARTED]
        assert projected[-1]
        assert ADDS == len(memory.relations("Ann", user_id="u", limit=1000))
        report = memory.verify()
        assert ((), 0) == (report.differences, report.pending)
        assert 1 == sum("cannot be reached" in record.message for record in caplog.records)


def answers(memory: Memory, count: int) -> None:
    """While the server is down everything that was accepted is found, and what is wrong is said."""
    assert count == len(memory.relations("Ann", user_id="u", limit=1000))
    assert ["Ann", "Friend99"] == [e.name for e in memory.paths("Ann", "Friend99", user_id="u")[0].entities]
    found = memory.search("Who is Friend99?", user_id="u")
    assert ("graph",) == found.degraded
    assert found.hits
    state = memory.status()
    assert "cannot be reached" in state.graph
    assert count - STOPPED <= state.pending
    (difference,) = memory.verify().differences
    assert ("graph", "missing") == (difference.store, difference.problem)


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"neo4j_url": "bolt://127.0.0.1:9"}, StoreUnavailable, "neo4j_url"),
        ({"neo4j_database": "nowhere"}, StoreRefused, "neo4j_database"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, neo4j_url: str, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    """An add is accepted all the same; what needs the server raises, and names what to set."""
    chosen = {"home": tmp_path, "embedder": "hash", "extractor": "none", "vectors": "none", "graph": "neo4j"}
    with Memory.open(Settings(**{**chosen, "neo4j_url": neo4j_url, **options})) as memory:
        assert not memory.add("Hello", user_id="u", facts=said("Ann knows Bob")).projected
        with pytest.raises(kind, match=says):
            memory.rebuild("graph")
        with pytest.raises(kind, match=says):
            memory.cypher("RETURN 1")


@pytest.mark.neo4j
@pytest.mark.timeout(600)
def test_a_wrong_password_and_a_server_that_takes_no_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is one line with the setting to change; a refusal is exit code 2."""
    server = LocalNeo4j(tmp_path / "neo4j", password="right-password", hurried=True).start()
    try:
        for name, value in {"GRAPH": "neo4j", "NEO4J_URL": server.url, "VECTORS": "none", "EMBEDDER": "hash"}.items():
            monkeypatch.setenv(f"GRAPHMEM_{name}", value)
        monkeypatch.chdir(tmp_path)
        for password in ("wrong-password", ""):
            monkeypatch.setenv("GRAPHMEM_NEO4J_PASSWORD", password)
            assert 2 == run(["rebuild", "graph"])
            said_ = capsys.readouterr().err
            assert "neo4j_password" in said_
            assert "Traceback" not in said_
        monkeypatch.setenv("GRAPHMEM_NEO4J_PASSWORD", "right-password")
        server.stop()
        written = server._write_home

        def write_read_only() -> None:
            written()
            with (server.home / "conf" / "neo4j.conf").open("a") as file:
                file.write("server.databases.read_only=neo4j\n")

        monkeypatch.setattr(server, "_write_home", write_read_only)
        server.start()
        with neo4j.GraphDatabase.driver(server.url, auth=("neo4j", "right-password")) as driver:
            driver.execute_query("RETURN 1")  # the server answers some moments before its database does
        assert 1 == run(["rebuild", "graph"])
        assert "cannot be written" in capsys.readouterr().err
    finally:
        server.kill()


@pytest.mark.parametrize("agent", ["Neo4j/5.25.1", "Neo4j/4.4.39", "Memgraph/3.0", ""])
def test_a_server_that_is_too_old_is_refused(agent: str) -> None:
    """Its version, and what is needed."""
    with pytest.raises(StoreRefused, match=r"5\.26.*neo4j_url"):
        check_version(agent, "bolt://here")


@pytest.mark.parametrize("agent", ["Neo4j/5.26.0", "Neo4j/5.26.30", "Neo4j/2025.10.1"])
def test_a_server_that_is_new_enough_is_taken(agent: str) -> None:
    """The long-term series, and the calendar versions."""
    check_version(agent, "bolt://here")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("TransactionCommitFailed", "Could not apply the transaction to the store after written to log."),
        ("TransactionStartFailed", "The database has encountered a critical error, and needs to be restarted."),
    ],
)
def test_a_database_that_closed_itself_is_to_be_restarted(code: str, message: str) -> None:
    """What 5.26 says when an error ends a commit, and what it says to all who come after."""
    error = neo4j.exceptions.Neo4jError._hydrate_neo4j(code=f"Neo.DatabaseError.Transaction.{code}", message=message)
    with pytest.raises(StoreUnavailable, match="Restart it"), translated(Address("bolt://here")):
        raise error


def test_what_others_made_in_the_database_and_refuses_a_name_is_said(
    own_neo4j: Any, tmp_path: Path, clock: Clock
) -> None:
    """A constraint that takes a name once, an index that takes no long names: which one, and what to do. Nothing is
    lost, and what waited is written when it is gone."""
    made = {
        "CREATE CONSTRAINT once FOR (n:Person) REQUIRE n.name IS UNIQUE": ("DROP CONSTRAINT", "DROP CONSTRAINT once"),
        "CREATE INDEX theirs FOR (n:Entity) ON (n.name)": ("DROP INDEX `theirs`", "DROP INDEX theirs"),
    }
    same, long = "Ann", "Ann" + "y" * 9000
    with (
        neo4j_memory(tmp_path / "home", own_neo4j.url, clock) as memory,
        neo4j.GraphDatabase.driver(own_neo4j.url) as driver,
    ):
        graph = memory._engine.projection.graph
        assert graph is not None
        for name, (make, (advice, drop)) in zip((same, long), made.items(), strict=True):
            driver.execute_query(make)
            # Over a name too long for an index that is still being built, Neo4j closes the database.
            driver.execute_query("CALL db.awaitIndexes()")
            for user in ("u", "v"):
                memory.add(f"Hello {len(name)}", user_id=user, facts=[tied(name)])
            assert not graph.apply()
            assert advice in memory.status().graph
            assert 1 == len(memory.relations(name, user_id="v"))
            driver.execute_query(drop)
            graph._again = 0.0
            assert graph.apply()
            assert () == memory.verify().differences


def tied(name: str) -> Fact:
    """A fact about a person of this name."""
    ends = (EntityDraft(name=name, type="Person"), EntityDraft(name="Tea", type="Thing"))
    return Fact(text=f"They like tea, {len(name)}", relations=((name, "likes", "Tea"),), entities=ends)
