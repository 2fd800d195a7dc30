"""add: durable first, decided once, nothing lost."""

from __future__ import annotations

from itertools import pairwise

import pytest

from graphmem import ConflictError, Fact, Memory, ModelUnavailable
from graphmem.models.scripted import FailingEmbedder, FailingExtractor, HashEmbedder, ScriptedExtractor
from tests.conftest import Clock
from tests.flows.conftest import Opener, triples


def texts(memory: Memory, **scope: str) -> list[str]:
    """Texts of all live memories."""
    return sorted(m.text for m in memory.list(**scope))  # type: ignore[arg-type]


def test_an_add_gives_its_changes_relations_and_evidence(graph: Memory) -> None:
    """One statement is one ADD, one relation, and a quote that leads back to the message."""
    result = graph.add("Ann works_at Acme", user_id="u")

    assert [("ADD", "Ann works_at Acme")] == [(c.event, c.text) for c in result.changes]
    assert [("Ann", "works_at", "Acme")] == [(r.source.name, r.type, r.target.name) for r in result.relations_added]
    assert result.projected
    hit = next(h for h in graph.search("Acme", user_id="u") if h.source == "fact")
    assert result.message_ids == tuple(e.message_id for e in hit.evidence)


def test_a_functional_relation_is_superseded_and_kept_as_history(graph: Memory, clock: Clock) -> None:
    """The old value ends when the new one begins, with a reason, and stays readable as of then."""
    graph.add("Ann lives_in Rome", user_id="u")
    clock.advance(days=30)
    result = graph.add("Ann lives_in Oslo", user_id="u")

    assert [("Ann", "lives_in", "Rome")] == [(r.source.name, r.type, r.target.name) for r in result.relations_ended]
    assert ["Oslo"] == [r.target.name for r in graph.relations("Ann", type="lives_in", user_id="u")]
    then = graph.relations("Ann", type="lives_in", as_of="2024-01-20", user_id="u")
    assert ["Rome"] == [r.target.name for r in then]
    assert all(c.reason for c in result.changes if c.event != "ADD")


def test_there_and_back_again_keeps_three_intervals(graph: Memory, clock: Clock) -> None:
    """A, B, A: three facts, and two separate intervals of A."""
    for city in ("Rome", "Oslo", "Rome"):
        graph.add(f"Ann lives_in {city}", user_id="u")
        clock.advance(days=30)

    line = graph.timeline("Ann", user_id="u")
    assert ["Rome", "Oslo", "Rome"] == [r.target.name for r in line]
    assert [False, False, True] == [r.valid_to is None for r in line]
    assert all(a.valid_to == b.valid_from for a, b in pairwise(line))


def test_what_was_known_at_a_moment_ignores_later_closures(graph: Memory, clock: Clock) -> None:
    """known_at gives back the belief of that moment."""
    graph.add("Ann lives_in Rome", user_id="u")
    before = clock.now
    clock.advance(days=30)
    graph.add("Ann lives_in Oslo", user_id="u")

    known = graph.relations("Ann", type="lives_in", known_at=before, user_id="u")
    assert [("Rome", None)] == [(r.target.name, r.valid_to) for r in known]


def test_several_values_stay_unless_the_relation_is_functional(graph: Memory) -> None:
    """Liking one thing does not end liking another."""
    graph.add("Ann likes Chess", user_id="u")
    graph.add("Ann likes Go", user_id="u")

    assert ["Chess", "Go"] == sorted(r.target.name for r in graph.relations("Ann", type="likes", user_id="u"))


def test_the_same_fact_again_is_a_mention(graph: Memory, clock: Clock) -> None:
    """A repetition adds evidence and no memory."""
    first = graph.add("Ann likes Chess", user_id="u")
    clock.advance(days=1)
    graph.add("Ann likes Chess", user_id="u")

    assert 2 == graph.get(first.changes[0].memory_id).times_seen
    assert ["Ann likes Chess"] == texts(graph, user_id="u")


def test_an_immediate_retry_is_the_same_add(graph: Memory, clock: Clock) -> None:
    """The same undated content at once again has the same id and writes nothing."""
    first = graph.add("Ann likes Chess", user_id="u")
    clock.advance(seconds=5)
    again = graph.add("Ann likes Chess", user_id="u")

    assert (first.episode_id, True) == (again.episode_id, again.duplicate)
    assert first.message_ids == again.message_ids


def test_a_key_is_accepted_once_and_refuses_other_content(graph: Memory) -> None:
    """An idempotency key names one add."""
    first = graph.add("Ann likes Chess", user_id="u", idempotency_key="k1")
    assert graph.add("Ann likes Chess", user_id="u", idempotency_key="k1").duplicate
    with pytest.raises(ConflictError):
        graph.add("Ann likes Go", user_id="u", idempotency_key="k1")
    assert first.episode_id


