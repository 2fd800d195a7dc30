"""What the graph knows to be so comes first; what a message says of the past is set back."""

from __future__ import annotations

import pytest

from graphmem import Memory
from graphmem.steps.relation_types import asked
from tests.conftest import Clock


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Where does Maria live?", {"lives_in"}),
        ("Who is Nora dating?", {"dating"}),
        ("Who is married to Ana?", {"married_to"}),
        ("What does Ann like?", {"likes"}),
        ("When did Caroline go to the group?", set()),
        ("", set()),
    ],
)
def test_a_question_asks_for_relations_by_its_words(question: str, kinds: set[str]) -> None:
    """The words of a question name the listed relations that they are forms of."""
    assert kinds == asked(question)


def test_the_current_value_beats_the_message_that_told_the_old_one(memory: Memory, clock: Clock) -> None:
    """After a move the new town comes first, although the old message has the words of the question."""
    memory.add("I live in Porto and work at Acme.", user_id="maria")
    clock.advance(days=200)
    memory.add("I moved to Lisbon last week!", user_id="maria")
    found = memory.search("Where does Maria live?", user_id="maria")

    assert "Lisbon" in found.hits[0].text
    assert found.hits[0].score == max(hit.score for hit in found)
    assert "Porto" in memory.search("Where does Maria live?", user_id="maria", as_of="2024-02-01").hits[0].text


def test_a_message_whose_facts_all_ended_is_set_back(graph: Memory, clock: Clock) -> None:
    """It is still found, behind what holds; with the past included it stands where its words put it."""
    graph.add("Ann lives_in Rome", user_id="u")
    clock.advance(days=9)
    graph.add("Ann lives_in Oslo", user_id="u")

    texts = [hit.text for hit in graph.search("Ann", user_id="u")]
    assert texts.index("Ann lives_in Oslo") < texts.index("Ann lives_in Rome")
    assert "Rome" in graph.search("Rome", user_id="u", include_past=True).hits[0].text
