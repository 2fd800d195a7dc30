"""The graph follows the ledger: switched, counted, shared with others, over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import neo4j
import numpy as np
import numpy.typing as npt
import pytest

from graphmem import Fact, Memory, Settings, graph_projection
from graphmem.models.scripted import HashEmbedder
from graphmem.values import EntityDraft
from tests.conftest import Clock
from tests.neo4j.conftest import Opened, neo4j_memory, said

FOREIGN = (
    "MATCH (n:Neighbour {run: $run}) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n) AS n, count(DISTINCT r) AS r"
)


class CountingEmbedder(HashEmbedder):
    """Counts its calls."""

    calls = 0

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of the texts."""
        self.calls += 1
        return super().embed(texts)


def calls(memory: Memory) -> int:
    """Statements sent so far."""
    return memory._engine.projection.graph._copy.connection.calls  # type: ignore[union-attr]


def current(memory: Memory) -> set[tuple[str, str, str]]:
    """What the plain question of the issue shows: people, and what is true of them now."""
    rows = memory.cypher(
        "MATCH (p:Entity:Current {home: $home})-[r]->(x) RETURN p.name AS p, type(r) AS t, x.name AS x"
    )
    return {(str(row["p"]), str(row["t"]), str(row["x"])) for row in rows}


def test_an_existing_home_moves_by_rebuild(tmp_path: Path, neo4j_url: str, clock: Clock) -> None:
    """Its graph is written from the ledger: no difference, no model, no embedding; and back again."""
    with neo4j_memory(tmp_path, neo4j_url, clock, graph="embedded") as memory:
        for number in range(5):
            facts = said(f"Ann knows Friend{number}", f"Friend{number} likes Tea")
            memory.add(f"Message {number}", user_id="u", facts=facts)
        asked = memory.relations(user_id="u")
    embedder = CountingEmbedder()
    chosen = {"home": tmp_path, "extractor": "none", "vectors": "none", "graph": "neo4j", "neo4j_url": neo4j_url}
    with Memory.open(Settings(**chosen), embedder=embedder, clock=clock) as moved:
        report = moved.rebuild("graph")
        assert ((), 0) == (report.differences, embedder.calls)
        assert asked == moved.relations(user_id="u")
        assert "neo4j" == moved.status().graph
    with neo4j_memory(tmp_path, neo4j_url, clock, graph="embedded") as back:
        assert asked == back.relations(user_id="u")
    with neo4j_memory(tmp_path, neo4j_url, clock) as again:
        again.rebuild("graph")


def test_statements_are_counted(graph: Memory) -> None:
    """One an add, two for what removes, one a relationship query, none for a search."""
    first = graph.add("Hello", user_id="u", facts=said("Ann works_at Acme", "Ann knows Bob", "Bob lives_in Oslo"))
    graph.relations("Ann", user_id="u")
    spent = []
    for act in (
        lambda: graph.add("Again", user_id="u", facts=said("Cem works_at Acme", "Cem likes Tea", "Cem knows Ann")),
        lambda: graph.add("Only talk", user_id="u", run_id="r"),
        lambda: graph.relations("Ann", user_id="u"),
        lambda: graph.neighbors("Ann", depth=3, user_id="u"),
        lambda: graph.paths("Bob", "Cem", user_id="u"),
        lambda: graph.search("Where does Bob live?", user_id="u"),
        lambda: graph.delete(graph.list(user_id="u").items[0].id),
    ):
        before = calls(graph)
        act()
        spent.append(calls(graph) - before)

    assert [1, 1, 1, 1, 1, 0, 2] == spent
    assert first.projected
    assert () == graph.verify().differences


