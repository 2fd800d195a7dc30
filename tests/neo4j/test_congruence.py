"""The same operations, the same questions: the ledger's graph and Neo4j must give equal answers.

`CONGRUENCE_EXAMPLES` says how many stories are told (a dozen in the usual run; `make congruence` tells thousands).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphmem import ConflictError, Memory, NotFound, Settings
from graphmem.stores.contracts import Ball
from graphmem.values import Node, Scope, When
from tests.conftest import Clock
from tests.neo4j.conftest import fact

EXAMPLES = int(os.environ.get("CONGRUENCE_EXAMPLES", "12"))
START = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = ("Ann", "Bob", "Cem", "Acme", "Oslo", "Rome")
TYPES = ("works_at", "lives_in", "knows", "likes", "mentions")
STORIES = itertools.count()

days = st.integers(0, 60)
names = st.sampled_from(NAMES)
statements = st.tuples(names, st.sampled_from(TYPES), names).filter(lambda t: t[0] != t[2])
adds = st.tuples(
    st.just("add"),
    st.lists(statements, min_size=1, max_size=3),
    st.none() | st.sampled_from(["r1", "r2"]),
    st.none() | days,
    st.none() | days,
)
others = st.one_of(
    st.tuples(st.sampled_from(["delete", "undo", "update", "say"]), st.integers(0, 30)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
    st.tuples(st.just("forget"), st.sampled_from(["r1", "r2"])),
)
stories = st.lists(adds | adds | others, min_size=4, max_size=12)
moments = st.tuples(st.none() | days, st.none() | days, st.booleans())


def at(day: int | None) -> datetime | None:
    """A day of the story."""
    return None if day is None else START + timedelta(days=day)


class Teller:
    """Tells stories to one memory, each of a user of its own, whose clock goes on."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self.memory, self.clock = memory, clock

    def tell(self, story: list[Any]) -> str:
        """The user of the story."""
        user = f"story {next(STORIES)}"
        self.done: list[str] = []
        for step, (verb, *what) in enumerate(story):
            self.clock.advance(hours=1)
            with suppress(NotFound, ConflictError):
                getattr(self, verb)(user, step, *what)
        return user

    def add(
        self, user: str, step: int, facts: list[Any], run: str | None, since: int | None, until: int | None
    ) -> None:
        """Facts, perhaps with an interval."""
        spans = {"valid_from": at(since), "valid_to": at(until) if until is not None and since is not None else None}
        given = [fact(f"{s} {t} {o} ({step})", f"{s} {t} {o}", **spans) for s, t, o in facts]
        result = self.memory.add(f"Step {step} with {facts[0][0]}", user_id=user, run_id=run, facts=given)
        self.done.append(result.resolution_id or "")

    def say(self, user: str, step: int, number: int) -> None:
        """A message without facts, in a conversation."""
        self.memory.add(f"{NAMES[number % 6]} came by", user_id=user, run_id="r1", infer=False)

    def delete(self, user: str, step: int, number: int) -> None:
        """One of the facts there are."""
        items = self.memory.list(user_id=user, include_past=True).items
        if items:
            report = self.memory.delete(items[number % len(items)].id)
            self.done.append(report.resolution_id or "")

    def undo(self, user: str, step: int, number: int) -> None:
        """Something done before."""
        if self.done:
            self.memory.undo(self.done.pop(number % len(self.done)))

    def update(self, user: str, step: int, number: int) -> None:
        """A fact gets another text, and loses what it said."""
        items = self.memory.list(user_id=user, include_past=True).items
        if items:
            self.memory.update(items[number % len(items)].id, f"Something else ({step})", {"step": step})

    def wait(self, user: str, step: int, number: int) -> None:
        """Time passes."""
        self.clock.advance(days=number)

    def forget(self, user: str, step: int, run: str) -> None:
        """A run is removed."""
        self.memory.delete_all(user_id=user, run_id=run)


@pytest.fixture(scope="module")
def teller(tmp_path_factory: pytest.TempPathFactory, neo4j_url: str) -> Iterator[Teller]:
    clock = Clock(START + timedelta(days=20))
    home: Path = tmp_path_factory.mktemp("congruence")
    chosen = Settings(home=home, embedder="hash", extractor="none", vectors="none", graph="neo4j", neo4j_url=neo4j_url)
    with Memory.open(chosen, clock=clock) as memory:
        yield Teller(memory, clock)
        memory.reset()


@settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 100,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(story=stories, asked=st.lists(moments, min_size=2, max_size=4))
def test_both_graphs_give_the_same_answers(teller: Teller, story: list[Any], asked: list[Any]) -> None:
    """Relations, neighbourhoods and edges of the walk, in every scope and at every moment; and nothing differs."""
    user = teller.tell(story)
    engine = teller.memory._engine
    copy, own = engine.projection.graph.current(), engine.ledger.graph  # type: ignore[union-attr]
    assert copy is not None, engine.projection.graph.problem  # type: ignore[union-attr]
    scopes = [Scope(user_id=user), Scope(user_id=user, run_id="r1")]
    nodes = nodes_of(teller.memory, user)
    ids = [node.id for node in nodes if node.kind == "entity"]
    for as_of, known_at, everything in [(None, None, False), *asked]:
        when = When(now=teller.clock(), as_of=at(as_of), known_at=at(known_at), everything=everything)
        for scope in scopes:
            assert list(own.relations(scope, when)) == list(copy.relations(scope, when))
            asked_of = {"entity_ids": ids[:2], "types": ["knows", "lives_in"]}
            assert list(own.relations(scope, when, **asked_of)) == list(copy.relations(scope, when, **asked_of))
            balls = [Ball(ids[:1], 1), Ball(ids[1:2], 2), Ball(ids[2:3], 6)]
            here, there = (g.neighbourhood(balls, scope, when, limit=5) for g in (own, copy))
            assert [list(found) for found in here] == [list(found) for found in there]
            assert sorted(own.edges(nodes, scope, when)) == sorted(copy.edges(nodes, scope, when))


def nodes_of(memory: Memory, user: str) -> list[Node]:
    """All facts, messages and entities of a user."""
    ledger, scope = memory._engine.ledger, Scope(user_id=user)
    facts = [Node("fact", m.id) for m in memory.list(user_id=user, include_past=True).items]
    said = [Node("message", m.id) for e in ledger.episodes(scope=scope) for m in ledger.episode(e.id)[1]]
    return [*facts, *said, *(Node("entity", e.id) for e in ledger.find_entities(scope, limit=1000))]


def test_the_copy_is_the_ledger_after_all_stories(teller: Teller) -> None:
    """Every node and edge that the stories left is in Neo4j as the ledger says, and nothing else is."""
    for story in ([("add", [("Ann", "knows", "Bob")], None, None, None)], [("say", 1), ("wait", 3)]):
        teller.tell(story)
    report = teller.memory.verify()

    assert () == report.differences
    assert 0 < report.checked["neo4j"]
