"""update, delete, delete_all, reset: the graph follows, others are untouched, stores agree."""

from __future__ import annotations

import pytest

from graphmem import Memory, NotFound, ScopeError
from tests.conftest import Clock


def test_deleting_a_memory_takes_what_only_it_supported(graph: Memory) -> None:
    """Relation, entities, vector and the message it came from leave; other facts stay; the stores agree."""
    gone = graph.add("Ann works_at Acme", user_id="u").changes[0].memory_id
    graph.add("Ann likes Chess", user_id="u")
    graph.delete(gone)

    assert ["Ann likes Chess"] == [m.text for m in graph.list(user_id="u")]
    assert ["likes"] == [r.type for r in graph.relations(user_id="u")]
    assert ["Ann", "Chess"] == sorted(e.name for e in graph.entities(user_id="u"))
    assert all("Acme" not in h.text for h in graph.search("Acme works", user_id="u"))
    assert () == graph.verify().differences
    with pytest.raises(NotFound):
        graph.get(gone)


def test_a_deleted_memory_comes_back_by_undo(graph: Memory) -> None:
    """Text, relation and search are as before."""
    kept = graph.add("Ann works_at Acme", user_id="u").changes[0].memory_id
    report = graph.delete(kept)
    assert report.resolution_id is not None
    graph.undo(report.resolution_id)

    assert "Ann works_at Acme" == graph.get(kept).text
    assert ["Acme"] == [r.target.name for r in graph.relations("Ann", user_id="u")]
    assert {"fact", "message"} == {h.source for h in graph.search("Acme", user_id="u")}
    assert () == graph.verify().differences


def test_a_fact_with_two_messages_survives_the_loss_of_one(graph: Memory, clock: Clock) -> None:
    """A fact that was said twice still rests on the other message."""
    first = graph.add("Ann works_at Acme", user_id="u")
    clock.advance(days=1)
    graph.add("Ann works_at Acme", user_id="u")
    graph.delete(first.message_ids[0])

    assert ["Ann works_at Acme"] == [m.text for m in graph.list(user_id="u")]
    assert () == graph.verify().differences


def test_deleting_a_user_leaves_others_unchanged(graph: Memory) -> None:
    """Everything of the user goes, messages included; a dry run only counts."""
    for user in ("u", "v"):
        graph.add("Ann works_at Acme", user_id=user)
    others = graph.graph(user_id="v")
    counted = graph.delete_all(user_id="u", dry_run=True)
    assert 1 == len(graph.list(user_id="u"))
    done = graph.delete_all(user_id="u")

    assert (counted.memories, counted.messages) == (done.memories, done.messages) == (1, 1)
    assert ((), ()) == (graph.list(user_id="u").items, graph.search("Acme", user_id="u").hits)
    assert others == graph.graph(user_id="v")
    assert () == graph.verify().differences


def test_delete_all_needs_a_scope(graph: Memory) -> None:
    """Nothing is deleted by leaving something out."""
    graph.add("Ann works_at Acme", user_id="u")
    with pytest.raises(ScopeError):
        graph.delete_all()
    assert 1 == len(graph.list(user_id="u"))


def test_an_update_keeps_metadata_and_moves_the_graph(graph: Memory) -> None:
    """The text changes, its relation with it; metadata is merged; history has both."""
    result = graph.add("Ann works_at Acme", user_id="u")
    identity = result.changes[0].memory_id
    graph.update(identity, metadata={"a": 1})
    change = graph.update(identity, "Ann works_at Initech", metadata={"b": 2})

    assert ("Ann works_at Acme", "Ann works_at Initech") == (change.previous_text, change.text)
    assert {"a": 1, "b": 2} == dict(graph.get(identity).metadata)
    assert ["Initech"] == [r.target.name for r in graph.relations("Ann", user_id="u")]
    assert "UPDATE" in [entry.event for entry in graph.history(identity)]
    assert () == graph.verify().differences


def test_reset_empties_the_home(graph: Memory) -> None:
    """Ledger and stores are empty and agree."""
    graph.add("Ann works_at Acme", user_id="u")
    graph.reset()

    assert () == graph.list(user_id="u").items
    assert () == graph.verify().differences


def test_an_unknown_id_is_said_to_be_unknown(graph: Memory) -> None:
    """get, update and delete say so; history is empty."""
    for call in (graph.get, graph.delete, lambda item: graph.update(item, "x")):
        with pytest.raises(NotFound):
            call("nope")
    assert () == graph.history("nope")
