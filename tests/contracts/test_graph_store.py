"""What every graph store must do; a new one is added to the fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from graphmem.ledger.sql import SqlLedger
from graphmem.stores.contracts import Ball, GraphCopy, GraphStore
from graphmem.stores.digests import graph_digests
from graphmem.values import Node, Scope
from tests.ledger.worlds import BOB, MARIA, close, day, fact, now, plan, say


class World(NamedTuple):
    """A ledger, and a graph that has been brought in step with it whenever it is asked for."""

    ledger: SqlLedger
    graph: Callable[[], GraphStore]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    opened = SqlLedger.open(tmp_path / "ledger.db", graph_store=True)
    yield opened
    opened.close()


def copied(ledger: SqlLedger, copy: GraphCopy) -> GraphCopy:
    """The copy, written anew."""
    state = copy.erase()
    for batch in ledger.graph_items.all(day(1000)):
        written = copy.write(batch, state.revision, fresh=True)
        assert written is not None
        state = written
    copy.filled(day(1000))
    return copy


@pytest.fixture
def neo4j_copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphCopy]:
    from graphmem.stores.neo4j import Neo4jGraph
    from graphmem.stores.neo4j.connection import Address

    copy = Neo4jGraph(Address(request.getfixturevalue("neo4j_url")), tmp_path.name)
    copy.state()
    yield copy
    copy.erase()
    copy.close()


@pytest.fixture(params=["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def world(request: pytest.FixtureRequest, ledger: SqlLedger) -> World:
    if request.param == "embedded":
        return World(ledger, lambda: ledger.graph)
    copy: GraphCopy = request.getfixturevalue("neo4j_copy")
    return World(ledger, lambda: copied(ledger, copy))


@pytest.fixture
def family(world: World) -> World:
    """Ann works at Acme with Bob, who lived in Rome and lives in Oslo; another owner knows another Ann."""
    (one,) = say(world.ledger, "we talked", scope=MARIA)
    world.ledger.commit(
        plan(
            "first",
            fact("ann at acme", one, ("ann", "works_at", "acme"), on=1),
            fact("bob at acme", one, ("bob", "works_at", "acme"), on=2),
            fact("bob in rome", one, ("bob", "lives_in", "rome"), on=3),
            on=3,
        )
    )
    moved = fact("bob in oslo", one, ("bob", "lives_in", "oslo"), on=50)
    world.ledger.commit(plan("moved", moved, on=50, closures=(close("bob in rome", 50, "bob in oslo"),)))
    (other,) = say(world.ledger, "elsewhere", scope=BOB)
    world.ledger.commit(plan("theirs", fact("ann at home", other, ("ann", "lives_in", "home")), scope=BOB))
    return world


def told(world: World, scope: Scope = MARIA, entities: list[str] | None = None, **how: object) -> list[str]:
    """The sentences of relations that a read sees."""
    when = now(**{k: v for k, v in how.items() if k != "types"})
    found = world.graph().relations(scope, when, entity_ids=entities, types=how.get("types"))  # type: ignore[arg-type]
    return [relation.fact for relation in found]


def test_relations_come_newest_first_and_of_the_scope(family: World) -> None:
    """What holds now, of this owner alone."""
    assert ["bob in oslo", "bob at acme", "ann at acme"] == told(family)
    assert ["ann at home"] == told(family, BOB)
    assert [] == told(family, Scope(user_id="nobody"))


def test_relations_are_narrowed_by_entity_and_type(family: World) -> None:
    """Touching one of the entities; unknown ids are skipped."""
    assert ["bob in oslo", "bob at acme"] == told(family, entities=["maria/bob", "maria/nobody"])
    assert ["bob in oslo"] == told(family, types=["lives_in"])
    assert [] == told(family, entities=[])


def test_relations_are_read_at_a_moment(family: World) -> None:
    """True then, believed then, or all that ever was."""
    assert ["bob in rome"] == told(family, types=["lives_in"], as_of=day(10))
    assert ["bob in rome"] == told(family, types=["lives_in"], known_at=day(10))
    assert ["bob in oslo", "bob in rome"] == told(family, types=["lives_in"], everything=True)


def test_a_relation_has_its_ends_its_interval_and_its_evidence(family: World) -> None:
    """One value an interval, with the memories and episodes behind it."""
    (relation,) = family.graph().relations(MARIA, now(everything=True), types=["lives_in"], limit=1)

    assert ("bob", "lives_in", "oslo") == (relation.source.name, relation.type, relation.target.name)
    assert (day(50), None, ("maria#bob in oslo",)) == (relation.valid_from, relation.valid_to, relation.memory_ids)
    assert 1 == len(relation.episode_ids)


def test_as_many_relations_as_asked_for(world: World) -> None:
    """Newer facts that a read does not see, of other types, or behind one relation, take the place of none."""
    (one,) = say(world.ledger, "we talked", scope=MARIA)
    held = [fact(f"ann knows {n}", one, ("ann", "knows", f"friend {n}"), on=1) for n in range(4)]
    others = [fact(f"ann likes {n}", one, ("ann", "likes", f"thing {n}"), on=2) for n in range(20)]
    again = [fact(f"ann is at acme, {n}", one, ("ann", "works_at", "acme"), on=3) for n in range(20)]
    past = [fact(f"ann knew {n}", one, ("ann", "knows", f"stranger {n}"), on=4, until=5) for n in range(20)]
    world.ledger.commit(plan("first", *held, *others, *again, *past, on=5))
    graph, ann = world.graph(), ["maria/ann"]

    def count(**asked: object) -> int:
        return len(graph.relations(MARIA, now(), **asked))  # type: ignore[arg-type]

    assert (2, 2) == (count(limit=2), count(limit=2, entity_ids=ann))
    assert (4, 4) == (count(limit=4, types=["knows"]), count(limit=4, types=["knows"], entity_ids=ann))
    assert (4, 25) == (count(limit=9, types=["knows"], entity_ids=ann), count(limit=99, entity_ids=ann))
    assert ["ann knows 3"] == [r.fact for r in graph.relations(MARIA, now(), types=["knows"], entity_ids=ann, limit=1)]


def test_a_neighbourhood_grows_by_hops(family: World) -> None:
    """Nearest first, one answer a ball; a ball that is full grows no further."""
    balls = [Ball(["maria/ann"], 1), Ball(["maria/ann"], 2), Ball(["maria/oslo"], 6), Ball(["maria/nobody"], 3)]
    found = family.graph().neighbourhood(balls, MARIA, now())
    full = family.graph().neighbourhood([Ball(["maria/ann"], 6)], MARIA, now(), limit=1)

    assert ["ann at acme"] == [r.fact for r in found[0]] == [r.fact for r in full[0]]
    assert ["ann at acme", "bob at acme"] == [r.fact for r in found[1]]
    assert ["bob in oslo", "bob at acme", "ann at acme"] == [r.fact for r in found[2]]
    assert [] == list(found[3])


def test_edges_lead_from_any_kind_of_node(family: World) -> None:
    """Facts to entities and messages and back, entities to entities; nothing of what ended, nothing unknown."""
    nodes = [Node("fact", "maria#ann at acme"), Node("entity", "maria/acme"), Node("fact", "maria#bob in rome")]
    found = {(e.source.id, e.kind, e.target.id) for e in family.graph().edges(nodes, MARIA, now())}

    assert ("maria#ann at acme", "mentions", "maria/ann") in found
    assert ("maria/acme", "relates", "maria/bob") in found
    assert "derived_from" in {kind for _, kind, _ in found}
    assert "maria#bob in rome" not in {source for source, _, _ in found}
    assert [] == list(family.graph().edges([Node("entity", "nobody")], MARIA, now()))


@pytest.mark.neo4j
def test_a_copy_holds_what_the_ledger_says(ledger: SqlLedger, neo4j_copy: GraphCopy) -> None:
    """Digest by digest; written twice is written once, and an older revision writes nothing."""
    (one,) = say(ledger, "we talked")
    ledger.commit(plan("first", fact("ann at acme", one, ("ann", "works_at", "acme"))))
    copied(ledger, neo4j_copy)
    batch = ledger.graph_items.some([("memory", "maria#ann at acme")], day(1000))
    before = neo4j_copy.state().revision
    for _ in range(2):
        assert neo4j_copy.write(batch, neo4j_copy.state().revision) is not None
    wanted = {key: value for some in ledger.graph_items.all(day(1000)) for key, value in graph_digests(some)}

    assert wanted == neo4j_copy.held()
    assert neo4j_copy.write(batch, before) is None
    assert wanted == neo4j_copy.held()