def test_a_failing_model_keeps_the_messages_and_retry_finishes(opened: Opener) -> None:
    """The add is accepted, says that it failed, is searchable at once, and comes home later."""
    extractor = FailingExtractor(ScriptedExtractor(triples), on_calls=[1])
    memory = opened(extractor=extractor)
    result = memory.add("Ann works_at Acme", user_id="u")

    assert ("failed", ()) == (result.status, result.changes)
    assert "retry" in result.reason
    assert ["Ann works_at Acme"] == [h.text for h in memory.search("Acme", user_id="u")]
    assert ["failed"] == [e.status for e in memory.episodes(status="failed")]
    assert ["done"] == [r.status for r in memory.retry()]
    assert ["Ann works_at Acme"] == texts(memory, user_id="u")
    assert () == memory.retry()


def test_a_failing_embedder_keeps_the_messages_searchable_by_words(opened: Opener) -> None:
    """Without vectors the words still find it, and the search says what is missing."""
    embedder = FailingEmbedder(HashEmbedder())
    memory = opened(embedder=embedder)

    assert "failed" == memory.add("Ann works_at Acme", user_id="u").status
    found = memory.search("Acme", user_id="u")
    assert (["Ann works_at Acme"], ("embedder",)) == ([h.text for h in found], found.degraded)


def test_a_refused_error_type_is_kept_too(opened: Opener) -> None:
    """Whatever the model raises, the episode survives a reopening."""
    memory = opened(extractor=FailingExtractor(ScriptedExtractor(triples), fault=lambda: ModelUnavailable("gone")))
    memory.add("Ann works_at Acme", user_id="u")
    memory.close()

    reopened = opened()
    assert ["done"] == [r.status for r in reopened.retry()]
    assert ["Ann works_at Acme"] == texts(reopened, user_id="u")


def test_supplied_facts_replace_extraction(opened: Opener) -> None:
    """The caller's own triples are linked and resolved like extracted ones."""
    memory = opened(extractor=FailingExtractor(ScriptedExtractor()))
    fact = Fact(text="Ann works at Acme", relations=(("Ann", "works for", "Acme"),))
    result = memory.add("a document", user_id="u", facts=[fact, "Ann is tall"])

    assert ["Ann is tall", "Ann works at Acme"] == texts(memory, user_id="u")
    assert ["works_at"] == [r.type for r in result.relations_added]


def test_raw_messages_are_searchable_and_make_no_facts(graph: Memory) -> None:
    """infer=False keeps what was said and decides nothing."""
    result = graph.add("Ann works_at Acme", user_id="u", infer=False)

    assert ((), []) == (result.changes, texts(graph, user_id="u"))
    assert ["message"] == [h.source for h in graph.search("Acme", user_id="u")]


def test_scopes_do_not_see_each_other(graph: Memory) -> None:
    """Another user's facts neither show nor retire anything."""
    graph.add("Ann lives_in Rome", user_id="u")
    graph.add("Ann lives_in Oslo", user_id="v")

    assert (["Ann lives_in Rome"], ["Ann lives_in Oslo"]) == (texts(graph, user_id="u"), texts(graph, user_id="v"))
    assert all("Oslo" not in h.text for h in graph.search("Oslo", user_id="u"))


def test_a_user_sees_all_runs_and_a_run_only_its_own(graph: Memory) -> None:
    """A read filters by the labels it names."""
    graph.add("Ann likes Chess", user_id="u", run_id="one")
    graph.add("Ann likes Go", user_id="u", run_id="two")

    assert ["Ann likes Chess", "Ann likes Go"] == texts(graph, user_id="u")
    assert ["Ann likes Go"] == texts(graph, user_id="u", run_id="two")
    assert ["Ann likes Go"] == texts(graph, run_id="two")


def test_undo_takes_an_add_back_whole(graph: Memory, clock: Clock) -> None:
    """The new fact goes, the superseded one is current again, and a second undo is refused."""
    graph.add("Ann lives_in Rome", user_id="u")
    clock.advance(days=1)
    second = graph.add("Ann lives_in Oslo", user_id="u")
    assert second.resolution_id is not None
    graph.undo(second.resolution_id)

    assert ["Rome"] == [r.target.name for r in graph.relations("Ann", user_id="u")]
    assert () == graph.verify().differences
    with pytest.raises(ConflictError):
        graph.undo(second.resolution_id)


def test_an_undo_under_a_later_change_is_refused(graph: Memory, clock: Clock) -> None:
    """What a later add rests on cannot be pulled away silently."""
    first = graph.add("Ann lives_in Rome", user_id="u")
    clock.advance(days=1)
    graph.add("Ann lives_in Oslo", user_id="u")
    assert first.resolution_id is not None
    with pytest.raises(ConflictError):
        graph.undo(first.resolution_id)
