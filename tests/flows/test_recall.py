"""search: facts and messages in one ranking, honest about what failed."""

from __future__ import annotations

import pytest

from graphmem import InputError, Memory
from graphmem.errors import StoreUnavailable
from graphmem.flows import recall
from graphmem.models.scripted import FailingEmbedder, HashEmbedder
from graphmem.values import Scope, When
from tests.conftest import Clock
from tests.flows.conftest import Opener


@pytest.fixture
def told(graph: Memory, clock: Clock) -> Memory:
    """Ann's city, job and pet, each said on its own day."""
    for text in ("Ann lives_in Rome", "Ann works_at Acme", "Bob owns Rex", "the weather was grey all week"):
        graph.add({"content": text, "name": "Ann"}, user_id="u")
        clock.advance(days=30)
    return graph


def engine(memory: Memory, **changes: object) -> dict[str, object]:
    parts = memory._engine
    return {"ledger": parts.ledger, "embedder": parts.embedder, "graph": parts.graph, **changes}


def test_the_fact_that_answers_comes_first(told: Memory) -> None:
    """Its source message is set back, for it says the same."""
    found = told.search("Where does Ann works_at?", user_id="u")

    assert ("fact", "Ann works_at Acme") == (found.hits[0].source, found.hits[0].text)


def test_scores_fall_with_the_rank_within_bounds(told: Memory) -> None:
    """From 1 down to 0."""
    scores = [hit.score for hit in told.search("Ann lives_in Rome", user_id="u", k=20)]

    assert sorted(scores, reverse=True) == scores
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize(("include", "expected"), [(("facts",), {"fact"}), (("messages",), {"message"})])
def test_include_limits_what_is_found(told: Memory, include: tuple[str, ...], expected: set[str]) -> None:
    """Facts only, or messages only."""
    assert expected == {hit.source for hit in told.search("Ann Rome Acme", user_id="u", include=include)}


def test_an_unknown_include_names_the_field(told: Memory) -> None:
    """The error says what can be given."""
    with pytest.raises(InputError, match="include"):
        told.search("Ann", user_id="u", include=("thoughts",))


def test_k_and_min_score_limit_the_hits(told: Memory) -> None:
    """At most k, none below the score asked for."""
    assert 2 == len(told.search("Ann", user_id="u", k=2))
    assert all(hit.score >= 0.6 for hit in told.search("Ann lives_in Rome", user_id="u", min_score=0.6))


def test_what_ended_is_not_found(told: Memory) -> None:
    """Unless the search asks about the time when it was true."""
    told.add({"content": "Ann lives_in Oslo", "name": "Ann"}, user_id="u")

    def facts(**when: str) -> set[str]:
        return {h.text for h in told.search("Ann lives_in", user_id="u", include=("facts",), **when)}  # type: ignore[arg-type]

    assert "Ann lives_in Rome" not in facts()
    assert {"Ann lives_in Oslo"} <= facts()
    assert "Ann lives_in Rome" in facts(as_of="2024-01-20")


def test_explain_gives_signals_and_a_route(told: Memory) -> None:
    """From the entity that the question names to the hit."""
    hit = told.search("What does Rex do?", user_id="u", explain=True).hits[0]

    assert hit.why is not None
    assert {"lexical_fact", "dense_fact"} <= hit.why.signals.keys()
    assert "Rex" == hit.why.route[0].source


def test_relations_of_the_hits_come_along(told: Memory) -> None:
    """Those of the entities that the question names."""
    found = told.search("Where does Ann work?", user_id="u")

    assert ("Ann", "works_at", "Acme") in {(r.source.name, r.type, r.target.name) for r in found.relations}
    assert () == told.search("Where does Ann work?", user_id="u", relations=False).relations


def test_rerank_orders_and_keeps_the_scores_falling(told: Memory) -> None:
    """The hook's order wins; what it leaves out follows."""
    plain = told.search("Ann", user_id="u", k=3)
    last = told.search("Ann", user_id="u", k=30).hits[-1]
    found = told.search("Ann", user_id="u", k=3, rerank=lambda _, hits: [h for h in hits if h.id == last.id])

    assert last.id == found.hits[0].id
    assert [h.score for h in plain] == [h.score for h in found]


def test_rewrite_searches_along_in_one_embedding_call(told: Memory) -> None:
    """A second wording finds what the first cannot."""
    found = told.search("zzz", user_id="u", rewrite=lambda _: ["Bob owns Rex"])

    assert "Bob owns Rex" == found.hits[0].text
    assert 1 == found.usage.embedding_calls


def test_without_the_embedder_words_still_answer(opened: Opener) -> None:
    """The part that failed is named."""
    opened().add("Bob owns Rex", user_id="u")
    memory = opened(embedder=FailingEmbedder(HashEmbedder()))
    found = memory.search("Rex", user_id="u")

    assert "Bob owns Rex" == found.hits[0].text
    assert ("embedder",) == found.degraded


def test_without_the_graph_the_lists_still_answer(told: Memory) -> None:
    """A graph that is down is named, and costs only the walk and the relations."""

    class Down:
        def edges(self, *_: object) -> None:
            raise StoreUnavailable("The graph is down.")

        def relations(self, *_: object, **__: object) -> None:
            raise StoreUnavailable("The graph is down.")

    when = When(now=told._engine.clock())
    found = recall.search("Rex", Scope(user_id="u"), when, **engine(told, graph=Down()))  # type: ignore[arg-type]

    assert "Bob owns Rex" == found.hits[0].text
    assert ("graph",) == found.degraded


def test_an_empty_scope_finds_nothing(told: Memory) -> None:
    """No hits, no relations, nothing degraded."""
    found = told.search("Rex", user_id="somebody else")

    assert ((), (), ()) == (found.hits, found.relations, found.degraded)
