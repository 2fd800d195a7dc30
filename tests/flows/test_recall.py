"""search: facts and messages in one ranking, honest about what failed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from graphmem import InputError, Memory
from graphmem.errors import StoreUnavailable
from graphmem.flows import lists, recall
from graphmem.models.scripted import FailingEmbedder, HashEmbedder
from graphmem.steps import fusion
from graphmem.steps.fusion import Recipe
from graphmem.stores.contracts import Edge
from graphmem.values import Node, Scope, When
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


@pytest.mark.parametrize("option", [{"filters": {"tag": "none"}}, {"include": ("messages",), "filters": {"a": "b"}}])
def test_what_the_graph_answers_may_all_be_filtered_out(told: Memory, option: dict[str, object]) -> None:
    """A question for a relation that is known finds nothing where the filter leaves nothing."""
    assert () == told.search("Where does Ann works_at?", user_id="u", **option).hits  # type: ignore[arg-type]


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


PADDING = "and much more could be told of this in as many words as a passage of a book has " * 3


def ranked(memory: Memory, question: str, recipe: Recipe | None = None, **options: object) -> list[tuple[str, float]]:
    """Texts and scores of the hits under a recipe."""
    asking = Memory(memory._engine, recipe=recipe)
    return [(hit.text, hit.score) for hit in asking.search(question, user_id="u", **options).hits]  # type: ignore[arg-type]


def test_single_messages_are_ranked_as_chat(told: Memory) -> None:
    """Facts with relations and no neighbours are not yet documents: the messages are too short."""
    assert ranked(told, "Where is Ann?", fusion.CHAT) == ranked(told, "Where is Ann?")


@pytest.fixture
def library(graph: Memory, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Passages of which the lists see few; two are tied by an entity alone."""
    monkeypatch.setattr(lists, "BEST", 3)
    for text in (
        "Dune written_by Herbert",
        "Herbert born_in Tacoma",
        *(f"Book{n} owned_by Reader{n}" for n in range(9)),
    ):
        graph.add(f"{text} {PADDING}", user_id="u")
    return graph


def test_passages_with_relations_are_ranked_as_documents(library: Memory) -> None:
    """Long messages that stand alone, and facts with relations."""
    question = "Who wrote Dune?"

    assert ranked(library, question, fusion.DOCUMENTS) == ranked(library, question)
    assert ranked(library, question, fusion.CHAT) != ranked(library, question)


def test_a_conversation_of_long_messages_is_chat(library: Memory) -> None:
    """Messages that follow one another are no passages."""
    said = [f"Dune read_by Ann{n} {PADDING}" for n in range(4)]
    library.add([{"role": "user", "content": text} for text in said], user_id="u")

    assert ranked(library, "Dune read_by", fusion.CHAT) == ranked(library, "Dune read_by")


def test_the_walk_finds_what_no_list_names(library: Memory) -> None:
    """The passage at the end of a chain of relations; a filter holds for it too."""
    question = "Dune written_by"
    found = [text.split()[:3] for text, _ in ranked(library, question, include=("messages",))]

    assert [["Dune", "written_by", "Herbert"], ["Herbert", "born_in", "Tacoma"]] == found[:2]
    assert [] == ranked(library, question, include=("messages",), filters={"speaker": "nobody"})


def test_a_passage_leads_its_facts(library: Memory) -> None:
    """And facts asked for alone are not set back behind passages that are not shown."""
    passage, fact = ranked(library, "Dune written_by", k=1), ranked(library, "Dune written_by", k=1, include=("facts",))

    assert passage[0][0].startswith("Dune written_by Herbert and")
    assert "Dune written_by Herbert" == fact[0][0]
    assert fact[0][1] > 0.5


def test_a_walk_between_documents_fetches_at_most_four_times(library: Memory) -> None:
    """However far the relations lead."""
    for n in range(9):
        library.add(f"Herbert met Writer{n}. Writer{n} met Poet{n}. Poet{n} met Painter{n} {PADDING}", user_id="u")
    fetched: list[int] = []

    class Counted:
        def edges(self, nodes: Sequence[Node], *rest: object) -> Sequence[Edge]:
            fetched.append(len(nodes))
            return library._engine.graph.edges(nodes, *rest)  # type: ignore[arg-type]

    when = When(now=library._engine.clock())
    parts = engine(library, graph=Counted())
    recall.search("Dune written_by", Scope(user_id="u"), when, relations=False, **parts)  # type: ignore[arg-type]

    assert 2 <= len(fetched) <= 4