def test_what_waited_is_written_a_batch_a_call(graph: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An add that finds the server back does not wait for all of it; the ledger answers until the copy is there."""
    graph.add("Hello", user_id="u", facts=said("Ann knows Bob"))
    copy = graph._engine.projection.graph
    assert copy is not None
    with monkeypatch.context() as down:
        down.setattr(copy, "_again", float("inf"))
        for number in range(6):
            assert not graph.add(f"Message {number}", user_id="u", facts=said(f"Ann knows Friend{number}")).projected
    rows = copy.pending
    monkeypatch.setattr(graph_projection, "BATCH", rows // 3)
    before = calls(graph)

    assert not graph.add("Back", user_id="u", facts=said("Ann knows Cem")).projected
    assert 1 == calls(graph) - before
    assert 0 < copy.pending < rows
    assert graph_projection.BEHIND == graph.status().graph
    assert 8 == len(graph.relations("Ann", user_id="u"))
    assert () == graph.verify().differences
    assert ("neo4j", 0) == (graph.status().graph, copy.pending)
    assert graph.add("There", user_id="u", facts=said("Ann knows Dora")).projected


def test_a_fact_that_goes_before_all_of_it_came_leaves_nothing(graph: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever its writes were parted: an edge between entities is never there without a fact behind it."""
    graph.add("Hello", user_id="u", facts=said("Ann knows Bob", "Cem likes Tea"))
    for size in range(1, 12):
        with monkeypatch.context() as small:
            small.setattr(graph_projection, "BATCH", size)
            added = graph.add(f"Message {size}", user_id="u", facts=said("Ann likes Tea", "Bob knows Cem"))
        for change in added.changes:
            graph.delete(change.memory_id)

        assert () == graph.verify().differences, size


def test_only_what_is_true_now_starts_at_an_entity(graph: Memory, clock: Clock) -> None:
    """What ended is a fact between the same two, and no edge; the label goes with the last fact."""
    graph.add("Hello", user_id="u", facts=said("Ann lives_in Rome", "Ann knows Bob"))
    assert {("Ann", "LIVES_IN", "Rome"), ("Ann", "KNOWS", "Bob")} == current(graph)
    clock.advance(days=30)
    graph.add("I moved", user_id="u", facts=said("Ann lives_in Oslo"))

    assert {("Ann", "LIVES_IN", "Oslo"), ("Ann", "KNOWS", "Bob")} == current(graph)
    past = graph.cypher(
        "MATCH (p {name: 'Ann', home: $home})<-[:SUBJECT]-(m:Memory)-[o:OBJECT {relation: 'lives_in'}]->(x) "
        "RETURN x.name AS x, m:Current AS now ORDER BY m.valid_from"
    )
    assert ({"x": "Rome", "now": False}, {"x": "Oslo", "now": True}) == past
    assert ({"c": False},) == graph.cypher("MATCH (n:Entity {home: $home, name: 'Rome'}) RETURN n:Current AS c")


def test_time_alone_ends_what_is_current(graph: Memory, clock: Clock) -> None:
    """A fact with an end in the future stops to be current when it comes, with no write in between."""
    ends = clock.now.replace(month=3)
    graph.add("Hello", user_id="u", facts=said("Ann works_at Acme", valid_to=ends))
    assert {("Ann", "WORKS_AT", "Acme")} == current(graph)
    clock.set(2024, 4, 1)

    assert set() == current(graph)
    assert () == graph.verify().differences
    clock.set(2024, 2, 1)
    assert {("Ann", "WORKS_AT", "Acme")} == current(graph)


def test_names_and_types_are_as_people_read_them(graph: Memory) -> None:
    """Types are labels in CamelCase, relations in capitals, names as written; a label of ours is nobody's type."""
    typed = (EntityDraft(name="Ann Smith", type="Person"), EntityDraft(name="Diary", type="memory"))
    given = Fact(text="Ann Smith keeps a diary", relations=(("Ann Smith", "Mentions", "Diary"),), entities=typed)
    graph.add("Hello", user_id="u", facts=[given])
    (row,) = graph.cypher("MATCH (a {home: $home})-[r:MENTIONS_]->(b) RETURN a, b, r.fact AS fact")

    assert ["Current", "Entity", "Graphmem", "Person"] == row["a"]["labels"]  # type: ignore[index]
    assert ["Current", "Entity", "Graphmem", "Memory_"] == row["b"]["labels"]  # type: ignore[index]
    assert ("Ann Smith", "Ann Smith keeps a diary") == (row["a"]["name"], row["fact"])  # type: ignore[index]


@pytest.mark.parametrize("act", ["delete_all", "reset", "rebuild", "undo"])
def test_what_others_keep_there_stays(opened: Opened, neo4j_url: str, act: str) -> None:
    """Foreign nodes, even with our labels, edges drawn by hand, and other homes are not touched."""
    memory, other = opened(), opened("other")
    other.add("Hello", user_id="u", facts=said("Ann knows Bob"))
    done = memory.add("Hello", user_id="u", facts=said("Ann knows Bob"))
    run = memory._engine.ledger.meta("graph_home")
    with neo4j.GraphDatabase.driver(neo4j_url) as driver:
        driver.execute_query(
            "CREATE (n:Neighbour:Entity:Person {name: 'Ann', id: 'x', run: $run})-[:KNOWS]->"
            "(:Neighbour:Memory {text: 't', user_id: 'u', run: $run})-[:SUBJECT]->(n)",
            run=run,
        )
        acts = {
            "delete_all": lambda: memory.delete_all(user_id="u"),
            "reset": memory.reset,
            "rebuild": lambda: memory.rebuild("graph"),
            "undo": lambda: memory.undo(done.resolution_id or ""),
        }
        acts[act]()
        (row,) = driver.execute_query(FOREIGN, run=run).records
        driver.execute_query("MATCH (n:Neighbour {run: $run}) DETACH DELETE n", run=run)

    assert (2, 2) == (row["n"], row["r"])
    assert () == memory.verify().differences == other.verify().differences
    assert 1 == len(other.relations("Ann", user_id="u"))


def test_a_home_used_without_its_copy_knows_it(tmp_path: Path, neo4j_url: str, clock: Clock) -> None:
    """Back from the ledger's graph the copy is not believed; the ledger answers, and the next add fills it."""
    settings = Settings(
        home=tmp_path, embedder="hash", extractor="none", vectors="none", graph="neo4j", neo4j_url=neo4j_url
    )
    with Memory.open(settings, clock=clock) as memory:
        memory.add("Hello", user_id="u", facts=said("Ann knows Bob"))
    with Memory.open(settings.override(graph="embedded"), clock=clock) as alone:
        alone.add("More", user_id="u", facts=said("Ann knows Cem"))
    with Memory.open(settings, clock=clock) as back:
        assert "rebuild graph" in back.status().graph
        assert {"Bob", "Cem"} == {r.target.name for r in back.relations("Ann", user_id="u")}
        assert back.add("Last", user_id="u", facts=said("Ann knows Eve")).projected
        assert ("neo4j", ()) == (back.status().graph, back.verify().differences)
        back.reset()


def test_two_processes_write_one_graph(tmp_path: Path, neo4j_url: str, clock: Clock) -> None:
    """Two memories of one home, each with its own connection, in turns: neither writes an old state."""
    home = tmp_path / "home"
    with neo4j_memory(home, neo4j_url, clock) as one, neo4j_memory(home, neo4j_url, clock) as two:
        for number in range(6):
            clock.advance(hours=1)
            memory = (one, two)[number % 2]
            memory.add(f"Message {number}", user_id="u", facts=said(f"Ann knows Friend{number}"))
        assert 6 == len(one.relations("Ann", user_id="u")) == len(two.relations("Ann", user_id="u"))
        assert () == two.verify().differences == one.verify().differences


def test_what_is_read_ahead_is_never_written_over_something_newer(
    tmp_path: Path, neo4j_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many batches, each read while the one before is written; another process writes what changed meanwhile."""
    monkeypatch.setattr(graph_projection, "BATCH", 6)
    home, came = tmp_path / "home", []
    with neo4j_memory(home, neo4j_url, clock) as one, neo4j_memory(home, neo4j_url, clock) as two:
        graph = one._engine.projection.graph
        assert graph is not None
        assert graph.flush()
        with monkeypatch.context() as patch:
            patch.setattr(graph, "apply", lambda: True)
            for number in range(8):
                clock.advance(hours=1)
                one.add(
                    f"Message {number}", user_id="u", facts=said(f"Ann knows Friend{number}", f"Ann at Place{number}")
                )
        copy = graph._copy
        assert copy is not None
        write = copy.write

        def overtaken(*batch: object, **how: object) -> object:
            if len(came) < 3 and not how:
                came.append(clock.advance(hours=1))
                two.delete(two.list(user_id="u").items[-1].id)
            return write(*batch, **how)  # type: ignore[arg-type]

        monkeypatch.setattr(copy, "write", overtaken)
        assert graph.flush(), graph.problem
        assert (3, ()) == (len(came), one.verify().differences)
        assert 13 == len(one.relations("Ann", user_id="u"))
        one.rebuild("graph")
        assert () == two.verify().differences
