"""One entity becomes two where no merge had made it: homonyms, and names given by mistake; and back, to the byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphmem import ConflictError, Fact, Memory, NotFound
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from tests.flows.conftest import triples
from tests.operations.conftest import Opener
from tests.operations.test_merging import relations, tables

MISTAKEN = Fact(
    text="Robert, also called Bert, likes tea",
    relations=[("Robert", "also_known_as", "Bert"), ("Robert", "likes", "tea")],
    subject="Robert",
)


@pytest.fixture
def two_anns(bare: Memory) -> Memory:
    """Facts of two people who share a name."""
    for text in ("Ann works_at Acme", "Ann knows Bob", "Ann lives_in Rome"):
        bare.add(text, user_id="maria")
    return bare


@pytest.fixture
def one_bert(bare: Memory) -> Memory:
    """Somebody who was given the name of somebody else."""
    oslo = Fact(text="Robert lives in Oslo", relations=[("Robert", "lives_in", "Oslo")], subject="Robert")
    acme = Fact(text="Bert works at Acme", relations=[("Bert", "works_at", "Acme")], subject="Bert")
    for fact in (MISTAKEN, oslo, acme):
        bare.add(fact.text, facts=[fact], user_id="maria")
    return bare


def ids_of(memory: Memory, *texts: str) -> list[str]:
    """Ids of the memories with these texts."""
    return [m.id for m in memory.list(user_id="maria").items if m.text in texts]


def test_facts_of_a_homonym_go_to_an_entity_of_their_own(two_anns: Memory):
    """Facts, the messages that only they rest on, relations and subject move; the rest stays."""
    report = two_anns.split("Ann", "Ann of Rome", ids=ids_of(two_anns, "Ann lives_in Rome"), user_id="maria")

    assert {("Ann", "works_at", "Acme"), ("Ann", "knows", "Bob")} == relations(two_anns, "Ann")
    assert {("Ann of Rome", "lives_in", "Rome")} == relations(two_anns, "Ann of Rome")
    assert ("Ann", "Ann of Rome", 2, 1) == (report.entity.name, report.other.name, report.mentions, report.relations)
    assert "Ann of Rome was split from Ann" == two_anns.history(report.other.id)[0].reason
    assert () == two_anns.verify().differences


def test_what_is_said_later_links_to_the_new_entity(two_anns: Memory):
    """A new fact finds the new entity by its name."""
    two_anns.split("Ann", "Anna", ids=ids_of(two_anns, "Ann lives_in Rome"), user_id="maria")

    two_anns.add("Anna likes Tea", user_id="maria")

    assert ("Anna", "likes", "Tea") in relations(two_anns, "Anna")
    assert () == two_anns.verify().differences


def test_a_name_given_by_mistake_takes_what_uses_it_alone(one_bert: Memory):
    """What says the other name, or both, stays; the name is no longer one of the entity."""
    assert "Robert" == one_bert.entity("Bert", user_id="maria").entity.name

    one_bert.split("Robert", "Bert", user_id="maria")

    assert {("Robert", "likes", "tea"), ("Robert", "lives_in", "Oslo")} == relations(one_bert, "Robert")
    assert {("Bert", "works_at", "Acme")} == relations(one_bert, "Bert")
    assert () == one_bert.entity("Robert", user_id="maria").entity.aliases
    assert () == one_bert.verify().differences


def test_undoing_such_a_split_restores_every_row(one_bert: Memory):
    """Names in their order, mentions, relations, supports, subjects and vectors are what they were."""
    before = tables(one_bert)
    report = one_bert.split("Robert", "Bert", user_id="maria")
    assert before != tables(one_bert)

    one_bert.undo(report.resolution_id)

    assert before == tables(one_bert)
    assert () == one_bert.verify().differences


def test_what_was_said_of_the_new_entity_returns_with_an_undo(two_anns: Memory):
    """A fact that came after the split belongs to the one entity again."""
    report = two_anns.split("Ann", "Anna", ids=ids_of(two_anns, "Ann lives_in Rome"), user_id="maria")
    two_anns.add("Anna likes Tea", user_id="maria")

    two_anns.undo(report.resolution_id)

    assert ("Ann", "likes", "Tea") in relations(two_anns, "Ann")
    assert () == two_anns.verify().differences
    with pytest.raises(ConflictError, match="undone before"):
        two_anns.undo(report.resolution_id)


def test_a_name_that_nothing_uses_is_only_dropped(bare: Memory):
    """An alias with no item of its own leaves no empty entity behind, and an undo brings it back."""
    bare.add(MISTAKEN.text, facts=[MISTAKEN], user_id="maria")
    before = tables(bare)

    report = bare.split("Robert", "Bert", user_id="maria")

    assert {"Robert", "tea"} == {e.name for e in bare.entities(user_id="maria")}
    assert () == bare.verify().differences
    bare.undo(report.resolution_id)
    assert before == tables(bare)


def test_what_cannot_be_parted_is_refused(two_anns: Memory):
    """The entity's own name, a name in use, and items that do not name it."""
    rome = ids_of(two_anns, "Ann lives_in Rome")
    with pytest.raises(NotFound, match="other name"):
        two_anns.split("Ann", "Ann", user_id="maria")
    with pytest.raises(ConflictError, match="'Bob' is the name"):
        two_anns.split("Ann", "Bob", ids=rome, user_id="maria")
    with pytest.raises(NotFound, match="names the entity"):
        two_anns.split("Bob", "Bobby", ids=rome, user_id="maria")
    assert () == two_anns.verify().differences


