"""Two entities become one and apart again, to the byte; what came between finds its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphmem import ConflictError, InputError, Memory, NotFound
from graphmem.ledger.database import schema
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from tests.flows.conftest import triples
from tests.operations.conftest import Opener

STATE = ("entities", "aliases", "mentions", "relations", "supports", "similar", "memories", "merged")

CITIES = ("Ann lives_in NYC", "Bob likes NYC", "Bob works_at Acme", "Bob likes Gotham", "Ann likes America")


def tables(memory: Memory) -> dict[str, Any]:
    """The rows of all tables that a merge may change; vectors without their place, which only grows."""
    ledger: Any = memory._engine.ledger
    with ledger._database.read() as connection:
        found = {name: sorted(map(repr, connection.execute(schema.metadata.tables[name].select()))) for name in STATE}
        vectors = connection.execute(schema.vectors.select())
        found["vectors"] = sorted(repr((r.item_id, r.view, r.owner, r.vector)) for r in vectors)
    return found


def relations(memory: Memory, name: str, **more: Any) -> set[tuple[str, str, str]]:
    """What holds of an entity now, by names."""
    return {(r.source.name, r.type, r.target.name) for r in memory.relations(name, user_id="maria", **more)}


@pytest.fixture
def cities(bare: Memory) -> Memory:
    """Two spellings of one city, each with facts of its own."""
    for text in CITIES:
        bare.add(text, user_id="maria")
    return bare


def test_a_merged_name_means_the_entity_that_stays(cities: Memory):
    """Relations, facts and mentions of both are found under either name."""
    report = cities.merge("Gotham", "NYC", user_id="maria")

    every = {("Ann", "lives_in", "Gotham"), ("Bob", "likes", "Gotham")}
    assert every == relations(cities, "Gotham") == relations(cities, "nyc")
    card = cities.entity("NYC", user_id="maria")
    assert ("Gotham", ("NYC",)) == (card.entity.name, card.entity.aliases)
    assert (2, 4) == (report.relations, report.mentions)
    assert {"Ann lives_in NYC", "Bob likes NYC", "Bob likes Gotham"} == {fact.text for fact in card.facts}
    assert () == cities.verify().differences
    assert "NYC was merged into Gotham" == cities.history(report.other.id)[0].reason


def test_what_is_said_later_links_to_the_merged_entity(cities: Memory):
    """The old name of the entity that went is a name of the one that stayed, also for new facts."""
    cities.merge("Gotham", "NYC", user_id="maria")

    cities.add("Cem visits NYC", user_id="maria")

    assert ("Cem", "visits", "Gotham") in relations(cities, "Gotham")
    assert () == cities.verify().differences


def test_undo_does_not_follow_a_merge_before_what_it_takes_back(bare: Memory):
    """A place has the name of somebody who was merged: what was said of the place goes back to the place."""
    bare.add("Dana knows Lima", user_id="maria")
    bare.add("Emil knows Dana", user_id="maria")
    bare.merge("Emil", "Lima", user_id="maria")
    bare.add("Dana lives_in Lima", user_id="maria")
    before = relations(bare, "Dana")
    assert ("Dana", "lives_in", "Lima") in before
    later = bare.add("Dana lives_in Rome", user_id="maria")

    bare.undo(later.resolution_id)

    assert before == relations(bare, "Dana")
    assert () == bare.verify().differences


@pytest.mark.parametrize("back", ["undo", "split"])
def test_taking_a_merge_back_restores_every_row(cities: Memory, back: str):
    """Entities, names, mentions, relations, supports, proposals, subjects and vectors are what they were."""
    before = tables(cities)
    report = cities.merge("Gotham", "NYC", user_id="maria")
    assert before != tables(cities)

    if back == "undo":
        cities.undo(report.resolution_id)
    else:
        cities.split("Gotham", "NYC", user_id="maria")

    assert before == tables(cities)
    assert () == cities.verify().differences


def test_after_a_split_later_facts_go_with_the_name_they_use(cities: Memory):
    """What was said under the old name returns to it; what was said under the other stays."""
    cities.merge("Gotham", "NYC", user_id="maria")
    cities.add("Cem visits NYC", user_id="maria")
    cities.add("Dora visits Gotham", user_id="maria")

    report = cities.split("Gotham", "NYC", user_id="maria")

    assert {("Ann", "lives_in", "NYC"), ("Bob", "likes", "NYC"), ("Cem", "visits", "NYC")} == relations(cities, "NYC")
    assert {("Bob", "likes", "Gotham"), ("Dora", "visits", "Gotham")} == relations(cities, "Gotham")
    assert ("Gotham", "NYC") == (report.entity.name, report.other.name)
    assert () == cities.verify().differences


def test_a_relation_between_the_two_is_no_loop_and_comes_back(bare: Memory):
    """Merging "NYC same_as Gotham" leaves no relation from the city to itself; a split restores it."""
    bare.add("NYC resembles Gotham", user_id="maria")
    before = tables(bare)

    bare.merge("Gotham", "NYC", user_id="maria")

    assert set() == relations(bare, "Gotham")
    bare.split("Gotham", "NYC", user_id="maria")
    assert before == tables(bare)


def test_what_was_deleted_before_a_merge_returns_to_the_entity_of_now(cities: Memory):
    """Undoing the delete after the merge hangs the fact on the merged entity; after a split it is back with its own."""
    known = {fact.text: fact.id for fact in cities.list(user_id="maria")}
    before = tables(cities)
    deleted = cities.delete(known["Ann lives_in NYC"])
    cities.merge("Gotham", "NYC", user_id="maria")

    cities.undo(str(deleted.resolution_id))

    assert ("Ann", "lives_in", "Gotham") in relations(cities, "Gotham")
    assert () == cities.verify().differences
    cities.split("Gotham", "NYC", user_id="maria")
    assert {("Ann", "lives_in", "NYC"), ("Bob", "likes", "NYC")} == relations(cities, "NYC")
    assert before == tables(cities)


def test_a_fact_deleted_after_the_merge_stays_deleted(cities: Memory):
    """A split gives back what still stands, and nothing else."""
    cities.merge("Gotham", "NYC", user_id="maria")
    known = {fact.text: fact.id for fact in cities.list(user_id="maria")}
    cities.delete(known["Ann lives_in NYC"])

    cities.split("Gotham", "NYC", user_id="maria")

    assert {("Bob", "likes", "NYC")} == relations(cities, "NYC")
    assert () == cities.verify().differences


def test_merges_are_taken_back_newest_first(cities: Memory):
    """A merge on which another builds is not undone before that one."""
    before = tables(cities)
    first = cities.merge("Gotham", "NYC", user_id="maria")
    second = cities.merge("America", "Gotham", user_id="maria")

    with pytest.raises(ConflictError, match=second.resolution_id):
        cities.undo(first.resolution_id)
    cities.undo(second.resolution_id)
    cities.undo(first.resolution_id)

    assert before == tables(cities)
    with pytest.raises(ConflictError, match="undone before"):
        cities.undo(first.resolution_id)


def test_an_add_under_a_merge_is_not_undone_before_it(cities: Memory):
    """What named the merged entity is undone after the merge is."""
    added = cities.add("Eve likes NYC", user_id="maria")
    report = cities.merge("Gotham", "NYC", user_id="maria")

    with pytest.raises(ConflictError, match=report.resolution_id):
        cities.undo(str(added.resolution_id))
    cities.undo(report.resolution_id)
    cities.undo(str(added.resolution_id))

    assert ("Eve", "likes", "NYC") not in relations(cities, "NYC")
    assert () == cities.verify().differences


def test_what_cannot_be_merged_or_split_is_refused(cities: Memory):
    """The same entity twice, and a name that no merge gave."""
    with pytest.raises(InputError, match="already"):
        cities.merge("Gotham", "gotham", user_id="maria")
    with pytest.raises(NotFound, match="other name"):
        cities.split("Gotham", "NYC", user_id="maria")


def test_an_entity_merged_away_leaves_no_byte_when_erased(opened: Opener):
    """Erasing the entity that stays erases what came from the other, the images of the merge included."""
    memory = opened(vectors="none")
    memory.add("Ann knows Zebulon", user_id="maria")
    memory.add("Bob knows Quagmire", user_id="maria")
    memory.merge("Quagmire", "Zebulon", user_id="maria")

    receipt = memory.erase(entity="Quagmire", user_id="maria")

    assert (True, 0) == (receipt.complete, receipt.residue)
    raw = b"".join(p.read_bytes() for p in memory._engine.settings.home.rglob("*") if p.is_file()).lower()
    assert (0, 0) == (raw.count(b"zebulon"), raw.count(b"quagmire"))
    assert () == memory.verify().differences


NAMES = ("Ann", "Bob", "Cem", "Dora", "Eve")
STATEMENT = st.tuples(st.sampled_from(NAMES), st.sampled_from(("knows", "likes")), st.sampled_from(NAMES))


@settings(max_examples=6, deadline=None)
@given(st.lists(STATEMENT, min_size=2, max_size=6), st.lists(st.permutations(NAMES), min_size=1, max_size=3))
def test_any_merges_taken_back_leave_every_row(tmp_path_factory: Any, said: Any, orders: Any):
    """Whatever was said, merging some of the names and undoing it newest first restores all rows."""
    home = tmp_path_factory.mktemp("home")
    parts: dict[str, Any] = {"embedder": HashEmbedder(), "extractor": ScriptedExtractor(triples), "vectors": "none"}
    with Memory.open(home=home, **parts) as memory:
        for source, kind, target in said:
            memory.add(f"{source} {kind} {target}", user_id="maria")
        before, done = tables(memory), []
        for first, second, *_ in orders:
            known = {name for e in memory.entities(user_id="maria") for name in (e.name, *e.aliases)}
            mine = {e.name for e in memory.entities(user_id="maria")}
            if {first, second} <= known & mine:
                done.append(memory.merge(first, second, user_id="maria").resolution_id)
                assert () == memory.verify().differences
        for resolution_id in reversed(done):
            memory.undo(resolution_id)
        assert before == tables(memory)


def test_an_entity_split_from_another_leaves_no_byte_when_erased(opened: Opener):
    """What the history of the other told of the two goes, too."""
    memory = opened(vectors="none")
    memory.add("Ann knows Zebulon", user_id="maria")
    memory.add("Bob knows Cem", user_id="maria")
    memory.undo(memory.merge("Cem", "Zebulon", user_id="maria").resolution_id)

    memory.erase(entity="Zebulon", user_id="maria")

    raw = b"".join(p.read_bytes() for p in memory._engine.settings.home.rglob("*") if p.is_file()).lower()
    assert 0 == raw.count(b"zebulon")
    assert () == memory.verify().differences
