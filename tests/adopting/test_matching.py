"""Which memory states which edge, and what nodes are called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graphmem.adopting.matching import Ends, matched
from graphmem.adopting.names import name_of, readable, renamed, sentence, spoken, type_of
from graphmem.adopting.records import OldEdge, OldMemory, OldNode, Version
from graphmem.adopting.texts import Library
from graphmem.values import Claim, Scope

ALEX = Scope(user_id="Alex")
DAY = datetime(2024, 1, 10, 9, tzinfo=UTC)


def memory(text: str, *, at: datetime = DAY, scope: Scope = ALEX, id: str = "m") -> OldMemory:
    return OldMemory(id=id, scope=scope, versions=(Version(text=text, at=at),), created_at=at)


def edge(source: str, type: str, target: str, *, at: datetime = DAY, live: bool = True) -> OldEdge:
    ends = {"source": OldNode(name=source, label="person"), "target": OldNode(name=target)}
    return OldEdge(scope=ALEX, type=type, created_at=at, live=live, **ends)


def stated(found: OldEdge, *memories: OldMemory, others: tuple[OldEdge, ...] = ()) -> str | None:
    """Id of the memory that states an edge."""
    edges = [found, *others]
    library = Library(())
    ends = [Ends(name_of(e.source, e.scope, library), name_of(e.target, e.scope, library)) for e in edges]
    best = matched(edges, ends, memories).get(0)
    return best and best.id


LATER = DAY + timedelta(hours=5)


@pytest.mark.parametrize(
    ("found", "text", "at"),
    [
        (edge("alex", "works_at", "acme_corp"), "Works at Acme Corp", LATER),
        (edge("alex", "lives_in", "lisbon"), "Living in Lisbon since May", LATER),
        (edge("alex", "lives_in", "lisbon"), "Moved to Lisbon", DAY + timedelta(minutes=2)),
        (edge("user_id:_alex", "likes", "tea"), "Alex likes tea", LATER),
        (edge("refund", "needs", "receipt"), "Refunds need receipts", LATER),
        (edge("maria_silva", "plays", "cello"), "Sister Maria Silva plays the cello", LATER),
    ],
)
def test_a_memory_that_names_both_ends_states_the_edge(found: OldEdge, text: str, at: datetime):
    """With the relation in words at any time of the day, or without it when both came together."""
    assert "m" == stated(found, memory(text, at=at))


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (edge("alex", "lives_in", "lisbon"), memory("Visited Lisbon", at=LATER)),
        (edge("alex", "lives_in", "lisbon"), memory("Lives in New Lisbonia")),
        (edge("maria", "works_at", "acme"), memory("Works at Acme")),
        (edge("alex", "works_at", "acme"), memory("Works at Acme", at=DAY + timedelta(days=3))),
        (edge("alex", "works_at", "acme"), memory("Works at Acme", scope=Scope(user_id="Bo"))),
        (edge("alex", "works_at", "acme"), memory("Works at Acme", scope=Scope(user_id="Alex", run_id="r"))),
        (edge("alex", "works_at", "acme", live=False), memory("Works at Acme")),
        (edge("alex", "works_at", "acme"), memory("Works at Acme").model_copy(update={"ended_at": LATER})),
    ],
    ids=["another relation", "another word", "another person", "began later", "another user", "another run", "invalid",
         "deleted"],
)  # fmt: skip
def test_a_memory_that_says_something_else_does_not(found: OldEdge, kept: OldMemory):
    """Then the edge becomes a fact of its own."""
    assert stated(found, kept) is None


def test_a_memory_about_somebody_else_says_nothing_of_the_user():
    """It begins with another node's name."""
    works = edge("alex", "works_at", "acme")

    assert stated(works, memory("Maria works at Acme"), others=(edge("maria", "works_at", "acme"),)) is None
    assert "m" == stated(works, memory("Works at Acme with Maria"), others=(edge("maria", "works_at", "acme"),))


def test_the_memory_that_says_the_relation_comes_before_the_one_that_came_together():
    """And of two that say it, the nearer in time."""
    lives = edge("alex", "lives_in", "lisbon")
    memories = [memory("Saw Lisbon", id="near"), memory("Lives in Lisbon", id="said", at=LATER)]

    assert "said" == stated(lives, *memories)
    assert "nearer" == stated(lives, *memories, memory("Lives in Lisbon", id="nearer", at=DAY + timedelta(hours=1)))


@pytest.mark.parametrize(
    ("name", "label", "texts", "expected"),
    [
        ("maria_silva", "person", ["Sister Maria Silva plays"], ("Maria Silva", "Person")),
        ("maria_silva", "person", [], ("Maria Silva", "Person")),
        ("iphone_15", "device", ["Bought an iPhone 15"], ("iPhone 15", "Device")),
        ("cello", "instrument", ["Cello lessons on Monday"], ("cello", "Instrument")),
        ("porto", "city", [], ("Porto", "Place")),
        ("jazz_music", "", [], ("jazz music", "Thing")),
        ("alex", "__User__", ["alex"], ("Alex", "Person")),
        ("user_id:_alex,_agent_id:_bot", "", [], ("Alex", "Person")),
        ("alexander", "person", [], ("Alexander", "Person")),
        ("東京", "city", ["今 東京 に住む"], ("東京", "Place")),
    ],
)
def test_nodes_get_their_names_back(name: str, label: str, texts: list[str], expected: tuple[str, str]):
    """From the texts of the owner where they are spelt, else by their type."""
    label = "" if label == "__User__" else label
    found = name_of(OldNode(name=name, label=label), ALEX, Library(texts))

    assert expected == (found.text, found.type)


def test_labels_become_types():
    """What Mem0's models call a node is free text."""
    assert ("Person", "Place", "Organisation", "WorkOfArt", "Thing", "Thing") == tuple(
        map(type_of, ("Person", "city", "company", "work_of_art", "entity", "__"))
    )


def test_an_edge_reads_as_a_sentence():
    """Underscores are spaces; the names are those that people give."""
    works = edge("alex", "works_at", "acme")
    ends = [name_of(node, ALEX, Library(["Works at ACME"])) for node in (works.source, works.target)]

    assert "Alex works at ACME" == sentence(works, *ends)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lives in Porto", "Alex lives in Porto"),
        ("Sister Maria plays the cello", "Sister Maria plays the cello"),
        ("Alex lives in Porto", "Alex lives in Porto"),
    ],
)
def test_a_text_without_a_subject_is_read_with_one(text: str, expected: str):
    """Rules compare subjects; the stored text stays as it is."""
    assert expected == spoken(text, ALEX)
    assert text == spoken(text, Scope(agent_id="bot"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lives in Porto", ("Tom lives in Porto", "Tom")),
        ("Lives with Tom", ("Anna lives with Tom", "Anna")),
        ("user_17's dog is Rex", ("Tom's dog is Rex", "Tom")),
        ("Sister Maria plays the cello", ("Sister Maria plays the cello", "")),
    ],
)
def test_a_text_is_read_with_a_name_that_a_parser_knows(text: str, expected: tuple[str, str]):
    """One that does not stand in the text already."""
    assert expected == readable(text, Scope(user_id="user_17"))


def test_what_was_read_is_about_the_user_again():
    """Subject and object alike."""
    claim = Claim(subject="Tom's dog", predicate="bite", object="Tom", value="Rex")

    assert Claim(subject="user_17's dog", predicate="bite", object="user_17", value="Rex") == renamed(
        claim, "Tom", "user_17"
    )
    assert claim == renamed(claim, "", "user_17")