def test_a_parted_entity_leaves_no_byte_when_erased(opened: Opener):
    """Erasing the new entity erases what the split kept of its name."""
    memory = opened(vectors="none")
    memory.add("Ann knows Bob", user_id="maria")
    memory.add("Ann likes Quagmire", user_id="maria")
    memory.split("Ann", "Zebulon", ids=ids_of(memory, "Ann likes Quagmire"), user_id="maria")

    receipt = memory.erase(entity="Zebulon", user_id="maria")

    assert (True, 0) == (receipt.complete, receipt.residue)
    raw = b"".join(p.read_bytes() for p in memory._engine.settings.home.rglob("*") if p.is_file()).lower()
    assert (0, 0) == (raw.count(b"zebulon"), raw.count(b"quagmire"))
    assert () == memory.verify().differences


KINDS = st.sampled_from(("knows", "likes", "sees"))
OTHERS = st.sampled_from(("Bob", "Cem", "Dora"))
SAID = st.lists(st.tuples(st.booleans(), KINDS, OTHERS), min_size=2, max_size=6, unique=True)


@settings(max_examples=6)
@given(SAID, st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=3))
def test_any_splits_taken_back_leave_every_row(tmp_path_factory: Any, said: Any, wanted: Any):
    """Whatever facts are given to new entities, undoing it newest first restores all rows."""
    home = tmp_path_factory.mktemp("home")
    parts: dict[str, Any] = {"embedder": HashEmbedder(), "extractor": ScriptedExtractor(triples), "vectors": "none"}
    with Memory.open(home=home, **parts) as memory:
        for first, kind, other in said:
            memory.add(f"Ann {kind} {other}" if first else f"{other} {kind} Ann", user_id="maria")
        states, done = [], []
        for number, places in enumerate(wanted):
            held = [fact.id for fact in memory.entity("Ann", user_id="maria").facts]
            if ids := [held[place] for place in places if place < len(held)][: len(held) - 1]:
                states.append(tables(memory))
                done.append(memory.split("Ann", f"Ann {number}", ids=ids, user_id="maria").resolution_id)
                assert () == memory.verify().differences
        for resolution_id in reversed(done):
            memory.undo(resolution_id)
            assert states.pop() == tables(memory)
            assert () == memory.verify().differences
